"""Requests that the API server itself rejects: at once, with the name of the field and the allowed values.

The rules stand beside the models in `process_operator/resources`; here a real API server reads them. The
tests send them directly to the server that kubectl asks, because a process for each takes too long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.cluster.spec_patches import (
    A_DURATION,
    A_ZONE,
    AN_AT,
    AN_INSTANT,
    CONTAINER,
    ONE_FREQUENCY,
    ONE_SOURCE,
    ONE_TIMING,
    TEMPLATE,
    Patch,
    assert_rejected,
    daily,
    later,
    manifest,
    monthly,
    parameter,
    schedule,
    template,
    timing,
    weekly,
)

if TYPE_CHECKING:
    from tests.cluster.kubectl import Kubectl

BAD_REQUESTS = [
    # The work to run
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


@pytest.mark.parametrize(("patch", "field", "words"), BAD_REQUESTS)
def test_a_request_is_rejected_for(
    cluster: Kubectl, shared_namespace: str, patch: Patch, field: str, words: str
) -> None:
    assert_rejected(cluster, shared_namespace, manifest("ProcessRequest", patch), field=field, words=words)
