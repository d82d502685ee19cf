"""Manifests that the API server accepts and the operator does not, with the reason and the words of the rejection.

Neighbour: `test_bad_input.py` applies them, and `tests/unit/resources/test_validation.py` judges them without a cluster.
"""

from __future__ import annotations

import pytest
from tests.builders.objects import Object
from tests.cluster.manifests import job_template, later, process, schedule

SCHEDULE = "spec.timing.schedule"
CRON = f"{SCHEDULE}.cron"
CONTAINERS = "spec.template.spec.containers"
POD = f"spec.jobTemplate.{CONTAINERS.removesuffix('.containers')}"
SERVER = "spec.jobTemplate: the API server rejects the Job: "


def cron(text: str, **fields: object) -> Object:
    return {"timing": schedule(cron=text, **fields)}


def daily(**fields: object) -> Object:
    return {"timing": schedule(daily={"at": "02:00"}, **fields)}


def template(container: Object | None = None, *, pod: Object | None = None, **job: object) -> Object:
    """A Job template whose container, pod or Job has these fields; a field that is None is left out."""
    made = job_template()
    made["spec"].update(job)
    spec = made["spec"]["template"]["spec"]
    merged = {**spec["containers"][0], **(container or {})}
    spec["containers"] = [{name: value for name, value in merged.items() if value is not None}]
    spec.update(pod or {})
    return {"jobTemplate": made}


def uses(name: str, **parameters: str) -> Object:
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

REJECTED = [
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
