"""Backfills of ticks that had runs before: `rerun` selects those that run again. Neighbour: `test_plan.py`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import pytest
from tests.builders.backfills import backfill, ended, known, name, own, plan
from tests.builders.instants import at
from tests.builders.objects import Object
from tests.builders.snapshots import STEM, finished

from process_operator.decisions.inputs.history import BackfillMark, FinishedRun
from process_operator.decisions.plan.actions import CreateRun
from process_operator.resources import names
from process_operator.resources.process_run import RunPhase


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
        "Failed leaves a run that succeeded again alone",
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
    RunAgain(
        "Failed runs a failed run again once",
        rerun=FAILED,
        history=[own("12:00", F), again("12:00", F)],
        made=["12:01"],
        progress="1/6",
    ),
    RunAgain("Always runs all again", rerun=ALWAYS, history=[own("12:00")], made=["12:00"], progress="0/6"),
    RunAgain(
        "Always runs a run again once",
        rerun=ALWAYS,
        history=[own("12:00"), again("12:00")],
        made=["12:01"],
        progress="1/6",
    ),
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
        "a run that was canceled before its start is none",
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
        pytest.param(
            (own("12:00", RunPhase.MISSED, "Missed/Superseded"),),
            name("12:00"),
            id="the name of its tick, where that has a record of a miss",
        ),
        pytest.param((own("12:00", F),), again("12:00").name, id="its own name, where the schedule ran it"),
        pytest.param(
            (ended("12:00", F, "other"),), again("12:00").name, id="its own name, where another backfill ran it"
        ),
    ],
)
def test_a_run_again_has(history: tuple[FinishedRun, ...], wanted: str) -> None:
    _, _, actions = plan(known(backfill(spec=FAILED), history=history))
    assert [a.manifest["metadata"]["name"] for a in actions if isinstance(a, CreateRun)] == [wanted]


def test_two_that_run_the_same_again_take_turns() -> None:
    runs, statuses, _ = plan(known(backfill(spec=FAILED), backfill("c", spec=ALWAYS), history=(own("12:00", F),)))
    assert runs == ["12:00", "12:01"]
    assert [status.progress for status in statuses.values()] == ["0/6", "0/6"]
