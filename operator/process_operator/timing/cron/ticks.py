"""Ticks of a cron expression in a zone, for both dialects.

The number of fields determines the dialect: 5 fields and macros are those of a CronJob, 6 and 7 those of Quartz.
`recurrence.py` adds the bounds of a schedule.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from process_operator.timing import days
from process_operator.timing.cron.expression import split_fields
from process_operator.timing.cron.foreign import reject_foreign
from process_operator.timing.cron.quartz import Quartz, parse_quartz
from process_operator.timing.cron.standard import Cron, parse_cron
from process_operator.timing.ticks import FixedTicks, HourCoveringTicks, Ticks
from process_operator.timing.wall_grid import TimesOfDay, WallGrid
from process_operator.timing.zone import wall_clock

_SHARED: Final = 4096  # distinct expressions to keep compiled
_ALL_HOURS: Final = frozenset(range(24))
_ON_THE_MINUTE: Final = frozenset({0})


def is_quartz(text: str) -> bool:
    """Whether an expression has the Quartz form.

    Raises ScheduleError (InvalidSchedule) if it has no known form.
    """
    return len(split_fields(text)) > 5


def parse_expression(text: str, key: str) -> Cron | Quartz:
    """Read an expression of any form. `key` (`<namespace>/<name>`) determines the values of H.

    Raises ScheduleError (InvalidSchedule).
    """
    reject_foreign(text)
    return parse_quartz(text, key) if is_quartz(text) else parse_cron(text, key)


def on_whole_minutes(cron: Cron | Quartz) -> bool:
    """Whether an expression names whole minutes only."""
    return not isinstance(cron, Quartz) or cron.seconds == _ON_THE_MINUTE


@lru_cache(maxsize=_SHARED)
def cron_ticks(cron: Cron | Quartz, zone_name: str) -> Ticks:
    """Compile an expression in a zone."""
    if isinstance(cron, Quartz):
        calendar = days.Calendar(cron.days, days.month_bits(cron.months, cron.years))
        times = TimesOfDay(cron.hours, cron.minutes, cron.seconds)
    else:
        weekdays = frozenset((day - 1) % 7 for day in cron.weekdays)
        rule = days.cron_days(days=cron.days, weekdays=weekdays, either=cron.either)
        calendar = days.Calendar(rule, days.month_bits(cron.months))
        times = TimesOfDay(cron.hours, cron.minutes, _ON_THE_MINUTE)
    kind = HourCoveringTicks if cron.hours == _ALL_HOURS else FixedTicks
    return kind(WallGrid(calendar, times), wall_clock(zone_name))
