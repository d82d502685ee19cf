"""Rejections by the API server itself: at once, with the name of the field and the allowed values.

The rules stand beside the models in `process_operator/resources`; here a real API server reads them. Each table also has
good values, which would expose a rule that rejects everything. kubectl applies Processes and backfills, as a user does.
The tests send the many others directly to the server that kubectl asks, because a process for each takes too long.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from process_operator.resources.names import API_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cluster.kubectl import Kubectl

Patch = dict[str, Any]

CONTAINER = {"name": "main", "image": "busybox"}
TEMPLATE: Patch = {"spec": {"template": {"spec": {"containers": [CONTAINER]}}}}
SHORTEST: Mapping[str, Patch] = {
    "Process": {"jobTemplate": TEMPLATE},
    "ProcessRequest": {"process": {"name": "close-day"}, "timing": {"runImmediately": {}}},
    "ProcessRun": {"request": {"name": "nightly-close"}},
    "ProcessBackfill": {
        "request": {"name": "nightly-close"},
        "from": "2027-01-01T00:00:00Z",
        "to": "2027-01-31T23:59:59Z",
    },
}


def merged(base: Patch, patch: Patch) -> Patch:
    """JSON merge patch (RFC 7386): a null removes."""
    result = {key: value for key, value in base.items() if key not in patch}
    for key, value in patch.items():
        before = base.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            result[key] = merged(before, value)
        elif value is not None:
            result[key] = value
    return result


def manifest(kind: str, patch: Patch) -> Patch:
    """The shortest object of the kind with the patch on its spec, under a name of its own."""
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": f"{kind.lower()}-{secrets.token_hex(4)}"},
        "spec": merged(SHORTEST[kind], patch),
    }


def timing(**value: object) -> Patch:
    return {"timing": {"runImmediately": None, **value}}


def later(**value: object) -> Patch:
    return timing(runLater=value)


def schedule(**value: object) -> Patch:
    return timing(schedule=value)


def daily(**value: object) -> Patch:
    """A daily schedule with more beside it."""
    return schedule(daily={"at": "02:30"}, **value)


def monthly(**value: object) -> Patch:
    return schedule(monthly={"at": "02:30", **value})


def weekly(**value: object) -> Patch:
    return schedule(weekly={"at": "02:30", **value})


def template(pod: object) -> Patch:
    """A Job template in place of a Process."""
    return {"process": None, "jobTemplate": {"spec": {"template": {"spec": pod}}}}


def parameter(**value: object) -> Patch:
    return {"parameters": [value]}


def step(name: str = "first") -> Patch:
    return {"name": name, "process": {"name": "close-day"}}


AN_AT = "must be a time of day with two digits for each part"
A_DURATION = "must be up to four whole numbers with the units h, m, s or ms, such as 90s or 1h30m; a day is 24h"
AN_INSTANT = "must be an RFC 3339 timestamp with a zone, from 1970 to 2199, such as 2027-01-31T02:30:00Z"
A_ZONE = "must be a name of the IANA time zone database, such as Europe/Madrid or America/New_York"
ONE_TIMING = "exactly one of runImmediately (written as runImmediately: {}), runLater and schedule must be set"
ONE_FREQUENCY = "exactly one of secondly, minutely, hourly, daily, weekly, monthly and cron must be set"
ONE_SOURCE = "exactly one of process and jobTemplate must be set"

BAD_PROCESSES = [
    pytest.param({"steps": [step()]}, "spec", "exactly one of jobTemplate and steps", id="a template and steps"),
    pytest.param({"jobTemplate": None}, "spec", "exactly one of jobTemplate and steps", id="no template, no steps"),
    pytest.param({"jobTemplate": None, "steps": []}, "spec.steps", "at least 1 items", id="a list of no steps"),
    pytest.param(
        {"jobTemplate": None, "steps": [step(), step()]}, "spec.steps[1]", "Duplicate value", id="two steps of one name"
    ),
    pytest.param(
        {"jobTemplate": None, "steps": [step("First_Step")]},
        "spec.steps[0].name",
        "must be lower-case letters, digits and -",
        id="a step in capitals",
    ),
    pytest.param(
        {"jobTemplate": None, "steps": [step("a" * 21)]},
        "spec.steps[0].name",
        "may not be more than 20",
        id="a long step",
    ),
    pytest.param(
        {"stopOnFailure": False}, "spec.stopOnFailure", "may only be set with steps", id="stopOnFailure without steps"
    ),
    pytest.param(
        {"concurrencyPolicy": "Sometimes"},
        "spec.concurrencyPolicy",
        'supported values: "Allow", "Forbid", "Queue"',
        id="a policy that does not exist",
    ),
    pytest.param(
        {"concurrencyPolicy": "Replace"},
        "spec.concurrencyPolicy",
        'supported values: "Allow", "Forbid", "Queue"',
        id="Replace over the runs of all requests",
    ),
    pytest.param(
        parameter(name="LEDGER", required=True, default="main"),
        "spec.parameters[0].default",
        "a required parameter cannot have a default",
        id="a required parameter with a default",
    ),
    pytest.param(
        parameter(name="PROCESS_RUN"), "spec.parameters[0].name", "must not begin with PROCESS_", id="a reserved name"
    ),
    *(
        pytest.param(
            parameter(name="LEDGER", pattern=pattern),
            "spec.parameters[0].pattern",
            "must be a regular expression in the syntax of RE2",
            id=f"a pattern with {words}",
        )
        for pattern, words in (
            ("(", "an open group"),
            ("a)|(b", "groups the wrong way round"),
            ("(?=a)", "a look-ahead"),
            (r"(a)\1", "a back reference"),
            ("a{1001}", "a thousand and one repetitions"),
        )
    ),
    pytest.param(
        parameter(name="LEDGER", pattern="a" * 81), "spec.parameters[0].pattern", "more than 80", id="a long pattern"
    ),
    pytest.param(
        parameter(name="LEDGER", pattern="a*", default="a" * 257),
        "spec.parameters[0].default",
        "must have at most 256 characters, because the parameter has a pattern",
        id="a default that is too long for a pattern",
    ),
    pytest.param(
        parameter(name="LEDGER", enum=["main", "tax"], default="Main"),
        "spec.parameters[0].default",
        "must be one of the values of enum",
        id="a default that is not in the enum",
    ),
    pytest.param(
        parameter(name="LEDGER", enum=["main"], pattern="main"),
        "spec.parameters[0].pattern",
        "enum and pattern cannot both be set",
        id="an enum and a pattern",
    ),
    pytest.param(
        parameter(name="LEDGER", enum=[]), "spec.parameters[0].enum", "at least 1 items", id="an enum of nothing"
    ),
    pytest.param(
        parameter(name="LEDGER", enum=["a", "a"]),
        "spec.parameters[0].enum[1]",
        "Duplicate value",
        id="an enum with one twice",
    ),
    pytest.param(
        parameter(name="LEDGER", enum=["x" * 257]),
        "spec.parameters[0].enum[0]",
        "more than 256",
        id="a long value of an enum",
    ),
    pytest.param(
        parameter(name="MY-NAME"),
        "spec.parameters[0].name",
        "must be the name of an environment variable",
        id="a name with a dash",
    ),
    pytest.param(
        {"parameters": [{"name": f"P{n}"} for n in range(65)]},
        "spec.parameters",
        "at most 64 items",
        id="65 parameters",
    ),
]

BAD_REQUESTS = [
    # What to run
    pytest.param({"jobTemplate": TEMPLATE}, "spec", ONE_SOURCE, id="both process and jobTemplate"),
    pytest.param({"process": None}, "spec", ONE_SOURCE, id="neither process nor jobTemplate"),
    pytest.param({"process": {"name": ""}}, "spec.process.name", "at least 1 chars", id="a process without a name"),
    pytest.param({"process": {"name": "p" * 64}}, "spec.process.name", "more than 63", id="a process of a long name"),
    pytest.param(
        template({}),
        "spec.jobTemplate.spec.template.spec.containers",
        "Required value",
        id="a template without containers",
    ),
    pytest.param(
        template({"containers": []}),
        "spec.jobTemplate.spec.template.spec.containers",
        "at least 1 items",
        id="a template with an empty list of containers",
    ),
    pytest.param(
        template({"containers": [CONTAINER, CONTAINER]}),
        "spec.jobTemplate.spec.template.spec.containers[1]",
        "Duplicate value",
        id="two containers of one name",
    ),
    pytest.param(
        template({"containers": [CONTAINER], "restartPolicy": "Always"}),
        "spec.jobTemplate.spec.template.spec.restartPolicy",
        'supported values: "Never", "OnFailure"',
        id="a template that restarts always",
    ),
    pytest.param(
        parameter(name="A", value=5), "spec.parameters[0].value", "must be of type string", id="a bare number"
    ),
    pytest.param(parameter(name="A"), "spec.parameters[0].value", "Required value", id="a parameter without a value"),
    pytest.param(
        parameter(name="PROCESS_RUN", value="x"),
        "spec.parameters[0].name",
        "must not begin with PROCESS_",
        id="a value for a reserved name",
    ),
    # When
    pytest.param({"timing": None}, "spec.timing", "Required value", id="no timing"),
    pytest.param(timing(), "spec.timing", ONE_TIMING, id="a timing of nothing"),
    pytest.param({"timing": {"runLater": {"after": "5m"}}}, "spec.timing", ONE_TIMING, id="two timings"),
    pytest.param({"timing": {"runLatter": {}}}, "spec.timing.runLatter", "unknown field", id="a timing misspelt"),
    pytest.param(schedule(), "spec.timing.schedule", ONE_FREQUENCY, id="a schedule without a frequency"),
    pytest.param(daily(cron="@daily"), "spec.timing.schedule", ONE_FREQUENCY, id="a schedule with two frequencies"),
    # Run Later
    pytest.param(later(), "spec.timing.runLater", "exactly one of startTime and after", id="later, but not when"),
    pytest.param(
        later(startTime="2027-01-01T00:00:00Z", after="5m"),
        "spec.timing.runLater",
        "exactly one of startTime and after",
        id="later by an instant and by a delay",
    ),
    pytest.param(
        later(after="5m", endTime="2027-01-01T00:00:00Z", within="5m"),
        "spec.timing.runLater",
        "at most one of endTime and within",
        id="an end by an instant and by a length",
    ),
    pytest.param(
        later(startTime="2027-01-01T00:00:00Z", endTime="2027-01-01T00:00:00Z"),
        "spec.timing.runLater.endTime",
        "endTime must be after startTime",
        id="an end at the start",
    ),
    pytest.param(later(after="0s"), "spec.timing.runLater.after", "must be longer than 0s", id="a delay of nothing"),
    pytest.param(later(after="2 weeks"), "spec.timing.runLater.after", A_DURATION, id="a delay of two weeks"),
    pytest.param(later(after="PT15M"), "spec.timing.runLater.after", A_DURATION, id="a delay as ISO 8601"),
    pytest.param(later(after="-5m"), "spec.timing.runLater.after", A_DURATION, id="a negative delay"),
    pytest.param(later(startTime="2027-01-01"), "spec.timing.runLater.startTime", AN_INSTANT, id="a date as a start"),
    pytest.param(
        later(startTime="2027-01-01T00:00:00"),
        "spec.timing.runLater.startTime",
        AN_INSTANT,
        id="a start without a zone",
    ),
    pytest.param(
        later(startTime="2027-01-01t00:00:00z"),
        "spec.timing.runLater.startTime",
        AN_INSTANT,
        id="a start in lower case",
    ),
    pytest.param(
        later(startTime="2027-01-01T00:00:00,5Z"),
        "spec.timing.runLater.startTime",
        AN_INSTANT,
        id="a decimal comma",
    ),
    pytest.param(
        later(startTime="2027-01-01T00:00:00.0000001Z"),
        "spec.timing.runLater.startTime",
        AN_INSTANT,
        id="a start in nanoseconds",
    ),
    pytest.param(
        later(startTime="2027-01-01T00:00:00+24:00"),
        "spec.timing.runLater.startTime",
        AN_INSTANT,
        id="a day of offset",
    ),
    pytest.param(
        later(startTime="2200-01-01T00:00:00Z"),
        "spec.timing.runLater.startTime",
        AN_INSTANT,
        id="a start in 2200",
    ),
    pytest.param(
        later(startTime="1970-01-01T00:00:00+01:00"),
        "spec.timing.runLater.startTime",
        "must be in the years 1970 to 2199 (UTC)",
        id="a start before 1970 in UTC",
    ),
    # Schedule
    pytest.param(
        schedule(secondly={"every": 0}),
        "spec.timing.schedule.secondly.every",
        "greater than or equal to 1",
        id="every 0 s",
    ),
    pytest.param(
        schedule(minutely={"every": 86_401}),
        "spec.timing.schedule.minutely.every",
        "less than or equal to 86400",
        id="every 86,401 minutes",
    ),
    pytest.param(
        schedule(hourly={}), "spec.timing.schedule.hourly.every", "Required value", id="hourly, but how often"
    ),
    pytest.param(schedule(daily={"at": "25:00"}), "spec.timing.schedule.daily.at", AN_AT, id="at 25:00"),
    pytest.param(schedule(daily={"at": "24:00"}), "spec.timing.schedule.daily.at", AN_AT, id="at 24:00"),
    pytest.param(schedule(daily={"at": "2:30"}), "spec.timing.schedule.daily.at", AN_AT, id="an hour of one digit"),
    pytest.param(
        schedule(daily={"at": 750}), "spec.timing.schedule.daily.at", "of type string", id="a bare time of day"
    ),
    pytest.param(
        schedule(daily={"at": "02:30", "every": 2, "days": "Weekdays"}),
        "spec.timing.schedule.daily",
        "at most one of every and days",
        id="every second weekday",
    ),
    pytest.param(weekly(), "spec.timing.schedule.weekly.days", "Required value", id="weekly without days"),
    pytest.param(weekly(days=[]), "spec.timing.schedule.weekly.days", "at least 1 items", id="weekly on no day"),
    pytest.param(
        weekly(days=["Monday", "Monday"]), "spec.timing.schedule.weekly.days[1]", "Duplicate value", id="Monday twice"
    ),
    pytest.param(weekly(days=["Mon"]), "spec.timing.schedule.weekly.days[0]", "supported values", id="a day cut short"),
    pytest.param(
        weekly(days=["Monday"], every=54), "spec.timing.schedule.weekly.every", "or equal to 53", id="every 54 weeks"
    ),
    pytest.param(monthly(day=32), "spec.timing.schedule.monthly.day", "from 1 to 31, or Last", id="a day 32"),
    pytest.param(monthly(day=0), "spec.timing.schedule.monthly.day", "from 1 to 31, or Last", id="a day 0"),
    pytest.param(monthly(day="5"), "spec.timing.schedule.monthly.day", "from 1 to 31, or Last", id="a day in quotes"),
    pytest.param(monthly(day="First"), "spec.timing.schedule.monthly.day", "from 1 to 31, or Last", id="the first day"),
    pytest.param(
        monthly(), "spec.timing.schedule.monthly", "exactly one of day and weekday", id="monthly, but on no day"
    ),
    pytest.param(
        monthly(day=1, weekday={"week": "First", "day": "Monday"}),
        "spec.timing.schedule.monthly",
        "exactly one of day and weekday",
        id="monthly on a day and a weekday",
    ),
    pytest.param(
        monthly(weekday={"week": "Fifth", "day": "Monday"}),
        "spec.timing.schedule.monthly.weekday.week",
        "supported values",
        id="the fifth Monday",
    ),
    pytest.param(schedule(cron=""), "spec.timing.schedule.cron", "at least 1 chars", id="an empty expression"),
    pytest.param(
        daily(startTime="2027-01-01T00:00:00+01:00", finishTime="2026-12-31T22:59:59Z"),
        "spec.timing.schedule.finishTime",
        "finishTime must not be before startTime",
        id="a finish before the start, in another zone",
    ),
    pytest.param(daily(timeZone="Local"), "spec.timing.schedule.timeZone", "Local is not allowed", id="the zone Local"),
    pytest.param(daily(timeZone="local"), "spec.timing.schedule.timeZone", "Local is not allowed", id="the zone local"),
    pytest.param(daily(timeZone="../etc/passwd"), "spec.timing.schedule.timeZone", A_ZONE, id="a path as a zone"),
    pytest.param(daily(jitter="1500ms"), "spec.timing.schedule.jitter", "whole seconds", id="a jitter of 1.5 seconds"),
    pytest.param(daily(jitter="0s"), "spec.timing.schedule.jitter", "must be longer than 0s", id="a jitter of nothing"),
    pytest.param(
        daily(exclude=["25/12"]),
        "spec.timing.schedule.exclude[0]",
        "must be an existing date from 1970-01-01 to 2199-12-31",
        id="a date without a year",
    ),
    *[
        pytest.param(daily(exclude=["2027-12-25", text]), "spec.timing.schedule.exclude[1]", said, id=title)
        for text, said, title in (
            ("2027-02-29", "must be an existing date", "29 February of a common year"),
            ("2027-04-31/2027-05-02", "must be an existing date", "a range from 31 April"),
            ("2028-01-06/2027-12-24", "must not end before it begins", "a reversed range"),
            ("2200-01-01", "must be an existing date from 1970", "a date of the far future"),
        )
    ],
    pytest.param(
        daily(exclude=["2027-12-25"] * 367),
        "spec.timing.schedule.exclude",
        "at most 366 items",
        id="367 excluded dates",
    ),
    pytest.param(
        daily(excludeFrom=[{"configMap": {"name": "holidays"}}]),
        "spec.timing.schedule.excludeFrom[0].configMap.key",
        "Required value",
        id="a calendar without a key",
    ),
    pytest.param(daily(maxRuns=0), "spec.timing.schedule.maxRuns", "greater than or equal to 1", id="at most 0 runs"),
    # The rest of the spec
    pytest.param(
        daily() | {"ttlSecondsAfterFinished": 60},
        "spec.ttlSecondsAfterFinished",
        "may only be set with runImmediately or runLater",
        id="a schedule that deletes itself",
    ),
    pytest.param(
        {"ttlSecondsAfterFinished": -1},
        "spec.ttlSecondsAfterFinished",
        "greater than or equal to 0",
        id="a negative ttl",
    ),
    pytest.param(
        {"startingDeadlineSeconds": -1}, "spec.startingDeadlineSeconds", "or equal to 0", id="a negative deadline"
    ),
    pytest.param({"suspend": "yes"}, "spec.suspend", "must be of type boolean", id="a suspend in quotes"),
    pytest.param({"onSuspend": "Kill"}, "spec.onSuspend", '"KeepRunning", "SuspendRunning"', id="an unknown onSuspend"),
    pytest.param(
        {"concurrencyPolicy": "Wait"}, "spec.concurrencyPolicy", '"Forbid", "Replace"', id="an unknown policy"
    ),
    pytest.param({"catchUp": "None"}, "spec.catchUp", 'supported values: "Latest", "All"', id="an unknown catchUp"),
    pytest.param({"engine": "Quartz"}, "spec.engine", '"Auto", "CronJob", "Operator"', id="an unknown engine"),
    pytest.param({"history": {"failed": -1}}, "spec.history.failed", "or equal to 0", id="a negative history"),
    pytest.param({"history": {"maxAge": "30d"}}, "spec.history.maxAge", A_DURATION, id="a history of 30 days"),
    pytest.param({"log": {"tailBytes": 262_145}}, "spec.log.tailBytes", "or equal to 262144", id="a log of 257 KiB"),
    pytest.param(
        {"log": {"capture": "Sometimes"}}, "spec.log.capture", '"Always", "OnFailure"', id="an unknown capture"
    ),
]

BAD_RUNS = [
    pytest.param({"request": None}, "spec.request", "Required value", id="a run of nothing"),
    pytest.param({"request": {"name": "r" * 64}}, "spec.request.name", "more than 63", id="a run of a long name"),
    pytest.param({"trigger": "Cron"}, "spec.trigger", "supported values", id="an unknown trigger"),
    *(
        pytest.param(
            {"trigger": trigger},
            "spec.scheduledTime",
            "scheduledTime must be set",
            id=f"the trigger {trigger} without a time",
        )
        for trigger in ("Later", "Schedule", "CatchUp", "Backfill")
    ),
    pytest.param({"trigger": "Step"}, "spec.parent", "parent must be set if trigger is Step", id="a step of nothing"),
    pytest.param(
        {"parent": {"name": "close-all", "step": "ledger"}},
        "spec.parent",
        "parent must be set if trigger is Step, and only then",
        id="a manual run with a parent",
    ),
    pytest.param({"cancel": "yes"}, "spec.cancel", "must be of type boolean", id="a cancel in quotes"),
    pytest.param(
        {"trigger": "Immediate", "parameters": {"LEDGER": "tax"}},
        "spec.parameters",
        "parameters may only be set if trigger is Manual",
        id="parameters of a run that no person made",
    ),
    *(
        pytest.param(
            {"parameters": {name: "tax"}},
            "spec.parameters",
            "each name must be the name of an environment variable",
            id=f"parameters with {words}",
        )
        for name, words in (
            ("MY-NAME", "a dash in a name"),
            ("", "an empty name"),
            ("LEDGER\n", "a line break in a name"),
            ("\u202eREGDEL", "a name from right to left"),
            ("N" * 64, "a name of 64 characters"),
        )
    ),
    pytest.param(
        {"parameters": {"PROCESS_RUN": "mine"}},
        "spec.parameters",
        "must not begin with PROCESS_",
        id="parameters with a reserved name",
    ),
    pytest.param(
        {"parameters": {"LEDGER": "x" * 4097}},
        "spec.parameters.LEDGER",
        "may not be more than 4096",
        id="parameters with a long value",
    ),
    pytest.param(
        {"parameters": {"LEDGER": 7}}, "spec.parameters.LEDGER", "of type string", id="parameters with a number"
    ),
    pytest.param(
        {"parameters": {f"N{number}": "" for number in range(65)}},
        "spec.parameters",
        "must have at most 64 items",
        id="65 parameters",
    ),
    pytest.param({"parameters": ["LEDGER=tax"]}, "spec.parameters", "of type object", id="parameters as a list"),
]


def assert_names(message: str, field: str, words: str) -> None:
    """The message has a line that names the field and says what is allowed."""
    lines = [line for line in message.splitlines() if words in line]
    assert any(f"{field}:" in line or f'"{field}"' in line for line in lines), message


def assert_kubectl_refuses(cluster: Kubectl, namespace: str, wrong: Patch, *, field: str, words: str) -> None:
    answer = cluster.apply(wrong, namespace)
    assert not answer.ok, answer.message
    assert_names(answer.message, field, words)


def assert_refused(cluster: Kubectl, namespace: str, wrong: Patch, *, field: str, words: str) -> None:
    message = cluster.writer.create(wrong["kind"], wrong, namespace)
    assert message, "the server takes it"
    assert_names(message, field, words)


@pytest.mark.parametrize(("patch", "field", "words"), BAD_PROCESSES)
def test_a_process_is_refused_for(
    cluster: Kubectl, shared_namespace: str, patch: Patch, field: str, words: str
) -> None:
    assert_kubectl_refuses(cluster, shared_namespace, manifest("Process", patch), field=field, words=words)


@pytest.mark.parametrize(("patch", "field", "words"), BAD_REQUESTS)
def test_a_request_is_refused_for(
    cluster: Kubectl, shared_namespace: str, patch: Patch, field: str, words: str
) -> None:
    assert_refused(cluster, shared_namespace, manifest("ProcessRequest", patch), field=field, words=words)


@pytest.mark.parametrize(("patch", "field", "words"), BAD_RUNS)
def test_a_run_is_refused_for(cluster: Kubectl, shared_namespace: str, patch: Patch, field: str, words: str) -> None:
    assert_refused(cluster, shared_namespace, manifest("ProcessRun", patch), field=field, words=words)


@pytest.mark.parametrize(
    ("patch", "field", "words"),
    [
        pytest.param({"request": None}, "spec.request", "Required value", id="no request"),
        pytest.param({"from": None}, "spec.from", "Required value", id="no beginning"),
        pytest.param({"to": None}, "spec.to", "Required value", id="no end"),
        pytest.param({"to": "2026-12-31T23:59:59Z"}, "spec.to", "to must not be before from", id="backwards"),
        pytest.param(
            {"from": "2027-01-01T01:00:00+02:00", "to": "2026-12-31T22:59:59Z"},
            "spec.to",
            "to must not be before from",
            id="backwards in another offset",
        ),
        pytest.param({"from": "2027-01-01"}, "spec.from", AN_INSTANT, id="a date alone"),
        pytest.param({"maxActiveRuns": 0}, "spec.maxActiveRuns", "greater than or equal to 1", id="no run at a time"),
        pytest.param(
            {"maxActiveRuns": 101}, "spec.maxActiveRuns", "less than or equal to 100", id="too many at a time"
        ),
        pytest.param({"cancel": "yes"}, "spec.cancel", "boolean", id="cancel in words"),
    ],
)
def test_a_backfill_is_refused_for(
    cluster: Kubectl, shared_namespace: str, patch: Patch, field: str, words: str
) -> None:
    assert_kubectl_refuses(cluster, shared_namespace, manifest("ProcessBackfill", patch), field=field, words=words)


@pytest.mark.parametrize("length", [64, 253])
@pytest.mark.parametrize("kind", list(SHORTEST))
def test_a_long_name_is_refused(cluster: Kubectl, shared_namespace: str, kind: str, length: int) -> None:
    wrong = merged(manifest(kind, {}), {"metadata": {"name": "n" * length}})
    assert_refused(
        cluster,
        shared_namespace,
        wrong,
        field="metadata.name",
        words="metadata.name must be no more than 63 characters",
    )


GOOD = [
    pytest.param("Process", {}, id="the shortest process"),
    pytest.param("Process", {"jobTemplate": None, "steps": [step("a" * 20)], "stopOnFailure": False}, id="steps"),
    pytest.param("Process", parameter(name="LEDGER", required=True), id="a required parameter"),
    pytest.param("Process", parameter(name="MODE", required=False, default="full"), id="a default"),
    pytest.param("Process", parameter(name="MODE", enum=["", "full", "a, b"], default=""), id="an enum with a default"),
    pytest.param("Process", parameter(name="MODE", pattern=r"(?i)\Qa.b\E|\pL{2}", default="A.B"), id="a pattern"),
    pytest.param(
        "Process",
        {"parameters": [{"name": f"N{n}", "pattern": ".*(.?.?.?){74}b", "default": "y" * 256} for n in range(64)]},
        id="64 parameters with patterns whose match takes long, and which the operator rejects",
    ),
    pytest.param("ProcessRequest", {"process": {"name": "p" * 63}}, id="a process of 63 characters"),
    pytest.param("ProcessRequest", {"process": None, "jobTemplate": TEMPLATE}, id="a template of its own"),
    pytest.param(
        "ProcessRequest",
        {"process": None, "jobTemplate": TEMPLATE | {"metadata": {"creationTimestamp": None, "labels": {"a": "b"}}}},
        id="a template as kubectl create job --dry-run prints it",
    ),
    pytest.param(
        "ProcessRequest",
        template({"containers": [CONTAINER], "restartPolicy": "OnFailure", "colour": "red"}),
        id="a template with a field that nobody knows",
    ),
    pytest.param("ProcessRequest", {"ttlSecondsAfterFinished": 60}, id="a single run that deletes itself"),
    pytest.param("ProcessRequest", parameter(name="_a1", value=""), id="an empty value"),
    pytest.param("ProcessRequest", later(after="1h30m", within="250ms"), id="later by a delay"),
    pytest.param(
        "ProcessRequest",
        later(startTime="2027-01-01T00:00:00.5Z", endTime="2026-12-31T23:00:00.6-01:00"),
        id="later between two instants of different zones",
    ),
    pytest.param("ProcessRequest", schedule(secondly={"every": 86_400}), id="every 86,400 seconds"),
    pytest.param("ProcessRequest", schedule(daily={"at": "23:59:59", "days": "Weekends"}), id="at the end of the day"),
    pytest.param("ProcessRequest", weekly(days=["Sunday", "Monday"], every=53), id="every 53 weeks"),
    pytest.param("ProcessRequest", monthly(day=31), id="the 31st"),
    pytest.param("ProcessRequest", monthly(day="Last", every=120), id="the last day, every ten years"),
    pytest.param("ProcessRequest", monthly(weekday={"week": "Last", "day": "Friday"}), id="the last Friday"),
    pytest.param("ProcessRequest", schedule(cron="0 0 12 ? * MON-FRI 2027"), id="a Quartz expression"),
    pytest.param(
        "ProcessRequest",
        daily(startTime="2027-01-01T00:00:00+01:00", finishTime="2026-12-31T23:00:00Z"),
        id="a finish at the start",
    ),
    pytest.param(
        "ProcessRequest",
        daily(
            timeZone="America/Argentina/Buenos_Aires",
            jitter="1m30s",
            exclude=["2027-12-25", "2027-12-24/2028-01-06"],
            excludeFrom=[{"configMap": {"name": "holidays", "key": "spain.ics"}}],
            maxRuns=1,
        ),
        id="a schedule with everything",
    ),
    pytest.param(
        "ProcessRequest",
        {
            "suspend": True,
            "onSuspend": "CancelRunning",
            "concurrencyPolicy": "Queue",
            "startingDeadlineSeconds": 0,
            "catchUp": "All",
            "engine": "Operator",
            "history": {"successful": 0, "maxAge": "720h"},
            "log": {"capture": "Never", "tailBytes": 0, "container": "main"},
        },
        id="a spec with everything",
    ),
    pytest.param("ProcessRun", {}, id="a manual run"),
    pytest.param("ProcessRun", {"parameters": {"N" * 63: "$(x)\n" * 819}}, id="a manual run with a long parameter"),
    pytest.param("ProcessRun", {"parameters": {f"N{n}": "" for n in range(64)}}, id="a manual run with 64 parameters"),
    pytest.param("ProcessRun", {"trigger": "Immediate"}, id="an immediate run, which has no time"),
    pytest.param("ProcessRun", {"trigger": "CatchUp", "scheduledTime": "2027-01-01T00:00:00Z"}, id="a run made up for"),
    pytest.param("ProcessRun", {"trigger": "Step", "parent": {"name": "all", "step": "ledger"}}, id="a step"),
    pytest.param("ProcessBackfill", {}, id="the shortest backfill"),
    pytest.param(
        "ProcessBackfill", {"to": "2027-01-01T00:00:00Z", "maxActiveRuns": 100, "cancel": False}, id="of one instant"
    ),
]


@pytest.mark.parametrize(("kind", "patch"), GOOD)
def test_the_server_takes(cluster: Kubectl, shared_namespace: str, kind: str, patch: Patch) -> None:
    answer = cluster.apply(manifest(kind, patch), shared_namespace)
    assert answer.ok, answer.message


@pytest.mark.parametrize("kind", list(SHORTEST))
def test_a_name_of_63_characters_is_taken(cluster: Kubectl, namespace: str, kind: str) -> None:
    answer = cluster.apply(merged(manifest(kind, {}), {"metadata": {"name": "n" * 63}}), namespace)
    assert answer.ok, answer.message


FULL_RUN: Patch = {
    "trigger": "Step",
    "scheduledTime": "2027-01-01T00:00:00Z",
    "parent": {"name": "close-all", "step": "ledger"},
}
ONLY_CANCEL = "only cancel can be changed"
CHANGED_RUNS = [
    pytest.param({}, {"request": {"name": "other"}}, "spec", ONLY_CANCEL, id="its request"),
    pytest.param({}, {"trigger": "Immediate"}, "spec", ONLY_CANCEL, id="its trigger"),
    pytest.param({}, {"scheduledTime": "2027-01-01T00:00:00Z"}, "spec", ONLY_CANCEL, id="a time that it did not have"),
    pytest.param(FULL_RUN, {"scheduledTime": "2027-01-02T00:00:00Z"}, "spec", ONLY_CANCEL, id="its time"),
    pytest.param(FULL_RUN, {"scheduledTime": None}, "spec", ONLY_CANCEL, id="its time, taken away"),
    pytest.param(FULL_RUN, {"parent": {"step": "other"}}, "spec", ONLY_CANCEL, id="its step"),
    pytest.param({}, {"parameters": {"LEDGER": "tax"}}, "spec", ONLY_CANCEL, id="parameters that it did not have"),
    pytest.param({"parameters": {"A": "1"}}, {"parameters": {"A": "2"}}, "spec", ONLY_CANCEL, id="a parameter"),
    pytest.param(
        {"parameters": {"A": "1"}}, {"parameters": None}, "spec", ONLY_CANCEL, id="its parameters, taken away"
    ),
    pytest.param({}, {"parent": {"name": "a", "step": "b"}, "trigger": "Step"}, "spec", ONLY_CANCEL, id="a parent"),
    pytest.param(
        {"cancel": True}, {"cancel": False}, "spec.cancel", "cannot be changed back to false", id="a cancel, taken back"
    ),
    pytest.param(
        {"cancel": True}, {"cancel": None}, "spec.cancel", "cannot be changed back to false", id="a cancel, removed"
    ),
]


@pytest.mark.parametrize(("before", "change", "field", "words"), CHANGED_RUNS)
def test_of_a_run_nobody_changes(
    cluster: Kubectl, shared_namespace: str, before: Patch, change: Patch, field: str, words: str
) -> None:
    run = manifest("ProcessRun", before)
    assert cluster.create(run, shared_namespace).ok
    answer = cluster.patch("prun", run["metadata"]["name"], shared_namespace, {"spec": change})
    assert not answer.ok, answer.message
    assert_names(answer.message, field, words)


def test_a_run_is_canceled_by_a_patch_of_its_spec(cluster: Kubectl, shared_namespace: str) -> None:
    run = manifest("ProcessRun", FULL_RUN)
    assert cluster.create(run, shared_namespace).ok
    for _ in range(2):
        answer = cluster.patch("prun", run["metadata"]["name"], shared_namespace, {"spec": {"cancel": True}})
        assert answer.ok, answer.message


FINISHED = ("Succeeded", "Failed", "Missed", "Skipped", "Canceled", "Unknown")


@pytest.mark.parametrize("phase", FINISHED)
def test_a_finished_run_keeps_its_phase(cluster: Kubectl, shared_namespace: str, phase: str) -> None:
    run = manifest("ProcessRun", {})
    name = run["metadata"]["name"]
    assert cluster.create(run, shared_namespace).ok
    assert cluster.get("prun", name, shared_namespace)["status"]["phase"] == "Pending"
    for step_by_step in ("Running", "Pending", phase):
        answer = cluster.patch(
            "prun", name, shared_namespace, {"status": {"phase": step_by_step}}, subresource="status"
        )
        assert answer.ok, answer.message
    for other in ("Running", "Failed" if phase != "Failed" else "Succeeded", None):
        answer = cluster.patch("prun", name, shared_namespace, {"status": {"phase": other}}, subresource="status")
        assert not answer.ok
        assert_names(answer.message, "status.phase", "the phase of a finished run cannot be changed")
    grown = {"phase": phase, "summary": {"from": "2027-01-01T00:00:00Z", "to": "2027-01-02T00:00:00Z", "count": 11}}
    answer = cluster.patch("prun", name, shared_namespace, {"status": grown}, subresource="status")
    assert answer.ok, answer.message


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"to": "2027-02-28T23:59:59Z"}, id="the range"),
        pytest.param({"request": {"name": "another"}}, id="the request"),
    ],
)
def test_of_a_backfill_only_two_fields_change(cluster: Kubectl, shared_namespace: str, change: Patch) -> None:
    backfill = manifest("ProcessBackfill", {})
    name = backfill["metadata"]["name"]
    assert cluster.create(backfill, shared_namespace).ok
    for good in ({"maxActiveRuns": 5}, {"cancel": True}):
        answer = cluster.patch("pbf", name, shared_namespace, {"spec": good})
        assert answer.ok, answer.message
    answer = cluster.patch("pbf", name, shared_namespace, {"spec": change})
    assert not answer.ok
    assert_names(answer.message, "spec", "only maxActiveRuns and cancel can be changed")
    answer = cluster.patch("pbf", name, shared_namespace, {"spec": {"cancel": False}})
    assert not answer.ok
    assert_names(answer.message, "spec.cancel", "cancel cannot be changed back to false")


def test_a_run_cannot_end_before_it_starts(cluster: Kubectl, shared_namespace: str) -> None:
    run = manifest("ProcessRun", {})
    name = run["metadata"]["name"]
    assert cluster.create(run, shared_namespace).ok
    wrong = {"startTime": "2027-01-01T00:00:01Z", "endTime": "2027-01-01T00:00:00Z"}
    answer = cluster.patch("prun", name, shared_namespace, {"status": wrong}, subresource="status")
    assert not answer.ok
    assert_names(answer.message, "status.endTime", "endTime must not be before startTime")
    right = wrong | {"endTime": "2027-01-01T00:00:01Z"}
    answer = cluster.patch("prun", name, shared_namespace, {"status": right}, subresource="status")
    assert answer.ok, answer.message
