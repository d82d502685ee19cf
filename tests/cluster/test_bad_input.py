"""Reports about a manifest that the API server accepts and the operator does not, and the recovery after a correction.

Each one is the condition Accepted=False and an Event, in words that name the field. A better manifest puts the request
into force. `test_*_rejected_at_apply.py` have the rejections of the API server. `test_bad_surroundings.py` has the
effects of quotas, missing processes and deleted namespaces on a good manifest.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tests.builders.objects import Object
from tests.cluster.bad_inputs import CRON, PROCESSES, REJECTED, TAKEN, cron, daily, template, uses
from tests.cluster.manifests import IMAGE, immediately, job_template, process, request

from process_operator.resources.names import LABEL_REQUEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.kubectl import Kubectl
    from tests.cluster.operator_process import OperatorProcess


@pytest.fixture(scope="module")
def place(cluster: Kubectl, shared_namespace: str) -> str:
    """A namespace with the processes that the requests of this module name."""
    for manifest in PROCESSES:
        spec = {name: value for name, value in manifest["spec"].items() if value is not None}
        answer = cluster.apply({**manifest, "spec": spec}, shared_namespace)
        assert answer.ok, answer.message
    return shared_namespace


@pytest.fixture(scope="module", autouse=True)
def nothing_breaks(cluster: Kubectl, place: str) -> Iterator[None]:
    """Whatever the tests of this module applied: another request still runs after it, and no decision raised."""
    yield
    name = new_name()
    cluster.apply(request(name, immediately()), place)
    succeeds(cluster, name, place)
    assert cluster.operator_log is not None
    lines = cluster.operator_log.read_text().splitlines()
    assert [line for line in lines if place in line and '"level":"error"' in line.replace(" ", "")] == []


def new_name() -> str:
    return f"r-{secrets.token_hex(4)}"


def conditions(status: Object) -> dict[str, Object]:
    return {condition["type"]: condition for condition in status.get("conditions", [])}


def rejection(cluster: Kubectl, name: str, namespace: str) -> Object:
    """The status of a request after the operator has rejected its present spec."""
    found = cluster.get("preq", name, namespace)
    status: Object = found.get("status", {})
    return status if is_rejected(found) else {}


def is_rejected(found: Object) -> bool:
    """Whether the operator has rejected the present spec."""
    status: Object = found.get("status", {})
    seen = status.get("observedGeneration") == found["metadata"]["generation"]
    return bool(seen and conditions(status)["Accepted"]["status"] == "False")


def in_force(cluster: Kubectl, name: str, namespace: str) -> Object:
    """The status of a request after the operator has accepted its present spec."""
    found = cluster.get("preq", name, namespace)
    status: Object = found.get("status", {})
    seen = status.get("observedGeneration") == found["metadata"]["generation"]
    return status if seen and conditions(status)["Accepted"]["status"] == "True" else {}


def succeeds(cluster: Kubectl, name: str, namespace: str) -> None:
    """Wait until the run of a request that runs once has succeeded."""
    cluster.wait_until(
        lambda: cluster.get("preq", name, namespace).get("status", {}).get("phase") == "Succeeded",
        what=f"the run of {name} succeeds",
        namespace=namespace,
    )


def has_job(cluster: Kubectl, name: str, namespace: str) -> bool:
    labels = f"process-operator.io/request={name}"
    return bool(cluster.objects("prun", namespace, labels=labels)) and bool(
        cluster.objects("job", namespace, labels=labels)
    )


@dataclass
class Rejections:
    """Outcome of all rejected requests: applied together, checked by the operator, then corrected together."""

    answer: str
    """Output of kubectl apply."""
    statuses: dict[str, Object] = field(default_factory=dict)
    """Requests by name, after the operator has rejected them."""
    events: dict[str, Object] = field(default_factory=dict)
    with_job: set[str] = field(default_factory=set)
    """Names of requests that had a Job nevertheless."""


def names_of_rows() -> list[str]:
    return [f"rejected-{number}" for number in range(len(REJECTED))]


@pytest.fixture(scope="module")
def rejections(cluster: Kubectl, place: str) -> Rejections:
    patches: list[Any] = [param.values[0] for param in REJECTED]
    rows = dict(zip(names_of_rows(), patches, strict=True))
    wrong = [request(name, **{"timing": immediately(), **patch}) for name, patch in rows.items()]
    found = Rejections(apply_all(cluster, place, wrong))

    def all_are_told() -> bool:
        for event in cluster.objects("event", place, fields="involvedObject.kind=ProcessRequest,reason=NotAccepted"):
            found.events.setdefault(event["involvedObject"]["name"], event)
        for item in cluster.objects("preq", place):
            if is_rejected(item):
                found.statuses.setdefault(item["metadata"]["name"], item["status"])
        return found.statuses.keys() >= rows.keys() and found.events.keys() >= rows.keys()

    # The own test of a row fails if the row is not rejected.
    with contextlib.suppress(pytest.fail.Exception):
        cluster.wait_until(all_are_told, what="all are rejected", namespace=place)
    found.with_job = {job["metadata"]["labels"].get(LABEL_REQUEST, "") for job in cluster.objects("job", place)}
    # No pod is made of these.
    mended = [request(name, immediately(), jobTemplate=job_template(completions=0)) for name in rows]
    apply_all(cluster, place, mended)
    return found


def apply_all(cluster: Kubectl, namespace: str, manifests: list[Object]) -> str:
    items = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
    return cluster.ask("apply", "--namespace", namespace, "--filename", "-", stdin=items).message


@pytest.mark.parametrize(
    ("name", "reason", "words"),
    [
        pytest.param(name, *param.values[1:], id=str(param.id))
        for name, param in zip(names_of_rows(), REJECTED, strict=True)
    ],
)
def test_rejected_in_words_and_healed_by_an_apply(
    cluster: Kubectl, place: str, rejections: Rejections, name: str, reason: str, words: str
) -> None:
    assert cluster.find("preq", name, place), f"the API server itself rejects it: {rejections.answer}"
    status = rejections.statuses.get(name)
    assert status is not None, cluster.get("preq", name, place)
    said = conditions(status)
    assert (said["Accepted"]["reason"], words in said["Accepted"]["message"]) == (reason, True), said["Accepted"]
    assert {kind: said[kind]["status"] for kind in ("Accepted", "Ready", "Stalled")} == {
        "Accepted": "False",
        "Ready": "False",
        "Stalled": "True",
    }
    assert status["phase"] == "Invalid"
    event = rejections.events[name]
    assert (event["type"], event["message"]) == ("Warning", f"{reason}: {said['Accepted']['message']}")
    assert name not in rejections.with_job

    status = cluster.wait_until(lambda: in_force(cluster, name, place), what="it is healed", namespace=place)
    assert conditions(status)["Stalled"]["status"] == "False"
    assert conditions(status)["Ready"]["status"] == "True"
    cluster.wait_until(lambda: has_job(cluster, name, place), what="it runs", namespace=place)


@pytest.mark.parametrize("patch", TAKEN)
def test_taken_and_run(cluster: Kubectl, place: str, patch: Object) -> None:
    name = new_name()
    assert cluster.apply(request(name, **{"timing": immediately(), **patch}), place).ok
    succeeds(cluster, name, place)


def test_people_and_tools_are_told(cluster: Kubectl, place: str) -> None:
    name = new_name()
    assert cluster.apply(request(name, **cron("61 * * * *")), place).ok
    assert cluster.wait("preq", name, place, "condition=Ready=false").ok
    assert cluster.wait("preq", name, place, "condition=Stalled").ok
    row = cluster.run("get", "preq", name, "--namespace", place, "--output", "wide", "--no-headers").split()
    assert "Invalid" in row
    assert row[-1] == "InvalidSchedule"
    lines = cluster.wait_until(
        lambda: [
            line
            for line in cluster.run("describe", "preq", name, "--namespace", place).splitlines()
            if line.lstrip().startswith("Warning  NotAccepted")
        ],
        what="the Event stands in kubectl describe",
        namespace=place,
    )
    assert f"InvalidSchedule: {CRON}: minute '61'" in lines[0]


def test_another_slip_is_told_apart_from_the_first(cluster: Kubectl, place: str) -> None:
    name = new_name()
    assert cluster.apply(request(name, **cron("61 * * * *")), place).ok
    cluster.wait_until(lambda: rejection(cluster, name, place), what="it is rejected", namespace=place)
    assert cluster.apply(request(name, **cron("0 25 * * *")), place).ok
    status = cluster.wait_until(lambda: rejection(cluster, name, place), what="the second is too", namespace=place)
    assert "hour '25'" in conditions(status)["Accepted"]["message"]
    assert status["schedule"] == "cron 0 25 * * * Etc/UTC"


def test_a_schedule_that_becomes_wrong_rests_and_comes_back(cluster: Kubectl, place: str) -> None:
    name = new_name()
    good = request(name, **daily())
    assert cluster.apply(good, place).ok
    cronjob = cluster.wait_until(
        lambda: cluster.objects("cronjob", place, labels=f"process-operator.io/request={name}"),
        what="its CronJob is there",
        namespace=place,
    )[0]["metadata"]["name"]

    def suspended() -> bool:
        return bool(cluster.get("cronjob", cronjob, place)["spec"].get("suspend"))

    cluster.wait_until(lambda: not suspended(), what="the CronJob is armed", namespace=place)
    assert cluster.apply(request(name, **cron("61 * * * *")), place).ok
    cluster.wait_until(suspended, what="the CronJob rests", namespace=place)
    assert cluster.apply(good, place).ok
    cluster.wait_until(lambda: not suspended(), what="the CronJob is armed again", namespace=place)


def test_restart_policy_always_is_rejected_at_apply(cluster: Kubectl, place: str) -> None:
    answer = cluster.apply(request(new_name(), immediately(), **template(pod={"restartPolicy": "Always"})), place)
    assert not answer.ok
    assert 'restartPolicy: Unsupported value: "Always": supported values: "Never", "OnFailure"' in answer.message


def test_values_arrive_as_they_were_written(cluster: Kubectl, place: str) -> None:
    """Quotes, dollars and control characters are data: nothing on the way to the container reads them."""
    name = new_name()
    value = '\'"`id` $(id) $(FIRST) $$ ${HOME} \\n \x01\x1b[31m \u2028 {"a": [1]} | ; & \n\ttail $$$'
    script = "printf '%s' \"$VALUE\" | od -An -v -tx1 | tr -d ' \\n'"
    parameters = [{"name": "FIRST", "value": "one"}, {"name": "VALUE", "value": value}]
    assert cluster.apply(request(name, immediately(), script, parameters=parameters), place).ok
    succeeds(cluster, name, place)
    run = cluster.objects("prun", place, labels=f"process-operator.io/request={name}")[0]
    assert bytes.fromhex(run["status"]["log"]["text"]).decode() == value


def test_labels_and_annotations_of_the_template_are_kept_and_ours_win(cluster: Kubectl, place: str) -> None:
    name = new_name()
    ours = {
        "process-operator.io/request": "another",
        "process-operator.io/request-uid": "x",
        "process-operator.io/run": "x",
    }
    own = job_template()
    own["metadata"] = {
        "labels": {"team": "finance", **ours},
        "annotations": {"note": "kept", "process-operator.io/paused": "2020-01-01T00:00:00Z"},
        "creationTimestamp": None,
    }
    own["spec"]["template"]["metadata"] = {"labels": {"app": "close", **ours}, "annotations": {"scrape": "yes"}}
    assert cluster.apply(request(name, immediately(), jobTemplate=own), place).ok
    labels = f"process-operator.io/request={name}"
    job = cluster.wait_until(
        lambda: cluster.objects("job", place, labels=labels), what="its Job is there", namespace=place
    )[0]
    uid = cluster.get("preq", name, place)["metadata"]["uid"]
    assert job["metadata"]["labels"] == {
        "team": "finance",
        "process-operator.io/request": name,
        "process-operator.io/request-uid": uid,
        "process-operator.io/run": job["metadata"]["name"],
        "velero.io/exclude-from-backup": "true",
    }
    assert job["metadata"]["annotations"]["note"] == "kept"
    assert "process-operator.io/paused" not in job["metadata"]["annotations"]
    pod = job["spec"]["template"]["metadata"]
    assert pod["labels"]["app"] == "close"
    assert pod["labels"]["process-operator.io/request"] == name
    assert pod["annotations"] == {"scrape": "yes"}
    succeeds(cluster, name, place)


def test_the_longest_name_works_through_to_run_and_cronjob(cluster: Kubectl, place: str) -> None:
    long = "n" * 60
    assert cluster.apply(request(f"{long}-01", immediately()), place).ok
    assert cluster.apply(request(f"{long}-02", **daily()), place).ok
    assert not cluster.apply(request("n" * 253, immediately()), place).ok
    succeeds(cluster, f"{long}-01", place)
    cronjob = cluster.wait_until(
        lambda: cluster.objects("cronjob", place, labels=f"process-operator.io/request={long}-02"),
        what="its CronJob is there",
        namespace=place,
    )[0]
    assert len(cronjob["metadata"]["name"]) == 52
    # Its tick, as the controller would make it: the longest name that there is.
    job = f"{cronjob['metadata']['name']}-29746440"
    cluster.run("create", "job", job, f"--from=cronjob/{cronjob['metadata']['name']}", "--namespace", place)
    assert cluster.wait("prun", job, place, "create").ok
    assert cluster.wait("prun", job, place, "condition=Complete").ok


def test_a_process_that_is_mended_heals_its_requests(cluster: Kubectl, place: str) -> None:
    process_name, name = f"p-{secrets.token_hex(4)}", new_name()
    assert cluster.apply(process(process_name, jobTemplate=template({"imagee": IMAGE})["jobTemplate"]), place).ok
    assert cluster.apply(request(name, immediately(), **uses(process_name)), place).ok
    status = cluster.wait_until(lambda: rejection(cluster, name, place), what="it is rejected", namespace=place)
    message = conditions(status)["Accepted"]["message"]
    assert message.startswith(
        f"Process {process_name}: spec.jobTemplate: the API server rejects the Job: strict decoding"
    )
    assert cluster.apply(process(process_name), place).ok
    cluster.wait_until(lambda: in_force(cluster, name, place), what="it is healed", namespace=place)
    cluster.wait_until(lambda: has_job(cluster, name, place), what="it runs", namespace=place)


def test_the_operator_never_restarted(operator: OperatorProcess) -> None:
    assert "a loop ended" not in operator.log()
