"""Report: repetitions combined into min, median and max, ratios to anchors, targets, growth. Pure; `tests/unit` checks it.

Neighbours: `figures.py` defines the measures, `tables.py` prints the report, `plots.py` draws it, `machine.py` describes
the machine.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from figures import Figure, Sample, Target


@dataclass(frozen=True, slots=True)
class Spread:
    """The values of all repetitions."""

    least: float
    median: float
    most: float
    repetitions: int


@dataclass(frozen=True, slots=True)
class Row:
    """One measure of one series at one size, and the ratio of its median to each anchor's."""

    measure: str
    series: str
    size: float
    spread: Spread
    ratios: dict[str, float]


@dataclass(frozen=True, slots=True)
class TargetResult:
    """A target, its measured value (None: not measured), and whether the value meets it."""

    target: Target
    value: float | None
    is_met: bool


@dataclass(frozen=True, slots=True)
class Growth:
    """Growth of a cost with the size: cost ~ size ** exponent, fitted to the medians on logarithmic axes."""

    measure: str
    series: str
    exponent: float
    sizes: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything there is to say about one figure."""

    figure: Figure
    rows: list[Row]
    target_results: list[TargetResult]
    growth: list[Growth]

    def as_json(self) -> dict[str, Any]:
        """For machines: no function in it, numbers as measured."""
        return {
            "title": self.figure.title,
            "size": self.figure.size,
            "notes": list(self.figure.notes),
            "rows": [asdict(row) for row in self.rows],
            "targets": [
                {**asdict(result.target), "value": result.value, "met": result.is_met} for result in self.target_results
            ],
            "growth": [asdict(growth) for growth in self.growth],
        }


def report(figure: Figure, repetitions: Sequence[Iterable[Sample]]) -> Report:
    """Put the repetitions of a figure together, in the order in which its values were measured first.

    A value that is not finite was not measured: the lateness of Jobs is NaN if none arrived.
    """
    values: defaultdict[tuple[str, str, float], list[float]] = defaultdict(list)
    for samples in repetitions:
        for sample in samples:
            if math.isfinite(sample.value):
                values[sample.measure, sample.series, sample.size].append(sample.value)
    spreads = {
        key: Spread(min(found), statistics.median(found), max(found), len(found)) for key, found in values.items()
    }
    anchors = {series: list(listed) for series, listed in figure.anchors.items()}
    rows = [
        Row(measure, series, size, spread, _ratios(spreads, measure, size, spread, anchors.get(series, ())))
        for (measure, series, size), spread in spreads.items()
    ]
    target_results = [_target_result(spreads, target) for target in figure.targets]
    return Report(figure, rows, target_results, _growth(spreads))


def _ratios(
    spreads: dict[tuple[str, str, float], Spread], measure: str, size: float, own: Spread, anchors: Iterable[str]
) -> dict[str, float]:
    found = ((anchor, spreads.get((measure, anchor, size))) for anchor in anchors)
    return {anchor: own.median / spread.median for anchor, spread in found if spread is not None and spread.median}


def _target_result(spreads: dict[tuple[str, str, float], Spread], target: Target) -> TargetResult:
    own = spreads.get((target.measure, target.series, target.size))
    if own is None:
        return TargetResult(target, None, is_met=False)
    value = own.median
    if target.anchor is not None:
        base = spreads.get((target.anchor_measure or target.measure, target.anchor, target.size))
        if base is None or not base.median:
            return TargetResult(target, None, is_met=False)
        value /= base.median
    most = math.inf if target.at_most is None else target.at_most
    least = -math.inf if target.at_least is None else target.at_least
    return TargetResult(target, value, is_met=least <= value <= most)


def _growth(spreads: dict[tuple[str, str, float], Spread]) -> list[Growth]:
    """The slope of log(cost) over log(size), if there are three sizes or more and every cost is above 0."""
    points: defaultdict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for (measure, series, size), spread in spreads.items():
        points[measure, series].append((size, spread.median))
    growth = []
    for (measure, series), found in points.items():
        if len(found) < 3 or any(size <= 0 or cost <= 0 for size, cost in found):
            continue
        line = statistics.linear_regression(
            [math.log(size) for size, _ in found], [math.log(cost) for _, cost in found]
        )
        growth.append(Growth(measure, series, line.slope, len(found)))
    return growth
