"""Record: the time from the end of a Job to the complete record of its run with its log, as a watch of both sees it.

The loads are those of `sustained.py`, measured once for both (`load.py`).
"""

from __future__ import annotations

from typing import Final

from figures import OPERATOR, Figure, Sample, Target, quantile
from load import Load, loads

RATES: Final = (1, 50)
P50, P99 = "Job ended to record p50, s", "Job ended to record p99, s"


async def measure() -> list[list[Sample]]:
    """One repetition of both rates."""
    return [[sample for load in await loads(*RATES) for sample in _samples(load)]]


def _samples(load: Load) -> list[Sample]:
    delays = sorted(load.delays())
    values = {"runs not recorded": load.due - len(load.recorded)}
    found = (
        {
            P50: quantile(delays, 0.5),
            P99: quantile(delays, 0.99),
        }
        if delays
        else {}
    )
    return [Sample(measure, OPERATOR, load.rate, value) for measure, value in {**found, **values}.items()]


FIGURE = Figure(
    name="record",
    title="Record: from the end of a Job to the complete record of its run",
    size="runs a second",
    measure=measure,
    plotted=(P50, P99),
    targets=(
        Target(P50, OPERATOR, 1, at_most=0.15),
        Target(P50, OPERATOR, 50, at_most=0.15),
        Target(P99, OPERATOR, 50, at_most=1),
        Target("runs not recorded", OPERATOR, 50, at_most=0),
    ),
    notes=(
        "From the arrival of the Job's condition Complete to that of the run's times and log, in two watches.",
        "Node and pods are played by kwok; the log goes the whole way through the API server.",
        "Measured once, with 30 runs at 1 a second and 3,000 at 50.",
    ),
)
