"""Fault suite: `python -m tests.faults` (make test-faults), and its short version, `--short` (in make test).

It prints the number of injected faults, due ticks, runs, doubles and losses for each fault and in total, and a line of
JSON at the end. FAULT_SEED chooses the moments. FAULT_ROUNDS is the number of rounds through all faults. FAULT_ONLY
selects faults by the beginnings of their titles, separated by `|`. FAULT_SIDE_BY_SIDE is the number of faults at the
same time. The suite uses the cluster of KUBECONFIG_TEST, or starts one with the name TEST_CLUSTER. It ends with 1 if a
run was lost, doubled or wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.faults.battle import Battle
from tests.faults.faults import FAULTS, SHORT, FaultCase
from tests.faults.judgement import Result
from tests.faults.servers import SERVER_FAULTS, are_ours
from tests.faults.stage import cluster, install_crds

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROW = "{:52} {:>7} {:>9} {:>6} {:>10} {:>7} {:>6}"


def main() -> int:
    """Run the faults; 0 if nothing was lost, doubled or wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--short", action="store_true", help="what `make test` does, in about a minute")
    short = parser.parse_args().short
    seed = int(os.environ.get("FAULT_SEED") or 1)
    install_crds()
    if short:
        return asyncio.run(_Campaign(seed, few=True).go_through(SHORT.all, side_by_side=len(SHORT.all)))
    only = tuple(filter(None, (os.environ.get("FAULT_ONLY") or "").split("|"))) or ("",)
    rounds = int(os.environ.get("FAULT_ROUNDS") or 1)
    together, alone = FAULTS.named(*only), SERVER_FAULTS.named(*only)
    if alone and not are_ours(cluster()):
        print(f"not our cluster, so left out: {', '.join(case.title for case in alone)}")
        alone = []
    side_by_side = int(os.environ.get("FAULT_SIDE_BY_SIDE") or 2)
    return asyncio.run(_Campaign(seed).go_through(together * rounds, alone * rounds, side_by_side=side_by_side))


class _Campaign:
    """Series of battles, and the sums of their results."""

    def __init__(self, seed: int, *, few: bool = False) -> None:
        self._seed = seed
        self._few = few
        self._folder = Path(tempfile.mkdtemp(prefix="faults-"))
        self._total, self._injected = Result(), 0
        self._rows: list[dict[str, Any]] = []

    async def go_through(self, cases: list[FaultCase], alone: Sequence[FaultCase] = (), *, side_by_side: int) -> int:
        """Run `side_by_side` of the cases at the same time, then those of `alone` one after the other."""
        began = time.monotonic()
        print(f"seed {self._seed}; logs of the operators: {self._folder}", flush=True)
        print(_ROW.format("fault", "faults", "ticks due", "runs", "summarized", "doubles", "losses"), flush=True)
        places = asyncio.Semaphore(side_by_side)

        async def fight(number: int, case: FaultCase) -> None:
            async with places:
                await self._fight(number, case)

        await asyncio.gather(*(fight(number, case) for number, case in enumerate(cases)))
        for number, case in enumerate(alone, len(cases)):
            await self._fight(number, case)
        seconds = time.monotonic() - began
        print(_line("total", self._injected, self._total) + f"  {seconds:.0f} s", flush=True)
        figures = {**_figures("total", self._injected, self._total), "seed": self._seed, "seconds": round(seconds)}
        print(json.dumps({**figures, "by_fault": self._rows}), flush=True)
        return 0 if self._total.is_good else 1

    async def _fight(self, number: int, case: FaultCase) -> None:
        began = time.monotonic()
        folder = self._folder / f"{number:02}"
        folder.mkdir()
        chance = random.Random(f"{self._seed} {number} {case.title}")
        async with Battle(cluster(), folder, chance, off_clock=case.off_clock, lease=case.lease) as battle:
            await battle.begin(case.seconds, few=self._few)
            await case.do(battle)
            battle.operator.start()
            unsettled = await battle.settle(case.seconds + case.settle)
            result = await battle.judge()
        result.complaints[:0] = unsettled
        self._injected += battle.faults
        self._total.add(result)
        self._rows.append(_figures(case.title, battle.faults, result))
        ends = " ".join(f"{phase}:{count}" for phase, count in sorted(result.ends.items()))
        seconds = time.monotonic() - began
        print(_line(case.title, battle.faults, result) + f"  {seconds:.0f} s, {folder.name}  {ends}", flush=True)
        for complaint in result.complaints:
            print(f"    {complaint}", flush=True)


def _figures(title: str, faults: int, result: Result) -> dict[str, Any]:
    return {
        "title": title,
        "faults": faults,
        "ticks_due": result.due,
        "runs": result.runs,
        "ticks_in_summaries": result.summarized,
        "doubles": result.doubles,
        "losses": result.losses,
        "complaints": len(result.complaints),
        "ends": dict(result.ends),
    }


def _line(title: str, faults: int, result: Result) -> str:
    return _ROW.format(title, faults, result.due, result.runs, result.summarized, result.doubles, result.losses)


if __name__ == "__main__":
    sys.exit(main())
