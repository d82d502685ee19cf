"""Early claims: a run that was created before its tick counts for nothing until then, unless its tick does not happen."""

from __future__ import annotations

from typing import Any, Final

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import STEM, job, request, run, schedule, seconds, snapshot

from process_operator.decisions.activation.activation import next_activation
from process_operator.decisions.inputs.observations import DryRun, RunObservations
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import CreateJob, CreateRun, DryRunJob, LookUpJob, WithdrawRun
from process_operator.decisions.request import decide
from process_operator.decisions.template.job_template import build_template
from process_operator.decisions.ticks.early_claims import without_claims
from process_operator.resources.names import ANNOTATION_CLAIMED_AHEAD
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import ProcessRun

TICK: Final = at("12:05")
NAME: Final = f"{STEM}-{int(TICK.timestamp()) // 60}"
WITHDRAWN: Final = WithdrawRun(NAME, f"uid-of-{NAME}")


def claim(**parts: Any) -> ProcessRun:
    """The run of the tick, made ahead of it."""
    return run(NAME, due="12:05", annotations={ANNOTATION_CLAIMED_AHEAD: "true"}, **parts)


ABSENT: Final = {NAME: RunObservations(job_absent=True)}
"""The server was asked, and has no Job of the run."""


def known(*, timing: dict[str, Any] | None = None, cursor: str | None = None, **more: Any) -> Snapshot:
    """A request in force, every five minutes since noon, with the claim."""
    spec = {name: more.pop(name) for name in ("suspend", "concurrencyPolicy", "catchUp") if name in more}
    of = request(timing or schedule(300), **spec)
    begun = snapshot(of, status=ProcessRequestStatus())
    change = next_activation(begun, at("12:00"))
    assert change is not None
    status = change.apply(begun.status)
    if cursor is not None:
        status = status.model_copy(update={"last_schedule_time": at(cursor)})
    more.setdefault("runs", (claim(),))
    more.setdefault("observations", ABSENT)
    return snapshot(of, status=status, dry_run=DryRun(build_template(of, None).hash), history=(), **more)


def done(at_time: str, seen: Snapshot) -> list[Action]:
    """Decided actions, without Events."""
    kinds = (CreateRun, CreateJob, WithdrawRun, LookUpJob, DryRunJob)
    return [action for action in decide(seen, at(at_time)).actions if isinstance(action, kinds)]


def test_until_its_tick_it_stands_for_nothing() -> None:
    seen = known(cursor="12:00")
    assert done("12:04:58", seen) == []
    plan = decide(seen, TICK - seconds(2))
    assert plan.status is not None
    assert (plan.status.active_count, plan.status.waiting_count, plan.status.phase) == (0, 0, "Scheduled")
    assert plan.wake_at == TICK


def test_at_its_tick_its_job_is_made() -> None:
    made = done("12:05:00.1", known(cursor="12:00"))
    assert [type(action) for action in made] == [CreateJob]
    assert isinstance(made[0], CreateJob)
    assert made[0].claimed_for == TICK


def test_a_run_that_was_claimed_at_its_tick_says_nothing_of_another_time() -> None:
    made = done("12:05:00.1", known(cursor="12:00", runs=(run(NAME, due="12:05"),)))
    assert isinstance(made[0], CreateJob)
    assert made[0].claimed_for is None


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(known(cursor="12:00", suspend=True), id="unscheduled"),
        pytest.param(known(cursor="12:00", timing=schedule(7)), id="an edit that has no such tick"),
        pytest.param(
            known(cursor="12:00", timing=schedule(300, finishTime="2027-03-01T12:04:00Z")), id="a finish before"
        ),
        pytest.param(known(cursor="12:00", timing=schedule(300, jitter="60s")), id="a jitter"),
        pytest.param(known(cursor="12:00", concurrencyPolicy="Forbid"), id="another policy"),
        pytest.param(known(cursor="12:00", timing={"runImmediately": {}}), id="no schedule any more"),
    ],
)
def test_it_is_withdrawn_before_its_tick_by(seen: Snapshot) -> None:
    assert done("12:04:58", seen) == [WITHDRAWN]


def test_the_server_is_asked_first_whether_it_has_a_job() -> None:
    assert done("12:04:58", known(cursor="12:00", suspend=True, observations={})) == [LookUpJob(NAME)]


def test_a_claim_that_cannot_be_withdrawn_waits_for_its_tick() -> None:
    missed = {NAME: RunObservations(job_absent=True, withdrawal_rejected=True)}
    assert done("12:04:58", known(cursor="12:00", suspend=True, observations=missed)) == []


def test_it_is_withdrawn_where_its_request_is_gone() -> None:
    seen = known(cursor="12:00")
    gone = Snapshot(
        namespace="erp", name="close", request=None, status=seen.status, runs=seen.runs, observations=ABSENT
    )
    assert done("12:04:58", gone) == [WITHDRAWN]


def test_a_newer_tick_is_due_so_it_is_withdrawn() -> None:
    assert done("12:10:01", known(cursor="12:00")) == [WITHDRAWN]


def test_a_run_that_has_begun_its_steps_is_not() -> None:
    steps = {"steps": [{"name": "first", "process": "one", "run": f"{NAME}-first"}]}
    seen = known(cursor="12:00", runs=(claim(status=steps),))
    assert without_claims(seen, at("12:04:58")) == (seen, ())
    assert WITHDRAWN not in done("12:10:01", seen)


@pytest.mark.parametrize(
    ("now", "seen"),
    [
        pytest.param("12:09:59", known(cursor="12:00"), id="as long as no newer tick is due"),
        pytest.param("12:10:01", known(cursor="12:00", catchUp="All"), id="where every tick is made up"),
    ],
)
def test_it_stands(now: str, seen: Snapshot) -> None:
    assert not {LookUpJob, WithdrawRun} & set(map(type, done(now, seen)))


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        pytest.param(known(cursor="12:05"), "its tick is settled", id="a tick that is settled by the cursor"),
        pytest.param(known(cursor="12:00", jobs={NAME: job(NAME)}), "it has a Job", id="a run with a Job"),
        pytest.param(known(cursor="12:00", runs=(claim(trigger="CatchUp"),)), "not by the clock", id="another trigger"),
        pytest.param(known(cursor="12:00", runs=(run(NAME, due="12:05"),)), "no mark", id="a run that is not marked"),
    ],
)
def test_it_is_an_ordinary_run(seen: Snapshot, why: str) -> None:
    assert without_claims(seen, at("12:04:58")) == (seen, ()), why
