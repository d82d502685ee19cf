"""A burst: its ticks are claimed before they are due, and each starts one Job; a claim whose tick will not come is withdrawn.

No container runs: the pods fit no node, and the Job controller fails the Jobs by their deadline. How late the Jobs of a
burst are, `make bench` says; `tests/flow/scenarios_ahead.py` has all that may happen between a claim and its tick.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tests.cluster.manifests import job_template, request, schedule
from tests.cluster.workspace import created, instant, name_of, now, written

from process_operator.decisions.manifests import ANNOTATION_AHEAD, run_manifest
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import Trigger

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.manifests import Manifest
    from tests.cluster.workspace import Object, Workspace

MANY: Final = 110
EVERY: Final = 15
TICKS: Final = 2


def nowhere() -> Manifest:
    template = job_template(activeDeadlineSeconds=1)
    template["spec"]["template"]["spec"]["nodeSelector"] = {"no-such-node": "true"}
    return template


def test_a_burst_is_claimed_ahead_and_each_tick_has_one_job(space: Workspace) -> None:
    start = now().replace(microsecond=0) + timedelta(seconds=EVERY)
    ticks = [start + timedelta(seconds=EVERY * number) for number in range(TICKS)]
    timing = schedule(secondly={"every": EVERY}, startTime=written(start), finishTime=written(ticks[-1]))
    names = [f"burst-{number}" for number in range(MANY)]
    kept = {"successful": 100, "failed": 100, "other": 100}
    # Where the operator is late by a tick, that runs all the same.
    common = {"jobTemplate": nowhere(), "history": kept, "catchUp": "All"}
    space.apply_all(*(request(name, timing, **common) for name in names))

    def all_over() -> list[Object]:
        runs = space.cluster.objects("prun", space.namespace)
        return runs if len(runs) >= MANY * TICKS and all("endTime" in run["status"] for run in runs) else []

    runs = space.wait(all_over, "every tick has run")
    seen = sorted((run["spec"]["request"]["name"], run["spec"]["scheduledTime"]) for run in runs)
    assert seen == sorted((name, written(tick)) for name in names for tick in ticks)
    jobs = {name_of(job): job for job in space.cluster.objects("job", space.namespace)}
    assert len(jobs) == len(runs)
    due = {name_of(run): instant(run["spec"]["scheduledTime"]) for run in runs}
    assert all(instant(created(jobs[name])) >= at for name, at in due.items())
    # The first claims are made five seconds before a tick.
    assert any(instant(created(run)) < due[name_of(run)] for run in runs)


def test_a_claim_whose_tick_will_not_come_is_withdrawn(space: Workspace, account: Path) -> None:
    """The claim is made here, in the operator's name, for a tick that is years away: nobody has to be quick."""
    tick = datetime.fromisoformat("2031-01-01T04:00:00Z")
    space.apply(request("yearly", schedule(daily={"at": "04:00"}, startTime=written(tick)), engine="Operator"))
    space.wait_phase("yearly", "Scheduled")
    owner = ProcessRequest.model_validate(space.request("yearly"))
    name = f"yearly-{int(tick.timestamp())}"
    claim = run_manifest(
        owner, name=name, trigger=Trigger.SCHEDULE, scheduled=tick, annotations={ANNOTATION_AHEAD: "true"}
    )
    answer = replace(space.cluster, kubeconfig=account).create(claim, space.namespace)
    assert answer.ok, answer.message
    space.let_operator_catch_up()
    (run,) = space.runs("yearly")
    assert (name_of(run), run["status"]["phase"]) == (name, "Pending"), "until its tick it stands"
    space.edit("yearly", suspend=True)
    space.wait(lambda: not space.runs("yearly"), "the claim is withdrawn")
    assert space.jobs("yearly") == []
    space.wait_phase("yearly", "Suspended")
