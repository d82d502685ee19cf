"""Reference model of a schedule: which ticks must have a run, computed without any code of the operator.

The model knows one request with the timing "every n seconds". It follows what users do (edit, suspend, resume,
reschedule) and what happens to the operator (crash, absence, a clock that jumps ahead). Where the operator cannot know
when something happened, because it was away, the model says which ticks *may* have a run. The idea is that of Temporal's
scheduler model: a small second implementation, against which random histories are played.

Neighbour: `test_model.py` plays random histories through the real operator and compares.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Expected:
    """Ticks that must be in exactly one run, and further ones that may be in one (UTC)."""

    must: frozenset[datetime]
    may: frozenset[datetime]


@dataclass
class _Activation:
    """One unbroken validity of a timing: its ticks are `since`, `since + every`, ..."""

    since: datetime
    every: int
    """Seconds between two ticks."""

    def ticks(self, until: datetime) -> set[datetime]:
        """Return the ticks not after `until`."""
        count = max(-1, (until - self.since) // timedelta(seconds=self.every))
        return {self.since + timedelta(seconds=self.every * number) for number in range(count + 1)}


@dataclass
class Model:
    """The state of one request, as an observer with perfect knowledge sees it."""

    now: datetime
    every: int
    suspended: bool = False
    is_operator_there: bool = True
    _must: set[datetime] = field(default_factory=set)
    _may: set[datetime] = field(default_factory=set)
    _activation: _Activation | None = None
    _seen: tuple[int, bool, int] = (0, True, 0)
    """The timing, suspension and reschedules that the operator saw last."""
    _reschedules: int = 0
    _changed_at: datetime | None = None
    """When the user first changed something that the operator has not seen."""

    def __post_init__(self) -> None:
        self._observe()

    # ---- what users do

    def edit(self, every: int) -> None:
        """The user changes the timing."""
        self.every = every
        self._change()

    def suspend(self, *, to: bool) -> None:
        """The user suspends or resumes the request."""
        self.suspended = to
        self._change()

    def reschedule(self) -> None:
        """The user presses Reschedule."""
        self._reschedules += 1
        self._change()

    # ---- what happens

    def advance(self, seconds: int) -> None:
        """Let time pass, or the clock jump ahead. Ticks of the time in between are due in both cases."""
        self.now += timedelta(seconds=seconds)

    def leave(self) -> None:
        """The operator ends."""
        self._record(self.now)
        self.is_operator_there = False

    def come_back(self) -> None:
        """Another operator starts, and sees what there is."""
        self.is_operator_there = True
        self._observe()

    def expected(self) -> Expected:
        """Return what the runs must and may stand for now. The operator is there."""
        self._record(self.now)
        return Expected(frozenset(self._must), frozenset(self._may | self._must))

    # ---- rules

    def _change(self) -> None:
        if self._changed_at is None:
            self._changed_at = self.now
        if self.is_operator_there:
            self._observe()

    def _record(self, until: datetime) -> None:
        """Ticks of the present activation come due up to `until`."""
        if self._activation is not None:
            self._must |= self._activation.ticks(until)

    def _observe(self) -> None:
        """The operator looks at the request: a change starts another activation, from now."""
        seen = (self.every, self.suspended, self._reschedules)
        changed_at, self._changed_at = self._changed_at, None
        if seen == self._seen:
            # Two changes that cancel each other out while the operator is away are no change for it.
            self._record(self.now)
            return
        if self._activation is not None:
            # Until the change the old timing held. Of the time after it the operator knows nothing.
            self._record(changed_at or self.now)
            self._may |= self._activation.ticks(self.now)
        self._seen = seen
        if self.suspended:
            self._activation = None
        else:
            # The API has whole seconds, so an activation begins with the second in which the operator sees it.
            # If the old timing has a tick in that second, the new timing begins with the next one.
            since = self.now.replace(microsecond=0)
            if since in self._must | self._may:
                since += timedelta(seconds=1)
            self._activation = _Activation(since, self.every)
