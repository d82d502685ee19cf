"""A burst: its ticks are claimed before they are due, each starts one Job, and a claim whose tick will not come is withdrawn.

No container runs: the pods fit no node, and the Job controller fails the Jobs by their deadline. How late the Jobs of a
burst are, `make bench` says.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest
from tests.cluster.manifests import job_template, request, schedule
from tests.cluster.workspace import created, instant, name_of, now, written

if TYPE_CHECKING:
    from datetime import datetime

    from tests.cluster.manifests import Manifest
    from tests.cluster.workspace import Object, Workspace

MANY: Final = 110
EVERY: Final = 30
TICKS: Final = 6


def nowhere() -> Manifest:
    template = job_template(activeDeadlineSeconds=1)
    template["spec"]["template"]["spec"]["nodeSelector"] = {"no-such-node": "true"}
    return template


def run_of(space: Workspace, name: str, tick: datetime) -> Object | None:
    return next((run for run in space.runs(name) if run["spec"].get("scheduledTime") == written(tick)), None)


def unschedule_before(space: Workspace, name: str, tick: datetime) -> bool:
    """Unschedule a request when its tick is claimed; whether that was before the tick."""
    space.wait(lambda: run_of(space, name, tick), f"the tick {tick} of {name} is claimed")
    if now() >= tick - timedelta(seconds=1):
        return False
    space.edit(name, suspend=True)
    if now() < tick:
        return True
    space.edit(name, suspend=False)
    return False


def test_a_burst_is_claimed_ahead_and_what_will_not_come_is_withdrawn(space: Workspace) -> None:
    start = now().replace(microsecond=0) + timedelta(seconds=EVERY)
    ticks = [start + timedelta(seconds=EVERY * number) for number in range(TICKS)]
    timing = schedule(secondly={"every": EVERY}, startTime=written(start), finishTime=written(ticks[-1]))
    names = [f"burst-{number}" for number in range(MANY)]
    kept = {"successful": 100, "failed": 100, "other": 100}
    space.apply_all(*(request(name, timing, jobTemplate=nowhere(), history=kept) for name in names))

    # On a machine that is very busy the first ticks may be there before anybody can be quick enough.
    tick = next((tick for tick in ticks if unschedule_before(space, names[0], tick)), None)
    if tick is None:
        pytest.fail("no tick was claimed early enough to be withdrawn")
    space.wait(lambda: run_of(space, names[0], tick) is None, "the claim is withdrawn")

    def of_tick() -> list[Object]:
        runs = space.cluster.objects("prun", space.namespace)
        found = [run for run in runs if run["spec"].get("scheduledTime") == written(tick)]
        return found if len(found) >= MANY - 1 and all("endTime" in run["status"] for run in found) else []

    runs = space.wait(of_tick, "all others have run")
    assert len({run["spec"]["request"]["name"] for run in runs}) == len(runs) == MANY - 1
    assert any(instant(created(run)) < tick for run in runs)
    jobs = {name_of(job): job for job in space.cluster.objects("job", space.namespace)}
    assert all(instant(created(jobs[name_of(run)])) >= tick for run in runs)
    assert run_of(space, names[0], tick) is None
    assert space.status(names[0])["phase"] == "Suspended"
