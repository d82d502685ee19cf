"""The Job of a run says for which time of a schedule it stands, in the words of the CronJob controller."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import request, run

from process_operator.decisions.manifests.jobs import job_manifest, job_to_come
from process_operator.decisions.template.job_template import build_template
from process_operator.resources.names import ANNOTATION_CRONJOB_TICK

MADRID = {"schedule": {"daily": {"at": "13:30"}, "timeZone": "Europe/Madrid"}}
UTC = {"schedule": {"daily": {"at": "12:30"}}}


@pytest.mark.parametrize(
    ("timing", "trigger", "stamp"),
    [
        pytest.param(MADRID, "Schedule", "2027-03-01T13:30:00+01:00", id="a tick, in the zone of its schedule"),
        pytest.param(UTC, "Schedule", "2027-03-01T12:30:00Z", id="a tick in UTC"),
        pytest.param(UTC, "CatchUp", "2027-03-01T12:30:00Z", id="a tick that was late"),
        pytest.param(UTC, "Backfill", "2027-03-01T12:30:00Z", id="a tick of the past"),
        pytest.param(UTC, "Manual", None, id="a run by hand stands for no tick"),
        pytest.param(None, "Immediate", None, id="Run Immediately has none"),
        pytest.param({"runLater": {"startTime": "2027-03-01T12:30:00Z"}}, "Later", None, id="Run Later has none"),
    ],
)
def test_a_job_says_for_which_tick_it_stands(timing: dict[str, Any] | None, trigger: str, stamp: str | None) -> None:
    of, its_run = request(timing), run("run-1", trigger=trigger, due="12:30")
    template = build_template(of, None)
    annotations = job_manifest(template, its_run, of, scheduled=at("12:30"))["metadata"]["annotations"]
    assert annotations.get(ANNOTATION_CRONJOB_TICK) == stamp
    tick = at("12:30") if its_run.spec.trigger.is_of_schedule else None
    early = job_to_come(template, of, run="run-1", scheduled=at("12:30"), tick=tick)["metadata"]["annotations"]
    assert early == annotations
