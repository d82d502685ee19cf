"""Outcomes of runs as the tables of tests expect them, and the Jobs and pods that several tables share.

Neighbour: `workloads.py` builds Jobs and pods.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from tests.builders.objects import Object
from tests.builders.workloads import C, condition, ended, instant, pod, unlocated, waiting

from process_operator.decisions.run.evidence import Context
from process_operator.decisions.run.outcome import RunOutcome, finished_outcome
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import Pod
from process_operator.resources.process_run import RunPhase


def outcome(phase: RunPhase, reason: str, message: str = "", **changes: Any) -> RunOutcome:
    """Outcome of a run of the usual pod: started after 2 s, ended after 12 s, tried once."""
    usual: Object = {
        "start_time": instant(2),
        "end_time": instant(12),
        "attempts": 1,
        "pod": "close-1-abcde",
        "node": "worker-1",
    }
    return RunOutcome(phase=phase, reason=reason, message=message, **(usual | changes))


NOW = instant(99)
NO_POD: Object = {"pod": None, "node": None}
S, F, X, M, U = RunPhase.SUCCEEDED, RunPhase.FAILED, RunPhase.CANCELED, RunPhase.MISSED, RunPhase.UNKNOWN


class Case(NamedTuple):
    id: str
    job: Job | None
    pods: tuple[Pod, ...]
    expected: RunOutcome | None
    context: Mapping[str, Any] = MappingProxyType({})


KILLED_POD = pod("Failed", C(ended(143)), deleted=10)
UNSTARTED_POD = pod("Failed", C(unlocated()), deleted=10)
MAIN_WAITS = C(waiting("PodInitializing"))

PREEMPTION_WORDS = "default-scheduler: preempting to accommodate a higher priority pod"
PREEMPTED = (condition("DisruptionTarget", "PreemptionByScheduler", PREEMPTION_WORDS),)
DRAINED = (condition("DisruptionTarget", "EvictionByEvictionAPI", "Eviction API: evicting"),)
CUT_SHORT = "the pod was ended before its work was done, and then exited with code 0"


def check_end(case: Case) -> None:
    """Check the outcome of a run that is over."""
    given: Object = {"now": NOW, **case.context}
    context = Context(**given)

    assert finished_outcome(case.job, case.pods, context=context) == case.expected
