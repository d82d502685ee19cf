"""Concurrency: the runs that start, wait or end beside others, policy by policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pytest
from tests.builders.instants import at

from process_operator.decisions.concurrency.policy import ConcurrencyDecision, apply_policy, blocking_runs
from process_operator.decisions.inputs.candidate import Candidate
from process_operator.decisions.plan.limits import MAX_STARTS, MAX_WAITING
from process_operator.resources.process import ConcurrencyPolicy

ALLOW, FORBID, REPLACE, QUEUE = (
    ConcurrencyPolicy.ALLOW,
    ConcurrencyPolicy.FORBID,
    ConcurrencyPolicy.REPLACE,
    ConcurrencyPolicy.QUEUE,
)


def waits(name: str, due: str = "12:00", *, ready: bool = True) -> Candidate:
    return Candidate(name, at(due), started=False, ready=ready)


def runs(name: str, due: str = "11:00") -> Candidate:
    return Candidate(name, at(due), started=True)


TICK = waits("tick", "12:10")
NOTHING = ConcurrencyDecision()


def many(number: int) -> list[Candidate]:
    return [waits(f"w{position:03d}", f"12:{position // 60:02d}:{position % 60:02d}") for position in range(number)]


@dataclass(frozen=True)
class Turn:
    """Candidates under a policy, with the due tick if there is one, and the decision about them."""

    id: str
    policy: ConcurrencyPolicy
    candidates: list[Candidate]
    tick: Candidate | None = None
    decision: ConcurrencyDecision = NOTHING


TURNS: Final = [
    Turn("no runs at all", policy=ALLOW, candidates=[]),
    Turn("an open run continues", policy=ALLOW, candidates=[runs("r")]),
    Turn(
        "Allow: it starts beside the other",
        policy=ALLOW,
        candidates=[runs("r"), waits("w")],
        decision=ConcurrencyDecision(start=("w",)),
    ),
    Turn(
        "Allow: in the order in which they are due",
        policy=ALLOW,
        candidates=[waits("b", "12:01"), waits("a", "12:00")],
        decision=ConcurrencyDecision(start=("a", "b")),
    ),
    Turn(
        "Allow: ten starts at once, the rest in the next decision",
        policy=ALLOW,
        candidates=many(MAX_STARTS + 2),
        decision=ConcurrencyDecision(start=tuple(c.name for c in many(MAX_STARTS))),
    ),
    Turn(
        "Allow: more where very many wait",
        policy=ALLOW,
        candidates=many(400),
        decision=ConcurrencyDecision(start=tuple(c.name for c in many(20))),
    ),
    Turn(
        "Allow: but never over a hundred",
        policy=ALLOW,
        candidates=many(3000),
        decision=ConcurrencyDecision(start=tuple(c.name for c in many(100))),
    ),
    Turn("a run that something else holds does not start", policy=ALLOW, candidates=[waits("w", ready=False)]),
    Turn(
        "Forbid: alone it starts",
        policy=FORBID,
        candidates=[waits("w")],
        decision=ConcurrencyDecision(start=("w",)),
    ),
    Turn("Forbid: it waits", policy=FORBID, candidates=[runs("r"), waits("w")]),
    Turn(
        "Forbid: of two that wait the older starts",
        policy=FORBID,
        candidates=[waits("b", "12:01"), waits("a")],
        decision=ConcurrencyDecision(start=("a",)),
    ),
    Turn(
        "Replace: the other has to go first",
        policy=REPLACE,
        candidates=[runs("r"), waits("w")],
        decision=ConcurrencyDecision(kill=("r",), winner="w"),
    ),
    Turn(
        "Replace: alone it starts",
        policy=REPLACE,
        candidates=[waits("w")],
        decision=ConcurrencyDecision(start=("w",), winner="w"),
    ),
    Turn(
        "Replace: the newest wins, and overtakes waiting runs",
        policy=REPLACE,
        candidates=[waits("a"), waits("b", "12:01"), runs("r")],
        decision=ConcurrencyDecision(kill=("r",), overtaken=("a",), winner="b"),
    ),
    Turn(
        "Replace: all make room for a due tick",
        policy=REPLACE,
        candidates=[waits("a"), runs("r")],
        tick=TICK,
        decision=ConcurrencyDecision(kill=("r",), overtaken=("a",), winner="tick"),
    ),
    Turn(
        "Replace: a run by hand that is newer than the due tick is not overtaken by it",
        policy=REPLACE,
        candidates=[runs("r"), waits("m", "12:12")],
        tick=TICK,
        decision=ConcurrencyDecision(kill=("r",), winner="m"),
    ),
    Turn(
        "Replace: an older one never replaces the newer that runs",
        policy=REPLACE,
        candidates=[runs("m", "12:12"), waits("tick", "12:10")],
        decision=ConcurrencyDecision(overtaken=("tick",), winner="m"),
    ),
    Turn(
        "Replace: a due tick needs no room without other runs",
        policy=REPLACE,
        candidates=[],
        tick=TICK,
        decision=ConcurrencyDecision(winner="tick"),
    ),
    Turn("Forbid: no run makes room for a due tick", policy=FORBID, candidates=[runs("r")], tick=TICK),
    Turn(
        "Queue: all wait for the one that runs",
        policy=QUEUE,
        candidates=[runs("r"), waits("b", "12:01"), waits("a")],
    ),
    Turn(
        "Queue: the oldest is next",
        policy=QUEUE,
        candidates=[waits("b", "12:01"), waits("a")],
        decision=ConcurrencyDecision(start=("a",)),
    ),
    Turn(
        "Queue: a run that something else holds does not block the next",
        policy=QUEUE,
        candidates=[waits("a", ready=False), waits("b", "12:01")],
        decision=ConcurrencyDecision(start=("b",)),
    ),
    Turn(
        "Queue: beyond a hundred the oldest are given up",
        policy=QUEUE,
        candidates=many(MAX_WAITING + 2),
        decision=ConcurrencyDecision(start=("w002",), dropped=("w000", "w001")),
    ),
]


@pytest.mark.parametrize("case", TURNS, ids=lambda case: case.id)
def test_turns(case: Turn) -> None:
    assert apply_policy(case.policy, case.candidates, newcomer=case.tick) == case.decision


@pytest.mark.parametrize(
    ("policy", "candidates", "blockers"),
    [
        pytest.param(ALLOW, [runs("r")], (), id="under Allow no run blocks"),
        pytest.param(FORBID, [], (), id="no runs"),
        pytest.param(FORBID, [runs("b", "11:01"), runs("a")], ("a", "b"), id="open runs block, the oldest first"),
        pytest.param(FORBID, [waits("w", ready=False)], ("w",), id="a run that is claimed and not started yet blocks"),
        pytest.param(FORBID, [waits("w", "12:11")], (), id="a waiting run of a later request comes after the tick"),
        pytest.param(FORBID, [runs("m", "12:11")], ("m",), id="an open run blocks, whenever it was requested"),
        pytest.param(REPLACE, [runs("r"), waits("w")], ("r", "w"), id="Replace: all that are older have to go first"),
        pytest.param(
            REPLACE, [runs("m", "12:11")], (), id="Replace: a newer run does not wait, it will replace the tick"
        ),
    ],
)
def test_runs_that_block_a_tick(
    policy: ConcurrencyPolicy, candidates: list[Candidate], blockers: tuple[str, ...]
) -> None:
    assert blocking_runs(policy, candidates, due=at("12:10")) == blockers
