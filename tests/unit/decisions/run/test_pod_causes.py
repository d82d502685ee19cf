"""Causes of a failure that a pod tells: the kernel, the kubelet, evictions, containers and deletions."""

from __future__ import annotations

import pytest
from tests.builders.outcomes import MAIN_WAITS, NO_POD, NOW, UNSTARTED_POD, Case, F, S, U, check_end, outcome
from tests.builders.workloads import COMPLETE, OCI_WORDS, C, condition, ended, failed, instant, job, pod, running

from process_operator.resources.kubelet_events import KubeletEvent

CAUSES = [
    Case(
        "out of memory is told with the limit",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(137, reason="OOMKilled"), memory="64Mi")),),
        outcome(F, "OOMKilled", "container c used more than its memory limit 64Mi", exit_code=137),
    ),
    Case(
        "out of memory without a limit is the node's memory",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(137, reason="OOMKilled"))),),
        outcome(F, "OOMKilled", "container c ran out of memory; it has no memory limit of its own", exit_code=137),
    ),
    Case(
        "a command that does not exist has no start, least of all in 1970",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(128, reason="StartError", message=OCI_WORDS, epoch=True))),),
        outcome(F, "StartError", OCI_WORDS, exit_code=128, start_time=None),
    ),
    Case(
        "the runtime's other word for it is the same reason",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(127, reason="ContainerCannotRun", message=OCI_WORDS, epoch=True))),),
        outcome(F, "StartError", OCI_WORDS, exit_code=127, start_time=None),
    ),
    Case(
        "an evicted pod is told by the kubelet, without the code of the kill",
        job(*failed(), failed=1),
        (
            pod(
                "Failed",
                C(ended(137)),
                reason="Evicted",
                message="The node was low on resource: memory.",
                conditions=(condition("DisruptionTarget", "TerminationByKubelet", "The node was low"),),
            ),
        ),
        outcome(F, "Evicted", "The node was low on resource: memory."),
    ),
    Case(
        "the pod's own deadline is told by the pod",
        job(*failed(), failed=1),
        (
            pod(
                "Failed",
                C(ended(137)),
                reason="DeadlineExceeded",
                message="Pod was active on the node longer than the specified deadline",
            ),
        ),
        outcome(F, "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
    ),
    Case(
        "a pod that its node rejected has a reason and no container",
        job(*failed(), failed=1),
        (pod("Failed", reason="OutOfcpu", message="Node didn't have enough resource: cpu"),),
        outcome(F, "OutOfcpu", "Node didn't have enough resource: cpu", start_time=None, end_time=instant(20)),
    ),
    Case(
        "the Eviction API is told by its condition",
        job(*failed(), failed=1),
        (
            pod(
                "Failed",
                C(ended(143)),
                deleted=11,
                conditions=(condition("DisruptionTarget", "EvictionByEvictionAPI", "Eviction API: evicting"),),
            ),
        ),
        outcome(F, "EvictionByEvictionAPI", "Eviction API: evicting"),
    ),
    Case(
        "a container that had ended by itself before the eviction has its code",
        job(*failed(), failed=1),
        (
            pod(
                "Failed",
                C(ended(3)),
                deleted=15,
                conditions=(condition("DisruptionTarget", "EvictionByEvictionAPI", "Eviction API: evicting"),),
            ),
        ),
        outcome(F, "EvictionByEvictionAPI", "Eviction API: evicting", exit_code=3),
    ),
    Case(
        "an init container that fails is named, with code and last line",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(5, message="a\nschema missing\n"), name="migrate", role="init"), MAIN_WAITS),),
        outcome(
            F,
            "InitContainerFailed",
            "init container migrate exited with code 5: schema missing",
            exit_code=5,
            end_time=instant(20),
        ),
    ),
    Case(
        "of two containers the first that failed in time decides, and the run ends with the last",
        job(*failed(), failed=1),
        (
            pod(
                "Failed",
                C(ended(1, end=14, message="consequence"), name="a"),
                C(ended(7, end=12, message="cause"), name="b"),
            ),
        ),
        outcome(F, "ExitCode", "cause", exit_code=7, end_time=instant(14)),
    ),
    Case(
        "of two pods the failed one decides, not the one that was deleted for it",
        job(*failed(), failed=2, parallel=(2, 2)),
        (
            pod("Succeeded", C(ended(end=15)), name="close-1-1-other", deleted=13),
            pod("Failed", C(ended(9, message="shard 0"))),
        ),
        outcome(F, "ExitCode", "shard 0", exit_code=9, end_time=instant(15)),
    ),
    Case(
        "of two pods the failed one decides, not the one that succeeded later",
        job(
            *failed("FailedIndexes", "Job has failed indexes"),
            failed=1,
            succeeded=1,
            parallel=(2, 2),
            failed_indexes="0",
        ),
        (
            pod("Succeeded", C(ended(end=15)), name="close-1-1-other", index=1),
            pod("Failed", C(ended(9, message="shard 0")), index=0),
        ),
        outcome(F, "FailedIndexes", "Job has failed indexes (0); index 0: shard 0", exit_code=9, end_time=instant(15)),
    ),
    Case(
        "an injected proxy that ends first does not speak for the work",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(143, end=11), name="istio-proxy"), C(ended(3, message="no such ledger"))),),
        outcome(F, "ExitCode", "no such ledger", exit_code=3),
    ),
    Case(
        "an injected proxy that ends last does not lengthen the run, nor does its first start begin it",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended(start=1, end=60), name="istio-proxy"), C(ended())),),
        outcome(S, "Completed", exit_code=0),
    ),
    Case(
        "work that succeeded beside an injected proxy that failed says whose failure it is",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(255, message="a\nno certificate"), name="istio-proxy"), C(ended())),),
        outcome(
            F,
            "InjectedContainerFailed",
            "container istio-proxy, which is not of the template, exited with code 255: no certificate",
            exit_code=0,
        ),
    ),
    Case(
        "an injected init container that failed kept the work from its start",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(1), name="istio-init", role="init"), MAIN_WAITS),),
        outcome(
            F,
            "InjectedContainerFailed",
            "container istio-init, which is not of the template, exited with code 1",
            start_time=None,
            end_time=instant(20),
        ),
    ),
    Case(
        "the default container of the template speaks before another that failed earlier",
        job(*failed(), failed=1, default="c"),
        (pod("Failed", C(ended(1, end=11, message="lost c"), name="a"), C(ended(3, message="no such ledger"))),),
        outcome(F, "ExitCode", "no such ledger", exit_code=3),
    ),
    Case(
        "a default container that succeeded leaves the word to the one that failed",
        job(*failed(), failed=1, default="c"),
        (pod("Failed", C(ended(7, message="helper"), name="a"), C(ended())),),
        outcome(F, "ExitCode", "helper", exit_code=7),
    ),
    Case(
        "a success is told by the default container, wherever it stands",
        job(*COMPLETE, succeeded=1, default="b"),
        (pod("Succeeded", C(ended(), name="a"), C(ended(message="42 rows"), name="b", policy="File")),),
        outcome(S, "Completed", "42 rows", exit_code=0),
    ),
    *(
        Case(
            f"a container that the kubelet killed says so: {reason}",
            job(*failed(), failed=1),
            (pod("Failed", C(ended(137, message="begin"))),),
            outcome(F, reason, f"container c was killed{words}", exit_code=137),
            {"kubelet_events": events},
        )
        for reason, words, events in [
            (
                "LivenessProbeFailed",
                ": Liveness probe failed: HTTP probe failed with statuscode: 503",
                (
                    KubeletEvent(
                        "c", "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", instant(9)
                    ),
                    KubeletEvent("c", "Killing", "Stopping container c", instant(10)),
                ),
            ),
            (
                "StartupProbeFailed",
                ": Startup probe failed: not yet",
                (
                    KubeletEvent("c", "Unhealthy", "Startup probe failed: not yet\n", instant(9)),
                    KubeletEvent("c", "Killing", "Container c failed startup probe, will be restarted", instant(9)),
                ),
            ),
            (
                "PostStartHookFailed",
                " because its postStart hook failed",
                (
                    KubeletEvent("c", "FailedPostStartHook", "PostStartHook failed", instant(3)),
                    KubeletEvent("c", "Killing", "FailedPostStartHook", instant(3)),
                ),
            ),
        ]
    ),
    Case(
        "a kill of another container, or of the attempt before, explains nothing",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(137, message="begin"))),),
        outcome(F, "ExitCode", "begin", exit_code=137),
        {
            "kubelet_events": (
                KubeletEvent("c", "Unhealthy", "Liveness probe failed: 503", instant(1)),
                KubeletEvent("c", "Killing", "Container c failed liveness probe, will be restarted", instant(1)),
                KubeletEvent("a", "Unhealthy", "Liveness probe failed: 503", instant(9)),
                KubeletEvent("a", "Killing", "Stopping container a", instant(10)),
                KubeletEvent("c", "Unhealthy", "Readiness probe failed: 503", instant(10)),
                KubeletEvent("c", "Killing", "Stopping container c", instant(11)),
            )
        },
    ),
    Case(
        "a probe that failed once and did not kill explains nothing",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(1, message="no such ledger"))),),
        outcome(F, "ExitCode", "no such ledger", exit_code=1),
        {"kubelet_events": (KubeletEvent("c", "Unhealthy", "Liveness probe failed: 503", instant(9)),)},
    ),
    Case(
        "a failed index is named, beside the code and the reason of the Job",
        job(
            *failed("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes"),
            failed=2,
            succeeded=1,
            parallel=(2, 5),
            failed_indexes="1,3",
        ),
        (
            pod("Succeeded", C(ended()), name="close-1-0-x", index=0),
            pod("Failed", C(ended(4, end=11, message="shard 1")), name="close-1-1-x", index=1),
            pod("Failed", C(ended(137, end=14, reason="OOMKilled"), memory="64Mi"), name="close-1-3-x", index=3),
        ),
        outcome(
            F,
            "MaxFailedIndexesExceeded",
            "Job has exceeded the specified maximal number of failed indexes (1,3); "
            "index 3: container c used more than its memory limit 64Mi",
            exit_code=137,
            pod="close-1-3-x",
            end_time=instant(14),
        ),
    ),
    Case(
        "the index is named too where the Job has one limit for all",
        job(*failed(), failed=2, parallel=(2, 2)),
        (
            pod("Succeeded", C(ended(end=15)), name="close-1-1-other", deleted=13, index=1),
            pod("Failed", C(ended(9, message="shard 0")), index=0),
        ),
        outcome(F, "ExitCode", "index 0: shard 0", exit_code=9, end_time=instant(15)),
    ),
    Case(
        "a reason of the Job that is new to the operator is kept beside what the pod says",
        job(*failed("PodQuarantined", "Job was quarantined"), failed=1),
        (pod("Failed", C(ended(3, message="no"))),),
        outcome(F, "PodQuarantined", "Job was quarantined; no", exit_code=3),
    ),
    Case(
        "the start that the run had shown is kept where its Job is gone with its pods",
        None,
        (),
        outcome(U, "JobGone", "its Job was gone before it could be read", end_time=NOW, attempts=None, **NO_POD),
        {"job_gone": True, "started_at": instant(2)},
    ),
    Case(
        "the start of an attempt whose pod is gone is kept",
        job(*failed(), failed=2, limit=1),
        (pod("Failed", C(ended(4, start=22, end=30))),),
        outcome(F, "ExitCode", "container c exited with code 4", exit_code=4, attempts=2, end_time=instant(30)),
        {"started_at": instant(2)},
    ),
    Case(
        "an attempt that its node rejected decides over the failed one before",
        job(*failed(), limit=1, failed=2),
        (
            pod("Failed", C(ended(4))),
            pod("Failed", name="close-1-second", started=22, reason="OutOfcpu", message="no cpu"),
        ),
        outcome(F, "OutOfcpu", "no cpu", attempts=2, pod="close-1-second"),
    ),
    Case(
        "a pod deleted by hand has the code of its trap, which is not the reason",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(7, message="caught TERM")), deleted=11),),
        outcome(F, "PodDeleted", "pod was deleted while it ran", exit_code=7),
    ),
    Case(
        "a deletion in the second of the end came first",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(143)), deleted=12),),
        outcome(F, "PodDeleted", "pod was deleted while it ran", exit_code=143),
    ),
    Case(
        "a pod that had failed before it was deleted failed by itself",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(3, message="no")), deleted=16, gone=True),),
        outcome(F, "ExitCode", "no", exit_code=3),
    ),
    Case(
        "a pod deleted before it started has no code",
        job(*failed(), failed=1),
        (UNSTARTED_POD,),
        outcome(F, "PodDeleted", "pod was deleted before it started", start_time=None, end_time=instant(20)),
    ),
    Case(
        "a pod that was last seen running is lost",
        job(*failed(), failed=1),
        (pod("Running", C(running()), deleted=10, grace=0, gone=True),),
        outcome(F, "PodLost", "the pod was gone before it could be read", end_time=instant(20)),
    ),
    Case(
        "a pod that was never seen is lost",
        job(*failed(), failed=1),
        (),
        outcome(
            F, "PodLost", "the pod was gone before it could be read", start_time=None, end_time=instant(20), **NO_POD
        ),
    ),
    Case(
        "a pod that was deleted after its success explains no failure",
        job(*failed("FailedIndexes", "Job has failed indexes"), failed=1, succeeded=1),
        (pod("Succeeded", C(ended()), deleted=16, gone=True),),
        outcome(F, "FailedIndexes", "Job has failed indexes", attempts=2),
    ),
    Case(
        "a reason of the Job that no pod explains is given in its words",
        job(
            *failed("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes"),
            failed=3,
            succeeded=1,
        ),
        (pod("Succeeded", C(ended())),),
        outcome(
            F, "MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes", attempts=4
        ),
    ),
]


@pytest.mark.parametrize("case", CAUSES, ids=lambda case: case.id)
def test_the_cause_of_a_failure(case: Case) -> None:
    check_end(case)
