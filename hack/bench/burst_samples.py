"""Samples of one burst: the names of the measures, and their values from the arrivals of Jobs. Neighbour: `burst.py`."""

from __future__ import annotations

from collections.abc import Sequence

from figures import Sample, quantile

P50, P99, MOST = "lateness p50, s", "lateness p99, s", "lateness max, s"
ALL_MADE, MISSING, DOUBLE, RECORDED = "all made, s", "Jobs missing", "Jobs double", "runs recorded"
CPU = "CPU per run, ms"
CPU_PREPARED = "CPU per run with its preparation, ms"


def lateness(
    seen: Sequence[tuple[float, str]], name: int, tick: int, size: int, watched: float, series: str
) -> list[Sample]:
    """Samples of one tick; a Job that did not arrive counts with the whole time of the watch.

    `name` is the suffix of the names of its Jobs, `tick` its unix seconds.
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
