"""A burst, whose ticks may be claimed before they are due: each starts one Job; a claim whose tick will not come is
withdrawn.

No container runs: the pods fit no node, and the Job controller fails the Jobs by their deadline. `make bench` measures
how late the Jobs of a burst are. Neighbours: `tests/unit/controller/test_burst.py` says what is claimed and when,
`tests/flow/scenarios_ahead.py` has all that may happen between a claim and its tick.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tests.builders.objects import Object
from tests.cluster.manifests import job_template, request, schedule
from tests.cluster.workspace import created, instant, name_of, next_minute, now, written

from process_operator.decisions.manifests.runs import run_manifest
from process_operator.resources.names import ANNOTATION_CLAIMED_AHEAD, child_stem, tick_run_name
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import Trigger

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.workspace import Workspace

MANY: Final = 110
KEPT: Final = {"successful": 100, "failed": 100, "other": 100}
MAX_RUNS: Final = 5
"""Minutes in which the apply of all requests has to end. Without this limit a slow machine gets more runs each minute
than it can end, and the operator is late for all other tests."""


def nowhere() -> Object:
    template = job_template(activeDeadlineSeconds=1)
    template["spec"]["template"]["spec"]["nodeSelector"] = {"no-such-node": "true"}
    return template


def test_each_request_of_a_burst_has_one_run_and_one_job_at_the_tick(space: Workspace) -> None:
    names = [f"burst-{number}" for number in range(MANY)]
    # A tick each minute, so that the duration of the apply does not matter. A late tick still runs.
    spec: dict[str, Any] = {"jobTemplate": nowhere(), "engine": "Operator", "catchUp": "All", "history": KEPT}
    timing = schedule(cron="* * * * *", maxRuns=MAX_RUNS)
    space.apply_all(*(request(name, timing, **spec) for name in names))

    tick = written(next_minute(now()))

    def all_over() -> list[Object]:
        runs = space.cluster.objects("prun", space.namespace)
        found = [run for run in runs if run["spec"]["scheduledTime"] == tick]
        return found if len(found) >= MANY and all("endTime" in run["status"] for run in found) else []

    runs = space.wait(all_over, f"all have run at {tick}")
    # Whether it was claimed ahead or not: how far a machine gets in the seconds before a tick is no promise.
    assert sorted(run["spec"]["request"]["name"] for run in runs) == sorted(names)
    jobs = {name_of(job): job for job in space.cluster.objects("job", space.namespace)}
    assert all(instant(created(jobs[name_of(run)])) >= instant(tick) for run in runs)


def test_a_claim_whose_tick_will_not_come_is_withdrawn(space: Workspace, account: Path) -> None:
    """The test makes the claim, in the operator's name. The tick is years away, so that no step has to be quick."""
    tick = datetime.fromisoformat("2031-01-01T04:00:00Z")
    space.apply(request("daily", schedule(daily={"at": "04:00"}, startTime=written(tick)), engine="Operator"))
    space.wait_phase("daily", "Scheduled")
    owner = ProcessRequest.model_validate(space.request("daily"))
    name = tick_run_name(child_stem("daily", owner.metadata.uid), int(tick.timestamp()), whole_minutes=True)
    claim = run_manifest(
        owner, name=name, trigger=Trigger.SCHEDULE, scheduled=tick, annotations={ANNOTATION_CLAIMED_AHEAD: "true"}
    )
    answer = replace(space.cluster, kubeconfig=account).create(claim, space.namespace)
    assert answer.ok, answer.message
    space.let_operator_catch_up()
    (run,) = space.runs("daily")
    assert (name_of(run), run["status"]["phase"]) == (name, "Pending"), "until its tick it stands"
    space.edit("daily", suspend=True)
    space.wait(lambda: not space.runs("daily"), "the claim is withdrawn")
    assert space.jobs("daily") == []
    space.wait_phase("daily", "Suspended")
