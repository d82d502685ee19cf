"""Preview of a request from its manifest: the ERP's own examples, clock changes, one-shot timings, limits, remarks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from tests.builders.objects import Object
from tests.builders.snapshots import process, request

from process_operator.decisions.inputs.timing_hash import timing_hash
from process_operator.preview.preview import Period, Preview, preview
from process_operator.resources.engine import Engine
from process_operator.resources.model import format_instant, parse_instant
from process_operator.resources.names import child_stem
from process_operator.resources.process_request import ProcessRequest


def instant(text: str) -> str:
    return text if text.endswith("Z") else f"{text}Z"


def period(start: str, end: str | None = None, count: int | None = None) -> Period:
    return Period(parse_instant(instant(start)), parse_instant(instant(end)) if end else None, count)


def shown(result: Preview) -> list[str]:
    assert result.error is None
    return [format_instant(tick.due).removesuffix("Z") for tick in result.ticks]


def ticks(schedule: Object, start: str, end: str | None = None, count: int | None = None) -> list[str]:
    return shown(preview(request({"schedule": schedule}), None, period(start, end, count)))


def remarks(schedule: Object, start: str, count: int) -> list[str]:
    return [tick.remark for tick in preview(request({"schedule": schedule}), None, period(start, count=count)).ticks]


MADRID = {"timeZone": "Europe/Madrid"}


def monthly(**day: object) -> Object:
    return {"monthly": {"at": "17:45:29", **day}}


def nth(week: str, day: str) -> Object:
    return monthly(weekday={"week": week, "day": day})


# The worked examples of the ERP's own scheduler tests (Etendo, Openbravo), UTC unless a zone is given. A start there is a
# startTime here, and the ERP schedules shortly before it.
ERP_EXAMPLES = [
    pytest.param(
        {"secondly": {"every": 30}, "startTime": "2019-09-26T15:10:00Z"},
        "2019-09-26T15:09:00",
        ["2019-09-26T15:10:00", "2019-09-26T15:10:30", "2019-09-26T15:11:00"],
        id="every 30 seconds from ten past three",
    ),
    pytest.param(
        {"daily": {"at": "17:45:29", "every": 4}, "startTime": "2019-09-27T17:45:29Z"},
        "2019-09-27T17:45:29",
        ["2019-10-01T17:45:29", "2019-10-05T17:45:29", "2019-10-09T17:45:29"],
        id="every four days",
    ),
    pytest.param(
        {"daily": {"at": "17:45:29", "days": "Weekdays"}, "startTime": "2019-09-27T17:45:29Z"},
        "2019-09-27T17:45:29",
        ["2019-09-30T17:45:29", "2019-10-01T17:45:29"],
        id="weekdays, after a Friday",
    ),
    pytest.param(
        {"daily": {"at": "17:45:29", "days": "Weekends"}, "startTime": "2019-09-27T17:45:29Z"},
        "2019-09-27T17:45:29",
        ["2019-09-28T17:45:29", "2019-09-29T17:45:29", "2019-10-05T17:45:29", "2019-10-06T17:45:29"],
        id="weekends, after a Friday",
    ),
    pytest.param(
        {"weekly": {"at": "17:45:29", "days": ["Monday", "Friday", "Saturday"]}, "startTime": "2019-09-23T17:45:29Z"},
        "2019-09-23T17:45:29",
        ["2019-09-27T17:45:29", "2019-09-28T17:45:29", "2019-09-30T17:45:29"],
        id="Monday, Friday and Saturday, after a Monday",
    ),
    pytest.param(
        nth("First", "Monday"),
        "2019-09-23T17:45:29",
        [f"{day}T17:45:29" for day in ("2019-10-07", "2019-11-04", "2019-12-02", "2020-01-06")],
        id="the first Monday",
    ),
    pytest.param(
        nth("Second", "Sunday"),
        "2019-09-23T17:45:29",
        [f"{day}T17:45:29" for day in ("2019-10-13", "2019-11-10", "2019-12-08", "2020-01-12")],
        id="the second Sunday",
    ),
    pytest.param(
        nth("Third", "Tuesday"),
        "2019-09-23T17:45:29",
        [f"{day}T17:45:29" for day in ("2019-10-15", "2019-11-19", "2019-12-17", "2020-01-21")],
        id="the third Tuesday",
    ),
    pytest.param(
        monthly(day="Last"),
        "2019-09-23T17:45:29",
        [f"{day}T17:45:29" for day in ("2019-09-30", "2019-10-31", "2019-11-30", "2019-12-31")],
        id="the last day of the month",
    ),
    pytest.param(
        {**monthly(day=23), "startTime": "2019-09-23T17:45:29Z"},
        "2019-09-23T17:45:28",
        [f"{day}T17:45:29" for day in ("2019-09-23", "2019-10-23", "2019-11-23", "2019-12-23")],
        id="day 23, its first at the start itself",
    ),
    pytest.param(
        {"hourly": {"every": 24}, "startTime": "2019-10-26T13:10:00+02:00", **MADRID},
        "2019-10-26T11:00:00",
        ["2019-10-26T11:10:00", "2019-10-27T11:10:00", "2019-10-28T11:10:00"],
        id="every 24 hours in Madrid: 13:10 becomes 12:10",
    ),
    pytest.param(
        {"daily": {"at": "13:10"}, "startTime": "2019-10-26T13:10:00+02:00", **MADRID},
        "2019-10-26T11:00:00",
        ["2019-10-26T11:10:00", "2019-10-27T12:10:00", "2019-10-28T12:10:00"],
        id="daily in Madrid: 13:10 stays",
    ),
    pytest.param(
        {"daily": {"at": "13:10", "every": 1}, "startTime": "2019-10-26T13:10:00+02:00", **MADRID},
        "2019-10-26T11:00:00",
        ["2019-10-26T11:10:00", "2019-10-27T12:10:00", "2019-10-28T12:10:00"],
        id="every day in Madrid, counted in days: 13:10 stays too",
    ),
]


@pytest.mark.parametrize(("schedule", "start", "wanted"), ERP_EXAMPLES)
def test_the_examples_of_the_erp(schedule: Object, start: str, wanted: list[str]) -> None:
    assert ticks(schedule, start, count=len(wanted)) == wanted
    assert ticks(schedule, start, wanted[-1]) == wanted


def test_the_erps_finish_cuts_after_two_runs() -> None:
    bounds = {"startTime": "2019-09-26T15:10:00Z", "finishTime": "2019-09-26T15:10:31Z"}
    wanted = ["2019-09-26T15:10:00", "2019-09-26T15:10:30"]
    assert ticks({"secondly": {"every": 30}, **bounds}, "2019-09-26T15:00:00", count=10) == wanted


@dataclass(frozen=True)
class Bounds:
    """A schedule with the bounds of a preview, and the ticks within them."""

    id: str
    schedule: Object
    start: str
    wanted: list[str]
    end: str | None = None
    count: int | None = None


BOUNDS: Final = [
    Bounds(
        "after --from, not at it",
        schedule={"cron": "* * * * *"},
        start="12:00:00",
        count=2,
        wanted=["12:01:00", "12:02:00"],
    ),
    Bounds(
        "--to is included",
        schedule={"cron": "* * * * *"},
        start="12:00:00",
        end="12:02:00",
        wanted=["12:01:00", "12:02:00"],
    ),
    Bounds(
        "--count before --to",
        schedule={"cron": "* * * * *"},
        start="12:00:00",
        end="12:09:00",
        count=2,
        wanted=["12:01:00", "12:02:00"],
    ),
    Bounds(
        "--to before --count",
        schedule={"cron": "* * * * *"},
        start="12:00:00",
        end="12:01:59",
        count=9,
        wanted=["12:01:00"],
    ),
    Bounds("none", schedule={"cron": "* * * * *"}, start="12:00:00", end="12:00:59", wanted=[]),
    Bounds(
        "elapsed: from --from",
        schedule={"minutely": {"every": 7}},
        start="12:00:05",
        count=2,
        wanted=["12:00:05", "12:07:05"],
    ),
    Bounds(
        "elapsed with a startTime that is --from: after it",
        schedule={"minutely": {"every": 7}, "startTime": "2027-03-01T12:00:00Z"},
        start="12:00:00",
        count=2,
        wanted=["12:07:00", "12:14:00"],
    ),
    Bounds(
        "a startTime with a fraction",
        schedule={"secondly": {"every": 2}, "startTime": "2027-03-01T12:00:00.25Z"},
        start="12:00:00",
        count=2,
        wanted=["12:00:00.250000", "12:00:02.250000"],
    ),
]


@pytest.mark.parametrize("case", BOUNDS, ids=lambda case: case.id)
def test_bounds(case: Bounds) -> None:
    day = "2027-03-01T"
    found = ticks(case.schedule, day + case.start, case.end and day + case.end, case.count)
    assert [tick.removeprefix(day) for tick in found] == case.wanted


REMARKS = [
    pytest.param(
        {"daily": {"at": "02:30"}, **MADRID},
        "2027-03-27T12:00:00",
        ["moved by a clock change from 02:30:00", ""],
        id="a time in the gap",
    ),
    pytest.param(
        {"daily": {"at": "02:30"}, **MADRID},
        "2027-10-30T12:00:00",
        ["the first of two occurrences", ""],
        id="a time that comes twice",
    ),
    pytest.param(
        {"cron": "30 * * * *", **MADRID},
        "2027-10-31T00:00:00",
        ["the first of two occurrences", "the second of two occurrences", ""],
        id="every hour, in both passes",
    ),
    pytest.param({"hourly": {"every": 1}}, "2027-03-28T00:00:00", ["", "", ""], id="UTC knows none"),
]


@pytest.mark.parametrize(("schedule", "start", "wanted"), REMARKS)
def test_remarks(schedule: Object, start: str, wanted: list[str]) -> None:
    assert remarks(schedule, start, len(wanted)) == wanted


def test_clocks_are_those_of_the_zone() -> None:
    of = request({"schedule": {"daily": {"at": "02:30"}, **MADRID}})
    before, after = preview(of, None, period("2027-03-26T12:00:00", count=2)).ticks
    assert [tick.local.isoformat() for tick in (before, after)] == [
        "2027-03-27T02:30:00+01:00",
        "2027-03-28T03:00:00+02:00",
    ]


LATER = {"startTime": "2027-03-01T13:00:00Z"}


@dataclass(frozen=True)
class OneShot:
    """A timing without a schedule, and its starts with a remark."""

    id: str
    timing: Object
    wanted: list[str]
    spec: Object = field(default_factory=dict)
    remark: str = ""


ONE_SHOTS: Final = [
    OneShot("immediately", timing={"runImmediately": {}}, wanted=["12:00:00"], remark="at once"),
    OneShot("later, counted from --from", timing={"runLater": {"after": "90m"}}, wanted=["13:30:00"]),
    OneShot("later, at an instant", timing={"runLater": LATER}, wanted=["13:00:00"]),
    OneShot(
        "within a window",
        timing={"runLater": {**LATER, "within": "5m"}},
        wanted=["13:00:00"],
        remark="not later than 2027-03-01T13:05:00Z",
    ),
    OneShot(
        "with a deadline",
        timing={"runLater": LATER},
        spec={"startingDeadlineSeconds": 60},
        wanted=["13:00:00"],
        remark="not later than 2027-03-01T13:01:00Z",
    ),
    OneShot(
        "a start that has passed",
        timing={"runLater": {"startTime": "2027-03-01T11:00:00Z"}},
        wanted=["12:00:00"],
        remark="at once, as its start 2027-03-01T11:00:00Z has passed",
    ),
    OneShot(
        "a window that is over",
        timing={"runLater": {"startTime": "2027-03-01T11:00:00Z", "within": "59m"}},
        wanted=[],
        remark="missed: the latest start was 2027-03-01T11:59:00Z",
    ),
]


@pytest.mark.parametrize("case", ONE_SHOTS, ids=lambda case: case.id)
def test_one_shot_timings(case: OneShot) -> None:
    result = preview(request(case.timing, **case.spec), None, period("2027-03-01T12:00:00"))
    found = list(result.ticks)
    assert [f"{tick.due:%H:%M:%S}" for tick in found] == case.wanted
    assert (found[0].remark if found else result.note) == case.remark
    assert result.engine is None


def test_a_single_run_after_to_is_not_shown() -> None:
    of = request({"runLater": {"after": "90m"}})
    assert shown(preview(of, None, period("2027-03-01T12:00:00", "2027-03-01T13:00:00"))) == []


def test_a_suspended_request_does_not_run_and_says_so() -> None:
    result = preview(request({"schedule": {"cron": "@daily"}}, suspend=True), None, period("2027-03-01T12:00:00"))
    assert (shown(result), result.note) == ([], "suspended: nothing runs until spec.suspend is false")
    assert result.engine == Engine.CRON_JOB


def test_a_suspended_request_is_judged_too() -> None:
    result = preview(request({"schedule": {"cron": "61 * * * *"}}, suspend=True), None, period("2027-03-01T12:00:00"))
    assert result.error is not None and result.error.startswith("spec.timing.schedule.cron: minute '61'")


def from_cluster(timing: Object, since: str, runs: int = 0, **status: Any) -> ProcessRequest:
    """A request as `kubectl get -o yaml` prints it, in an activation of this very timing."""
    activation = {"number": 1, "since": since, "runs": runs, "specHash": timing_hash(request(timing).spec.timing)}
    return request(timing, status={"activation": activation, **status})


def test_a_manifest_from_a_cluster_keeps_counting_where_it_counts_from() -> None:
    timing = {"schedule": {"minutely": {"every": 7}}}
    of = from_cluster(timing, "2027-03-01T11:59:00Z")
    assert shown(preview(of, None, period("2027-03-01T12:00:00", count=2))) == [
        "2027-03-01T12:06:00",
        "2027-03-01T12:13:00",
    ]
    edited = request({"schedule": {"minutely": {"every": 8}}}, status=of.status.to_api())
    assert shown(preview(edited, None, period("2027-03-01T12:00:00", count=1))) == ["2027-03-01T12:00:00"]


def test_a_single_run_from_a_cluster_has_run() -> None:
    by_hand = {"name": "close-by-hand", "phase": "Succeeded"}
    of = from_cluster({"runImmediately": {}}, "2027-03-01T11:59:00Z", 1, lastRun=by_hand)
    result = preview(of, None, period("2027-03-01T12:00:00"))
    own = f"{child_stem('close', of.metadata.uid)}-s1"
    assert (shown(result), result.note) == ([], f"it has run once, as {own}; a reschedule runs it again")


def test_manual_run_is_not_the_single_run() -> None:
    last = {"name": "close-x2z9k", "phase": "Succeeded"}
    of = from_cluster({"runLater": {"after": "1h"}}, "2027-03-01T11:59:00Z", lastRun=last)
    assert shown(preview(of, None, period("2027-03-01T12:00:00"))) == ["2027-03-01T12:59:00"]


def test_parameters_are_checked_against_the_process_where_it_is_known() -> None:
    of = request(process={"name": "close-day"}, parameters=[{"name": "LEDGER", "value": "main"}])
    start = period("2027-03-01T12:00:00")
    error = preview(of, process(), start).error
    assert error is not None and error.startswith("spec.parameters[0].name: Process close-day declares no parameter")
    assert shown(preview(of, process(parameters=[{"name": "LEDGER"}]), start)) == ["2027-03-01T12:00:00"]
    assert shown(preview(of, None, start)) == ["2027-03-01T12:00:00"]


def test_jitter_is_in_the_instants_and_in_the_remarks() -> None:
    of = request(
        {"schedule": {"daily": {"at": "09:00"}, "jitter": "10m"}}, metadata={"name": "report", "namespace": "default"}
    )
    found = list(preview(of, None, period("2027-03-01T00:00:00", count=2)).ticks)
    assert [(format_instant(tick.due), tick.remark) for tick in found] == [
        ("2027-03-01T09:00:20Z", "+20s jitter"),
        ("2027-03-02T09:09:27Z", "+9m27s jitter"),
    ]


def test_excluded_dates_are_left_out() -> None:
    schedule = {"daily": {"at": "09:00"}, "exclude": ["2027-03-02/2027-03-04"]}
    assert ticks(schedule, "2027-03-01T00:00:00", count=2) == ["2027-03-01T09:00:00", "2027-03-05T09:00:00"]


def test_max_runs_takes_all_for_started() -> None:
    schedule = {"daily": {"at": "09:00"}, "maxRuns": 2}
    assert ticks(schedule, "2027-03-01T00:00:00", count=9) == ["2027-03-01T09:00:00", "2027-03-02T09:00:00"]


@pytest.mark.parametrize(
    ("runs", "settled", "expected"),
    [
        pytest.param(0, None, ["2027-03-04T09:00:00"], id="ticks before the first decision are expected to start"),
        pytest.param(
            1,
            "2027-03-03T09:00:00Z",
            ["2027-03-04T09:00:00", "2027-03-05T09:00:00", "2027-03-06T09:00:00"],
            id="skipped ticks do not count",
        ),
        pytest.param(1, "2027-03-02T09:00:00Z", ["2027-03-04T09:00:00", "2027-03-05T09:00:00"], id="one is undecided"),
        pytest.param(
            2,
            "2027-03-04T09:00:00Z",
            ["2027-03-04T09:00:00", "2027-03-05T09:00:00", "2027-03-06T09:00:00"],
            id="a run that was created early is shown too",
        ),
        pytest.param(4, "2027-03-03T09:00:00Z", [], id="all have started"),
    ],
)
def test_max_runs_of_an_activation_counts_its_runs(runs: int, settled: str | None, expected: list[str]) -> None:
    timing = {"schedule": {"daily": {"at": "09:00"}, "maxRuns": 4}}
    of = from_cluster(timing, "2027-03-01T00:00:00Z", runs, lastScheduleTime=settled)
    assert shown(preview(of, None, period("2027-03-03T12:00:00", count=9))) == expected


@pytest.mark.parametrize(
    ("zone", "note"),
    [("Etc/GMT+5", "Etc/GMT+5 is UTC-5: its sign is the other way round"), ("Etc/GMT", ""), ("Europe/Madrid", "")],
)
def test_a_zone_with_its_sign_the_other_way_round_is_pointed_out(zone: str, note: str) -> None:
    of = request({"schedule": {"daily": {"at": "09:00"}, "timeZone": zone}})
    assert preview(of, None, period("2027-03-01T00:00:00", count=1)).note == note
