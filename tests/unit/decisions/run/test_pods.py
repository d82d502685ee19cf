"""Source of the log of a run: the pod and the container that are read."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from tests.builders.objects import Object
from tests.builders.outcomes import MAIN_WAITS, UNSTARTED_POD
from tests.builders.workloads import (
    COMPLETE,
    LIMIT,
    LIMIT_WORDS,
    OCI_WORDS,
    OUT_OF_TIME,
    PULL_WORDS,
    C,
    condition,
    ended,
    failed,
    job,
    pod,
    running,
    waiting,
)

from process_operator.decisions.inputs.log_source import LogSource
from process_operator.decisions.run.pods import log_source
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import Pod
from process_operator.resources.conditions import LogReason


class Case(NamedTuple):
    """A Job with its pods, the container that the request names, and what is unusual about the source of the log."""

    id: str
    job: Job | None
    pods: tuple[Pod, ...]
    asked: str | None
    changes: Object


def source(changes: Object) -> LogSource:
    usual: Object = {
        "pod": "close-1-abcde",
        "container": "c",
        "previous": False,
        "message": "",
        "absent": LogReason.POD_GONE,
    }
    return LogSource(**(usual | changes))


NEVER: Object = {"pod": None, "absent": LogReason.NEVER_STARTED}
ON_FAILURE_POD = pod(
    "Running",
    C(running(13), last=ended(4, message="bad ledger"), restarts=1),
    deleted=14,
    restart="OnFailure",
)
LOG_SOURCES = [
    Case("the only container", job(*COMPLETE, succeeded=1), (pod("Succeeded", C(ended())),), None, {}),
    Case(
        "the message stands in for the log of a failure",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(3, message="a\nb"))),),
        None,
        {"message": "a\nb"},
    ),
    Case(
        "a message that the program wrote is not the log",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended(message="12 ledgers"))),),
        None,
        {},
    ),
    Case(
        "a message of a template's own policy is not the log",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(3, message="12 ledgers"), policy="File")),),
        None,
        {},
    ),
    Case(
        "never a sidecar by itself",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended(137, end=17), name="proxy", role="sidecar"), C(ended())),),
        None,
        {},
    ),
    Case(
        "a sidecar where it is asked for",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended(0, end=17), name="proxy", role="sidecar"), C(ended())),),
        "proxy",
        {"container": "proxy"},
    ),
    Case(
        "never an injected one, wherever it stands",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended(end=17), name="istio-proxy"), C(ended())),),
        None,
        {},
    ),
    Case(
        "an injected one where it is asked for",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended(end=17), name="istio-proxy"), C(ended())),),
        "istio-proxy",
        {"container": "istio-proxy"},
    ),
    Case(
        "the default container of the template, not the first",
        job(*COMPLETE, succeeded=1, default="b"),
        (pod("Succeeded", C(ended(), name="a"), C(ended(), name="b")),),
        None,
        {"container": "b"},
    ),
    Case(
        "the first of the template where the default container is not of it",
        job(*COMPLETE, succeeded=1, default="istio-proxy"),
        (pod("Succeeded", C(ended(), name="istio-proxy"), C(ended(), name="b")),),
        None,
        {"container": "b"},
    ),
    Case(
        "the deciding container where the one asked for does not exist",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended())),),
        "worker",
        {},
    ),
    Case(
        "the first main container of a success",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended(), name="i", role="init"), C(ended(end=14), name="a"), C(ended(), name="b")),),
        None,
        {"container": "a"},
    ),
    Case(
        "the init container that failed",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(5, message="m"), name="migrate", role="init"), MAIN_WAITS),),
        None,
        {"container": "migrate", "message": "m"},
    ),
    Case(
        "the init container that runs",
        job(active=1),
        (pod("Pending", C(running(), name="migrate", role="init"), MAIN_WAITS),),
        None,
        {"container": "migrate"},
    ),
    Case(
        "no log of the main container behind a failed init container",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(5), name="migrate", role="init"), MAIN_WAITS),),
        "c",
        NEVER,
    ),
    Case(
        "the attempt before the retry that the limit kills",
        job(condition("FailureTarget", LIMIT, LIMIT_WORDS), restart="OnFailure", limit=1),
        (ON_FAILURE_POD,),
        None,
        {"previous": True, "message": "bad ledger"},
    ),
    Case(
        "the attempt before the retry that the limit kills, before its pod shows the deletion",
        job(condition("FailureTarget", LIMIT, LIMIT_WORDS), restart="OnFailure", limit=1),
        (pod("Running", C(running(13), last=ended(4, message="bad ledger"), restarts=1), restart="OnFailure"),),
        None,
        {"previous": True, "message": "bad ledger"},
    ),
    Case(
        "the pod that is being deleted, because the log of the failed one before stays",
        job(limit=2, active=1, ready=1, failed=1, terminating=1),
        (
            pod("Running", C(running(24)), name="close-1-second", started=22, deleted=30),
            pod("Failed", C(ended(3))),
        ),
        None,
        {"pod": "close-1-second"},
    ),
    Case(
        "the current attempt of a run that another user ends",
        job(restart="OnFailure", limit=3, deleted=14),
        (ON_FAILURE_POD,),
        None,
        {},
    ),
    Case(
        "a pod that is gone leaves its message",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(3, message="m")), gone=True),),
        None,
        {"pod": None, "message": "m"},
    ),
    Case("a pod that was never seen", job(*failed(), failed=1), (), "c", {"pod": None}),
    Case("nothing at all", None, (), None, {"pod": None, "container": ""}),
    Case("a Job that never had a pod", job(*OUT_OF_TIME), (), None, NEVER | {"container": ""}),
    Case(
        "a container that waits for its image",
        job(*OUT_OF_TIME, failed=1),
        (pod("Pending", C(waiting("ImagePullBackOff", PULL_WORDS)), deleted=10),),
        None,
        NEVER,
    ),
    Case("a container that never started and was deleted", job(*OUT_OF_TIME, failed=1), (UNSTARTED_POD,), None, NEVER),
    Case(
        "a program that could not be started",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(128, reason="StartError", message=OCI_WORDS, epoch=True))),),
        None,
        NEVER,
    ),
    Case(
        "a pod that its node rejected",
        job(*failed(), failed=1),
        (pod("Failed", reason="OutOfcpu", message="no cpu"),),
        None,
        NEVER | {"container": ""},
    ),
]


@pytest.mark.parametrize("case", LOG_SOURCES, ids=lambda case: case.id)
def test_whose_log_is_read(case: Case) -> None:
    assert log_source(case.job, case.pods, case.asked) == source(case.changes)
