"""Runner: measures figures one after the other, and writes the results after each, so that none is lost by a later one.

Neighbours: `figures.py` defines a figure, `report.py` combines the repetitions, `busyness.py` observes the machine.
"""

from __future__ import annotations

import asyncio
import json
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from busyness import Busyness, Observer, observe
from figures import Figure, PartlyMeasuredError, Sample
from plots import draw
from report import report
from rich.console import Console
from tables import print_report

_MAX_SECONDS: Final = 1800
"""A figure that takes longer is ended, so that the others are measured."""
OBSERVED_SECONDS: Final = 3.0
"""Time before a figure in which the runner observes what else keeps the machine busy."""


def measure_all(
    figures: Sequence[Figure],
    folder: Path,
    console: Console,
    machine: Mapping[str, str],
    *,
    observed_seconds: float = OBSERVED_SECONDS,
) -> list[str]:
    """Measure figures and write the results after each of them. Returns the names of those with something missing.

    The runner observes the machine for `observed_seconds` before each figure.
    """
    folder.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {}
    failed = []
    for figure in figures:
        if not _measure(figure, folder, console, results, observe(observed_seconds)):
            failed.append(figure.name)
        text = json.dumps({"machine": machine, "figures": results}, indent=1, allow_nan=False)
        (folder / "bench.json").write_text(f"{text}\n")
    return failed


def _measure(figure: Figure, folder: Path, console: Console, results: dict[str, Any], before: Busyness) -> bool:
    """Measure one figure and record its results. Returns whether all of it was measured, printed and drawn."""
    observer, began, is_whole = Observer(), time.monotonic(), True
    try:
        repetitions = asyncio.run(_within_limit(figure))
    except PartlyMeasuredError as error:
        repetitions, is_whole = error.repetitions, False
    except Exception:  # noqa: BLE001 - the other figures are measured in any case
        traceback.print_exc()
        repetitions, is_whole = [], False
    during = observer.result()
    try:
        found = report(figure, repetitions)
        results[figure.name] = {
            **found.as_json(),
            "seconds": round(time.monotonic() - began),
            "busyness": {"before": asdict(before), "during": asdict(during)},
        }
        print_report(found, console)
        console.print(f"Machine before: {before}\nMachine during: {during}", highlight=False)
        draw(found, folder)
    except Exception:  # noqa: BLE001 - what was measured before is written in any case
        traceback.print_exc()
        is_whole = False
    return is_whole


async def _within_limit(figure: Figure) -> list[list[Sample]]:
    async with asyncio.timeout(_MAX_SECONDS):
        return await figure.measure()
