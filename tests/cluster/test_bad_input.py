"""Reports about a manifest that the API server accepts and the operator does not, and the recovery after a correction.

Each one is the condition Accepted=False and an Event, in words that name the field. A better manifest puts the request
into force. `test_refused_at_apply.py` has the rejections of the API server. `test_bad_surroundings.py` has the effects of
quotas, missing processes and deleted namespaces on a good manifest.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tests.cluster.manifests import IMAGE, immediately, job_template, later, process, request, schedule

from process_operator.resources.names import LABEL_REQUEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.kubectl import Kubectl
    from tests.cluster.operator_process import OperatorProcess

Manifest = dict[str, Any]

SCHEDULE = "spec.timing.schedule"
CRON = f"{SCHEDULE}.cron"
CONTAINERS = "spec.template.spec.containers"
POD = f"spec.jobTemplate.{CONTAINERS.removesuffix('.containers')}"
SERVER = "spec.jobTemplate: the API server rejects the Job: "


def cron(text: str, **fields: object) -> Manifest:
    return {"timing": schedule(cron=text, **fields)}


def daily(**fields: object) -> Manifest:
    return {"timing": schedule(daily={"at": "02:00"}, **fields)}


def template(container: Manifest | None = None, *, pod: Manifest | None = None, **job: object) -> Manifest:
    """A Job template whose container, pod or Job has these fields; a field that is None is left out."""
    made = job_template()
    made["spec"].update(job)
    spec = made["spec"]["template"]["spec"]
    merged = {**spec["containers"][0], **(container or {})}
    spec["containers"] = [{name: value for name, value in merged.items() if value is not None}]
    spec.update(pod or {})
    return {"jobTemplate": made}


def uses(name: str, **parameters: str) -> Manifest:
    return {
        "process": {"name": name},
        "parameters": [{"name": parameter, "value": value} for parameter, value in parameters.items()],
    }


PROCESSES = [
    process("with-parameters", parameters=[{"name": "LEDGER", "required": True}, {"name": "PERIOD", "default": "1"}]),
    process("without-parameters"),
    process("of-steps", steps=[{"name": "one", "process": {"name": "without-parameters"}}], jobTemplate=None),
    process("of-groups", steps=[{"name": "one", "process": {"name": "of-steps"}}], jobTemplate=None),
    process("of-nothing", steps=[{"name": "one", "process": {"name": "nowhere"}}], jobTemplate=None),
    process("of-parameters", steps=[{"name": "one", "process": {"name": "with-parameters"}}], jobTemplate=None),
    process("of-ledgers", steps=[{"name": "one", "process": {"name": "one-at-a-time"}}], jobTemplate=None),
    process("one-at-a-time", concurrencyPolicy="Forbid"),
    process("managed-elsewhere", jobTemplate=job_template(managedBy="example.com/other")),
]

REFUSED = [
    # Time zones
    pytest.param(
        daily(timeZone="Europe/Madird"),
        "InvalidTimeZone",
        f"{SCHEDULE}.timeZone: 'Europe/Madird' is not a time zone",
        id="a time zone with a slip",
    ),
    pytest.param(
        daily(timeZone="europe/madrid"),
        "InvalidTimeZone",
        "did you mean Europe/Madrid?",
        id="a time zone in small letters",
    ),
    pytest.param(
        daily(timeZone="Mars/Olympus"), "InvalidTimeZone", f"{SCHEDULE}.timeZone", id="a time zone of nowhere"
    ),
    # Cron
    pytest.param(cron("0 2 * *"), "InvalidSchedule", f"{CRON}: 4 fields, but 5 are needed", id="four fields"),
    pytest.param(cron("61 * * * *"), "InvalidSchedule", f"{CRON}: minute '61': 61 is out of range", id="minute 61"),
    pytest.param(cron("0 0 * * 7"), "InvalidSchedule", "Sunday is 0; write 0", id="weekday 7"),
    pytest.param(
        cron("@every 5m"),
        "InvalidSchedule",
        f"{CRON}: @every is not allowed here; use minutely: {{every: 5}}",
        id="@every",
    ),
    pytest.param(
        cron("TZ=Europe/Madrid 0 0 * * *"),
        "InvalidSchedule",
        f"{CRON}: TZ= is not allowed here; set {SCHEDULE}.timeZone",
        id="a time zone inside of the expression",
    ),
    pytest.param(cron("every day at two"), "InvalidSchedule", f"{CRON}: 4 fields", id="plain English"),
    pytest.param(
        cron("@Daily"), "InvalidSchedule", f"{CRON}: '@Daily' is not in lower case; write @daily", id="@Daily"
    ),
    pytest.param(
        cron("a\x1b[31mb 0 * * *"), "InvalidSchedule", r"minute 'a\x1b[31mb'", id="an escape sequence, shown harmless"
    ),
    pytest.param(
        cron("H(20-10) 2 * * *"),
        "InvalidSchedule",
        f"{CRON}: minute 'H(20-10)': the range",
        id="H in a range backwards",
    ),
    pytest.param(
        cron("0 0 12 * * *"),
        "InvalidSchedule",
        f"{CRON}: 6 fields are the Quartz form, seconds first: exactly one of day of month and weekday must be ?",
        id="seconds without a question mark",
    ),
    pytest.param(
        cron("0 0 12 ? * FRI,MON#1"), "InvalidSchedule", f"{CRON}: weekday 'FRI,MON#1'", id="a first Monday in a list"
    ),
    pytest.param(cron("0 0 12 L * ? 2020"), "NeverFires", f"{CRON}: there is no such time", id="years that are over"),
    pytest.param(
        {"timing": schedule(cron="0 0 12 * * ?"), "engine": "CronJob"},
        "Unsupported",
        f"{CRON}: a CronJob reads 5 fields",
        id="a CronJob for the Quartz form",
    ),
    pytest.param(cron("0 0 31 2 *"), "NeverFires", f"{CRON}: there is no such time", id="31 February"),
    pytest.param(
        daily(startTime="2027-01-01T03:00:00Z", finishTime="2027-01-02T01:00:00Z"),
        "NeverFires",
        f"{SCHEDULE}.finishTime",
        id="a finishTime before the first tick",
    ),
    pytest.param(
        daily(finishTime="2020-01-01T00:00:00Z"), "NeverFires", f"{SCHEDULE}.finishTime", id="a finishTime in the past"
    ),
    # In the schema, but not in this release
    pytest.param(
        daily(exclude=["1970-01-01/2199-12-31"]), "NeverFires", f"{SCHEDULE}.exclude", id="all dates that there are"
    ),
    *[
        pytest.param(
            {**daily(**{name: value}), "engine": "CronJob"},
            "Unsupported",
            f"{SCHEDULE}.{name}",
            id=f"a CronJob with {name}",
        )
        for name, value in (("jitter", "5m"), ("exclude", ["2027-12-25"]), ("maxRuns", 3))
    ],
    pytest.param(
        {**daily(), "catchUp": "All", "engine": "CronJob"}, "Unsupported", "spec.catchUp", id="catchUp All of a CronJob"
    ),
    pytest.param(
        uses("of-groups"),
        "Unsupported",
        'Process of-groups: spec.steps[0].process.name: step "one": Process of-steps has steps itself',
        id="a step that has steps",
    ),
    pytest.param(
        uses("of-ledgers"),
        "Unsupported",
        'Process of-ledgers: spec.steps[0].process.name: step "one": Process one-at-a-time has concurrencyPolicy',
        id="a step whose process has a policy",
    ),
    pytest.param(
        uses("of-parameters"),
        "ParameterMissing",
        'Process of-parameters: spec.steps[0] (step "one"): Process with-parameters requires LEDGER',
        id="a parameter that a step requires",
    ),
    pytest.param(
        uses("of-steps", LEDGER="main"),
        "ParameterUnknown",
        "spec.parameters[0].name: neither Process of-steps nor one of its steps declares",
        id="a parameter that no step declares",
    ),
    pytest.param(
        {**uses("of-steps"), **daily(), "engine": "CronJob"},
        "Unsupported",
        "spec.engine: CronJob is not possible: spec.process: a CronJob makes one Job",
        id="a CronJob for steps",
    ),
    pytest.param(
        {**uses("one-at-a-time"), **daily(), "engine": "CronJob"},
        "Unsupported",
        "spec.engine: CronJob is not possible: Process one-at-a-time: spec.concurrencyPolicy",
        id="a CronJob of a process that forbids overlap",
    ),
    # Engine CronJob where it cannot be
    pytest.param(
        {"timing": schedule(secondly={"every": 5}), "engine": "CronJob"},
        "Unsupported",
        f"spec.engine: CronJob is not possible: {SCHEDULE}.secondly",
        id="a CronJob every 5 seconds",
    ),
    pytest.param(
        {"timing": schedule(minutely={"every": 7}), "engine": "CronJob"},
        "Unsupported",
        f"{SCHEDULE}.minutely",
        id="a CronJob every 7 minutes",
    ),
    pytest.param(
        {"timing": schedule(daily={"at": "02:30"}, timeZone="Europe/Madrid"), "engine": "CronJob"},
        "Unsupported",
        f"{SCHEDULE}.daily: around the clock change",
        id="a CronJob in the hour that the clocks leave out",
    ),
    pytest.param(
        {**daily(), "engine": "CronJob", "concurrencyPolicy": "Queue"},
        "Unsupported",
        "spec.concurrencyPolicy: a CronJob has no Queue",
        id="a CronJob with a queue",
    ),
    pytest.param(
        {**daily(), "engine": "CronJob", "startingDeadlineSeconds": 5},
        "Unsupported",
        "spec.startingDeadlineSeconds",
        id="a CronJob with a deadline that it does not keep",
    ),
    pytest.param(
        {**daily(), "engine": "CronJob", **template({"args": ["$(PROCESS_SCHEDULED_TIME)"]})},
        "Unsupported",
        "spec.jobTemplate: a CronJob cannot provide PROCESS_SCHEDULED_TIME",
        id="a CronJob that is asked for the scheduled time",
    ),
    pytest.param({"engine": "CronJob"}, "Unsupported", "spec.engine: CronJob", id="a CronJob for a single run"),
    pytest.param(
        {"timing": later(after="1h"), "engine": "CronJob"}, "Unsupported", "spec.engine", id="a CronJob for later"
    ),
    # Parameters
    pytest.param(
        uses("with-parameters", PERIOD="2"),
        "ParameterMissing",
        "spec.parameters: Process with-parameters requires LEDGER",
        id="a required parameter that is missing",
    ),
    pytest.param(
        uses("with-parameters", LEDGER="main", LEGDER="main"),
        "ParameterUnknown",
        'spec.parameters[1].name: Process with-parameters declares no parameter "LEGDER"; declared: LEDGER, PERIOD',
        id="a parameter that is not declared",
    ),
    pytest.param(
        uses("without-parameters", LEDGER="main"), "ParameterUnknown", "declared: none", id="one where none is declared"
    ),
    pytest.param(
        {"parameters": [{"name": "A", "value": "a\0b"}]},
        "TemplateRejected",
        "spec.parameters[0].value: an environment variable cannot hold a NUL",
        id="a value with a NUL character",
    ),
    # Templates, in the words of the API server
    pytest.param(
        template({"imagee": "x"}),
        "TemplateRejected",
        f'{SERVER}strict decoding error: unknown field "{CONTAINERS}[0].imagee"',
        id="an unknown field",
    ),
    pytest.param(
        template({"image": None}), "TemplateRejected", f"{SERVER}{CONTAINERS}[0].image: Required value", id="no image"
    ),
    pytest.param(
        template({"image": 5}),
        "TemplateRejected",
        "cannot unmarshal number into Go struct field Container.spec.template.spec.containers.image of type string",
        id="an image that is a number",
    ),
    pytest.param(
        {"jobTemplate": {**job_template(), "metadata": {"labels": {"team": "two words"}}}},
        "TemplateRejected",
        f'{SERVER}metadata.labels: Invalid value: "two words"',
        id="a label with a blank",
    ),
    # Templates whose shape only the operator can judge, because it puts something in
    pytest.param(
        template({"env": "A=b"}), "TemplateRejected", f"{POD}.containers[0].env: must be a list", id="env as text"
    ),
    pytest.param(
        template({"env": ["A=b"]}),
        "TemplateRejected",
        f"{POD}.containers[0].env[0]: must be an object",
        id="env of texts",
    ),
    pytest.param(
        template({"env": [{"name": ["A"]}]}), "TemplateRejected", "env[0].name: must be a string", id="env of a list"
    ),
    pytest.param(
        template(pod={"initContainers": {"name": "a"}}),
        "TemplateRejected",
        f"{POD}.initContainers: must be a list, not an object",
        id="init containers as an object",
    ),
    pytest.param(
        {"jobTemplate": {**job_template(), "metadata": {"labels": ["a"]}}},
        "TemplateRejected",
        "spec.jobTemplate.metadata.labels: must be an object, not a list",
        id="labels as a list",
    ),
    pytest.param(
        template(ttlSecondsAfterFinished="1h"),
        "TemplateRejected",
        "spec.jobTemplate.spec.ttlSecondsAfterFinished: must be a whole number of seconds",
        id="a time to live as text",
    ),
    pytest.param(
        template(suspend=True), "TemplateRejected", "spec.jobTemplate.spec.suspend: true is not allowed", id="suspended"
    ),
    pytest.param(
        template(managedBy="example.com/other"),
        "TemplateRejected",
        "spec.jobTemplate.spec.managedBy: not allowed",
        id="managed elsewhere",
    ),
    pytest.param(
        uses("managed-elsewhere"),
        "TemplateRejected",
        "Process managed-elsewhere: spec.jobTemplate.spec.managedBy",
        id="a process that is managed elsewhere",
    ),
]

TAKEN = [
    pytest.param(
        template(manualSelector=True, selector={"matchLabels": {"a": "b"}}), id="a selector by hand, left out"
    ),
    pytest.param({"startingDeadlineSeconds": 2**63 - 1}, id="a deadline of 292 billion years"),
    pytest.param({"timing": later(after="1s"), "startingDeadlineSeconds": 2**63 - 1}, id="the same for later"),
    pytest.param(template({"env": None}, pod={"initContainers": None}), id="nulls where lists may be"),
    pytest.param(
        {"parameters": [{"name": "A", "value": '\'"`$(id)\\ \n\t\x01\x1b[31m {"a": [1]}'}]}, id="a wild value"
    ),
]


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


def conditions(status: Manifest) -> dict[str, Manifest]:
    return {condition["type"]: condition for condition in status.get("conditions", [])}


def refusal(cluster: Kubectl, name: str, namespace: str) -> Manifest:
    """The status of a request once the operator has said no to what is there now."""
    found = cluster.get("preq", name, namespace)
    status: Manifest = found.get("status", {})
    return status if is_refused(found) else {}


def is_refused(found: Manifest) -> bool:
    """Whether the operator has said no to what is there now."""
    status: Manifest = found.get("status", {})
    seen = status.get("observedGeneration") == found["metadata"]["generation"]
    return bool(seen and conditions(status)["Accepted"]["status"] == "False")


def in_force(cluster: Kubectl, name: str, namespace: str) -> Manifest:
    """The status of a request once what is there now is accepted."""
    found = cluster.get("preq", name, namespace)
    status: Manifest = found.get("status", {})
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
class Refusals:
    """What became of all requests that are refused: applied at once, judged, and then mended at once."""

    answer: str
    """What kubectl said to the apply."""
    statuses: dict[str, Manifest] = field(default_factory=dict)
    """By name, once the operator has said no."""
    events: dict[str, Manifest] = field(default_factory=dict)
    with_job: set[str] = field(default_factory=set)
    """Those that had a Job in spite of that."""


def names_of_rows() -> list[str]:
    return [f"refused-{number}" for number in range(len(REFUSED))]


@pytest.fixture(scope="module")
def refusals(cluster: Kubectl, place: str) -> Refusals:
    patches: list[Any] = [param.values[0] for param in REFUSED]
    rows = dict(zip(names_of_rows(), patches, strict=True))
    wrong = [request(name, **{"timing": immediately(), **patch}) for name, patch in rows.items()]
    found = Refusals(apply_all(cluster, place, wrong))

    def all_are_told() -> bool:
        for event in cluster.objects("event", place, fields="involvedObject.kind=ProcessRequest,reason=NotAccepted"):
            found.events.setdefault(event["involvedObject"]["name"], event)
        for item in cluster.objects("preq", place):
            if is_refused(item):
                found.statuses.setdefault(item["metadata"]["name"], item["status"])
        return found.statuses.keys() >= rows.keys() and found.events.keys() >= rows.keys()

    # A row that is not refused is for its own test to tell.
    with contextlib.suppress(pytest.fail.Exception):
        cluster.wait_until(all_are_told, what="all are refused", namespace=place)
    found.with_job = {job["metadata"]["labels"].get(LABEL_REQUEST, "") for job in cluster.objects("job", place)}
    # No pod is made of these.
    mended = [request(name, immediately(), jobTemplate=job_template(completions=0)) for name in rows]
    apply_all(cluster, place, mended)
    return found


def apply_all(cluster: Kubectl, namespace: str, manifests: list[Manifest]) -> str:
    items = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
    return cluster.ask("apply", "--namespace", namespace, "--filename", "-", stdin=items).message


@pytest.mark.parametrize(
    ("name", "reason", "words"),
    [
        pytest.param(name, *param.values[1:], id=str(param.id))
        for name, param in zip(names_of_rows(), REFUSED, strict=True)
    ],
)
def test_refused_in_words_and_healed_by_an_apply(
    cluster: Kubectl, place: str, refusals: Refusals, name: str, reason: str, words: str
) -> None:
    assert cluster.find("preq", name, place), f"the API server itself refuses it: {refusals.answer}"
    status = refusals.statuses.get(name)
    assert status is not None, cluster.get("preq", name, place)
    said = conditions(status)
    assert (said["Accepted"]["reason"], words in said["Accepted"]["message"]) == (reason, True), said["Accepted"]
    assert {kind: said[kind]["status"] for kind in ("Accepted", "Ready", "Stalled")} == {
        "Accepted": "False",
        "Ready": "False",
        "Stalled": "True",
    }
    assert status["phase"] == "Invalid"
    event = refusals.events[name]
    assert (event["type"], event["message"]) == ("Warning", f"{reason}: {said['Accepted']['message']}")
    assert name not in refusals.with_job

    status = cluster.wait_until(lambda: in_force(cluster, name, place), what="it is healed", namespace=place)
    assert conditions(status)["Stalled"]["status"] == "False"
    assert conditions(status)["Ready"]["status"] == "True"
    cluster.wait_until(lambda: has_job(cluster, name, place), what="it runs", namespace=place)


@pytest.mark.parametrize("patch", TAKEN)
def test_taken_and_run(cluster: Kubectl, place: str, patch: Manifest) -> None:
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
    cluster.wait_until(lambda: refusal(cluster, name, place), what="it is refused", namespace=place)
    assert cluster.apply(request(name, **cron("0 25 * * *")), place).ok
    status = cluster.wait_until(lambda: refusal(cluster, name, place), what="the second is too", namespace=place)
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


def test_restart_policy_always_is_refused_at_apply(cluster: Kubectl, place: str) -> None:
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
    status = cluster.wait_until(lambda: refusal(cluster, name, place), what="it is refused", namespace=place)
    message = conditions(status)["Accepted"]["message"]
    assert message.startswith(
        f"Process {process_name}: spec.jobTemplate: the API server rejects the Job: strict decoding"
    )
    assert cluster.apply(process(process_name), place).ok
    cluster.wait_until(lambda: in_force(cluster, name, place), what="it is healed", namespace=place)
    cluster.wait_until(lambda: has_job(cluster, name, place), what="it runs", namespace=place)


def test_the_operator_never_restarted(operator: OperatorProcess) -> None:
    assert "a loop ended" not in operator.log()
