"""Values of local time in timings: times of day, time zones, days of the week and of the month, and dates."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field, WithJsonSchema

from process_operator.resources.cel_rule import CelRule
from process_operator.resources.model import (
    DAY_PATTERN,
)
from process_operator.resources.text_form import TextForm


class Weekday(StrEnum):
    """A day of the week, Monday first as in ISO 8601."""

    MONDAY = "Monday"
    TUESDAY = "Tuesday"
    WEDNESDAY = "Wednesday"
    THURSDAY = "Thursday"
    FRIDAY = "Friday"
    SATURDAY = "Saturday"
    SUNDAY = "Sunday"


class DaysOfWeek(StrEnum):
    """Monday to Friday, or Saturday and Sunday."""

    WEEKDAYS = "Weekdays"
    WEEKENDS = "Weekends"


class WeekOfMonth(StrEnum):
    """The position of a weekday in its month."""

    FIRST = "First"
    SECOND = "Second"
    THIRD = "Third"
    FOURTH = "Fourth"
    LAST = "Last"


_TIME_OF_DAY: Final = TextForm(
    "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?",
    "must be a time of day with two digits for each part, HH:MM or HH:MM:SS from 00:00 to 23:59:59, such as 09:30",
)
TimeOfDay = Annotated[str, Field(max_length=8, json_schema_extra=_TIME_OF_DAY.schema()), _TIME_OF_DAY.validator]
"""`HH:MM` or `HH:MM:SS`, 00:00 to 23:59:59."""
_TIME_ZONE: Final = TextForm(
    "[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}",
    "must be a name of the IANA time zone database, such as Europe/Madrid or America/New_York; Windows names "
    "(Romance Standard Time) and offsets (+05:30) are not allowed",
)
TimeZone = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        json_schema_extra=_TIME_ZONE.schema(
            CelRule(
                rule="self.lowerAscii() != 'local'",
                message="must be a name of the IANA time zone database, such as Europe/Madrid; Local is not allowed",
            )
        ),
    ),
    _TIME_ZONE.validator,
]
DayOfMonth = Annotated[
    Annotated[int, Field(strict=True, ge=1, le=31)] | Literal["Last"],
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "x-kubernetes-validations": [
                CelRule(
                    rule="type(self) == int ? self >= 1 && self <= 31 : self == 'Last'",
                    message="must be a number from 1 to 31, or Last",
                ).to_api()
            ],
        }
    ),
]
_EXCLUDED_DATES: Final = TextForm(
    f"{DAY_PATTERN}(/{DAY_PATTERN})?",
    "must be an existing date from 1970-01-01 to 2199-12-31 as YYYY-MM-DD, such as 2027-12-25, or a range of two dates, "
    "such as 2027-12-24/2028-01-06",
)
ExcludedDates = Annotated[
    str,
    Field(
        max_length=21,
        json_schema_extra=_EXCLUDED_DATES.schema(
            CelRule(
                rule="self.size() != 21 || self.substring(0, 10) <= self.substring(11)",
                message="the range must not end before it begins",
            )
        ),
    ),
    _EXCLUDED_DATES.validator,
]
"""A date, or the first and the last date of a range."""
