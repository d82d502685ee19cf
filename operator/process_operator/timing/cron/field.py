"""Field of a cron expression: its range, its names, and the errors about its values. Both dialects share it.

`standard.py` reads 5 fields, `quartz.py` 6 and 7, `hashed.py` replaces H by numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, NoReturn

from process_operator.resources.conditions import Reason
from process_operator.timing.errors import SCHEDULE_FIELD, ScheduleError

CRON_FIELD: Final = f"{SCHEDULE_FIELD}.cron"

_MONTH_NAMES: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS: Final = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
WEEKDAY_NAMES: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

_NUMBER: Final = re.compile(r"[0-9]{1,9}")  # more digits are out of any range anyway
_NO_NAMES: Final[Mapping[str, int]] = MappingProxyType({})


class Field(NamedTuple):
    """A field: its name in messages, its lowest and highest value, and the names (lower case) of values.

    `forms` lists further allowed forms in messages. `largest_step` is 0 if every step is allowed.
    """

    name: str
    low: int
    high: int
    names: Mapping[str, int] = _NO_NAMES
    forms: str = ""
    largest_step: int = 0

    @property
    def allowed(self) -> str:
        """The values, in words."""
        named = ", ".join(self.names)
        return f"{self.low} to {self.high}" + (f" or {named}" if named else "")

    def reject(self, item: str, why: str) -> NoReturn:
        """Raise a ScheduleError (InvalidSchedule) about an item of the field."""
        raise ScheduleError(Reason.INVALID_SCHEDULE, CRON_FIELD, f"{self.name} {item!r}: {why}")

    def step(self, item: str, text: str) -> int:
        """Read the step after the / of an item."""
        upper = f" to {self.largest_step}" if self.largest_step else ""
        if not _NUMBER.fullmatch(text) or int(text) < 1 or (upper and int(text) > self.largest_step):
            self.reject(item, f"the step after / must be a whole number from 1{upper}")
        return int(text)

    def value(self, item: str, text: str) -> int:
        """Read a number or a name inside an item."""
        named = self.names.get(text.lower())
        if named is not None:
            return named
        if not text:
            self._reject_nothing(item)
        if not _NUMBER.fullmatch(text):
            allowed = f"{self.allowed}, *{self.forms}, ranges, lists and steps"
            self.reject(item, f"{text!r} is not a value; allowed are {allowed}")
        number = int(text)
        if not self.low <= number <= self.high:
            self.reject(item, f"{number} is out of range; allowed are {self.allowed}")
        return number

    def _reject_nothing(self, item: str) -> NoReturn:
        if item.startswith("/"):
            self.reject(item, f"a value is missing before the step; write *{item}")
        if item.startswith("-"):
            self.reject(item, f"values cannot be negative, and a range needs a start; allowed are {self.allowed}")
        self.reject(item, f"a value is missing; allowed are {self.allowed}")
