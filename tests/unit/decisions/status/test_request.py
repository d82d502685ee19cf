"""The status of a request: one word for people, conditions for programs, and what is worth a write."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import STEM, activation, finished, job, request, run, schedule, snapshot, view

from process_operator.decisions.acceptance.acceptance import Acceptance
from process_operator.decisions.acceptance.engine import EngineChoice
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import DryRunJob
from process_operator.decisions.status.conditions import RUNS_AGAIN
from process_operator.decisions.status.facts import StatusFacts
from process_operator.decisions.status.request import request_status
from process_operator.decisions.template.job_template import build_template
from process_operator.resources.conditions import Condition, ConditionStatus
from process_operator.resources.engine import Engine
from process_operator.resources.process_request_status import ActiveRun, LastRun, ProcessRequestStatus, RequestPhase
from process_operator.resources.process_run import RunPhase

NOW = at("12:30:00.5")
ONCE = request()
TEMPLATE = build_template(ONCE, None)
ACCEPTED = Acceptance(template=TEMPLATE)
BY_OPERATOR = Acceptance(template=TEMPLATE, engine=EngineChoice(Engine.OPERATOR))


def condition(
    kind: str, status: str, reason: str, message: str = "", *, since: str = "12:30", of: int | None = 3
) -> Condition:
    return Condition(
        type=kind,
        status=ConditionStatus(status),
        observed_generation=of,
        last_transition_time=at(since),
        reason=reason,
        message=message,
    )


IN_FORCE = (
    condition("Accepted", "True", "Accepted"),
    condition("Ready", "True", "InForce"),
    condition("Stalled", "False", "Accepted"),
)


def status(of: Snapshot, acceptance: Acceptance = ACCEPTED, facts: StatusFacts | None = None) -> ProcessRequestStatus:
    return request_status(of, acceptance, facts or StatusFacts(views=()), NOW)


def test_the_whole_status_of_a_schedule_with_a_run() -> None:
    of = snapshot(request(schedule(10)))
    its_run = run(f"{STEM}-1", status={"phase": "Running"})
    going = replace(of, runs=(its_run,), jobs={f"{STEM}-1": job(f"{STEM}-1")})
    facts = StatusFacts(
        views=(view(going, its_run),), cursor=at("12:30"), started=2, waiting=1, next_run=at("12:30:10")
    )
    assert status(going, BY_OPERATOR, facts) == ProcessRequestStatus(
        observed_generation=3,
        phase=RequestPhase.ACTIVE,
        engine=Engine.OPERATOR,
        schedule="every 10 seconds",
        activation=activation(runs=2),
        last_schedule_time=at("12:30"),
        template_hash=TEMPLATE.hash,
        waiting_count=1,
        next_run_time=at("12:30:10"),
        last_run=LastRun(name=f"{STEM}-1", phase=RunPhase.RUNNING),
        last_run_time=at("12:00"),
        active=(ActiveRun(name=f"{STEM}-1", job=f"{STEM}-1", job_uid=f"uid-of-job-{STEM}-1"),),
        active_count=1,
        conditions=IN_FORCE,
    )


SUCCEEDED, FAILED = finished("run"), finished("run", RunPhase.FAILED, reason="ExitCode")
CANCELED = finished("run", RunPhase.CANCELED, reason="Canceled")
COMPLETE = condition("Complete", "True", "Succeeded", f"run run ended as Succeeded; {RUNS_AGAIN}", of=None)


NO_FACTS: Final = StatusFacts(views=())


@dataclass(frozen=True)
class Phase:
    """A request with facts about it, and the phase and the conditions of its end that follow."""

    id: str
    of: Any
    phase: str
    acceptance: Acceptance = ACCEPTED
    facts: StatusFacts = NO_FACTS
    ends: tuple[Condition, ...] = ()


PHASES: Final = [
    Phase(
        "armed",
        of=ONCE,
        phase="Scheduled",
    ),
    Phase(
        "suspended",
        of=request(suspend=True),
        phase="Suspended",
    ),
    Phase(
        "its run succeeded",
        of=ONCE,
        phase="Succeeded",
        facts=StatusFacts(views=(), end=SUCCEEDED),
        ends=(COMPLETE,),
    ),
    Phase(
        "its run failed",
        of=ONCE,
        phase="Failed",
        facts=StatusFacts(views=(), end=FAILED),
        ends=(condition("Failed", "True", "ExitCode", f"run run ended as Failed; {RUNS_AGAIN}", of=None),),
    ),
    Phase(
        "its run was canceled",
        of=ONCE,
        phase="Canceled",
        facts=StatusFacts(views=(), end=CANCELED),
        ends=(condition("Failed", "True", "Canceled", f"run run ended as Canceled; {RUNS_AGAIN}", of=None),),
    ),
    Phase(
        "its run was deleted",
        of=ONCE,
        phase="Failed",
        facts=StatusFacts(views=(), end_unknown=True),
        ends=(condition("Failed", "True", "RunDeleted", f"its run was deleted; {RUNS_AGAIN}", of=None),),
    ),
    Phase(
        "no tick is left",
        of=request(schedule(10)),
        phase="Finished",
        acceptance=BY_OPERATOR,
        facts=StatusFacts(views=(), no_tick_left=True),
        ends=(condition("Complete", "True", "ScheduleFinished", "the schedule has no tick left", of=None),),
    ),
]


@pytest.mark.parametrize("case", PHASES, ids=lambda case: case.id)
def test_phase_and_conditions(case: Phase) -> None:
    found = status(snapshot(case.of), case.acceptance, case.facts)
    ready = (
        condition("Ready", "True", "Suspended", "the operator starts no run (spec.suspend)")
        if case.of.spec.suspend
        else IN_FORCE[1]
    )
    # Rescheduling is a person's matter.
    stalled = (
        condition("Stalled", "True", case.ends[0].reason, case.ends[0].message)
        if case.phase in ("Failed", "Canceled")
        else IN_FORCE[2]
    )
    assert (found.phase, found.conditions) == (case.phase, (IN_FORCE[0], ready, stalled, *case.ends))


@pytest.mark.parametrize(
    ("reason", "phase", "stalled"),
    [
        pytest.param("InvalidSchedule", "Invalid", "True", id="a person has to act"),
        pytest.param("TemplateRejected", "Invalid", "True", id="a person has to act on the template"),
        pytest.param("ProcessNotFound", "Pending", "False", id="the Process may appear"),
        pytest.param("QuotaExceeded", "Pending", "False", id="the quota may have room again"),
    ],
)
def test_rejected(reason: str, phase: str, stalled: str) -> None:
    found = status(snapshot(ONCE), Acceptance(reason, "words"))
    waits = (condition("Reconciling", "True", reason, "words"),) if stalled == "False" else ()
    assert (found.phase, found.template_hash, found.conditions) == (
        phase,
        None,
        (
            condition("Accepted", "False", reason, "words"),
            condition("Ready", "False", reason, "words"),
            condition("Stalled", stalled, reason, "words"),
            *waits,
        ),
    )


def test_a_suspended_request_whose_run_failed_is_not_stalled() -> None:
    found = status(snapshot(request(suspend=True)), facts=StatusFacts(views=(), end=FAILED))
    assert (found.phase, found.conditions[2].status) == ("Suspended", "False")


def test_the_condition_of_another_program_stays() -> None:
    theirs = condition("Audited", "True", "Yes", of=None)
    of = snapshot(ONCE, status=ProcessRequestStatus(activation=activation(), conditions=(theirs,)))
    assert status(of).conditions == (*IN_FORCE, theirs)


def test_a_condition_that_stays_keeps_its_time() -> None:
    earlier = tuple(found.model_copy(update={"last_transition_time": at("12:10")}) for found in IN_FORCE)
    of = snapshot(ONCE, status=ProcessRequestStatus(activation=activation(), conditions=earlier))
    assert status(of).conditions == earlier


def test_how_it_ended_stands_while_it_is_looked_up() -> None:
    earlier = condition("Complete", "True", "Completed", since="12:10", of=None)
    of = snapshot(ONCE, status=ProcessRequestStatus(activation=activation(), conditions=(*IN_FORCE, earlier)))
    found = status(of, facts=StatusFacts(views=(), end_lookup_pending=True))
    assert (found.phase, found.conditions) == ("Succeeded", (*IN_FORCE, earlier))


def test_while_the_server_is_asked_only_the_cursor_moves() -> None:
    before = ProcessRequestStatus(activation=activation(), phase=RequestPhase.SCHEDULED, conditions=IN_FORCE)
    asking = Acceptance(template=TEMPLATE, lookup=DryRunJob(({},), "hash"))
    found = status(snapshot(ONCE, status=before), asking, StatusFacts(views=(), cursor=at("12:20")))
    assert found == before.model_copy(update={"last_schedule_time": at("12:20")})


OLD = {"last_run": LastRun(name="old", phase=RunPhase.RUNNING), "last_run_time": at("12:10")}
OVER = {"last_run": LastRun(name="old", phase=RunPhase.SUCCEEDED), "last_run_time": at("12:10")}


@dataclass(frozen=True)
class LastRunKnown:
    """A status and the known history, and the last run that they give."""

    id: str
    history: Any
    before: dict[str, Any] = field(default_factory=dict)
    last: tuple[str, str] | None = None
    when: str | None = None


LAST_RUNS: Final = [
    LastRunKnown("there was none", history=None),
    LastRunKnown(
        "not looked up yet: as the status says",
        before=OLD,
        history=None,
        last=("old", "Running"),
        when="12:10",
    ),
    LastRunKnown(
        "it has ended meanwhile",
        before=OLD,
        history=[finished("old", due="12:10")],
        last=("old", "Succeeded"),
        when="12:10",
    ),
    LastRunKnown(
        "it was deleted",
        before=OLD,
        history=[finished("older", due="12:05")],
        last=("older", "Succeeded"),
        when="12:05",
    ),
    LastRunKnown(
        "one that had ended may have been pruned since",
        before=OVER,
        history=[],
        last=("old", "Succeeded"),
        when="12:10",
    ),
    LastRunKnown(
        "a newer one",
        before=OVER,
        history=[finished("new", RunPhase.FAILED, due="12:20")],
        last=("new", "Failed"),
        when="12:20",
    ),
]


@pytest.mark.parametrize("case", LAST_RUNS, ids=lambda case: case.id)
def test_the_last_run(case: LastRunKnown) -> None:
    known = snapshot(
        ONCE,
        status=ProcessRequestStatus(activation=activation(), **case.before),
        history=case.history and tuple(case.history),
    )
    if case.history == []:
        known = replace(known, history=())
    found = status(known)
    wanted = LastRun(name=case.last[0], phase=RunPhase(case.last[1])) if case.last is not None else None
    assert (found.last_run, found.last_run_time) == (wanted, at(case.when) if case.when else None)


LATER = request({"runLater": {"after": "1h"}})


@dataclass(frozen=True)
class Newest:
    """A run that has ended, and the instant that it stands for."""

    id: str
    of: Any
    phase: RunPhase
    created: str
    due: str
    when: str
    start: str | None = None


NEWEST: Final = [
    Newest(
        "canceled before its start",
        of=LATER,
        phase=RunPhase.CANCELED,
        created="12:00",
        due="23:00",
        when="12:00",
    ),
    Newest(
        "missed",
        of=LATER,
        phase=RunPhase.MISSED,
        created="12:00",
        due="12:10",
        when="12:10",
    ),
    Newest(
        "at its start",
        of=LATER,
        phase=RunPhase.SUCCEEDED,
        created="12:00",
        due="12:10",
        when="12:10",
        start="12:10:01",
    ),
    Newest(
        "a start that had passed",
        of=LATER,
        phase=RunPhase.SUCCEEDED,
        created="12:10",
        due="03:00",
        when="12:10",
        start="12:10:01",
    ),
    Newest(
        "canceled, a schedule since",
        of=request(schedule(10)),
        phase=RunPhase.CANCELED,
        created="12:00",
        due="23:00",
        when="12:00",
    ),
    Newest(
        "a tick that was late",
        of=request(schedule(10)),
        phase=RunPhase.SUCCEEDED,
        created="12:10",
        due="12:05",
        when="12:05",
        start="12:10:01",
    ),
]


@pytest.mark.parametrize("case", NEWEST, ids=lambda case: case.id)
def test_the_last_run_is_never_one_of_the_future(case: Newest) -> None:
    ended = replace(
        finished("it", case.phase, due=case.due),
        created=at(case.created),
        start=None if case.start is None else at(case.start),
    )
    known = snapshot(case.of, status=ProcessRequestStatus(activation=activation()), history=(ended,))
    assert status(known).last_run_time == at(case.when)


def test_what_the_run_itself_says_replaces_an_instant_of_the_future() -> None:
    before = ProcessRequestStatus(
        activation=activation(), last_run=LastRun(name="it", phase=RunPhase.CANCELED), last_run_time=at("23:00")
    )
    ended = replace(finished("it", RunPhase.CANCELED, due="23:00"), created=at("12:00"))
    assert status(snapshot(LATER, status=before, history=(ended,))).last_run_time == at("12:00")


def test_a_run_that_waits_for_its_start_is_not_active() -> None:
    its_run = run(trigger="Later", due="13:00")
    of = snapshot(request({"runLater": {"after": "1h"}}), runs=(its_run,))
    found = status(of, facts=StatusFacts(views=(view(of, its_run),)))
    assert (found.phase, found.active, found.last_run) == ("Scheduled", (), None)
