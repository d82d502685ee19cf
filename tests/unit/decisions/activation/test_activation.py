"""Start of a new activation: create, resume, reschedule and edit, and the changes that start none."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import STEM, activation, finished, job, request, run, schedule, snapshot, waiting_job

from process_operator.decisions.activation.activation import (
    ActivationChange,
    is_suspended,
    needs_history,
    next_activation,
)
from process_operator.decisions.inputs.timing_hash import timing_hash
from process_operator.resources.batch.job import Job
from process_operator.resources.conditions import Condition, ConditionStatus, RunReason
from process_operator.resources.names import ANNOTATION_PAUSED
from process_operator.resources.process_request_status import Activation, ActivationCause, LastRun, ProcessRequestStatus
from process_operator.resources.process_run import RunPhase
from process_operator.resources.schedule import Schedule

NOW = at("13:00:00.75")
FRESH = "13:00:00"
RESUMED, RESCHEDULED = ActivationCause.RESUMED, ActivationCause.RESCHEDULED
TEN, TWENTY = schedule(10), schedule(20)
LATER: dict[str, Any] = {"runLater": {"after": "10m"}}
LATER_STILL: dict[str, Any] = {"runLater": {"after": "20m"}}


def hash_of(timing: dict[str, Any] | None = None) -> str:
    return timing_hash(request(timing).spec.timing)


def status(
    timing: dict[str, Any] | None, number: int = 1, *, suspended: bool = False, **known: Any
) -> ProcessRequestStatus:
    spec_hash = ("suspended-" if suspended else "") + hash_of(timing)
    known.setdefault("activation", activation(number, runs=known.pop("runs", 0), spec_hash=spec_hash))
    return ProcessRequestStatus(**known)


def of_timing(
    timing: dict[str, Any] | None,
    number: int,
    *,
    since: str = "12:00",
    prefix: str = "",
    cause: ActivationCause = ActivationCause.CREATED,
) -> Activation:
    schedule = request(timing).spec.timing.schedule
    kept = None if schedule is None else schedule.to_api()
    return activation(number, since=since, spec_hash=prefix + hash_of(timing)).model_copy(
        update={"schedule": kept, "cause": cause}
    )


def fresh(
    timing: dict[str, Any] | None, number: int = 2, cause: ActivationCause = ActivationCause.EDITED
) -> Activation:
    return of_timing(timing, number, since=FRESH, cause=cause)


def reschedule(value: str) -> dict[str, Any]:
    return {"annotations": {"process-operator.io/reschedule": value}}


@pytest.mark.parametrize(
    ("of", "seen", "change"),
    [
        pytest.param(
            request(TEN),
            ProcessRequestStatus(),
            ActivationChange(of_timing(TEN, 1), None),
            id="the first one begins with the creation",
        ),
        pytest.param(
            request(TEN, metadata=reschedule("x")),
            ProcessRequestStatus(),
            ActivationChange(of_timing(TEN, 1), "x"),
            id="an annotation that was there from the beginning is handled by that",
        ),
        pytest.param(
            request(TEN, suspend=True),
            ProcessRequestStatus(),
            ActivationChange(of_timing(TEN, 0, prefix="suspended-"), None, suspended_since=at("12:00")),
            id="created suspended it is number 0",
        ),
        pytest.param(request(TEN), status(TEN), None, id="nothing changed"),
        pytest.param(
            request(TEN, suspend=True),
            status(TEN, 3),
            ActivationChange(
                activation(3, spec_hash="suspended-" + hash_of(TEN)),
                None,
                RunReason.SUSPENDED,
                suspended_since=at(FRESH),
            ),
            id="a suspension is written alone",
        ),
        pytest.param(request(TEN, suspend=True), status(TEN, suspended=True), None, id="suspended it rests"),
        pytest.param(
            request(TWENTY, suspend=True),
            status(TEN, suspended=True),
            None,
            id="an edit while suspended waits for the resume",
        ),
        pytest.param(
            request(TEN, suspend=True, metadata=reschedule("x")),
            status(TEN, suspended=True),
            None,
            id="a reschedule while suspended waits for the resume",
        ),
        pytest.param(
            request(TEN),
            status(TEN, suspended=True),
            ActivationChange(fresh(TEN, cause=RESUMED), None),
            id="the resume begins a new activation",
        ),
        pytest.param(
            request(TEN),
            status(TEN, 0, suspended=True),
            ActivationChange(fresh(TEN, 1, RESUMED), None),
            id="the first resume is number 1",
        ),
        pytest.param(
            request(TEN, metadata=reschedule("x")),
            status(TEN),
            ActivationChange(fresh(TEN, cause=RESCHEDULED), "x", RunReason.RESCHEDULED),
            id="a reschedule begins a new activation",
        ),
        pytest.param(
            request(TEN, metadata=reschedule("x")),
            status(TEN, last_handled_reschedule="x"),
            None,
            id="a reschedule that was handled does not",
        ),
        pytest.param(
            request(TEN, metadata=reschedule("x")),
            status(TEN, last_handled_reschedule="y"),
            ActivationChange(fresh(TEN, cause=RESCHEDULED), "x", RunReason.RESCHEDULED),
            id="a value used before counts again after another one",
        ),
        pytest.param(
            request(TEN, metadata=reschedule("x")),
            status(TEN, suspended=True),
            ActivationChange(fresh(TEN, cause=RESCHEDULED), "x"),
            id="a reschedule that waited for the resume begins one activation, not two",
        ),
        pytest.param(
            request(TWENTY),
            status(TEN),
            ActivationChange(fresh(TWENTY), None, RunReason.EDITED),
            id="an edit of the timing begins a new activation",
        ),
        pytest.param(
            request(
                TEN, concurrencyPolicy="Forbid", startingDeadlineSeconds=5, parameters=[{"name": "A", "value": "1"}]
            ),
            status(TEN),
            None,
            id="an edit of anything else does not",
        ),
        pytest.param(
            request(),
            status(TEN),
            ActivationChange(fresh(None), None, RunReason.EDITED),
            id="from a schedule to once begins a new activation",
        ),
        pytest.param(
            request(TEN),
            status(None, runs=1),
            ActivationChange(fresh(TEN), None, RunReason.EDITED),
            id="from once to a schedule begins a new activation",
        ),
        pytest.param(
            request(LATER),
            status(None, runs=1, last_run=LastRun(name=f"{STEM}-s1", phase=RunPhase.SUCCEEDED)),
            ActivationChange(activation(1, runs=1, spec_hash=hash_of(LATER)), None, unused=True),
            id="a one-shot request that has run keeps its activation when it is edited",
        ),
        pytest.param(
            request(LATER_STILL),
            status(LATER, runs=1, last_run=LastRun(name=f"{STEM}-s1", phase=RunPhase.MISSED)),
            ActivationChange(fresh(LATER_STILL), None, RunReason.EDITED),
            id="one that missed its window has not run",
        ),
        pytest.param(
            request(LATER_STILL),
            status(
                LATER,
                runs=1,
                last_run=LastRun(name="by-hand", phase=RunPhase.SUCCEEDED),
                conditions=(Condition(type="Failed", status=ConditionStatus.TRUE, reason="DeadlinePassed"),),
            ),
            ActivationChange(fresh(LATER_STILL), None, RunReason.EDITED),
            id="one that missed its window has not run, also if a run by hand came after that",
        ),
        pytest.param(
            request(LATER_STILL),
            status(LATER),
            ActivationChange(fresh(LATER_STILL), None, RunReason.EDITED),
            id="one without a run has not run",
        ),
    ],
)
def test_next_activation(of: Any, seen: ProcessRequestStatus, change: ActivationChange | None) -> None:
    assert next_activation(snapshot(of, status=seen), NOW) == change


@pytest.mark.parametrize(
    ("its_job", "change"),
    [
        pytest.param(
            waiting_job(),
            ActivationChange(fresh(LATER_STILL), None, RunReason.EDITED),
            id="waits in a suspended Job: begins a new activation",
        ),
        pytest.param(
            job(status={}),
            ActivationChange(activation(1, runs=1, spec_hash=hash_of(LATER_STILL)), None, unused=True),
            id="runs: keeps its activation",
        ),
        pytest.param(
            job(spec={"suspend": True}, status={}),
            ActivationChange(activation(1, runs=1, spec_hash=hash_of(LATER_STILL)), None, unused=True),
            id="was started, and another controller suspended its Job: keeps its activation",
        ),
    ],
)
def test_an_edit_of_a_run_later_request_whose_run(its_job: Job, change: ActivationChange) -> None:
    its_run = run(f"{STEM}-s1", trigger="Later", due="12:10")
    known = snapshot(request(LATER_STILL), status=status(LATER, runs=1), runs=(its_run,), jobs={f"{STEM}-s1": its_job})
    assert next_activation(known, NOW) == change


NAME = f"{STEM}-s1"
AT_NOON: dict[str, Any] = {"runLater": {"startTime": "2027-03-01T12:30:00Z"}}
PAUSED = job(NAME, spec={"suspend": True}, status={}, metadata={"annotations": {ANNOTATION_PAUSED: "x"}})
ASLEEP = waiting_job(NAME)
HELD = job(NAME, spec={"suspend": True}, status={})


@pytest.mark.parametrize(
    ("timing", "known"),
    [
        pytest.param(None, {"runs": (run(NAME, trigger="Immediate"),), "jobs": {NAME: job(NAME)}}, id="works"),
        pytest.param(
            None, {"runs": (run(NAME, trigger="Immediate"),), "jobs": {NAME: PAUSED}}, id="was suspended with it"
        ),
        pytest.param(
            LATER,
            {"runs": (run(NAME, trigger="Later"),), "jobs": {NAME: HELD}},
            id="was suspended by another controller",
        ),
        pytest.param(None, {"runs": (run(NAME, trigger="Immediate"),)}, id="waits for another run"),
        pytest.param(
            LATER, {"runs": (run(NAME, trigger="Later"),), "jobs": {NAME: PAUSED}}, id="worked, and is paused"
        ),
        pytest.param(
            AT_NOON, {"runs": (run(NAME, trigger="Later"),), "jobs": {NAME: ASLEEP}}, id="waits for a given time"
        ),
        pytest.param(AT_NOON, {"runs": (run(NAME, trigger="Later"),)}, id="waits for a given time without a Job"),
        pytest.param(None, {"history": (finished(NAME),)}, id="succeeded"),
        pytest.param(None, {"history": (finished(NAME, RunPhase.FAILED),)}, id="failed"),
        pytest.param(
            None,
            {"history": (finished(NAME, RunPhase.CANCELED, reason="Unscheduled", start=at("12:00")),)},
            id="was ended by the suspension",
        ),
        pytest.param(None, {"history": ()}, id="was deleted"),
    ],
)
def test_a_resume_makes_no_second_run_of_a_request_whose_run(timing: Any, known: dict[str, Any]) -> None:
    of = snapshot(request(timing), status=status(timing, runs=1, suspended=True), **known)
    assert next_activation(of, NOW) == ActivationChange(activation(1, runs=1, spec_hash=hash_of(timing)), None)


@pytest.mark.parametrize(
    ("timing", "known"),
    [
        pytest.param(LATER, {"runs": (run(NAME, trigger="Later"),), "jobs": {NAME: ASLEEP}}, id="waits since it began"),
        pytest.param(
            None, {"history": (finished(NAME, RunPhase.CANCELED, reason="Unscheduled"),)}, id="was canceled unstarted"
        ),
        pytest.param(LATER, {"history": (finished(NAME, RunPhase.MISSED),)}, id="missed its window"),
    ],
)
def test_a_resume_begins_a_new_activation_where_the_run(timing: Any, known: dict[str, Any]) -> None:
    of = snapshot(request(timing), status=status(timing, runs=1, suspended=True), **known)
    assert next_activation(of, NOW) == ActivationChange(fresh(timing, 2, RESUMED), None)


@pytest.mark.parametrize(
    ("of", "seen", "wanted"),
    [
        pytest.param(request(), status(None, suspended=True), True, id="at the resume of a one-shot timing"),
        pytest.param(request(LATER), status(None), True, id="at the edit of one"),
        pytest.param(request(), status(None, 0, suspended=True), False, id="none was ever in force"),
        pytest.param(request(suspend=True), status(None), False, id="at a suspension"),
        pytest.param(request(TEN), status(TEN, suspended=True), False, id="at the resume of a schedule"),
        pytest.param(request(), status(None), False, id="at rest"),
    ],
)
def test_only_a_list_tells_whether_the_run_was_made(of: Any, seen: ProcessRequestStatus, wanted: bool) -> None:  # noqa: FBT001
    assert needs_history(snapshot(of, status=seen)) is wanted
    assert not needs_history(snapshot(of, status=seen, history=()))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(TEN, schedule(10, timeZone="Etc/UTC"), True, id="a default that is written out"),
        pytest.param(TEN, TWENTY, False, id="another number"),
        pytest.param(
            {"schedule": {"cron": "0 0 * * FRI"}}, {"schedule": {"cron": "0 0 * * 5"}}, False, id="another spelling"
        ),
        pytest.param(None, LATER, False, id="another kind"),
    ],
)
def test_the_hash_is_of_the_timing_with_its_defaults(one: Any, other: Any, same: bool) -> None:  # noqa: FBT001
    assert (hash_of(one) == hash_of(other)) is same


def test_a_schedule_that_begins_is_kept_with_its_activation_because_an_edit_takes_it_away() -> None:
    change = next_activation(snapshot(request(TEN), status=ProcessRequestStatus()), NOW)
    assert change is not None
    assert change.activation.schedule is not None
    assert Schedule.model_validate(change.activation.schedule) == request(TEN).spec.timing.schedule


def test_a_activation_knows_whether_it_is_suspended() -> None:
    assert [is_suspended(activation(spec_hash=text)) for text in ("suspended-x", "x", "once-x")] == [True, False, False]


def test_a_change_touches_nothing_else_of_the_status() -> None:
    before = ProcessRequestStatus(waiting_count=3, schedule="every 10 seconds")
    after = ActivationChange(activation(2), "x").apply(before)
    assert after == before.model_copy(update={"activation": activation(2), "last_handled_reschedule": "x"})
