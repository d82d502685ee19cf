"""Figures: the samples of one repetition, and the anchors with which they are compared.

A figure measures and does not judge; `report.py` combines the repetitions and knows the targets. Neighbours: one module
for each figure (`burst.py`, `rest.py` ...), `plots.py` draws, `__main__.py` runs them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FLOOR = "floor"
"""The series of a bare loop that writes the same objects and does nothing else."""
OPERATOR = "engine Operator"
TAKEN_OVER = "engine CronJob"
STOCK = "native, stock flags"
RAISED = "native, raised flags"


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value that this share of the values (ascending) does not exceed: the nearest rank. NaN if there are none."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else math.nan


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one repetition: what was measured, of whom, at which size."""

    measure: str
    """The name has the unit, if there is one: "lateness p99, s", "resident, MB", "runs missing"."""
    series: str
    """The measured program (`OPERATOR`, `FLOOR` ...), or a kind of calendar."""
    size: float
    """The x axis: requests, runs a second."""
    value: float


class PartlyMeasuredError(Exception):
    """Some series of a figure could not be measured. `repetitions` has the samples of the other ones."""

    def __init__(self, repetitions: list[list[Sample]], missing: list[str]) -> None:
        super().__init__(f"not measured: {', '.join(missing)}")
        self.repetitions = repetitions


@dataclass(frozen=True, slots=True)
class Target:
    """A limit for a value, or for its ratio to an anchor of the same measure and size."""

    measure: str
    series: str
    size: float
    at_most: float | None = None
    at_least: float | None = None
    anchor: str | None = None
    """The series that it is divided by; None: the value itself."""
    anchor_measure: str | None = None
    """The measure of the anchor, if it has another name."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: how to measure it and how to draw it."""

    name: str
    title: str
    size: str
    """The label of the x axis, such as "requests due in one second"."""
    measure: Callable[[], Coroutine[Any, Any, list[list[Sample]]]]
    """Measures all repetitions: a list of samples for each. Their number may differ between series.

    A sample whose value is NaN was not measured. Raises PartlyMeasuredError if a whole series could not be measured."""
    plotted: tuple[str, ...]
    """The measures that are drawn, one picture each."""
    targets: tuple[Target, ...] = ()
    anchors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Series -> the anchors that its ratios are printed for, besides those of the targets."""
    notes: tuple[str, ...] = ()
    """Notes for the reader: flags of the components, simulated parts, values that were measured only once."""
