"""Good manifests in bad surroundings: no process yet, a full quota, a namespace that is being deleted.

The operator waits for a cause that may heal, and reports it. The request is never Stalled. Neighbour:
`test_bad_input.py` has manifests that are wrong.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING

from tests.builders.objects import Object
from tests.cluster.manifests import IMAGE, immediately, manual_run, process, request, schedule, sleeper

if TYPE_CHECKING:
    from tests.cluster.kubectl import Kubectl
    from tests.cluster.operator_process import OperatorProcess

POD: Object = {"restartPolicy": "Never", "containers": [{"name": "main", "image": IMAGE}]}
JOB: Object = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "probe"},
    "spec": {"template": {"spec": POD}},
}


def quota(jobs: int) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "few-jobs"},
        "spec": {"hard": {"count/jobs.batch": str(jobs)}},
    }


def set_quota(cluster: Kubectl, namespace: str, jobs: int) -> None:
    """Set the quota, and wait until the server enforces it."""
    assert cluster.apply(quota(jobs), namespace).ok
    where = "jsonpath={.status.hard.count/jobs\\.batch}"
    assert cluster.wait("resourcequota", "few-jobs", namespace, f"{where}={jobs}").ok
    # The quota's admission plugin may learn the limits a moment after the status shows them.
    trial = ("create", "--namespace", namespace, "--dry-run=server", "--filename", "-")
    cluster.wait_until(
        lambda: cluster.ask(*trial, stdin=json.dumps(JOB)).ok is (jobs > 0), what="the quota is enforced"
    )


def accepted(cluster: Kubectl, name: str, namespace: str) -> Object:
    """The condition Accepted of a request, or nothing."""
    conditions = cluster.get("preq", name, namespace).get("status", {}).get("conditions", [])
    return next((condition for condition in conditions if condition["type"] == "Accepted"), {})


def waits_for(cluster: Kubectl, name: str, namespace: str, reason: str) -> Object:
    """Wait until a request says that it waits, and for what: Pending, not Ready, and not Stalled."""
    said = cluster.wait_until(
        lambda: accepted(cluster, name, namespace), what="it is accepted or rejected", namespace=namespace
    )
    found = cluster.get("preq", name, namespace)
    status: Object = found["status"]
    conditions = {condition["type"]: condition["status"] for condition in status["conditions"]}
    assert (said["status"], said["reason"]) == ("False", reason)
    assert (conditions["Ready"], conditions["Stalled"], status["phase"]) == ("False", "False", "Pending")
    assert status["observedGeneration"] == found["metadata"]["generation"]
    return said


def succeeds(cluster: Kubectl, name: str, namespace: str) -> None:
    cluster.wait_until(
        lambda: cluster.get("preq", name, namespace).get("status", {}).get("phase") == "Succeeded",
        what=f"the run of {name} succeeds",
        namespace=namespace,
    )


def run_status(cluster: Kubectl, name: str, namespace: str) -> Object:
    status: Object = cluster.get("prun", name, namespace)["status"]
    return status


def test_a_process_that_comes_later(cluster: Kubectl, namespace: str) -> None:
    assert cluster.apply(request("early", immediately(), process={"name": "later"}), namespace).ok
    said = waits_for(cluster, "early", namespace, "ProcessNotFound")
    expected = f'spec.process.name: there is no Process "later" in namespace {namespace}'
    assert said["message"].startswith(expected)
    assert cluster.objects("prun", namespace) == []
    assert cluster.apply(process("later"), namespace).ok
    succeeds(cluster, "early", namespace)
    assert len(cluster.objects("prun", namespace)) == 1


def test_a_process_that_goes_and_comes_back(cluster: Kubectl, namespace: str) -> None:
    assert cluster.apply(process("close-day"), namespace).ok
    timing = schedule(daily={"at": "02:00"})
    assert cluster.apply(request("nightly", timing, process={"name": "close-day"}), namespace).ok
    assert cluster.wait("preq", "nightly", namespace, "condition=Ready").ok
    cluster.delete("process", "close-day", namespace)
    assert cluster.wait("preq", "nightly", namespace, "condition=Ready=false").ok
    waits_for(cluster, "nightly", namespace, "ProcessNotFound")
    assert cluster.apply(process("close-day"), namespace).ok
    assert cluster.wait("preq", "nightly", namespace, "condition=Ready").ok


def test_a_full_quota_rejects_a_job_that_is_there_already(cluster: Kubectl, namespace: str) -> None:
    # The operator looks for what the API server rejects (`ActionContext.create`), because names are compared later.
    set_quota(cluster, namespace, 1)
    assert cluster.create(JOB, namespace).ok
    answer = cluster.create(JOB, namespace)
    assert "exceeded quota: few-jobs" in answer.message
    assert "already exists" not in answer.message


def test_a_full_quota_at_apply(cluster: Kubectl, namespace: str) -> None:
    set_quota(cluster, namespace, 0)
    assert cluster.apply(request("crowded", immediately()), namespace).ok
    said = waits_for(cluster, "crowded", namespace, "QuotaExceeded")
    assert "the API server rejects the Job: exceeded quota: few-jobs, requested: count/jobs.batch=1" in said["message"]
    assert cluster.objects("prun", namespace) == []
    set_quota(cluster, namespace, 5)
    succeeds(cluster, "crowded", namespace)


def test_a_full_quota_when_a_run_is_due(cluster: Kubectl, namespace: str) -> None:
    assert cluster.apply(request("crowded", immediately()), namespace).ok
    succeeds(cluster, "crowded", namespace)
    set_quota(cluster, namespace, 0)
    assert cluster.create(manual_run("crowded", "by-hand"), namespace).ok
    cluster.wait_until(
        lambda: run_status(cluster, "by-hand", namespace).get("reason"),
        what="the run says why it waits",
        namespace=namespace,
    )
    status = run_status(cluster, "by-hand", namespace)
    assert (status["phase"], status["reason"]) == ("Pending", "QuotaExceeded")
    assert "exceeded quota: few-jobs" in status["message"]
    set_quota(cluster, namespace, 5)
    assert cluster.wait("prun", "by-hand", namespace, "condition=Complete").ok
    assert len([job for job in cluster.objects("job", namespace) if job["metadata"]["name"] == "by-hand"]) == 1


def test_a_quota_that_stays_full_until_the_deadline(cluster: Kubectl, namespace: str) -> None:
    timing = schedule(secondly={"every": 5})
    crowded = request("crowded", timing, startingDeadlineSeconds=3, history={"other": 50})
    assert cluster.apply(crowded, namespace).ok
    cluster.wait_until(
        lambda: any(run["status"]["phase"] == "Succeeded" for run in cluster.objects("prun", namespace)),
        what="it runs while there is room",
        namespace=namespace,
    )
    set_quota(cluster, namespace, 0)
    missed = cluster.wait_until(
        lambda: [run for run in cluster.objects("prun", namespace) if was_rejected(run)],
        what="a run is missed for the quota",
        namespace=namespace,
    )
    assert missed[0]["status"]["reason"] == "DeadlinePassed"
    assert "startingDeadlineSeconds" in missed[0]["status"]["message"]
    set_quota(cluster, namespace, 50)
    settled = {run["metadata"]["name"] for run in cluster.objects("prun", namespace)}
    cluster.wait_until(
        lambda: any(
            run["status"]["phase"] == "Succeeded" and run["metadata"]["name"] not in settled
            for run in cluster.objects("prun", namespace)
        ),
        what="it continues once there is room",
        namespace=namespace,
    )


def was_rejected(run: Object) -> bool:
    """Whether a run is missed because of the quota, and says so."""
    return run["status"]["phase"] == "Missed" and "exceeded quota: few-jobs" in run["status"]["message"]


def test_a_namespace_that_is_deleted_under_load(cluster: Kubectl, namespace: str, operator: OperatorProcess) -> None:
    """Requests that fire every second, run, wait or are rejected: all are deleted, and the operator logs no error."""
    doomed = f"t-{secrets.token_hex(4)}"
    cluster.run("create", "namespace", doomed)
    manifests = [
        request("ticking", schedule(secondly={"every": 1})),
        request("nightly", schedule(daily={"at": "02:00"})),
        request("working", immediately(), sleeper(600)),
        request("waiting", immediately(), process={"name": "nowhere"}),
        request("rejected", schedule(cron="61 * * * *")),
        *(request(f"more-{number}", schedule(secondly={"every": 2})) for number in range(5)),
    ]
    items = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
    cluster.run("apply", "--namespace", doomed, "--filename", "-", stdin=items)
    cluster.wait_until(lambda: len(cluster.objects("job", doomed)) >= 8, what="there is some load", namespace=doomed)
    lines_before = len(operator.records())
    cluster.run("delete", "namespace", doomed, "--wait=false")
    cluster.wait_until(
        lambda: cluster.find("namespace", doomed, "") is None, what="the namespace is gone", namespace=doomed
    )
    assert cluster.apply(request("elsewhere", immediately()), namespace).ok
    succeeds(cluster, "elsewhere", namespace)
    complaints = [
        json.dumps(record)
        for record in operator.records()[lines_before:]
        if record["level"] in {"warning", "error"} and doomed in json.dumps(record)
    ]
    assert len(complaints) <= len(manifests), "\n".join(complaints)
    stays_quiet(cluster, operator, doomed)


def stays_quiet(cluster: Kubectl, operator: OperatorProcess, doomed: str) -> None:
    """Check that the operator no longer works on keys of a deleted namespace."""
    before = len(operator.records())
    give_up_at = time.monotonic() + 5
    cluster.wait_until(lambda: time.monotonic() > give_up_at, what="five seconds pass")
    assert [record for record in operator.records()[before:] if doomed in json.dumps(record)] == []
