"""Benchmark command: `python hack/bench [FIGURE ...]`, which is `make bench`. It measures, prints, and writes JSON and SVG.

Each figure runs on clusters of its own, one control plane at a time. Nothing here asserts, because figures depend on the
machine. Each has an anchor from the same run, and a note of how busy the machine was. Results are written after each
figure. The end of the output and the exit code report a figure that could not be measured, or only in part.
Neighbours: `figures.py` defines a figure, `runner.py` measures one after the other.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

import burst
import calendars
import fairness
import reaction
import record
import rest
import sustained
from busyness import MARK, busy_loops
from figures import Figure
from machine import facts
from rich.console import Console
from runner import measure_all

FIGURES: tuple[Figure, ...] = tuple(
    module.FIGURE for module in (calendars, reaction, burst, sustained, record, rest, fairness)
)


def main() -> None:
    """Measure the chosen figures, one after the other, so that none disturbs another."""
    names = [figure.name for figure in FIGURES]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"all, if none is named: {', '.join(names)}")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder for bench.json and the pictures")
    parser.add_argument("--busy-loops", type=int, default=0, help="programs that keep a core busy beside each figure")
    options = parser.parse_args()
    if unknown := [name for name in options.figures if name not in names]:
        parser.error(f"no such figure: {', '.join(unknown)} (there are {', '.join(names)})")
    chosen = [figure for figure in FIGURES if not options.figures or figure.name in options.figures]
    os.environ[MARK] = str(os.getpid())
    console = Console(width=None if sys.stdout.isatty() else 160)
    machine = {**facts(), "busy loops": str(options.busy_loops)}
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()), highlight=False)
    with busy_loops(options.busy_loops):
        failed = measure_all(chosen, options.out, console, machine)
    console.print(f"\nwritten: {options.out}/bench.json and a picture of each figure beside it", highlight=False)
    if failed:
        sys.exit(f"not measured, or not all of it: {', '.join(failed)}")


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    main()
