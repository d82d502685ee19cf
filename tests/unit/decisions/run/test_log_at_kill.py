"""Logs at a kill: the containers whose log the operator tries to follow, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pytest
from tests.builders.workloads import PULL_WORDS, C, ended, job, pod, running, waiting

from process_operator.decisions.run.log_at_kill import log_sources_at_kill
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import Pod

ACTIVE: Final = job(active=1)
CREATING: Final = waiting("ContainerCreating")
INITIALIZING: Final = waiting("PodInitializing")
PULLING: Final = waiting("ImagePullBackOff", PULL_WORDS)
FIRST, SECOND = "close-1-abcde", "close-1-second"


@dataclass(frozen=True, kw_only=True)
class Case:
    """The pods of a Job, and the pod and container of each log."""

    id: str
    pods: tuple[Pod, ...]
    tried: tuple[tuple[str, str], ...]
    is_unreported: bool = True
    job: Job | None = ACTIVE
    asked: str | None = None


CASES: Final = [
    Case(
        id="a container that runs",
        pods=(pod("Running", C(running(13))),),
        tried=((FIRST, "c"),),
        is_unreported=False,
    ),
    Case(id="a start that the kubelet has not reported", pods=(pod("Pending", C(CREATING)),), tried=((FIRST, "c"),)),
    Case(id="a pod without any report of the kubelet", pods=(pod("Pending", C({})),), tried=((FIRST, "c"),)),
    Case(
        id="the container that the request names, before its start is reported",
        pods=(pod("Pending", C(CREATING), C(CREATING, name="worker")),),
        asked="worker",
        tried=((FIRST, "worker"),),
    ),
    Case(
        id="the default container of the template, before its start is reported",
        pods=(pod("Pending", C(CREATING, name="a"), C(CREATING, name="b")),),
        job=job(active=1, default="b"),
        tried=((FIRST, "b"),),
    ),
    Case(
        id="the main container before an init container that may be done",
        pods=(pod("Pending", C(INITIALIZING, name="migrate", role="init"), C(INITIALIZING)),),
        tried=((FIRST, "c"), (FIRST, "migrate")),
    ),
    Case(
        id="a sidecar by its name alone",
        pods=(pod("Pending", C(INITIALIZING, name="proxy", role="sidecar"), C(INITIALIZING)),),
        tried=((FIRST, "c"),),
    ),
    Case(
        id="a second attempt that is not reported, before the ended first one",
        pods=(
            pod("Failed", C(ended(3))),
            pod("Pending", C(CREATING), name=SECOND, started=22),
        ),
        job=job(active=1, failed=1, limit=2),
        tried=((SECOND, "c"),),
    ),
    Case(id="nothing of an attempt that has ended", pods=(pod("Failed", C(ended(3))),), tried=()),
    Case(
        id="nothing while a container waits for its next attempt",
        pods=(pod("Running", C(waiting("CrashLoopBackOff"), last=ended(4), restarts=1), restart="OnFailure"),),
        job=job(active=1, restart="OnFailure", limit=3),
        tried=(),
    ),
    Case(id="nothing of a pod without a node", pods=(pod("Pending", C({}), node=None),), tried=()),
    Case(id="nothing while a container waits for its image", pods=(pod("Pending", C(PULLING)),), tried=()),
    Case(id="nothing of a pod that is gone", pods=(pod("Pending", C(CREATING), gone=True),), tried=()),
    Case(id="nothing of a pod that its node rejected", pods=(pod("Failed", C({}), reason="OutOfcpu"),), tried=()),
    Case(id="nothing without a pod", pods=(), job=None, tried=()),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_whose_log_is_tried(case: Case) -> None:
    sources = log_sources_at_kill(case.job, case.pods, case.asked)
    assert tuple((source.pod, source.container) for source in sources) == case.tried
    assert all(source.is_unreported == case.is_unreported for source in sources)
