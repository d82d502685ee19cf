"""Properties of every schedule: order, completeness and consistency of the searches, and croniter as a witness."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from process_operator.resources.schedule import Schedule
from process_operator.timing.cron.standard import Cron, parse_cron
from process_operator.timing.recurrence import Recurrence, compile_schedule
from process_operator.timing.zone import zone

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)
BEGIN = datetime(2007, 1, 1, tzinfo=UTC)  # Apia, Caracas, Troll, Cairo and Havana did strange things after it
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
ZONES = (
    "Etc/UTC", "Europe/Madrid", "Australia/Lord_Howe", "America/Havana", "America/Nuuk", "Asia/Beirut", "Pacific/Apia",
    "America/St_Johns", "Africa/Cairo", "America/Caracas", "Antarctica/Troll", "Pacific/Chatham", "Asia/Gaza",
)  # fmt: skip

quick = settings(deadline=None, derandomize=True, max_examples=150)


def fields(low: int, high: int) -> st.SearchStrategy[str]:
    values = st.integers(low, high)
    item = st.one_of(
        st.just("*"),
        values.map(str),
        st.tuples(values, values).map(lambda ends: f"{min(ends)}-{max(ends)}"),
        st.integers(1, high).map(lambda step: f"*/{step}"),
    )
    return st.one_of(st.just("*"), st.lists(item, min_size=1, max_size=2).map(",".join))


crons = st.tuples(*(fields(low, high) for low, high in RANGES)).map(lambda parts: {"cron": " ".join(parts)})
hashed = st.tuples(st.sampled_from(["H", "H/7", "H(5-9)"]), st.sampled_from(["H", "*", "H(3-8)/2", "*/6"])).map(
    lambda parts: {"cron": f"{parts[0]} {parts[1]} * * *"}
)
numbers = st.integers(1, 31)
placed_days = st.one_of(
    fields(1, 31),
    st.sampled_from(["L", "LW", "1,LW", "15,L-2W", "28-3"]),
    numbers.map(lambda day: f"{day}W"),
    numbers.map(lambda day: f"L-{day - 1}"),
)
placed_weekdays = st.one_of(
    fields(1, 7),
    st.sampled_from(["L", "FRI-MON", "WED"]),
    st.integers(1, 7).map(lambda day: f"{day}L"),
    st.tuples(st.integers(1, 7), st.integers(1, 5)).map(lambda pair: f"{pair[0]}#{pair[1]}"),
)
years = st.sampled_from(["", "", "*", "2008-2011", "2007/2"])
quartz = st.tuples(
    st.one_of(st.just("0"), fields(0, 59)),
    fields(0, 59),
    fields(0, 23),
    st.one_of(
        st.tuples(placed_days, fields(1, 12), st.just("?")), st.tuples(st.just("?"), fields(1, 12), placed_weekdays)
    ).map(" ".join),
    years,
).map(lambda parts: {"cron": " ".join(parts)})
times = st.times().map(lambda time: f"{time:%H:%M:%S}")
weekdays = st.lists(
    st.sampled_from(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]),
    min_size=1, max_size=3, unique=True,
)  # fmt: skip
dailies = st.fixed_dictionaries({"at": times, "every": st.integers(1, 40)}).map(lambda spec: {"daily": spec})
weeklies = st.fixed_dictionaries({"at": times, "days": weekdays, "every": st.integers(1, 5)}).map(
    lambda spec: {"weekly": spec}
)
monthlies = st.fixed_dictionaries(
    {"at": times, "day": st.one_of(numbers, st.just("Last")), "every": st.integers(1, 5)}
).map(lambda spec: {"monthly": spec})
nth_weekdays = st.fixed_dictionaries(
    {
        "at": times,
        "weekday": st.fixed_dictionaries(
            {"week": st.sampled_from(["First", "Fourth", "Last"]), "day": weekdays.map(lambda days: days[0])}
        ),
    }
).map(lambda spec: {"monthly": spec})
secondlies = st.fixed_dictionaries({"every": st.integers(1, 86_400)}).map(lambda spec: {"secondly": spec})
hourlies = st.fixed_dictionaries({"every": st.integers(1, 400)}).map(lambda spec: {"hourly": spec})
minutelies = st.fixed_dictionaries({"every": st.integers(1, 3000)}).map(lambda spec: {"minutely": spec})
walls = st.one_of(crons, hashed, quartz, dailies, weeklies, monthlies, nth_weekdays)
specs = st.one_of(walls, secondlies, minutelies, hourlies)
instants = st.integers(0, 6 * 365 * 86_400).map(lambda seconds: BEGIN + timedelta(seconds=seconds))


def compiled(spec: dict[str, Any], zone: str, since: datetime = BEGIN) -> Recurrence:
    return compile_schedule(Schedule.model_validate({**spec, "timeZone": zone}), since=since)


@quick
@given(specs, st.sampled_from(ZONES), instants)
def test_ticks_are_in_order_and_every_search_finds_the_same(spec: dict[str, Any], zone: str, start: datetime) -> None:
    recurrence = compiled(spec, zone)
    until = start + 3 * DAY
    ticks = recurrence.between(start, until, limit=100)

    assert all(a < b for a, b in pairwise(ticks))
    for before, tick in pairwise([start, *ticks]):
        assert recurrence.next_after(tick - MICROSECOND) == tick
        assert recurrence.previous(tick) == tick
        assert recurrence.previous(tick - MICROSECOND) in {before, recurrence.previous(start)}
    if ticks:
        assert recurrence.count(start, ticks[-1]) == len(ticks)
        assert recurrence.newest(start, ticks[-1], limit=len(ticks)) == ticks


@quick
@given(specs, st.sampled_from(ZONES), st.lists(instants, min_size=3, max_size=3).map(sorted))
def test_counts_add_up(spec: dict[str, Any], zone: str, points: list[datetime]) -> None:
    recurrence = compiled(spec, zone)
    a, b, c = points

    assert recurrence.count(a, c) == recurrence.count(a, b) + recurrence.count(b, c)


@quick
@given(walls, st.sampled_from(["Asia/Tokyo", "Asia/Kolkata", "America/Phoenix"]), instants)
def test_a_constant_offset_only_shifts(spec: dict[str, Any], zone: str, start: datetime) -> None:
    offset = {"Asia/Tokyo": 9 * 60, "Asia/Kolkata": 5 * 60 + 30, "America/Phoenix": -7 * 60}[zone]
    shift = timedelta(minutes=offset)
    # An anchor that is on the same local date in both, from which days, weeks and months are counted.
    there = compiled(spec, zone, BEGIN - shift).next_after(start)
    in_utc = compiled(spec, "Etc/UTC", BEGIN).next_after(start + shift)

    assert (there and there + shift) == in_utc


@quick
@given(walls, st.sampled_from(ZONES), instants)
def test_fixed_ticks_have_wall_times_in_order_before_moves(spec: dict[str, Any], zone: str, start: datetime) -> None:
    recurrence = compiled(spec, zone)
    ticks = recurrence.between(start, start + 400 * DAY, limit=50)
    walls = [wall for tick in ticks if (wall := recurrence.wall_time(tick)) is not None]

    assert all(a < b for a, b in pairwise(walls))
    assert all(recurrence.settled_by(wall) == tick for wall, tick in zip(walls, ticks, strict=False))


@pytest.mark.parametrize("zone", ZONES)
def test_every_minute_is_every_minute_through_every_change(zone: str) -> None:
    recurrence = compiled({"cron": "* * * * *"}, zone)
    rng = Random(zone)

    assert recurrence.count(BEGIN, BEGIN + 3000 * DAY) == 3000 * 24 * 60
    for _ in range(200):
        tick = BEGIN + timedelta(minutes=rng.randrange(3000 * 24 * 60))
        assert recurrence.next_after(tick) == tick + timedelta(minutes=1)
        assert recurrence.previous(tick) == tick


@quick
@given(
    st.tuples(fields(0, 59), fields(0, 23), fields(1, 31), fields(1, 12)).map(" ".join),
    st.sampled_from(ZONES),
    instants,
)
def test_the_quartz_form_on_whole_minutes_is_the_same_as_five_fields(text: str, zone: str, start: datetime) -> None:
    five, six = compiled({"cron": f"{text} *"}, zone), compiled({"cron": f"0 {text} ?"}, zone)

    assert five.between(start, start + 900 * DAY, limit=60) == six.between(start, start + 900 * DAY, limit=60)


@quick
@given(walls, st.sampled_from(ZONES), instants)
def test_the_tick_before_the_next_one_is_this_one(spec: dict[str, Any], zone: str, start: datetime) -> None:
    recurrence = compiled(spec, zone)
    tick = recurrence.next_after(start)
    if tick is None:
        assert recurrence.count(start, start + 3000 * DAY) == 0
        return

    assert start < tick
    assert recurrence.count(start, tick) == 1
    assert recurrence.previous(tick) == tick
    following = recurrence.next_after(tick)
    if following is not None:
        assert recurrence.previous(following - MICROSECOND) == tick


@quick
@given(dailies, st.sampled_from(ZONES), instants, instants)
def test_ticks_keep_to_start_and_finish(spec: dict[str, Any], zone: str, one: datetime, other: datetime) -> None:
    start, finish = sorted((one, other))
    bounds = {"startTime": start, "finishTime": finish}
    recurrence = compiled({**spec, **bounds}, zone)
    first, last = recurrence.next_after(recurrence.floor), recurrence.previous(finish + 100 * DAY)

    assert first is None or first >= start
    assert last is None or last <= finish
    assert (first is None) == (last is None) == (recurrence.count(BEGIN, finish + DAY) == 0)


# ---- The rules said once more, minute by minute, with zoneinfo's own idea of gaps and folds

CHANGES = (
    ("Europe/Madrid", "2027-03-28"), ("Europe/Madrid", "2027-10-31"), ("Australia/Lord_Howe", "2027-04-04"),
    ("Australia/Lord_Howe", "2027-10-03"), ("America/Havana", "2024-03-10"), ("America/Havana", "2024-11-03"),
    ("America/Nuuk", "2027-03-27"), ("America/Nuuk", "2027-10-30"), ("Asia/Beirut", "2027-03-28"),
    ("Pacific/Apia", "2011-12-30"), ("America/St_Johns", "2011-03-13"), ("America/St_Johns", "2010-11-07"),
    ("America/Caracas", "2007-12-09"), ("America/Caracas", "2016-05-01"), ("Antarctica/Troll", "2027-03-28"),
)  # fmt: skip


def selects(cron: Cron, wall: datetime) -> bool:
    day, weekday = wall.day in cron.days, wall.isoweekday() % 7 in cron.weekdays
    return (
        wall.minute in cron.minutes
        and wall.hour in cron.hours
        and wall.month in cron.months
        and ((day or weekday) if cron.either else (day and weekday))
    )


def resolved(wall: datetime, info: ZoneInfo) -> datetime:
    instant = wall.replace(tzinfo=info).astimezone(UTC)
    if instant.astimezone(info).replace(tzinfo=None) == wall:
        return instant
    offset = instant.astimezone(info).utcoffset()  # read with the offset before the gap, so this is after it
    while (instant - MINUTE).astimezone(info).utcoffset() == offset:
        instant -= MINUTE
    return instant


def by_the_minute(cron: Cron, zone_name: str, day: datetime) -> list[datetime]:
    """List the ticks of the 48 hours of wall time or of UTC from `day` on, whichever the rule looks at."""
    info = zone(zone_name)
    minutes = [day + n * MINUTE for n in range(2 * 24 * 60)]
    if len(cron.hours) == 24:
        return [m for m in minutes if selects(cron, m.astimezone(info).replace(tzinfo=None))]
    walls = [m.replace(tzinfo=None) for m in minutes]
    skipped = {w.date() for w in walls if resolved(w, info).astimezone(info).date() > w.date()}
    skipped -= {w.date() for w in walls if resolved(w, info).astimezone(info).replace(tzinfo=None) == w}
    return sorted({resolved(w, info) for w in walls if selects(cron, w) and w.date() not in skipped})


@settings(quick, max_examples=60)
@given(crons, st.sampled_from(CHANGES), st.booleans())
def test_ticks_near_a_change_are_what_the_rules_say(
    spec: dict[str, str],
    change: tuple[str, str],
    every_hour: bool,  # noqa: FBT001 - given by position
) -> None:
    zone_name, date = change
    parts = spec["cron"].split()
    text = " ".join([parts[0], "*" if every_hour else parts[1], *parts[2:]])
    day = datetime.fromisoformat(date).replace(tzinfo=UTC)
    expected = by_the_minute(parse_cron(text), zone_name, day - DAY / 2)
    recurrence = compiled({"cron": text}, zone_name, day - 3 * DAY)

    if expected:
        assert recurrence.between(expected[0] - MICROSECOND, expected[-1], limit=5000) == expected, text


# ---- croniter, an independent reader, where it is right: normalised expressions, and no zone


def for_croniter(cron: Cron) -> str | None:
    """Write an expression for croniter as plain lists and stars; None where its day rule cannot say what is meant.

    It takes `a-a`, and any list or range of all values, for a star.
    """
    all_days, all_weekdays = len(cron.days) == 31, len(cron.weekdays) == 7
    if cron.either and (all_days or all_weekdays):
        return None  # either of two fields of which one is always true: croniter sees a star, and takes both
    if not cron.either and not (all_days or all_weekdays):
        return None  # both of two restricted fields, from `1,*/1`-like lists
    values = (cron.minutes, cron.hours, cron.days, cron.months, cron.weekdays)
    return " ".join(
        "*" if len(selected) == high - low + 1 else ",".join(map(str, sorted(selected)))
        for selected, (low, high) in zip(values, RANGES, strict=True)
    )


def random_field(rng: Random, low: int, high: int) -> str:
    def item() -> str:
        first, last = sorted((rng.randint(low, high), rng.randint(low, high)))
        return rng.choice(
            [str(first), f"{first}-{last}", f"{first}/{rng.randint(1, high)}", f"*/{rng.randint(1, high)}"]
        )

    return "*" if rng.random() < 0.4 else ",".join(item() for _ in range(rng.randint(1, 3)))


@pytest.mark.parametrize("seed", range(4))
def test_croniter_finds_the_same_ticks_of_random_expressions(seed: int) -> None:
    rng = Random(seed)
    compared = 0
    while compared < 500:
        text = " ".join(random_field(rng, low, high) for low, high in RANGES)
        expression = for_croniter(parse_cron(text))
        recurrence = compiled({"cron": text}, "Etc/UTC")
        start = BEGIN + timedelta(minutes=rng.randrange(20 * 365 * 24 * 60))
        if expression is None or recurrence.next_after(start) is None:
            continue
        witness = croniter(expression, start, ret_type=datetime)
        there = [witness.get_next() for _ in range(3)]
        back = croniter(expression, there[-1] + timedelta(seconds=1), ret_type=datetime)

        assert recurrence.between(start, there[-1], limit=4) == there, text
        assert [back.get_prev() for _ in range(3)] == recurrence.newest(start, there[-1], limit=4)[::-1], text
        compared += 1
