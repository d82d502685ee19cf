"""Benchmark command: `python hack/bench [FIGURE ...]`, which is `make bench`. It measures, prints, and writes JSON and SVG.

Each figure runs on clusters of its own. Nothing here asserts, because figures depend on the machine; each stands beside
an anchor from the same run. The end of the output and the exit code report a figure that could not be measured.
Neighbours: `figures.py` defines a figure, `report.py` combines the repetitions.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import burst
import calendars
import fairness
import reaction
import record
import rest
import sustained
from figures import Figure
from machine import facts
from plots import draw
from report import report
from rich.console import Console
from tables import print_report

FIGURES: tuple[Figure, ...] = tuple(
    module.FIGURE for module in (calendars, reaction, burst, sustained, record, rest, fairness)
)


def main() -> None:
    """Measure what was asked for, one figure after the other, so that none disturbs another."""
    names = [figure.name for figure in FIGURES]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"all, if none is named: {', '.join(names)}")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder for bench.json and the pictures")
    options = parser.parse_args()
    if unknown := [name for name in options.figures if name not in names]:
        parser.error(f"no such figure: {', '.join(unknown)} (there are {', '.join(names)})")
    chosen = [figure for figure in FIGURES if not options.figures or figure.name in options.figures]
    options.out.mkdir(parents=True, exist_ok=True)
    console = Console(width=None if sys.stdout.isatty() else 160)
    machine = facts()
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()), highlight=False)
    results: dict[str, Any] = {}
    failed = [figure.name for figure in chosen if not _measure(figure, options.out, console, results)]
    path = options.out / "bench.json"
    path.write_text(json.dumps({"machine": machine, "figures": results}, indent=1) + "\n")
    console.print(f"\nwritten: {path} and a picture of each figure beside it", highlight=False)
    if failed:
        sys.exit(f"not measured: {', '.join(failed)}")


def _measure(figure: Figure, folder: Path, console: Console, results: dict[str, Any]) -> bool:
    began = time.monotonic()
    try:
        found = report(figure, asyncio.run(figure.measure()))
    except Exception:  # noqa: BLE001 - the other figures are measured all the same
        traceback.print_exc()
        return False
    results[figure.name] = {**found.as_json(), "seconds": round(time.monotonic() - began)}
    print_report(found, console)
    draw(found, folder)
    return True


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    main()
