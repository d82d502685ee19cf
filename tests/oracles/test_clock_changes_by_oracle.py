"""Clock changes: the operator's ticks beside those of robfig/cron and Quartz, and the differences.

The rows are expressions with the operator's ticks, then those of the oracle. Both are checked, so that this stays true.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from tests.oracles.oracle import Answer, Question, ask
from tests.oracles.questions import instant, utc

from process_operator.timing.cron.ticks import cron_ticks, parse_expression

ROBFIG = [
    pytest.param(
        "Europe/Madrid", "30 2 * * *", "2027-03-27T12:00",
        ["2027-03-28T01:00", "2027-03-29T00:30"],
        ["2027-03-29T00:30", "2027-03-30T00:30"],
        id="a time in a gap",
    ),
    pytest.param(
        "Europe/Madrid", "0,30 2,3 * * *", "2027-03-28T00:00",
        ["2027-03-28T01:00", "2027-03-28T01:30"],
        ["2027-03-28T01:00", "2027-03-28T01:30"],
        id="times in a gap and after it",
    ),
    pytest.param(
        "Europe/Madrid", "0 1-3 * * *", "2027-03-27T12:00",
        ["2027-03-28", "2027-03-28T01:00", "2027-03-28T23:00"],
        ["2027-03-28", "2027-03-28T01:00", "2027-03-28T23:00"],
        id="a range of hours across a gap",
    ),
    pytest.param(
        "Europe/Madrid", "0 */2 * * *", "2027-03-27T22:00",
        ["2027-03-27T23:00", "2027-03-28T01:00", "2027-03-28T02:00", "2027-03-28T04:00"],
        ["2027-03-27T23:00", "2027-03-28T02:00", "2027-03-28T04:00", "2027-03-28T06:00"],
        id="every second hour across a gap",
    ),
    pytest.param(
        "Europe/Madrid", "*/15 2 * * *", "2027-03-27T12:00",
        ["2027-03-28T01:00", "2027-03-29"],
        ["2027-03-29", "2027-03-29T00:15"],
        id="a whole hour in a gap",
    ),
    pytest.param(
        "Europe/Madrid", "30 * * * *", "2027-03-28T00:00",
        ["2027-03-28T00:30", "2027-03-28T01:30", "2027-03-28T02:30"],
        ["2027-03-28T00:30", "2027-03-28T01:30", "2027-03-28T02:30"],
        id="every hour across a gap",
    ),
    pytest.param(
        "Europe/Madrid", "30 2 * * *", "2027-10-30T12:00",
        ["2027-10-31T00:30", "2027-11-01T01:30", "2027-11-02T01:30"],
        ["2027-10-31T00:30", "2027-10-31T01:30", "2027-11-01T01:30"],
        id="a time in a fold",
    ),
    pytest.param(
        "Europe/Madrid", "0 1-3 * * *", "2027-10-30T12:00",
        ["2027-10-30T23:00", "2027-10-31", "2027-10-31T02:00", "2027-11-01", "2027-11-01T01:00"],
        ["2027-10-30T23:00", "2027-10-31", "2027-10-31T01:00", "2027-10-31T02:00", "2027-11-01"],
        id="a range of hours across a fold",
    ),
    pytest.param(
        "Europe/Madrid", "0 */2 * * *", "2027-10-30T21:00",
        ["2027-10-30T22:00", "2027-10-31", "2027-10-31T03:00", "2027-10-31T05:00", "2027-10-31T07:00"],
        ["2027-10-30T22:00", "2027-10-31", "2027-10-31T01:00", "2027-10-31T03:00", "2027-10-31T05:00"],
        id="every second hour across a fold",
    ),
    pytest.param(
        "Europe/Madrid", "*/15 * * * *", "2027-10-31T00:20",
        ["2027-10-31T00:30", "2027-10-31T00:45", "2027-10-31T01:00", "2027-10-31T01:15", "2027-10-31T01:30", "2027-10-31T01:45", "2027-10-31T02:00"],
        ["2027-10-31T00:30", "2027-10-31T00:45", "2027-10-31T01:00", "2027-10-31T01:15", "2027-10-31T01:30", "2027-10-31T01:45", "2027-10-31T02:00"],
        id="every quarter of an hour across a fold",
    ),
    pytest.param(
        "Australia/Lord_Howe", "15 2 * * *", "2027-10-02T00:00",
        ["2027-10-02T15:30", "2027-10-03T15:15"],
        ["2027-10-03T15:15", "2027-10-04T15:15"],
        id="a time in a gap of half an hour",
    ),
    pytest.param(
        "Australia/Lord_Howe", "0 * * * *", "2027-10-02T14:00",
        ["2027-10-02T14:30", "2027-10-02T16:00", "2027-10-02T17:00"],
        ["2027-10-02T14:30", "2027-10-02T16:00", "2027-10-02T17:00"],
        id="every hour across a gap of half an hour",
    ),
    pytest.param(
        "Australia/Lord_Howe", "0 9 * * *", "2027-10-02T00:00",
        ["2027-10-02T22:00", "2027-10-03T22:00"],
        ["2027-10-03T22:00", "2027-10-04T22:00"],
        id="a time on the day after a gap of half an hour",
    ),
    pytest.param(
        "Australia/Lord_Howe", "45 1 * * *", "2027-04-03T00:00",
        ["2027-04-03T14:45", "2027-04-04T15:15", "2027-04-05T15:15"],
        ["2027-04-03T14:45", "2027-04-03T15:15", "2027-04-04T15:15"],
        id="a time in a fold of half an hour",
    ),
    pytest.param(
        "Australia/Lord_Howe", "*/15 * * * *", "2027-04-03T14:15",
        ["2027-04-03T14:30", "2027-04-03T14:45", "2027-04-03T15:00", "2027-04-03T15:15", "2027-04-03T15:30"],
        ["2027-04-03T14:30", "2027-04-03T14:45", "2027-04-03T15:00", "2027-04-03T15:15", "2027-04-03T15:30"],
        id="every quarter of an hour across a fold of half an hour",
    ),
    pytest.param(
        "Asia/Beirut", "0 0 * * *", "2027-03-26T12:00",
        ["2027-03-26T22:00", "2027-03-27T22:00", "2027-03-28T21:00"],
        ["2027-03-26T22:00", "2027-03-28T21:00", "2027-03-29T21:00"],
        id="a midnight in a gap",
    ),
    pytest.param(
        "Asia/Beirut", "0 13 * * 6", "2024-03-30T12:00",
        ["2024-04-06T10:00"],
        ["2024-03-31T10:00"],
        id="a Saturday after which midnight is in a gap",
    ),
    pytest.param(
        "America/Havana", "0 0 * * *", "2024-03-09T12:00",
        ["2024-03-10T05:00", "2024-03-11T04:00"],
        ["2024-03-11T04:00", "2024-03-12T04:00"],
        id="a midnight in a gap west of Greenwich",
    ),
    pytest.param(
        "America/Havana", "0 */6 * * 0", "2024-03-09T12:00",
        ["2024-03-10T05:00", "2024-03-10T10:00", "2024-03-10T16:00", "2024-03-10T22:00"],
        ["2024-03-10T10:00", "2024-03-10T16:00", "2024-03-10T22:00", "2024-03-17T04:00"],
        id="a Sunday whose midnight is in a gap",
    ),
    pytest.param(
        "America/Havana", "0 0 * * *", "2024-11-02T12:00",
        ["2024-11-03T04:00", "2024-11-04T05:00", "2024-11-05T05:00"],
        ["2024-11-03T04:00", "2024-11-03T05:00", "2024-11-04T05:00"],
        id="a midnight in a fold",
    ),
    pytest.param(
        "America/Nuuk", "30 23 * * 6", "2027-03-27T12:00",
        ["2027-03-28T01:00", "2027-04-04T00:30"],
        ["2027-04-04T00:30", "2027-04-11T00:30"],
        id="a gap before midnight",
    ),
    pytest.param(
        "America/Nuuk", "30 23 * * *", "2027-10-30T12:00",
        ["2027-10-31T00:30", "2027-11-01T01:30", "2027-11-02T01:30"],
        ["2027-10-31T00:30", "2027-10-31T01:30", "2027-11-01T01:30"],
        id="a fold before midnight",
    ),
    pytest.param(
        "America/Nuuk", "30 * * * 6", "2027-10-30T23:00",
        ["2027-10-30T23:30", "2027-10-31T00:30", "2027-10-31T01:30", "2027-11-06T02:30"],
        ["2027-10-30T23:30", "2027-10-31T00:30", "2027-10-31T01:30", "2027-11-06T02:30"],
        id="every hour of a Saturday with a fold before midnight",
    ),
    pytest.param(
        "Asia/Gaza", "* * 24 * *", "2020-10-22T12:00",
        ["2020-10-23T21:00", "2020-10-23T21:01"],
        ["2020-10-23T22:00", "2020-10-23T22:01"],
        id="a fold that goes back to midnight",
    ),
    pytest.param(
        "Pacific/Apia", "0 9 * * *", "2011-12-29T12:00",
        ["2011-12-29T19:00", "2011-12-30T19:00"],
        ["2011-12-29T19:00", "2011-12-30T19:00"],
        id="a date that is skipped",
    ),
    pytest.param(
        "Pacific/Apia", "0 * * * *", "2011-12-30T08:30",
        ["2011-12-30T09:00", "2011-12-30T10:00", "2011-12-30T11:00"],
        ["2011-12-30T09:00", "2011-12-30T10:00", "2011-12-30T11:00"],
        id="every hour across a date that is skipped",
    ),
    pytest.param(
        "Etc/UTC", "0 0 29 2 *", "2096-03-01T00:00",
        ["2104-02-29"],
        [],
        id="a tick that is eight years ahead",
    ),
]  # fmt: skip

QUARTZ = [
    pytest.param(
        "Europe/Madrid", "0 30 2 * * ?", "2027-03-27T12:00",
        ["2027-03-28T01:00", "2027-03-29T00:30"],
        ["2027-03-29T00:30", "2027-03-30T00:30"],
        id="a time in a gap",
    ),
    pytest.param(
        "Europe/Madrid", "0 0,30 2,3 * * ?", "2027-03-28T00:00",
        ["2027-03-28T01:00", "2027-03-28T01:30"],
        ["2027-03-28T01:00", "2027-03-28T01:30"],
        id="times in a gap and after it",
    ),
    pytest.param(
        "Europe/Madrid", "0 0 1-3 * * ?", "2027-03-27T12:00",
        ["2027-03-28", "2027-03-28T01:00", "2027-03-28T23:00"],
        ["2027-03-28", "2027-03-28T01:00", "2027-03-28T23:00"],
        id="a range of hours across a gap",
    ),
    pytest.param(
        "Europe/Madrid", "0 0 */2 * * ?", "2027-03-27T22:00",
        ["2027-03-27T23:00", "2027-03-28T01:00", "2027-03-28T02:00", "2027-03-28T04:00"],
        ["2027-03-27T23:00", "2027-03-28T02:00", "2027-03-28T04:00", "2027-03-28T06:00"],
        id="every second hour across a gap",
    ),
    pytest.param(
        "Europe/Madrid", "0 */15 2 * * ?", "2027-03-27T12:00",
        ["2027-03-28T01:00", "2027-03-29"],
        ["2027-03-29", "2027-03-29T00:15"],
        id="a whole hour in a gap",
    ),
    pytest.param(
        "Europe/Madrid", "0 30 * * * ?", "2027-03-28T00:00",
        ["2027-03-28T00:30", "2027-03-28T01:30", "2027-03-28T02:30"],
        ["2027-03-28T00:30", "2027-03-28T01:30", "2027-03-28T02:30"],
        id="every hour across a gap",
    ),
    pytest.param(
        "Europe/Madrid", "0 30 2 * * ?", "2027-10-30T12:00",
        ["2027-10-31T00:30", "2027-11-01T01:30", "2027-11-02T01:30"],
        ["2027-10-31T01:30", "2027-11-01T01:30", "2027-11-02T01:30"],
        id="a time in a fold",
    ),
    pytest.param(
        "Europe/Madrid", "0 0 1-3 * * ?", "2027-10-30T12:00",
        ["2027-10-30T23:00", "2027-10-31", "2027-10-31T02:00", "2027-11-01", "2027-11-01T01:00"],
        ["2027-10-30T23:00", "2027-10-31T01:00", "2027-10-31T02:00", "2027-11-01", "2027-11-01T01:00"],
        id="a range of hours across a fold",
    ),
    pytest.param(
        "Europe/Madrid", "0 0 */2 * * ?", "2027-10-30T21:00",
        ["2027-10-30T22:00", "2027-10-31", "2027-10-31T03:00", "2027-10-31T05:00", "2027-10-31T07:00"],
        ["2027-10-30T22:00", "2027-10-31T01:00", "2027-10-31T03:00", "2027-10-31T05:00", "2027-10-31T07:00"],
        id="every second hour across a fold",
    ),
    pytest.param(
        "Europe/Madrid", "0 */15 * * * ?", "2027-10-31T00:20",
        ["2027-10-31T00:30", "2027-10-31T00:45", "2027-10-31T01:00", "2027-10-31T01:15", "2027-10-31T01:30", "2027-10-31T01:45", "2027-10-31T02:00"],
        ["2027-10-31T01:30", "2027-10-31T01:45", "2027-10-31T02:00", "2027-10-31T02:15", "2027-10-31T02:30", "2027-10-31T02:45", "2027-10-31T03:00"],
        id="every quarter of an hour across a fold",
    ),
    pytest.param(
        "Australia/Lord_Howe", "0 15 2 * * ?", "2027-10-02T00:00",
        ["2027-10-02T15:30", "2027-10-03T15:15"],
        ["2027-10-03T15:15", "2027-10-04T15:15"],
        id="a time in a gap of half an hour",
    ),
    pytest.param(
        "Australia/Lord_Howe", "0 0 * * * ?", "2027-10-02T14:00",
        ["2027-10-02T14:30", "2027-10-02T16:00", "2027-10-02T17:00"],
        ["2027-10-02T14:30", "2027-10-02T16:00", "2027-10-02T17:00"],
        id="every hour across a gap of half an hour",
    ),
    pytest.param(
        "Australia/Lord_Howe", "0 0 9 * * ?", "2027-10-02T00:00",
        ["2027-10-02T22:00", "2027-10-03T22:00"],
        ["2027-10-02T22:00", "2027-10-03T22:00"],
        id="a time on the day after a gap of half an hour",
    ),
    pytest.param(
        "Australia/Lord_Howe", "0 45 1 * * ?", "2027-04-03T00:00",
        ["2027-04-03T14:45", "2027-04-04T15:15", "2027-04-05T15:15"],
        ["2027-04-03T15:15", "2027-04-04T15:15", "2027-04-05T15:15"],
        id="a time in a fold of half an hour",
    ),
    pytest.param(
        "Australia/Lord_Howe", "0 */15 * * * ?", "2027-04-03T14:15",
        ["2027-04-03T14:30", "2027-04-03T14:45", "2027-04-03T15:00", "2027-04-03T15:15", "2027-04-03T15:30"],
        ["2027-04-03T15:00", "2027-04-03T15:15", "2027-04-03T15:30", "2027-04-03T15:45", "2027-04-03T16:00"],
        id="every quarter of an hour across a fold of half an hour",
    ),
    pytest.param(
        "Asia/Beirut", "0 0 0 * * ?", "2027-03-26T12:00",
        ["2027-03-26T22:00", "2027-03-27T22:00", "2027-03-28T21:00"],
        ["2027-03-26T22:00", "2027-03-28T21:00", "2027-03-29T21:00"],
        id="a midnight in a gap",
    ),
    pytest.param(
        "Asia/Beirut", "0 0 13 ? * 7", "2024-03-30T12:00",
        ["2024-04-06T10:00"],
        ["2024-04-06T10:00"],
        id="a Saturday after which midnight is in a gap",
    ),
    pytest.param(
        "America/Havana", "0 0 0 * * ?", "2024-03-09T12:00",
        ["2024-03-10T05:00", "2024-03-11T04:00"],
        ["2024-03-11T04:00", "2024-03-12T04:00"],
        id="a midnight in a gap west of Greenwich",
    ),
    pytest.param(
        "America/Havana", "0 0 */6 ? * 1", "2024-03-09T12:00",
        ["2024-03-10T05:00", "2024-03-10T10:00", "2024-03-10T16:00", "2024-03-10T22:00"],
        ["2024-03-10T10:00", "2024-03-10T16:00", "2024-03-10T22:00", "2024-03-17T04:00"],
        id="a Sunday whose midnight is in a gap",
    ),
    pytest.param(
        "America/Havana", "0 0 0 * * ?", "2024-11-02T12:00",
        ["2024-11-03T04:00", "2024-11-04T05:00", "2024-11-05T05:00"],
        ["2024-11-03T05:00", "2024-11-04T05:00", "2024-11-05T05:00"],
        id="a midnight in a fold",
    ),
    pytest.param(
        "America/Nuuk", "0 30 23 ? * 7", "2027-03-27T12:00",
        ["2027-03-28T01:00", "2027-04-04T00:30"],
        ["2027-04-04T00:30", "2027-04-11T00:30"],
        id="a gap before midnight",
    ),
    pytest.param(
        "America/Nuuk", "0 30 23 * * ?", "2027-10-30T12:00",
        ["2027-10-31T00:30", "2027-11-01T01:30", "2027-11-02T01:30"],
        ["2027-10-31T01:30", "2027-11-01T01:30", "2027-11-02T01:30"],
        id="a fold before midnight",
    ),
    pytest.param(
        "America/Nuuk", "0 30 * ? * 7", "2027-10-30T23:00",
        ["2027-10-30T23:30", "2027-10-31T00:30", "2027-10-31T01:30", "2027-11-06T02:30"],
        ["2027-10-30T23:30", "2027-10-31T01:30", "2027-11-06T02:30", "2027-11-06T03:30"],
        id="every hour of a Saturday with a fold before midnight",
    ),
    pytest.param(
        "Pacific/Apia", "0 0 9 * * ?", "2011-12-29T12:00",
        ["2011-12-29T19:00", "2011-12-30T19:00"],
        ["2011-12-29T19:00", "2011-12-30T19:00"],
        id="a date that is skipped",
    ),
    pytest.param(
        "Pacific/Apia", "0 0 * * * ?", "2011-12-30T08:30",
        ["2011-12-30T09:00", "2011-12-30T10:00", "2011-12-30T11:00"],
        ["2011-12-30T09:00", "2011-12-30T10:00", "2011-12-30T11:00"],
        id="every hour across a date that is skipped",
    ),
    pytest.param(
        "Etc/UTC", "0 0 0 29 2 ?", "2096-03-01T00:00",
        ["2104-02-29"],
        ["2104-02-29"],
        id="a tick that is eight years ahead",
    ),
    pytest.param(
        "Europe/Madrid", "0,30 * 2 * * ?", "2027-10-31T00:59:40",
        ["2027-11-01T01:00", "2027-11-01T01:00:30", "2027-11-01T01:01"],
        ["2027-11-01T01:00", "2027-11-01T01:00:30", "2027-11-01T01:01"],
        id="seconds in a fold",
    ),
    pytest.param(
        "Etc/UTC", "0 0 0 L * ?", "2027-02-01T00:00",
        ["2027-02-28", "2027-03-31"],
        ["2027-03-31", "2027-05-31"],
        id="the last day of short months",
    ),
    pytest.param(
        "Etc/UTC", "0 0 0 L-3 * ?", "2027-02-01T00:00",
        ["2027-02-25", "2027-03-28"],
        ["2027-03-28", "2027-05-28"],
        id="three days before the last of short months",
    ),
    pytest.param(
        "Etc/UTC", "0 0 0 LW * ?", "2027-02-01T00:00",
        ["2027-02-26", "2027-03-31", "2027-04-30"],
        ["2027-03-31", "2027-04-30", "2027-05-31"],
        id="the last working day of short months",
    ),
    pytest.param(
        "Etc/UTC", "0 0 0 1W * ?", "2027-04-15T00:00",
        ["2027-05-03", "2027-06-01"],
        ["2027-06-01", "2027-07-01"],
        id="a W that moves forward",
    ),
    pytest.param(
        "Etc/UTC", "0 0 0 14W,20W 8 ?", "2027-07-01T00:00",
        ["2027-08-13", "2027-08-20"],
        ["2027-08-13", "2028-08-14"],
        id="a W after a W that moved back",
    ),
    pytest.param(
        "Etc/UTC", "0 0 0 ? * MON-FRI/2", "2027-01-03T00:00",
        ["2027-01-04", "2027-01-06", "2027-01-08", "2027-01-11"],
        ["2027-01-04", "2027-01-05", "2027-01-06", "2027-01-07"],
        id="a step after names",
    ),
    pytest.param(
        "Etc/UTC", "0 0 0 1 JAN/6 ?", "2027-01-03T00:00",
        ["2027-07-01", "2028-01-01"],
        ["2028-01-01", "2029-01-01"],
        id="a step after a named month",
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def robfig_answers(robfig: list[str]) -> dict[Question, Answer]:
    return answers(robfig, ROBFIG)


@pytest.fixture(scope="module")
def quartz_answers(quartz: list[str]) -> dict[Question, Answer]:
    return answers(quartz, QUARTZ)


def answers(command: list[str], rows: Sequence[ParameterSet]) -> dict[Question, Answer]:
    """Ask all rows at once."""
    asked = [question(*row.values[:4]) for row in rows]
    return dict(zip(asked, ask(command, asked), strict=True))


def question(zone: Any, text: Any, since: Any, ours: Any) -> Question:
    return Question(text, zone, instant(since), len(ours))


@pytest.mark.parametrize(("zone", "text", "since", "ours", "theirs"), ROBFIG)
def test_robfig(
    robfig_answers: dict[Question, Answer], zone: str, text: str, since: str, ours: list[str], theirs: list[str]
) -> None:
    asked = question(zone, text, since, ours)

    assert written(our_ticks(asked)) == written(map(instant, ours))
    assert written(robfig_answers[asked].ticks) == written(map(instant, theirs))


@pytest.mark.parametrize(("zone", "text", "since", "ours", "theirs"), QUARTZ)
def test_quartz(
    quartz_answers: dict[Question, Answer], zone: str, text: str, since: str, ours: list[str], theirs: list[str]
) -> None:
    asked = question(zone, text, since, ours)

    assert written(our_ticks(asked)) == written(map(instant, ours))
    assert written(quartz_answers[asked].ticks) == written(map(instant, theirs))


def test_robfig_does_not_return_where_a_date_is_skipped(robfig: list[str]) -> None:
    asked = Question("0 9 30 * *", "Pacific/Apia", instant("2011-12-29T20:00"), 1)

    assert our_ticks(asked) == [instant("2012-01-29T19:00")]
    assert ask(robfig, [asked]) == [Answer(None, "timeout")]


def written(ticks: Iterable[int] | None) -> list[str]:
    assert ticks is not None
    return [utc(tick) for tick in ticks]


def our_ticks(asked: Question) -> list[int]:
    ticks = cron_ticks(parse_expression(asked.text, ""), asked.zone)
    found: list[int] = []
    tick = ticks.after(asked.start)
    while tick is not None and len(found) < asked.wanted:
        found.append(tick)
        tick = ticks.after(tick)
    return found
