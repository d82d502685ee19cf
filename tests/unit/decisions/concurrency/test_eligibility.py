"""Eligibility of open runs: which runs are candidates, which may start now, and which have to end by themselves."""

from __future__ import annotations

from typing import Any, Final

import pytest
from tests.builders.instants import at
from tests.builders.objects import Object
from tests.builders.snapshots import STEM, job, process, request, run, schedule, snapshot, view

from process_operator.decisions.acceptance.acceptance import Acceptance
from process_operator.decisions.concurrency.eligibility import candidates_of, own_kill, too_late_at
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.observations import RunObservations
from process_operator.decisions.template.job_template import build_template
from process_operator.resources.batch.kill import Kill, KillReason
from process_operator.resources.conditions import Reason
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_request_status import Activation, ActivationCause, ProcessRequestStatus
from process_operator.resources.process_run import ProcessRun

NAME: Final = f"{STEM}-s1"
NOW: Final = at("12:05:00.5")
TICKS: Final = schedule(60)
LATER: Final[Object] = {"runLater": {"after": "10m", "within": "5m"}}
WAITS: Final = run(NAME, due="12:05")
BY_HAND: Final = run(NAME, trigger="Manual")
OF_LATER: Final = run(f"{STEM}-s1", trigger="Later", due="12:10")
STARTED: Final[Object] = {"jobs": {NAME: job(NAME)}}
INVALID: Final = Acceptance(Reason.PROCESS_NOT_FOUND, "there is no Process")


def context_of(
    a_run: ProcessRun,
    of: ProcessRequest | None = None,
    *,
    now: str | None = None,
    cause: ActivationCause = ActivationCause.CREATED,
    acceptance: Acceptance | None = None,
    **known: Any,
) -> DecisionContext:
    """The context of a decision about one open run, half a second after the tick at 12:05."""
    of = of or request(TICKS)
    status = ProcessRequestStatus(activation=Activation(number=1, since=at("12:00"), spec_hash="hash", cause=cause))
    found = snapshot(of, status=status, runs=(a_run,), history=(), **known)
    if acceptance is None:
        acceptance = Acceptance(template=build_template(of, known.get("process")))
    return DecisionContext(found, acceptance, (view(found, a_run),), at(now) if now is not None else NOW)


def rejected(again_at: str | None) -> Object:
    """An observation: the API server has rejected the Job, for now or permanently."""
    again = at(again_at) if again_at is not None else None
    blocked = Blocked(f"Job {NAME} cannot be created", "QuotaExceeded", "no room", at("12:04"), again, certain=True)
    return {"observations": {NAME: RunObservations(create_rejected=blocked)}}


def told(context: DecisionContext) -> str:
    """The candidate in one word. An empty text if the run is not a candidate."""
    words = ["started" if each.started else "ready" if each.ready else "waits" for each in candidates_of(context)]
    return words[0] if words else ""


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        pytest.param(context_of(WAITS), "ready", id="a claimed tick may start"),
        pytest.param(context_of(WAITS, **STARTED), "started", id="a run with a Job has started"),
        pytest.param(
            context_of(run(NAME, annotations={"process-operator.io/missed-reason": "Missed/Superseded"})),
            "",
            id="a record of a missed tick never starts",
        ),
        pytest.param(
            context_of(run(NAME, annotations={"process-operator.io/engine": "CronJob"})),
            "",
            id="the operator never creates the Job of a run of the CronJob controller",
        ),
        pytest.param(
            context_of(OF_LATER, request(LATER)), "", id="a Run Later run is not a candidate before its start"
        ),
        pytest.param(
            context_of(OF_LATER, request(LATER), now="12:10"), "ready", id="a Run Later run may start from its start on"
        ),
        pytest.param(context_of(WAITS, **rejected("12:05:01")), "waits", id="a run waits for the next attempt"),
        pytest.param(context_of(WAITS, **rejected("12:05:00")), "ready", id="the next attempt is due"),
        pytest.param(context_of(WAITS, **rejected(None)), "waits", id="a permanent rejection has no next attempt"),
        pytest.param(
            context_of(WAITS, acceptance=INVALID), "waits", id="a request that is not accepted starts nothing"
        ),
        pytest.param(
            context_of(WAITS, acceptance=Acceptance(Reason.NEVER_FIRES, template=build_template(request(), None))),
            "ready",
            id="a claimed tick may start although the schedule has no further tick",
        ),
        pytest.param(
            context_of(BY_HAND, acceptance=Acceptance(Reason.NEVER_FIRES, template=build_template(request(), None))),
            "waits",
            id="a Manual run waits under a schedule without a tick",
        ),
        pytest.param(
            context_of(BY_HAND, request(TICKS, suspend=True)), "ready", id="a Manual run may start while suspended"
        ),
        pytest.param(
            context_of(run(NAME, trigger="Backfill"), request(TICKS, suspend=True)),
            "waits",
            id="a run of a backfill waits while suspended",
        ),
    ],
)
def test_candidates(context: DecisionContext, expected: str) -> None:
    assert told(context) == expected


def test_values_that_are_not_allowed_make_no_candidate() -> None:
    own = process(parameters=[{"name": "YEAR", "pattern": "20[0-9]{2}"}])
    of = request({"runImmediately": {}}, process={"name": "close-day"})
    runs = [run(NAME, trigger="Manual", spec={"parameters": {"YEAR": year}}) for year in ("2027", "1999")]
    assert [told(context_of(each, of, process=own)) for each in runs] == ["ready", ""]


CANCELS: Final = request(TICKS, suspend=True, onSuspend="CancelRunning")
HURRIES: Final = request(TICKS, startingDeadlineSeconds=0)


@pytest.mark.parametrize(
    ("context", "kill"),
    [
        pytest.param(context_of(WAITS), None, id="a claimed tick in time has no reason to end"),
        pytest.param(
            context_of(run(NAME, spec={"cancel": True}), **STARTED),
            Kill(KillReason.CANCELED, "spec.cancel was set"),
            id="a user canceled a started run",
        ),
        pytest.param(context_of(WAITS, CANCELS, **STARTED), Kill(KillReason.SUSPENDED), id="CancelRunning ends a run"),
        pytest.param(
            context_of(WAITS, request(TICKS, suspend=True), **STARTED),
            None,
            id="a started run continues while suspended",
        ),
        pytest.param(context_of(BY_HAND, CANCELS, **STARTED), None, id="CancelRunning leaves Manual runs alone"),
        pytest.param(
            context_of(WAITS, request(TICKS, suspend=True)),
            Kill(KillReason.SUSPENDED),
            id="a suspension ends a claimed tick that has not started",
        ),
        pytest.param(context_of(WAITS, HURRIES), None, id="a deadline of 0 s includes the second of the tick"),
        pytest.param(
            context_of(WAITS, HURRIES, now="12:05:01"),
            Kill(KillReason.MISSED, "not started within 0 s of its time (startingDeadlineSeconds)"),
            id="a claimed tick is too late in the next second",
        ),
        pytest.param(
            context_of(WAITS, HURRIES, now="12:05:01", **rejected("12:06")),
            Kill(KillReason.MISSED, "not started within 0 s of its time (startingDeadlineSeconds): no room"),
            id="the message has the rejection that took too long",
        ),
        pytest.param(
            context_of(run(NAME, status={"reason": "WebhookFailed", "message": "no room"}), HURRIES, now="12:05:01"),
            Kill(KillReason.MISSED, "not started within 0 s of its time (startingDeadlineSeconds): no room"),
            id="after a restart only the run has the rejection",
        ),
        pytest.param(
            context_of(run(NAME, status={"reason": "Waiting", "message": "waits"}), HURRIES, now="12:05:01"),
            Kill(KillReason.MISSED, "not started within 0 s of its time (startingDeadlineSeconds)"),
            id="a run that waited for another one was not rejected",
        ),
        pytest.param(context_of(BY_HAND, HURRIES, now="12:59"), None, id="a Manual run has no deadline"),
        pytest.param(context_of(OF_LATER, request(LATER), now="12:15"), None, id="a Run Later run is in its window"),
        pytest.param(
            context_of(OF_LATER, request(LATER), now="12:15:01"),
            Kill(KillReason.MISSED, "not started by 2027-03-01T12:15:00Z"),
            id="the window of a Run Later run is over",
        ),
        pytest.param(
            context_of(OF_LATER, request(TICKS)),
            Kill(KillReason.CANCELED, "the timing of the request was edited before the start"),
            id="another timing ends a Run Later run",
        ),
        pytest.param(
            context_of(run(f"{STEM}-s0", trigger="Later"), request(LATER), cause=ActivationCause.RESCHEDULED),
            Kill(KillReason.CANCELED, "the request was rescheduled before the start"),
            id="a reschedule ends the Run Later run before it",
        ),
        pytest.param(
            context_of(run(f"{STEM}-s0", trigger="Later"), request(LATER), cause=ActivationCause.RESUMED),
            Kill(KillReason.SUSPENDED, "the request was suspended before the start; a resume creates a new run"),
            id="a resume replaces the Run Later run before it",
        ),
    ],
)
def test_own_kill(context: DecisionContext, kill: Kill | None) -> None:
    assert own_kill(context, context.views[0]) == kill


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        pytest.param(context_of(WAITS, HURRIES), "12:05:01", id="a claimed tick is too late after its last second"),
        pytest.param(context_of(WAITS), None, id="without a deadline it is never too late"),
        pytest.param(context_of(WAITS, HURRIES, **STARTED), None, id="a started run cannot be too late"),
        pytest.param(context_of(BY_HAND, HURRIES), None, id="a Manual run has no deadline"),
    ],
)
def test_too_late_at(context: DecisionContext, expected: str | None) -> None:
    assert too_late_at(context, context.views[0]) == (None if expected is None else at(expected))
