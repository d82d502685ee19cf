"""Progress of a backfill: the ticks that get a run now, the counts of the earlier ones, and its end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

import pytest
from tests.builders.instants import at
from tests.builders.objects import Object
from tests.builders.snapshots import STEM, UID, activation, finished, request, run, schedule, snapshot

from process_operator.decisions.acceptance.acceptance import Acceptance
from process_operator.decisions.backfill.plan import backfills_without_request, plan_backfills
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.inputs.history import BackfillMark, FinishedRun
from process_operator.decisions.inputs.run_view import view_of
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import CreateRun, LoadHistory
from process_operator.decisions.ticks.progress import Progress, calendar_of
from process_operator.resources import names
from process_operator.resources.process_backfill import ProcessBackfill, ProcessBackfillStatus
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import ProcessRun, RunPhase
from process_operator.timing.recurrence import compile_schedule

OWN = {names.LABEL_REQUEST_UID: UID}


def backfill(name: str = "b", *, begin: str = "12:00", end: str = "12:05", **parts: Any) -> ProcessBackfill:
    """A backfill of the request, made at one o'clock."""
    spec = {"request": {"name": "close"}, "from": at(begin), "to": at(end), **parts.pop("spec", {})}
    metadata = {
        "name": name,
        "namespace": "erp",
        "uid": f"uid-of-{name}",
        "generation": 1,
        "labels": OWN,
        "creationTimestamp": at("13:00"),
        **parts.pop("metadata", {}),
    }
    status = {"requestUID": UID, "observedGeneration": 1, **parts["status"]} if "status" in parts else {}
    return ProcessBackfill.model_validate({"metadata": metadata, "spec": spec, "status": status})


def name(clock: str) -> str:
    """Name of a backfill's run of a tick."""
    return names.backfill_run_name(STEM, int(at(clock).timestamp()))


def tick_name(clock: str) -> str:
    """Name of the schedule's own run of a tick: every tick is on a whole minute."""
    return f"{STEM}-{int(at(clock).timestamp()) // 60}"


def opened(clock: str, of: str = "b") -> ProcessRun:
    """An open run of a backfill."""
    found = run(name(clock), trigger="Backfill", due=clock)
    labels = {**found.metadata.labels, names.LABEL_BACKFILL: of}
    return found.model_copy(update={"metadata": found.metadata.model_copy(update={"labels": labels})})


def ended(clock: str, phase: RunPhase = RunPhase.SUCCEEDED, of: str = "b") -> FinishedRun:
    """A finished run of a backfill."""
    return replace(finished(name(clock), phase, due=None), backfill=BackfillMark(of, at(clock)))


def own(clock: str, phase: RunPhase = RunPhase.SUCCEEDED, missed_reason: str = "") -> FinishedRun:
    """A finished run of the schedule itself."""
    return finished(tick_name(clock), phase, due=clock, missed_reason=missed_reason)


def known(*backfills: ProcessBackfill, **more: Any) -> Snapshot:
    """Every minute since noon, with nothing run and all settled, at one o'clock."""
    timing = more.pop("timing", schedule(60))
    spec: Object = more.pop("spec", {})
    status = ProcessRequestStatus(
        activation=activation(runs=more.pop("runs_of_activation", 0)),
        last_schedule_time=at(more.pop("cursor", "13:00")),
    )
    more.setdefault("history", ())
    return snapshot(request(timing, **spec), status=status, backfills=backfills, **more)


def plan(found: Snapshot) -> tuple[list[str], dict[str, ProcessBackfillStatus], tuple[Action, ...]]:
    """The ticks that get a run (as clocks), the status of each backfill, and the whole draft."""
    assert found.request is not None
    timing = found.request.spec.timing.schedule
    recurrence = compile_schedule(timing, since=at("12:00")) if timing is not None else None
    views = tuple(view_of(found, each) for each in found.runs)
    context = DecisionContext(found, Acceptance(recurrence=recurrence), views, at("13:00"))
    calendar = calendar_of(found, recurrence) if recurrence is not None else None
    planned = plan_backfills(context, Progress(found.status.last_schedule_time), calendar)
    made = [
        action.manifest["spec"]["scheduledTime"][11:16] for action in planned.actions if isinstance(action, CreateRun)
    ]
    return made, dict(planned.value), planned.actions


FIVE = ["12:00", "12:01", "12:02", "12:03", "12:04", "12:05"]


@pytest.mark.parametrize(
    ("found", "made", "progress"),
    [
        pytest.param(known(backfill()), ["12:00"], "0/6", id="the oldest tick first, one at a time"),
        pytest.param(known(backfill(spec={"maxActiveRuns": 3})), FIVE[:3], "0/6", id="as many at once as it may"),
        pytest.param(
            known(backfill(end="12:30", spec={"maxActiveRuns": 50})),
            [f"12:{minute:02d}" for minute in range(10)],
            "0/31",
            id="but ten in one decision",
        ),
        pytest.param(
            known(backfill(spec={"maxActiveRuns": 3}), spec={"concurrencyPolicy": "Replace"}),
            ["12:00"],
            "0/6",
            id="under Replace one at a time, since a second would end the first",
        ),
        pytest.param(
            known(backfill(), runs=(opened("12:00"),)), [], "0/6", id="the next waits for the one that is open"
        ),
        pytest.param(
            known(backfill(spec={"maxActiveRuns": 2}), runs=(opened("12:00"),), history=(ended("12:01"),)),
            ["12:02"],
            "0/6",
            id="one that ended before an older one is counted when that has ended too",
        ),
        pytest.param(known(backfill(), history=(ended("12:00"),)), ["12:01"], "1/6", id="after its end the next"),
        pytest.param(
            known(backfill(), history=(own("12:00"), own("12:01", RunPhase.FAILED))),
            ["12:02"],
            "2/6",
            id="a tick that ran is not run again, however it ended",
        ),
        pytest.param(
            known(backfill(), history=(own("12:00", RunPhase.MISSED, "Missed/Superseded"),)),
            ["12:00"],
            "0/6",
            id="the record of a tick that did not start is no run",
        ),
        pytest.param(
            known(backfill(), runs=(run(tick_name("12:00"), due="12:00"),)),
            ["12:01"],
            "1/6",
            id="nor one that runs now",
        ),
        pytest.param(
            known(backfill(), backfill("other"), runs=(opened("12:00", "other"),)),
            ["12:01", "12:00"][:1],
            "1/6",
            id="a tick that another backfill runs is left to it",
        ),
        pytest.param(
            known(
                backfill(),
                backfill("other", status={"phase": "Succeeded", "lastScheduledTime": at("12:03"), "total": 4}),
            ),
            ["12:04"],
            "4/6",
            id="so is one that another has run, although its run is removed",
        ),
        pytest.param(
            known(
                backfill(status={"lastScheduledTime": at("12:01"), "counts": {"succeeded": 2}, "total": 6}),
            ),
            ["12:02"],
            "2/6",
            id="counted ticks are not evaluated again",
        ),
        pytest.param(
            known(backfill(), cursor="11:00"),
            ["12:00"][:0],
            "0/6",
            id="ticks that the schedule has not settled are its own",
        ),
        pytest.param(
            known(
                backfill(begin="11:57"),
                timing=schedule(60, exclude=["2027-02-28"], maxRuns=1),
                cursor="11:00",
                runs_of_activation=1,
            ),
            ["11:57"],
            "0/9",
            id="ticks that maxRuns takes from the schedule are the backfill's",
        ),
        pytest.param(
            known(backfill(begin="11:57"), timing=schedule(60, exclude=["2027-03-01"])),
            [],
            None,
            id="days that are excluded have none",
        ),
        pytest.param(
            known(backfill(begin="11:57")), ["11:57"], "0/9", id="ticks before the activation began are counted back"
        ),
        pytest.param(known(backfill(begin="12:00:01")), ["12:01"], "0/5", id="a tick before from is not in the range"),
        pytest.param(known(backfill(end="12:04:59")), ["12:00"], "0/5", id="nor one after to"),
        pytest.param(
            known(backfill(begin="12:58", end="14:00")), ["12:58"], "0/3", id="the creation of the backfill is its end"
        ),
        pytest.param(
            known(backfill(begin="11:00"), timing=schedule(60, startTime="2027-03-01T12:02:00Z")),
            ["12:02"],
            "0/4",
            id="before startTime there are no ticks",
        ),
        pytest.param(
            known(backfill(spec={"cancel": True}), runs=(opened("12:00"),)),
            [],
            "0/6",
            id="canceled it makes no more runs",
        ),
        pytest.param(known(backfill(), spec={"suspend": True}), [], "0/6", id="suspended it makes none either"),
    ],
)
def test_ticks_that_get_a_run(found: Snapshot, made: list[str], progress: str | None) -> None:
    runs, statuses, _ = plan(found)
    assert (runs, statuses["b"].progress) == (made, progress)


def again(clock: str, phase: RunPhase = RunPhase.SUCCEEDED, uid: str = "uid-of-b") -> FinishedRun:
    """A finished run of a backfill for a tick that had one before."""
    tick = at(clock)
    run_again = finished(names.rerun_name(STEM, uid, int(tick.timestamp())), phase, due=None)
    return replace(run_again, backfill=BackfillMark("b", tick), created=at("13:00"))


NEVER, FAILED, ALWAYS = ({"rerun": word} for word in ("Never", "Failed", "Always"))
F = RunPhase.FAILED


@dataclass(frozen=True)
class RunAgain:
    """A backfill of ticks that had runs before, the runs that it makes, and its progress."""

    id: str
    rerun: Object
    history: list[FinishedRun]
    made: list[str]
    progress: str


RUN_AGAIN: Final = [
    RunAgain(
        "Never leaves a failed run alone",
        rerun=NEVER,
        history=[own("12:00", F)],
        made=["12:01"],
        progress="1/6",
    ),
    RunAgain("Failed runs it again", rerun=FAILED, history=[own("12:00", F)], made=["12:00"], progress="0/6"),
    RunAgain(
        "Failed leaves a run that succeeded alone",
        rerun=FAILED,
        history=[own("12:00")],
        made=["12:01"],
        progress="1/6",
    ),
    RunAgain(
        "also one that ran again",
        rerun=FAILED,
        history=[own("12:00", F), again("12:00", uid="other")],
        made=["12:01"],
        progress="1/6",
    ),
    RunAgain(
        "Failed runs again what failed twice",
        rerun=FAILED,
        history=[own("12:00", F), ended("12:00", F, "other")],
        made=["12:00"],
        progress="0/6",
    ),
    RunAgain(
        "Failed runs ticks without a known run again",
        rerun=FAILED,
        history=[own("12:00", RunPhase.UNKNOWN), own("12:01", RunPhase.CANCELED)],
        made=["12:00"],
        progress="0/6",
    ),
    RunAgain("but once", rerun=FAILED, history=[own("12:00", F), again("12:00", F)], made=["12:01"], progress="1/6"),
    RunAgain("Always runs all again", rerun=ALWAYS, history=[own("12:00")], made=["12:00"], progress="0/6"),
    RunAgain("once as well", rerun=ALWAYS, history=[own("12:00"), again("12:00")], made=["12:01"], progress="1/6"),
    RunAgain(
        "a deleted backfill of the same name does not stand for it",
        rerun=ALWAYS,
        history=[ended("12:00")],
        made=["12:00"],
        progress="0/6",
    ),
    RunAgain(
        "a run that never started is none",
        rerun=NEVER,
        history=[own("12:00", RunPhase.MISSED)],
        made=["12:00"],
        progress="0/6",
    ),
    RunAgain(
        "nor one canceled before its start",
        rerun=NEVER,
        history=[own("12:00", RunPhase.CANCELED)],
        made=["12:00"],
        progress="0/6",
    ),
]


@pytest.mark.parametrize("case", RUN_AGAIN, ids=lambda case: case.id)
def test_what_is_run_again(case: RunAgain) -> None:
    runs, statuses, _ = plan(known(backfill(spec=case.rerun), history=tuple(case.history)))
    assert (runs, statuses["b"].progress) == (case.made, case.progress)


@pytest.mark.parametrize(
    ("history", "wanted"),
    [
        pytest.param((), name("12:00"), id="the name of its tick, where that has no run"),
        pytest.param((own("12:00", RunPhase.MISSED, "Missed/Superseded"),), name("12:00"), id="or a record of a miss"),
        pytest.param((own("12:00", F),), again("12:00").name, id="its own name, where the schedule ran it"),
        pytest.param((ended("12:00", F, "other"),), again("12:00").name, id="or another backfill did"),
    ],
)
def test_a_run_again_has(history: tuple[FinishedRun, ...], wanted: str) -> None:
    _, _, actions = plan(known(backfill(spec=FAILED), history=history))
    assert [a.manifest["metadata"]["name"] for a in actions if isinstance(a, CreateRun)] == [wanted]


def test_two_that_run_the_same_again_take_turns() -> None:
    runs, statuses, _ = plan(known(backfill(spec=FAILED), backfill("c", spec=ALWAYS), history=(own("12:00", F),)))
    assert runs == ["12:00", "12:01"]
    assert [status.progress for status in statuses.values()] == ["0/6", "0/6"]


@dataclass(frozen=True)
class Standing:
    """A backfill, and its phase, reason and counts in the status."""

    id: str
    found: Snapshot
    phase: str
    reason: str
    counts: dict[str, int] = field(default_factory=dict)


STANDINGS: Final = [
    Standing("it continues", found=known(backfill()), phase="Running", reason="Started"),
    Standing(
        "all runs succeeded",
        found=known(backfill(end="12:01"), history=(ended("12:00"), ended("12:01"))),
        phase="Succeeded",
        reason="Completed",
        counts={"succeeded": 2},
    ),
    Standing(
        "a tick that ran before is no failure",
        found=known(backfill(end="12:01"), history=(own("12:00"), ended("12:01"))),
        phase="Succeeded",
        reason="Completed",
        counts={"succeeded": 1, "existing": 1},
    ),
    Standing(
        "a run failed",
        found=known(
            backfill(end="12:02"),
            history=(ended("12:00", RunPhase.FAILED), ended("12:01", RunPhase.UNKNOWN), ended("12:02")),
        ),
        phase="Failed",
        reason="RunsFailed",
        counts={"succeeded": 1, "failed": 1, "unknown": 1},
    ),
    Standing(
        "canceled, once its runs are over",
        found=known(backfill(spec={"cancel": True}), history=(ended("12:00"), ended("12:01", RunPhase.CANCELED))),
        phase="Canceled",
        reason="Canceled",
        counts={"succeeded": 1, "canceled": 1},
    ),
    Standing(
        "and not before",
        found=known(backfill(spec={"cancel": True}), runs=(opened("12:00"),)),
        phase="Running",
        reason="Started",
    ),
    Standing(
        "a range without a tick",
        found=known(backfill(begin="12:00:10", end="12:00:20")),
        phase="Failed",
        reason="NoTicks",
    ),
    Standing(
        "too many ticks",
        found=known(backfill(begin="12:00", end="12:59:59"), timing=schedule(1)),
        phase="Failed",
        reason="TooManyTicks",
    ),
    Standing(
        "a request without a schedule",
        found=known(backfill(), timing={"runImmediately": {}}),
        phase="Failed",
        reason="NotScheduled",
    ),
    Standing(
        "a suspended request",
        found=known(backfill(), spec={"suspend": True}),
        phase="Pending",
        reason="Suspended",
    ),
]


@pytest.mark.parametrize("case", STANDINGS, ids=lambda case: case.id)
def test_status_of_a_backfill(case: Standing) -> None:
    _, statuses, _ = plan(case.found)
    status = statuses["b"]
    assert (status.phase, status.reason) == (case.phase, case.reason)
    assert {key: number for key, number in status.counts if number} == case.counts
    ended = {"Succeeded": ["Finished", "Complete"]}.get(case.phase, ["Finished", "Failed", "Stalled"])
    assert [condition.type for condition in status.conditions] == (ended if status.end_time else ["Reconciling"])
    assert bool(status.end_time) == (case.phase in ("Succeeded", "Failed", "Canceled"))


def test_the_count_of_too_many_is_told() -> None:
    _, statuses, _ = plan(known(backfill(begin="12:00", end="12:59:59"), timing=schedule(1)))
    assert statuses["b"].message == (
        "spec.from, spec.to: the schedule has 3600 times from 2027-03-01T12:00:00Z to 2027-03-01T12:59:59Z, "
        "and at most 1000 are run by one backfill"
    )


def test_a_run_of_a_backfill_says_what_it_is() -> None:
    _, _, actions = plan(known(backfill()))
    (action,) = (action for action in actions if isinstance(action, CreateRun))
    assert action.manifest["metadata"]["name"] == name("12:00")
    assert action.manifest["metadata"]["labels"][names.LABEL_BACKFILL] == "b"
    assert action.manifest["spec"] == {
        "request": {"name": "close"},
        "trigger": "Backfill",
        "scheduledTime": "2027-03-01T12:00:00Z",
    }


@pytest.mark.parametrize("labels", [{}, {names.LABEL_REQUEST_UID: "another"}], ids=["a new one", "of another cluster"])
def test_nothing_of_it_is_changed_but_its_status(labels: dict[str, str]) -> None:
    _, statuses, actions = plan(known(backfill(metadata={"labels": labels})))
    assert statuses["b"].request_uid == UID
    assert {type(action) for action in actions} == {CreateRun}


def test_without_a_request_it_says_that_it_waits() -> None:
    found = Snapshot("erp", "close", None, backfills=(backfill(),))
    status = backfills_without_request(found, at("13:00"))["b"]
    assert (status.phase, status.reason, status.observed_generation) == ("Pending", "RequestNotFound", 1)
    assert status.message == 'there is no ProcessRequest "close" in namespace erp; waiting for it'
    assert [(found.type, found.status) for found in status.conditions] == [("Reconciling", "True")]


def test_an_edit_of_one_that_is_over_is_seen_and_changes_nothing() -> None:
    over = {"phase": "Succeeded", "observedGeneration": 1}
    _, statuses, actions = plan(known(backfill(metadata={"generation": 2}, status=over)))
    assert (statuses["b"].phase, statuses["b"].observed_generation, actions) == ("Succeeded", 2, ())


def test_nothing_is_decided_before_the_finished_runs_are_known() -> None:
    made, statuses, actions = plan(known(backfill(), history=None))
    assert (made, statuses, actions) == ([], {}, (LoadHistory(),))


def test_a_finished_one_costs_nothing() -> None:
    made, statuses, actions = plan(known(backfill(status={"phase": "Succeeded"}), history=None))
    assert (made, statuses, actions) == ([], {}, ())


@pytest.mark.parametrize(
    ("tick", "length"),
    [
        pytest.param(int(at("12:00").timestamp()), 62, id="today"),
        pytest.param(
            int((at("12:00") + timedelta(days=172 * 365)).timestamp()),
            63,
            id="in the last year that a schedule may have",
        ),
    ],
)
def test_its_name_fits(tick: int, length: int) -> None:
    stem = names.child_stem("x" * 63, UID)
    assert len(names.backfill_run_name(stem, tick)) == length <= names.MAX_NAME
    assert len(names.rerun_name(stem, UID, tick)) == names.MAX_NAME
