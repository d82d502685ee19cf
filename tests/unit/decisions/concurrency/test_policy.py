"""Concurrency: the runs that start, wait or end beside others, policy by policy."""

from __future__ import annotations

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


def many(number: int) -> list[Candidate]:
    return [waits(f"w{position:03d}", f"12:{position // 60:02d}:{position % 60:02d}") for position in range(number)]


@pytest.mark.parametrize(
    ("policy", "candidates", "newcomer", "decision"),
    [
        pytest.param(ALLOW, [], None, ConcurrencyDecision(), id="no runs at all"),
        pytest.param(ALLOW, [runs("r")], None, ConcurrencyDecision(), id="an open run continues"),
        pytest.param(
            ALLOW,
            [runs("r"), waits("w")],
            None,
            ConcurrencyDecision(start=("w",)),
            id="Allow: it starts beside the other",
        ),
        pytest.param(
            ALLOW,
            [waits("b", "12:01"), waits("a", "12:00")],
            None,
            ConcurrencyDecision(start=("a", "b")),
            id="Allow: in the order in which they are due",
        ),
        pytest.param(
            ALLOW,
            many(MAX_STARTS + 2),
            None,
            ConcurrencyDecision(start=tuple(c.name for c in many(MAX_STARTS))),
            id="Allow: ten starts at once, the rest in the next decision",
        ),
        pytest.param(
            ALLOW,
            many(400),
            None,
            ConcurrencyDecision(start=tuple(c.name for c in many(20))),
            id="Allow: more where very many wait",
        ),
        pytest.param(
            ALLOW,
            many(3000),
            None,
            ConcurrencyDecision(start=tuple(c.name for c in many(100))),
            id="Allow: but never over a hundred",
        ),
        pytest.param(
            ALLOW,
            [waits("w", ready=False)],
            None,
            ConcurrencyDecision(),
            id="who is held by something else does not start",
        ),
        pytest.param(FORBID, [waits("w")], None, ConcurrencyDecision(start=("w",)), id="Forbid: alone it starts"),
        pytest.param(FORBID, [runs("r"), waits("w")], None, ConcurrencyDecision(), id="Forbid: it waits"),
        pytest.param(
            FORBID,
            [waits("b", "12:01"), waits("a")],
            None,
            ConcurrencyDecision(start=("a",)),
            id="Forbid: of two that wait the older starts",
        ),
        pytest.param(
            REPLACE,
            [runs("r"), waits("w")],
            None,
            ConcurrencyDecision(kill=("r",), winner="w"),
            id="Replace: the other has to go first",
        ),
        pytest.param(
            REPLACE, [waits("w")], None, ConcurrencyDecision(start=("w",), winner="w"), id="Replace: alone it starts"
        ),
        pytest.param(
            REPLACE,
            [waits("a"), waits("b", "12:01"), runs("r")],
            None,
            ConcurrencyDecision(kill=("r",), overtaken=("a",), winner="b"),
            id="Replace: the newest wins, and overtakes who waits",
        ),
        pytest.param(
            REPLACE,
            [waits("a"), runs("r")],
            TICK,
            ConcurrencyDecision(kill=("r",), overtaken=("a",), winner="tick"),
            id="Replace: all make room for a due tick",
        ),
        pytest.param(
            REPLACE,
            [runs("r"), waits("m", "12:12")],
            TICK,
            ConcurrencyDecision(kill=("r",), winner="m"),
            id="Replace: a run by hand that is newer than the due tick is not overtaken by it",
        ),
        pytest.param(
            REPLACE,
            [runs("m", "12:12"), waits("tick", "12:10")],
            None,
            ConcurrencyDecision(overtaken=("tick",), winner="m"),
            id="Replace: an older one never replaces the newer that runs",
        ),
        pytest.param(
            REPLACE,
            [],
            TICK,
            ConcurrencyDecision(winner="tick"),
            id="Replace: a due tick needs no room without other runs",
        ),
        pytest.param(FORBID, [runs("r")], TICK, ConcurrencyDecision(), id="Forbid: no run makes room for a due tick"),
        pytest.param(
            QUEUE,
            [runs("r"), waits("b", "12:01"), waits("a")],
            None,
            ConcurrencyDecision(),
            id="Queue: all wait for the one that runs",
        ),
        pytest.param(
            QUEUE,
            [waits("b", "12:01"), waits("a")],
            None,
            ConcurrencyDecision(start=("a",)),
            id="Queue: the oldest is next",
        ),
        pytest.param(
            QUEUE,
            [waits("a", ready=False), waits("b", "12:01")],
            None,
            ConcurrencyDecision(start=("b",)),
            id="Queue: who is held by something else does not hold up the next",
        ),
        pytest.param(
            QUEUE,
            many(MAX_WAITING + 2),
            None,
            ConcurrencyDecision(start=("w002",), dropped=("w000", "w001")),
            id="Queue: beyond a hundred the oldest are given up",
        ),
    ],
)
def test_turns(
    policy: ConcurrencyPolicy, candidates: list[Candidate], newcomer: Candidate | None, decision: ConcurrencyDecision
) -> None:
    assert apply_policy(policy, candidates, newcomer=newcomer) == decision


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
def test_who_is_in_the_way_of_a_tick(
    policy: ConcurrencyPolicy, candidates: list[Candidate], blockers: tuple[str, ...]
) -> None:
    assert blocking_runs(policy, candidates, due=at("12:10")) == blockers
