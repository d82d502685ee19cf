"""Record: the time from the end of a Job to the complete record of its run, as a watch of both sees it.

Each request ticks every ten seconds. The ends of a schedule of every second are batched, so their records are later
(`sustained.py` measures those). Neighbour: `load.py` runs the loads.
"""

from __future__ import annotations

from typing import Final

from figures import OPERATOR, Figure, Sample, Target, quantile
from load import Load, loads
from stand import OPERATOR_PROCESS

RATES: Final = (1, 20)
EVERY_SECONDS: Final = 10
CPU = "CPU of the operator per run, ms"
P50, P99 = "Job ended to record p50, s", "Job ended to record p99, s"


async def measure() -> list[list[Sample]]:
    """One repetition of both rates."""
    return [[sample for load in await loads(*RATES, every=EVERY_SECONDS) for sample in _samples(load)]]


def _samples(load: Load) -> list[Sample]:
    delays = sorted(load.delays())
    values = {
        P50: quantile(delays, 0.5),
        P99: quantile(delays, 0.99),
        "runs not recorded": load.due - len(load.recorded),
        CPU: 1000 * load.cpu[OPERATOR_PROCESS] / load.done,
    }
    return [Sample(measure, OPERATOR, load.rate, value) for measure, value in values.items()]


FIGURE = Figure(
    name="record",
    title="Record: from the end of a Job to the complete record of its run",
    size="runs a second",
    measure=measure,
    plotted=(P50, P99),
    targets=(
        Target(P50, OPERATOR, 1, at_most=0.15),
        Target(P50, OPERATOR, 20, at_most=0.15),
        Target(P99, OPERATOR, 20, at_most=1),
        Target("runs not recorded", OPERATOR, 20, at_most=0),
        Target(CPU, OPERATOR, 20, at_most=5),
    ),
    notes=(
        "From the arrival of the Job's condition Complete to that of the run's times and log, in two watches.",
        "Node and pods are played by kwok; the log goes the whole way through the API server.",
        "Measured once, with 30 runs at 1 a second and 1,200 at 20. Two cores carry about 25 a second with their pods.",
    ),
)
