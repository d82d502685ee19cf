"""Ends of runs without outside influence: every case on a real node, against the whole record.

All requests are applied at once and run side by side; each test waits for its own. Neighbours: `test_run_pending.py`
has the runs that cannot start. `test_run_pods_removed.py`, `test_run_jobs_removed.py` and `test_run_kills.py` have
those that are ended from outside, `test_run_logs.py` the captured logs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.builders.objects import Object
from tests.cluster.run_end import End, Like, OneOf, check, no_log
from tests.cluster.run_requests import LONG, UNTIL_RELEASED, Runs, container, request, slug

if TYPE_CHECKING:
    from tests.cluster.kubectl import Kubectl

pytestmark = pytest.mark.node

NEXT_TRY = "n=$(cat /count/n 2>/dev/null || echo 0); n=$((n+1)); echo $n >/count/n; "
"""Script that counts the tries of a pod in the shell variable n."""
COUNTING: Object = {"volumes": [{"name": "count", "emptyDir": {}}], "restartPolicy": "OnFailure"}
BEFORE_IT_VANISHED = OneOf(None, "FromTerminationMessage")
"""The log of the try before, or of a pod whose Job is over, vanishes when the killed one ends, at times within half a
second. Then its termination message, which is the end of the log as well, stands in."""
ONE_FAILURE: Object = {"periodSeconds": 1, "failureThreshold": 1}
OUT_OF_MEMORY = "tail -c 200m /dev/zero"
SMALL: Object = {"resources": {"limits": {"memory": "24Mi"}}}


def counting(script: str) -> Object:
    return container(NEXT_TRY + script, volumeMounts=[{"name": "count", "mountPath": "/count"}])


def failed_by(code: int, message: str | Like, log: str | Like, **fields: Any) -> End:
    return End(phase="Failed", reason="ExitCode", message=message, code=code, log=log, **fields)


def succeeded(log: str | Like, **fields: Any) -> End:
    return End(phase="Succeeded", reason="Completed", code=0, log=log, **fields)


def case(says: str, *containers: Object | str, end: End, **changes: Any) -> Any:
    return pytest.param(request(slug(says), *containers, **changes), end, id=says)


CASES = [
    case("exit code 0 is a success", "echo hello", end=succeeded("hello")),
    case(
        "exit code 3 is a failure and the last line of the log says why",
        "echo begin >&2; echo 'no such ledger' >&2; exit 3",
        end=failed_by(3, "no such ledger", "begin\nno such ledger"),
    ),
    case(
        "a failure without a word names container and code",
        "exit 4",
        end=failed_by(4, "container main exited with code 4", ""),
    ),
    case(
        "the termination message of a program is the message",
        "echo in the log; echo -n from the program >/dev/termination-log; exit 5",
        end=failed_by(5, "from the program", "in the log"),
    ),
    case(
        "with Never each try is a pod and the last one counts",
        "echo $HOSTNAME; exit 6",
        job={"backoffLimit": 1},
        end=failed_by(6, Like(".*-[a-z0-9]{5}"), Like(".*-[a-z0-9]{5}"), attempts=2),
    ),
    case(
        "with OnFailure and no retry left the failed try counts and not the killed one",
        counting("trap 'echo killed; exit 99' TERM; echo try $n; [ $n = 1 ] && exit 7; " + LONG),
        pod=COUNTING,
        end=failed_by(7, "try 1", "try 1", log_reason=BEFORE_IT_VANISHED),
    ),
    case(
        "with OnFailure and one retry the second failure counts",
        counting("trap 'echo killed; exit 99' TERM; echo try $n; [ $n -le 2 ] && exit $((10+n)); " + LONG),
        pod=COUNTING,
        job={"backoffLimit": 2},
        end=failed_by(12, "try 2", "try 2", attempts=2, log_reason=BEFORE_IT_VANISHED),
    ),
    case(
        "with OnFailure a success at the second try is a success",
        counting("echo try $n; [ $n = 2 ]"),
        pod=COUNTING,
        job={"backoffLimit": 3},
        end=succeeded("try 2", attempts=2),
    ),
    case(
        "the deadline of the Job ends what runs and the code of its trap is kept",
        # It takes its time to go: the log can be read only as long as the pod is there.
        "trap 'echo last words; sleep 15; exit 8' TERM; echo begin; " + LONG,
        job={"activeDeadlineSeconds": 3600},
        pod={"terminationGracePeriodSeconds": 60},
        end=End(
            phase="Failed",
            reason="DeadlineExceeded",
            message=Like(r"Job was active longer than specified deadline.*\(4 s\)"),
            code=8,
            log="begin\nlast words",
            log_reason=BEFORE_IT_VANISHED,
        ),
    ),
    case(
        "the deadline of the pod is the reason and the code of the kill is not",
        "echo begin; sleep 600",
        pod={"activeDeadlineSeconds": 3600, "terminationGracePeriodSeconds": 1},
        end=End(
            phase="Failed",
            reason="DeadlineExceeded",
            message="Pod was active on the node longer than the specified deadline",
            log="begin",
        ),
    ),
    case(
        "a pod failure policy speaks for itself",
        "echo begin; exit 42",
        job={
            "backoffLimit": 3,
            "podFailurePolicy": {
                "rules": [
                    {
                        "action": "FailJob",
                        "onExitCodes": {"containerName": "main", "operator": "In", "values": [42]},
                    }
                ]
            },
        },
        end=End(
            phase="Failed",
            reason="PodFailurePolicy",
            message=Like("Container main .* failed with exit code 42 matching FailJob rule at index 0"),
            code=42,
            log="begin",
        ),
    ),
    case(
        "too much memory in the main process is told with the limit",
        container(f"echo begin; exec {OUT_OF_MEMORY}", **SMALL),
        end=End(
            phase="Failed",
            reason="OOMKilled",
            message="container main used more than its memory limit 24Mi",
            code=137,
            log="begin",
        ),
    ),
    case(
        "too much memory in a child is what the main process makes of it",
        # One stream: of two the runtime keeps no order.
        container(f"exec 2>&1; echo begin; {OUT_OF_MEMORY}; echo went on", **SMALL),
        end=succeeded(Like("begin\n(Killed\n)?went on")),
    ),
    case(
        "a command that does not exist is a start error",
        {"name": "main", "image": "localhost/busybox:1", "command": ["nope"]},
        end=End(
            phase="Failed",
            reason="StartError",
            message=Like('.*exec: "nope": executable file not found in .*'),
            code=128,
            started=False,
            **no_log("NeverStarted"),
        ),
    ),
    case(
        "a failed init container is named and its log is the log",
        "echo never",
        pod={"initContainers": [container("echo preparing; echo no disk; exit 9", "prepare")]},
        end=End(
            phase="Failed",
            reason="InitContainerFailed",
            message="init container prepare exited with code 9: no disk",
            code=9,
            log="preparing\nno disk",
            container="prepare",
        ),
    ),
    case(
        "of two containers the one that failed counts once both have ended",
        container("echo fine; sleep 3", "main"),
        container("echo broken; exit 11", "second"),
        end=failed_by(11, "broken", "broken", container="second"),
    ),
    case(
        "a sidecar that is killed after the success does not count",
        "echo done",
        pod={"initContainers": [container("echo aside; sleep 600", "aside", restartPolicy="Always")]},
        end=succeeded("done"),
    ),
    case(
        "of two pods of an indexed Job the failed one counts",
        "echo pod $JOB_COMPLETION_INDEX; [ $JOB_COMPLETION_INDEX = 0 ] || exit 12; trap 'exit 0' TERM; " + LONG,
        job={"completionMode": "Indexed", "completions": 2, "parallelism": 2},
        end=failed_by(12, "index 1: pod 1", "pod 1"),
    ),
    case(
        "an index that is given up is named beside the reason of the Job",
        "echo pod $JOB_COMPLETION_INDEX; [ $JOB_COMPLETION_INDEX = 0 ] || exit 12",
        job={"completionMode": "Indexed", "completions": 2, "backoffLimitPerIndex": 0, "backoffLimit": 9},
        end=End(
            phase="Failed",
            reason="FailedIndexes",
            message=Like(r"Job has failed indexes \(1\); index 1: pod 1"),
            code=12,
            log="pod 1",
        ),
    ),
    case(
        "a liveness probe that fails is the reason and not the code of the kill",
        container(
            "echo begin; sleep 600",
            livenessProbe={"exec": {"command": ["sh", "-c", "echo no answer; exit 1"]}, **ONE_FAILURE},
        ),
        end=End(
            phase="Failed",
            reason="LivenessProbeFailed",
            message=Like("container main was killed: Liveness probe failed: no answer"),
            code=137,
            log="begin",
        ),
    ),
    case(
        "a postStart hook that fails is the reason and not the code of the kill",
        container("echo begin; sleep 600", lifecycle={"postStart": {"exec": {"command": ["sh", "-c", "exit 1"]}}}),
        end=End(
            phase="Failed",
            reason="PostStartHookFailed",
            message="container main was killed because its postStart hook failed",
            code=137,
            log=OneOf("", "begin"),
        ),
    ),
    case(
        "the default container speaks for the run wherever it stands",
        container("echo proxy; sleep 2; echo proxy leaves; exit 0", "proxy"),
        container("echo the work", "main"),
        annotations={"kubectl.kubernetes.io/default-container": "main"},
        end=succeeded("the work"),
    ),
    case(
        "the log of the container that was asked for is kept while another one fails",
        container("echo asked for; sleep 1", "main"),
        container("echo broken; exit 13", "second"),
        log={"container": "main"},
        end=failed_by(13, "broken", "asked for"),
    ),
]


@pytest.fixture(scope="module")
def runs(cluster: Kubectl, shared_namespace: str) -> Runs:
    runs = Runs(cluster, shared_namespace)
    runs.apply(*(param.values[0] for param in CASES))
    for param in CASES:
        meet_deadlines(runs, param.values[0])
    return runs


def meet_deadlines(runs: Runs, applied: Object) -> None:
    """Set the deadlines of a Job, and of its pod, to four seconds once it has begun, however long that took."""
    name, deadline = applied["metadata"]["name"], {"spec": {"activeDeadlineSeconds": 4}}
    job = applied["spec"]["jobTemplate"]["spec"]
    for kind, spec in (("job", job), ("pod", job["template"]["spec"])):
        if "activeDeadlineSeconds" in spec:
            pod = runs.pod(name, printed="begin")["metadata"]
            meant = pod["name"] if kind == "pod" else pod["labels"]["batch.kubernetes.io/job-name"]
            answer = runs.cluster.patch(kind, meant, runs.namespace, deadline)
            assert answer.ok, answer.message


def test_a_run_says_that_it_is_tried_again(cluster: Kubectl, namespace: str) -> None:
    runs = Runs(cluster, namespace)
    # The second try waits, so that no third one begins before the test has looked.
    script = f"echo begin; [ $WAIT ] && {{ {LONG}; }}; {UNTIL_RELEASED}; exit 4"
    told = [{"configMapRef": {"name": "second", "optional": True}}]
    runs.apply(request("again", container(script, envFrom=told), job={"backoffLimit": 2}))
    first = runs.pod("again", printed="begin")
    cluster.run("create", "configmap", "second", "--from-literal=WAIT=yes", "--namespace", namespace)
    runs.release(first)
    status = runs.wait("again", {"Running"}, reason="Retrying")["status"]
    assert status["message"] == "attempt 2 of 3, last exit code 4"
    assert status["attempts"] == 2
    assert "startTime" in status
    assert not status.keys() & {"endTime", "log", "exitCode"}


@pytest.mark.parametrize(("applied", "end"), CASES)
def test_a_run_ends_as(runs: Runs, applied: Object, end: End) -> None:
    check(runs.end(applied["metadata"]["name"]), end)
