"""The models read what the API server holds, and write it back as it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from process_operator.resources.conditions import MAX_CONDITIONS, Condition, ConditionStatus, Reason, merge_conditions
from process_operator.resources.engine import Engine
from process_operator.resources.local_time import Weekday, WeekOfMonth
from process_operator.resources.model import (
    Metadata,
    format_duration,
    format_instant,
    parse_duration,
    parse_instant,
)
from process_operator.resources.process import ConcurrencyPolicy, Process
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_request_status import RequestPhase
from process_operator.resources.process_run import ProcessRun, RunPhase, Trigger

API_VERSION = "process-operator.io/v1alpha1"
TEMPLATE = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "busybox"}]}}}}
CONDITION = {
    "type": "Accepted",
    "status": "True",
    "observedGeneration": 3,
    "lastTransitionTime": "2027-01-01T00:00:00Z",
    "reason": "Accepted",
    "message": "daily at 02:30 Europe/Madrid",
}

PROCESS: dict[str, Any] = {
    "apiVersion": API_VERSION,
    "kind": "Process",
    "metadata": {"name": "close-day", "namespace": "erp", "uid": "p-1"},
    "spec": {
        "description": "Closes the day.",
        "parameters": [
            {"name": "LEDGER", "description": "Which ledger.", "required": True},
            {"name": "MODE", "required": False, "default": "full"},
        ],
        "jobTemplate": TEMPLATE,
        "concurrencyPolicy": "Queue",
    },
    "status": {"observedGeneration": 1, "conditions": [CONDITION | {"type": "Ready"}]},
}

REQUEST: dict[str, Any] = {
    "apiVersion": API_VERSION,
    "kind": "ProcessRequest",
    "metadata": {
        "name": "nightly-close",
        "namespace": "erp",
        "uid": "r-1",
        "resourceVersion": "71",
        "generation": 3,
        "creationTimestamp": "2026-12-01T10:00:00Z",
        "labels": {"team": "finance"},
        "annotations": {"process-operator.io/reschedule": "2"},
    },
    "spec": {
        "process": {"name": "close-day"},
        "parameters": [{"name": "LEDGER", "value": "main"}],
        "timing": {
            "schedule": {
                "startTime": "2026-12-31T23:00:00Z",
                "finishTime": "2027-12-31T22:59:59Z",
                "timeZone": "Europe/Madrid",
                "daily": {"at": "02:30", "days": "Weekdays"},
                "jitter": "1h30m",
                "exclude": ["2027-12-25", "2027-12-24/2028-01-06"],
                "excludeFrom": [{"configMap": {"name": "holidays", "key": "spain.ics"}}],
                "maxRuns": 100,
            }
        },
        "suspend": False,
        "onSuspend": "CancelRunning",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 7200,
        "catchUp": "All",
        "engine": "Auto",
        "history": {"successful": 5, "failed": 10, "other": 0, "maxAge": "720h"},
        "log": {"capture": "OnFailure", "tailBytes": 1024, "container": "main"},
        "notify": [{"receiver": "pager", "phases": ["Failed", "Skipped"]}],
    },
    "status": {
        "observedGeneration": 3,
        "phase": "Active",
        "engine": "Operator",
        "schedule": "daily at 02:30 Europe/Madrid",
        "activation": {"number": 2, "since": "2026-12-01T10:00:00Z", "runs": 7, "specHash": "abc"},
        "lastHandledReschedule": "1",
        "lastScheduleTime": "2027-01-01T01:30:00Z",
        "lastWallTime": "2027-01-01T02:30:00",
        "tzdata": "2026c",
        "calendars": [
            {
                "configMap": "holidays",
                "key": "spain.ics",
                "digest": "0123456789abcdef",
                "since": "2026-12-01T00:00:00Z",
                "until": "2028-01-05T00:00:00Z",
                "dates": ["2027-12-25", "2027-12-31/2028-01-01"],
                "times": ["2027-03-01T09:00:00Z/2027-03-01T10:00:00Z"],
            }
        ],
        "templateHash": "def",
        "waitingCount": 1,
        "nextRunTime": "2027-01-02T01:30:00Z",
        "lastRunTime": "2027-01-01T01:30:02.500000Z",
        "lastRun": {"name": "nightly-close-1-30000000", "phase": "Running"},
        "active": [{"name": "nightly-close-1-30000000", "job": "nightly-close-1-30000000"}],
        "activeCount": 1,
        "counts": {
            "succeeded": 5,
            "failed": 1,
            "missed": 1,
            "skipped": 0,
            "canceled": 0,
            "unknown": 0,
            "through": "2027-03-01T02:00:00Z",
            "atThrough": 1,
        },
        "conditions": [CONDITION],
    },
}

RUN: dict[str, Any] = {
    "apiVersion": API_VERSION,
    "kind": "ProcessRun",
    "metadata": {
        "name": "nightly-close-1-30000000",
        "namespace": "erp",
        "uid": "n-1",
        "deletionTimestamp": "2027-01-03T00:00:00Z",
        "ownerReferences": [
            {
                "apiVersion": API_VERSION,
                "kind": "ProcessRequest",
                "name": "nightly-close",
                "uid": "r-1",
                "controller": True,
            }
        ],
    },
    "spec": {
        "request": {"name": "nightly-close"},
        "trigger": "Step",
        "scheduledTime": "2027-01-01T01:30:00Z",
        "parent": {"name": "close-all", "step": "ledger"},
        "cancel": True,
    },
    "status": {
        "observedGeneration": 2,
        "phase": "Missed",
        "process": "close-day",
        "startTime": "2027-01-01T01:30:02Z",
        "endTime": "2027-01-01T01:31:32Z",
        "duration": "1m30s",
        "job": "nightly-close-1-30000000",
        "jobUID": "j-1",
        "pod": "nightly-close-1-30000000-x2x4z",
        "node": "worker-1",
        "attempts": 2,
        "exitCode": 4,
        "reason": "ExitCode",
        "message": "ledger is locked",
        "log": {"text": "ledger is locked\n", "truncated": True, "container": "main", "reason": "PodGone"},
        "summary": {"from": "2027-01-01T01:30:00Z", "to": "2027-01-01T02:30:00Z", "count": 11},
        "steps": [
            {
                "name": "ledger",
                "process": "close-ledger",
                "run": "nightly-close-1-30000000-12345678-ledger",
                "phase": "Failed",
                "startTime": "2027-01-01T01:30:02Z",
                "endTime": "2027-01-01T01:31:32Z",
                "duration": "1m30s",
                "attempts": 2,
                "exitCode": 4,
                "reason": "ExitCode",
                "message": "ledger is locked",
            },
            {"name": "report", "process": "report"},
        ],
        "stopOnFailure": True,
        "conditions": [CONDITION | {"type": "Finished"}],
    },
}


@pytest.mark.parametrize(
    ("model", "manifest"),
    [
        pytest.param(Process, PROCESS, id="a process in full bloom"),
        pytest.param(ProcessRequest, REQUEST, id="a request in full bloom"),
        pytest.param(ProcessRun, RUN, id="a run in full bloom"),
    ],
)
def test_what_is_read_is_written_back_unchanged(
    model: type[Process | ProcessRequest | ProcessRun], manifest: dict[str, Any]
) -> None:
    assert model.model_validate(manifest).to_api() == manifest


def test_attributes_are_the_names_of_the_api_in_snake_case() -> None:
    request = ProcessRequest.model_validate(REQUEST)
    schedule = request.spec.timing.schedule
    assert schedule is not None
    assert schedule.daily is not None
    assert schedule.daily.at == "02:30"
    assert schedule.start_time == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert schedule.jitter == timedelta(minutes=90)
    assert schedule.exclude_from[0].config_map.key == "spain.ics"
    assert request.spec.concurrency_policy is ConcurrencyPolicy.FORBID
    assert request.spec.engine is Engine.AUTO
    assert request.status.phase is RequestPhase.ACTIVE
    assert request.status.activation is not None
    assert request.status.activation.spec_hash == "abc"
    assert request.metadata.creation_timestamp == datetime(2026, 12, 1, 10, tzinfo=UTC)

    run = ProcessRun.model_validate(RUN)
    assert run.spec.trigger is Trigger.STEP
    assert run.status.job_uid == "j-1"
    assert run.status.summary is not None
    assert run.status.summary.from_ == datetime(2027, 1, 1, 1, 30, tzinfo=UTC)
    assert run.metadata.owner_references[0].controller


def request_with(timing: dict[str, Any], **spec: object) -> ProcessRequest:
    return ProcessRequest.model_validate(
        {"metadata": {"name": "r"}, "spec": {"jobTemplate": TEMPLATE, "timing": timing} | spec}
    )


def test_the_shortest_request_has_the_defaults_of_the_schema() -> None:
    request = request_with({"schedule": {"weekly": {"at": "06:00", "days": ["Sunday", "Monday"]}}})
    schedule = request.spec.timing.schedule
    assert schedule is not None
    assert schedule.time_zone == "Etc/UTC"
    assert schedule.weekly is not None
    assert schedule.weekly.every == 1
    assert schedule.weekly.days == (Weekday.SUNDAY, Weekday.MONDAY)
    assert request.spec.job_template == TEMPLATE
    assert request.spec.history.successful == 3
    assert request.spec.log.tail_bytes == 8192
    assert request.spec.engine is None
    assert request.status.conditions == ()
    assert request.status.phase is None


def test_a_run_that_was_just_created_is_pending_and_manual() -> None:
    run = ProcessRun.model_validate({"metadata": {"name": "now"}, "spec": {"request": {"name": "r"}}})
    assert run.spec.trigger is Trigger.MANUAL
    assert run.status.phase is RunPhase.PENDING
    assert not run.status.phase.is_finished


def test_monthly_takes_a_day_the_last_day_or_a_weekday() -> None:
    last = request_with({"schedule": {"monthly": {"at": "18:00", "weekday": {"week": "Last", "day": "Friday"}}}})
    assert last.spec.timing.schedule is not None
    assert last.spec.timing.schedule.monthly is not None
    assert last.spec.timing.schedule.monthly.weekday is not None
    assert last.spec.timing.schedule.monthly.weekday.week is WeekOfMonth.LAST
    for day in (31, "Last"):
        request = request_with({"schedule": {"monthly": {"at": "18:00", "day": day}}})
        assert request.spec.timing.schedule is not None
        assert request.spec.timing.schedule.monthly is not None
        assert request.spec.timing.schedule.monthly.day == day


def test_a_null_is_as_if_the_field_were_not_there() -> None:
    request = request_with({"runImmediately": {}, "schedule": None}, parameters=None, suspend=None)
    assert request == request_with({"runImmediately": {}})


def test_fields_of_a_later_release_are_ignored() -> None:
    assert request_with({"runImmediately": {"soon": True}}, colour="red") == request_with({"runImmediately": {}})


@pytest.mark.parametrize(
    ("timing", "field"),
    [
        pytest.param({"schedule": {"daily": {"at": "25:00"}}}, "spec.timing.schedule.daily.at", id="an hour 25"),
        pytest.param({"schedule": {"daily": {"at": "24:00"}}}, "spec.timing.schedule.daily.at", id="midnight as 24:00"),
        pytest.param({"schedule": {"secondly": {"every": 0}}}, "spec.timing.schedule.secondly.every", id="every 0"),
        pytest.param(
            {"schedule": {"secondly": {"every": "5"}}}, "spec.timing.schedule.secondly.every", id="a number in quotes"
        ),
        pytest.param({"schedule": {"weekly": {"at": "06:00"}}}, "spec.timing.schedule.weekly.days", id="no days"),
        pytest.param(
            {"schedule": {"monthly": {"at": "06:00", "day": 32}}}, "spec.timing.schedule.monthly.day", id="a day 32"
        ),
        pytest.param(
            {"schedule": {"monthly": {"at": "06:00", "day": "5"}}},
            "spec.timing.schedule.monthly.day",
            id="a day in quotes",
        ),
        pytest.param({"runLater": {"startTime": "2027-01-01"}}, "spec.timing.runLater.startTime", id="a date alone"),
        pytest.param({"runLater": {"after": "1 day"}}, "spec.timing.runLater.after", id="a duration in days"),
    ],
)
def test_a_value_that_the_server_would_reject_is_rejected_by_the_name_of_its_field(
    timing: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as rejected:
        request_with(timing)
    assert any(".".join(map(str, error["loc"])).startswith(field) for error in rejected.value.errors())


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        pytest.param("2027-01-31T02:30:00Z", datetime(2027, 1, 31, 2, 30, tzinfo=UTC), id="in UTC"),
        pytest.param("2027-01-31T02:30:00+01:00", datetime(2027, 1, 31, 1, 30, tzinfo=UTC), id="with an offset"),
        pytest.param("2027-01-31T02:30:00-00:00", datetime(2027, 1, 31, 2, 30, tzinfo=UTC), id="with minus zero"),
        pytest.param("2027-01-31t02:30:00z", datetime(2027, 1, 31, 2, 30, tzinfo=UTC), id="in lower case"),
        pytest.param("2027-01-31T02:30:00.5Z", datetime(2027, 1, 31, 2, 30, 0, 500_000, tzinfo=UTC), id="with tenths"),
        pytest.param(
            "2027-01-31T02:30:00.000001Z", datetime(2027, 1, 31, 2, 30, 0, 1, tzinfo=UTC), id="with microseconds"
        ),
        pytest.param("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC), id="the first instant"),
        pytest.param("2199-12-31T23:59:59Z", datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC), id="the last second"),
    ],
)
def test_instants_are_read_as_the_server_reads_them(text: str, instant: datetime) -> None:
    parsed = parse_instant(text)
    assert parsed == instant
    assert parsed.tzinfo is UTC
    assert parse_instant(format_instant(parsed)) == instant


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("2027-01-31T02:30:00", id="no zone"),
        pytest.param("2027-01-31", id="a date alone"),
        pytest.param("2027-01-31 02:30:00Z", id="a blank in place of T"),
        pytest.param("2027-01-31T02:30:00+0100", id="an offset without a colon"),
        pytest.param("2027-01-31T02:30:00+24:00", id="an offset of a day"),
        pytest.param("2027-01-31T02:30Z", id="no seconds"),
        pytest.param("2027-01-31T24:00:00Z", id="hour 24"),
        pytest.param("2027-01-31T23:59:60Z", id="a leap second"),
        pytest.param("2027-02-29T00:00:00Z", id="a day that does not exist"),
        pytest.param("2027-01-31T02:30:00.1234567Z", id="less than a microsecond"),
        pytest.param("2027-01-31T02:30:00,5Z", id="a comma"),
        pytest.param("1969-12-31T23:59:59Z", id="before 1970"),
        pytest.param("2200-01-01T00:00:00Z", id="after 2199"),
        pytest.param("0001-01-01T00:00:00+01:00", id="before the first year"),
        pytest.param("2027-01-31T02:30:00Z\n", id="a line end after it"),
        pytest.param("٢٠٢٧-01-31T02:30:00Z", id="digits of another script"),
        pytest.param(1_800_000_000, id="unix seconds"),
        pytest.param(datetime(2027, 1, 31), id="a datetime without a zone"),  # noqa: DTZ001
    ],
)
def test_other_instants_are_rejected(value: object) -> None:
    with pytest.raises(ValueError, match=r"must be|out of range"):
        parse_instant(value)


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        pytest.param(
            datetime(2027, 1, 31, 2, 30, tzinfo=UTC), "2027-01-31T02:30:00Z", id="whole seconds have no point"
        ),
        pytest.param(
            datetime(2027, 1, 31, 2, 30, 0, 500_000, tzinfo=UTC), "2027-01-31T02:30:00.500000Z", id="a fraction is kept"
        ),
    ],
)
def test_instants_are_written_in_utc(instant: datetime, text: str) -> None:
    assert format_instant(instant) == text


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        pytest.param("90s", timedelta(seconds=90), id="seconds"),
        pytest.param("1h30m", timedelta(minutes=90), id="hours and minutes"),
        pytest.param("250ms", timedelta(milliseconds=250), id="milliseconds are not minutes"),
        pytest.param("1m1ms", timedelta(minutes=1, milliseconds=1), id="minutes and milliseconds"),
        pytest.param("1h1h", timedelta(hours=2), id="a unit twice adds up"),
        pytest.param("99999h", timedelta(hours=99_999), id="eleven years"),
        pytest.param("0s", timedelta(), id="zero"),
    ],
)
def test_durations_are_read(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "value",
    ["2 weeks", "15 minutes", "1d", "1.5h", "-5m", "PT15M", "", "5", "100000h", "1h1m1s1ms1ms", "5M", "5m\n", 5],
    ids=lambda value: f"rejected: {value!r}",
)
def test_other_durations_are_rejected(value: object) -> None:
    with pytest.raises(ValueError, match="must be up to four whole numbers with the units h, m, s or ms"):
        parse_duration(value)


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        pytest.param(timedelta(), "0s", id="nothing"),
        pytest.param(timedelta(milliseconds=350), "350ms", id="below a second"),
        pytest.param(timedelta(seconds=1, milliseconds=999), "1s", id="from a second on whole seconds, cut"),
        pytest.param(timedelta(seconds=90), "1m30s", id="a minute and a half"),
        pytest.param(timedelta(hours=1), "1h", id="units that are zero are left out"),
        pytest.param(timedelta(days=2, seconds=5), "48h5s", id="days are hours"),
        pytest.param(timedelta(seconds=-3), "0s", id="the clock was set back"),
    ],
)
def test_how_long_it_took_is_written_for_people(duration: timedelta, text: str) -> None:
    assert format_duration(duration) == text


def test_a_duration_of_a_spec_keeps_its_milliseconds() -> None:
    request = request_with({"runLater": {"after": "1500ms"}})
    assert request.to_api()["spec"]["timing"] == {"runLater": {"after": "1s500ms"}}


def test_every_phase_but_pending_and_running_is_final() -> None:
    assert {phase for phase in RunPhase if not phase.is_finished} == {"Pending", "Running"}


def test_metadata_of_an_object_to_be_made_holds_only_what_is_known() -> None:
    assert Metadata(name="a", labels={"b": "c"}).to_api() == {"name": "a", "labels": {"b": "c"}}


OLD = datetime(2027, 1, 1, tzinfo=UTC)
NOW = datetime(2027, 1, 2, tzinfo=UTC)


def condition(name: str, status: str, at: datetime | None = None, reason: str = "Because") -> Condition:
    return Condition(type=name, status=ConditionStatus(status), last_transition_time=at, reason=reason)


@pytest.mark.parametrize(
    ("old", "new", "merged"),
    [
        pytest.param(
            (), (condition("Ready", "True"),), (condition("Ready", "True", NOW),), id="a new condition begins now"
        ),
        pytest.param(
            (condition("Ready", "True", OLD),),
            (condition("Ready", "True"),),
            (condition("Ready", "True", OLD),),
            id="unchanged values are equal to the former ones",
        ),
        pytest.param(
            (condition("Ready", "True", OLD),),
            (condition("Ready", "True", reason="Suspended"),),
            (condition("Ready", "True", OLD, "Suspended"),),
            id="another reason is no transition",
        ),
        pytest.param(
            (condition("Ready", "True", OLD),),
            (condition("Ready", "False"),),
            (condition("Ready", "False", NOW),),
            id="another status is a transition",
        ),
        pytest.param(
            (condition("Complete", "True", OLD), condition("Ready", "True", OLD)),
            (condition("Ready", "True"),),
            (condition("Ready", "True", OLD),),
            id="a condition that is not said any more is gone",
        ),
        pytest.param(
            (condition("Ready", "True"),),
            (condition("Ready", "True"),),
            (condition("Ready", "True", NOW),),
            id="an old condition without a time gets one",
        ),
        pytest.param(
            (condition("Audited", "True", OLD), condition("Ready", "True", OLD)),
            (condition("Ready", "True"),),
            (condition("Audited", "True", OLD), condition("Ready", "True", OLD)),
            id="that of another program stays, and where it stands is nothing to write",
        ),
        pytest.param(
            (condition("Audited", "True", OLD), condition("Complete", "True", OLD)),
            (condition("Ready", "True"),),
            (condition("Ready", "True", NOW), condition("Audited", "True", OLD)),
            id="that of another program comes after ours",
        ),
        pytest.param(
            tuple(condition(f"Theirs{number}", "True", OLD) for number in range(MAX_CONDITIONS)),
            (condition("Ready", "True"),),
            (
                condition("Ready", "True", NOW),
                *(condition(f"Theirs{number}", "True", OLD) for number in range(MAX_CONDITIONS - 1)),
            ),
            id="ours have room, however many others there are",
        ),
    ],
)
def test_conditions_keep_the_time_of_their_last_transition(
    old: tuple[Condition, ...], new: tuple[Condition, ...], merged: tuple[Condition, ...]
) -> None:
    assert merge_conditions(old, new, NOW) == merged


def test_a_condition_that_returns_before_it_was_written_has_made_no_transition() -> None:
    kept, written = (condition("Ready", "True", NOW),), (condition("Ready", "False", OLD, "Rejected"),)
    assert merge_conditions(kept, (condition("Ready", "False", reason="Rejected"),), NOW, written=written) == written
    assert merge_conditions(kept, (condition("Ready", "True"),), NOW, written=written) == kept


def test_only_what_appears_or_frees_itself_may_heal() -> None:
    assert {reason for reason in Reason if reason.may_heal} == {
        "ProcessNotFound",
        "ExcludeNotFound",
        "QuotaExceeded",
        "WebhookFailed",
        "NameTaken",
        "APIError",
        "InternalError",
    }
