"""Runs that cannot start: their reports while they wait, in the words of the rejecting program, and at their deadline.

Kubernetes lets these Jobs wait forever. Their pods have the cause, or Events if there is no pod. Neighbour:
`test_run_outcomes.py` has the runs that start.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.builders.objects import Object
from tests.cluster.manifests import manual_run
from tests.cluster.run_end import End, Like, check, no_log
from tests.cluster.run_requests import Runs, container, request, slug

if TYPE_CHECKING:
    from tests.cluster.kubectl import Kubectl

pytestmark = pytest.mark.node

DEADLINE = 3
"""Seconds, from when all runs have said why they wait; until then their deadline is far away."""
FROM_CONFIG: Object = {"envFrom": [{"configMapRef": {"name": "nowhere"}}]}
PROBE: Object = {"restartPolicy": "Never", "containers": [container("true")]}
POD: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"}, "spec": PROBE}
JOB: Object = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "probe"},
    "spec": {"template": {"spec": PROBE}},
}
TRY = ("--dry-run=server", "--filename", "-")
NO_SUCH_IMAGE = "127.0.0.1:9/nope:1"


def case(says: str, main: Object, reason: str, message: str, *, pods: int = 1, **pod_spec: Any) -> Any:
    stuck = request(slug(says), main, pod=pod_spec, job={"activeDeadlineSeconds": 3600})
    return pytest.param(stuck, reason, message, pods, id=says)


def without_image(image: str, **changes: Any) -> Object:
    return {"name": "main", "image": image, "command": ["true"], **changes}


CASES = [
    case(
        "an image that cannot be pulled",
        without_image(NO_SUCH_IMAGE),
        "(ErrImagePull|ImagePullBackOff)",
        ".*127.0.0.1:9/nope:1.*connection refused.*",
    ),
    case(
        "an image that must not be pulled",
        without_image("localhost/absent:1", imagePullPolicy="Never"),
        "ErrImageNeverPull",
        'Container image "localhost/absent:1" is not present with pull policy of Never',
    ),
    case("an image name that is none", without_image("localhost/UPPER:1"), "InvalidImageName", ".*UPPER.*"),
    case(
        "a ConfigMap that is missing",
        container("true", **FROM_CONFIG),
        "CreateContainerConfigError",
        'configmap "nowhere" not found',
    ),
    case(
        "a volume whose Secret is missing",
        container("true", volumeMounts=[{"name": "key", "mountPath": "/key"}]),
        "FailedMount",
        'MountVolume.SetUp failed for volume "key" : secret "nowhere" not found',
        volumes=[{"name": "key", "secret": {"secretName": "nowhere"}}],
    ),
    case(
        "no node that fits",
        container("true"),
        "Unschedulable",
        "0/1 nodes are available: 1 node.* didn't match Pod's node affinity/selector.*",
        nodeSelector={"nowhere": "true"},
    ),
    case(
        "a service account that is missing",
        container("true"),
        "FailedCreate",
        '.*error looking up service account .*/absent: serviceaccount "absent" not found',
        pods=0,
        serviceAccountName="absent",
    ),
]


def has_passing_reason(status: Object) -> bool:
    """Whether a run waits for what comes by itself.

    For a moment the kubelet does not know the certificates of a new namespace, which every pod mounts.
    """
    return status.get("reason", "ContainerCreating") == "ContainerCreating" or "not registered" in status["message"]


@pytest.fixture(scope="module")
def runs(cluster: Kubectl, shared_namespace: str) -> Runs:
    runs = Runs(cluster, shared_namespace)
    runs.apply(*(param.values[0] for param in CASES))
    return runs


@pytest.fixture(scope="module")
def while_pending(runs: Runs) -> dict[str, Object]:
    """Status of each run as soon as it says why it waits, before its deadline."""
    said: dict[str, Object] = {}

    def all_have_spoken() -> bool:
        for run in runs.cluster.objects("prun", runs.namespace):
            status = run["status"]
            if status["phase"] != "Pending" or not has_passing_reason(status):
                said.setdefault(run["spec"]["request"]["name"], status)
        return len(said) == len(CASES)

    runs.cluster.wait_until(all_have_spoken, what="all say why they wait", namespace=runs.namespace)
    for job in runs.cluster.objects("job", runs.namespace):
        name = job["metadata"]["name"]
        answer = runs.cluster.patch("job", name, runs.namespace, {"spec": {"activeDeadlineSeconds": DEADLINE}})
        assert answer.ok, answer.message
    return said


@pytest.mark.parametrize(("applied", "reason", "message", "pods"), CASES)
def test_a_stuck_run_says_why_and_still_says_it_at_its_deadline(
    runs: Runs, while_pending: dict[str, Object], applied: Object, reason: str, message: str, pods: int
) -> None:
    name = applied["metadata"]["name"]
    status = while_pending[name]
    assert status["phase"] == "Pending"
    assert re.fullmatch(reason, status["reason"])
    assert re.fullmatch(message, status["message"], re.DOTALL)
    assert "startTime" not in status
    end = runs.end(name)
    told_last = end["status"]["reason"]
    assert re.fullmatch(reason, told_last)
    check(
        end,
        End(
            phase="Failed",
            reason=told_last,
            message=Like(f"{message}, until the deadline of {DEADLINE} s"),
            attempts=pods,
            started=False,
            pod=pods > 0,
            **no_log("NeverStarted", container="main" if pods else None),
        ),
    )


def test_pods_rejected_by_a_quota_are_told_in_its_words_and_start_when_it_goes(
    cluster: Kubectl, namespace: str
) -> None:
    runs = Runs(cluster, namespace)
    limit_to(cluster, namespace, "pods", 0)
    runs.apply(request("rejected", "echo at last"))
    run = runs.wait("rejected", {"Pending"}, reason="FailedCreate")
    words = r'pods "rejected-.*" is forbidden: exceeded quota: full, requested: pods=1, used: pods=0, limited: pods=0'
    assert re.search(words, run["status"]["message"])
    cluster.delete("resourcequota", "full", namespace)
    check(runs.end("rejected"), End(phase="Succeeded", reason="Completed", code=0, log="at last"))


def test_jobs_rejected_by_a_quota_are_told_in_its_words_and_made_when_it_goes(cluster: Kubectl, namespace: str) -> None:
    runs = Runs(cluster, namespace)
    runs.apply(request("waiting", "true", timing={"runLater": {"after": "1h"}}))
    runs.wait("waiting", {"Pending"}, reason="Suspended")  # this one has its Job
    limit_to(cluster, namespace, "count/jobs.batch", 1)
    assert cluster.create(manual_run("waiting", "by-hand"), namespace).ok

    def rejected() -> Object | None:
        status: Object = cluster.get("prun", "by-hand", namespace)["status"]
        return status if status.get("reason") else None

    status = cluster.wait_until(rejected, what="by-hand says why it waits", namespace=namespace)
    assert status is not None
    assert (status["phase"], status["reason"]) == ("Pending", "QuotaExceeded")
    assert "exceeded quota: full, requested: count/jobs.batch=1" in status["message"]
    cluster.delete("resourcequota", "full", namespace)
    assert cluster.wait("prun", "by-hand", namespace, "condition=Finished").ok
    check(cluster.get("prun", "by-hand", namespace), End(phase="Succeeded", reason="Completed", code=0, log=""))


def test_a_container_that_runs_beside_one_that_has_ended_is_named(cluster: Kubectl, namespace: str) -> None:
    runs = Runs(cluster, namespace)
    runs.apply(request("half-done", "true", container("sleep 600", name="proxy")))
    run = runs.wait("half-done", {"Running"}, reason="PartlyEnded")
    assert re.fullmatch("container main ended with code 0 at .*Z, proxy still runs", run["status"]["message"])


def limit_to(cluster: Kubectl, namespace: str, what: str, most: int) -> None:
    """A quota called `full`, in force."""
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "full"},
        "spec": {"hard": {what: str(most)}},
    }
    cluster.run("apply", "--namespace", namespace, "--filename", "-", stdin=json.dumps(quota))
    key = what.replace(".", "\\.")
    assert cluster.wait("resourcequota", "full", namespace, f"jsonpath={{.status.used.{key}}}={most}").ok
    # The quota's admission plugin may learn the usage a moment after the status shows it.
    kind = {"pods": POD, "count/jobs.batch": JOB}[what]
    cluster.wait_until(
        lambda: (
            "exceeded quota" in cluster.ask("create", *TRY, "--namespace", namespace, stdin=json.dumps(kind)).message
        ),
        what="the quota is enforced",
        namespace=namespace,
    )
