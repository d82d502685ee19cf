"""What a figure is: samples of one repetition, and which of them are held against which anchor.

A figure measures and says nothing about good or bad; `report.py` puts the repetitions together and knows the targets.
Neighbours: one module for each figure (`burst.py`, `rest.py` ...), `plots.py` draws, `__main__.py` runs them.
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
    """The value that so much of the values (ascending) does not exceed: the nearest rank. NaN where there is none."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else math.nan


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one repetition: what was measured, of whom, at which size."""

    measure: str
    """With its unit in the name where it has one: "lateness p99, s", "resident, MB", "runs missing"."""
    series: str
    """Who: `OPERATOR`, `FLOOR` ..., or a kind of calendar."""
    size: float
    """The x axis: requests, runs a second."""
    value: float


@dataclass(frozen=True, slots=True)
class Target:
    """What a value has to be, or its ratio to an anchor of the same measure and size."""

    measure: str
    series: str
    size: float
    at_most: float | None = None
    at_least: float | None = None
    anchor: str | None = None
    """The series that it is divided by; None: the value itself."""
    anchor_measure: str | None = None
    """Where the anchor measures something of another name."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: how to measure it and how to draw it."""

    name: str
    title: str
    size: str
    """What the x axis is: "requests due in one second"."""
    measure: Callable[[], Coroutine[Any, Any, list[list[Sample]]]]
    """Measures all repetitions: a list of samples for each. How many there are may differ from series to series."""
    plotted: tuple[str, ...]
    """The measures that are drawn, one picture each."""
    targets: tuple[Target, ...] = ()
    anchors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Series -> the anchors that its ratios are printed for, besides those of the targets."""
    notes: tuple[str, ...] = ()
    """What a reader has to know: flags of the components, what is simulated, what was measured once only."""
