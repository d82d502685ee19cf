"""What is said of one burst: names of measures, and what the arrivals of its Jobs come to. Neighbour: `burst.py`."""

from __future__ import annotations

from collections.abc import Sequence

from figures import Sample, quantile

P50, P99, MOST = "lateness p50, s", "lateness p99, s", "lateness max, s"
ALL_MADE, MISSING, DOUBLE, RECORDED = "all made, s", "Jobs missing", "Jobs double", "runs recorded"
CPU = "CPU per run, ms"


def lateness(
    seen: Sequence[tuple[float, str]], name: int, tick: int, size: int, watched: float, series: str
) -> list[Sample]:
    """What the arrivals of one tick say; a Job that did not come counts as late as was watched.

    `name` is what the names of its Jobs end with, `tick` its unix seconds.
    """
    requests = {job.removesuffix(f"-{name}") for _, job in seen}
    missing = size - len(requests)
    late = sorted([at - tick for at, _ in seen] + [watched] * missing)
    values = {
        P50: late[len(late) // 2],
        P99: quantile(late, 0.99),
        MOST: late[-1],
        ALL_MADE: late[-1],
        MISSING: missing,
        DOUBLE: len(seen) - len(requests),
    }
    return [Sample(measure, series, size, value) for measure, value in values.items()]
