"""Sustained: a constant rate of runs for a minute, each until its record: lateness, backlog and cost.

Neighbours: `load.py` runs the load, `record.py` shows the time to the records of an ordinary schedule.
"""

from __future__ import annotations

from typing import Final

from burst_samples import P50, P99
from figures import OPERATOR, Figure, Sample, Target, quantile
from load import HALF_SECONDS, LOAD_SECONDS, Load, loads
from stand import CONTROL_PLANE, OPERATOR_PROCESS

RATES: Final = (20, 50, 100)
CPU, REQUESTS = "CPU of the operator per run, ms", "API requests per run"
GROWTH = "backlog that came in the second half, runs"
_OF_RUNS: Final = ("processruns", "jobs", "pods")
_POSTS: Final = (("create", "processruns"), ("create", "jobs"))
_RETENTION: Final = ("delete", "deletecollection")


async def measure() -> list[list[Sample]]:
    """One repetition: the three loads take four to five minutes."""
    return [[sample for load in await loads(*RATES) for sample in _samples(load)]]


def _samples(load: Load) -> list[Sample]:
    late, due, done = sorted(load.lateness()), load.due, load.done
    values = {
        P50: quantile(late, 0.5),
        P99: quantile(late, 0.99),
        f"backlog after {HALF_SECONDS} s, runs": load.backlog(HALF_SECONDS),
        f"backlog after {LOAD_SECONDS} s, runs": load.backlog(LOAD_SECONDS),
        GROWTH: max(0, load.backlog(LOAD_SECONDS) - load.backlog(HALF_SECONDS)),
        "runs missing": due - len(load.made),
        "runs double": len(load.made_twice),
        "records complete": len(load.recorded) / due,
        CPU: 1000 * load.cpu[OPERATOR_PROCESS] / done,
        **{f"CPU of {name} per run, ms": 1000 * load.cpu[name] / done for name in CONTROL_PLANE},
        "written by etcd per run, KB": load.written / done / 1000,
        REQUESTS: requests_per_run(load),
        **{f"requests per run: {what}": number / done for what, number in _by_kind(load) if number / done >= 0.001},
    }
    return [Sample(measure, OPERATOR, load.rate, value) for measure, value in values.items()]


def requests_per_run(load: Load) -> float:
    """On processruns, jobs and pods, beyond the two POSTs that make a run; removals are apart."""
    counted = sum(
        number
        for (verb, resource), number in load.requests.items()
        if resource in _OF_RUNS and verb not in _RETENTION and (verb, resource) not in _POSTS
    )
    again = sum(max(0, load.requests[post] - load.due) for post in _POSTS)
    return (counted + again) / load.done


def _by_kind(load: Load) -> list[tuple[str, int]]:
    return [(f"{verb} {resource}", number) for (verb, resource), number in sorted(load.requests.items())]


FIGURE = Figure(
    name="sustained",
    title="Sustained: runs each second for a minute, each with pod, log and record",
    size="runs a second",
    measure=measure,
    plotted=(P99, CPU),
    targets=(
        Target(REQUESTS, OPERATOR, 20, at_most=3),
        Target(CPU, OPERATOR, 20, at_most=5),
        Target(REQUESTS, OPERATOR, 50, at_most=3),
        Target(REQUESTS, OPERATOR, 100, at_most=3),
        Target(CPU, OPERATOR, 100, at_most=5),
        Target(GROWTH, OPERATOR, 100, at_most=100),
        Target("runs missing", OPERATOR, 100, at_most=0),
        Target("runs double", OPERATOR, 100, at_most=0),
        Target("records complete", OPERATOR, 100, at_least=1),
    ),
    notes=(
        "As many requests as runs a second, each with a tick every second; of each at most 3 finished runs are kept.",
        "Pods and node are played by kwok: ready at once, done after a second. There is no scheduler.",
        "The operator reads every log through the API server, which reads it from kwok as from a kubelet.",
        "The controller manager has no client limits worth the name and 50 workers for Jobs; etcd runs without fsync.",
        "Costs of the control plane are of all that is done there for a run: its Job, its pod, Events, removals, watches.",
        "Per run is per run that was recorded. Where all cores are busy, each costs more processor time than alone.",
        "Measured once: the three loads take four to five minutes.",
    ),
)
