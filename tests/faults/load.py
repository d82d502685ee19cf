"""Load during the faults: requests of every policy, most with a tick a second, and their due ticks.

Due ticks are plain arithmetic on whole seconds of UTC, so that a mistake in the operator's calendars cannot hide
itself. Jobs of most requests want no completions and are done at once. Those of `works` seconds have a pod that
`battle.py` ends, so that runs block each other. Neighbour: `judgement.py` compares the load with the runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from tests.builders.manifests import manifest
from tests.builders.objects import Object

from process_operator.resources.kinds import PROCESS_REQUEST

WORKS: Final = "fault-suite/works-seconds"
_KEPT: Final = 100_000
_ENDS: Final[dict[str, frozenset[str]]] = {
    "Allow": frozenset({"Succeeded", "Missed"}),
    "Forbid": frozenset({"Succeeded", "Missed", "Skipped"}),
    "Queue": frozenset({"Succeeded", "Missed"}),
    "Replace": frozenset({"Succeeded", "Missed", "Canceled"}),
}


@dataclass
class Wish:
    """One request of a round, and its expected runs."""

    name: str
    manifest: Object
    every: int
    """Seconds between two ticks; 0: it runs once."""
    start: datetime | None
    """The first tick; None: at the beginning of its activation."""
    finish: datetime
    ends: frozenset[str]
    """Phases in which its runs may end."""
    uid: str = ""
    created: datetime | None = None
    is_strict: bool = True
    """Whether every tick must have its run; false if a person deletes something of the request."""
    is_gone: bool = False
    """The request was deleted: no status tells how its open runs ended."""
    edits: list[tuple[datetime, int]] = field(default_factory=list)
    """Activations after the first: since when, and the seconds between ticks from then."""
    deleted_runs: set[str] = field(default_factory=set)
    """Names of runs that the suite itself has deleted."""

    def due(self) -> list[datetime]:
        """All due ticks of the request, oldest first."""
        assert self.created is not None
        if not self.every:
            return [self.created]
        ticks: set[datetime] = set()
        begin, every = self.start or self.created, self.every
        for since, next_every in [*self.edits, (self.finish, 0)]:
            ticks.update(_row(begin, every, min(since, self.finish)))
            begin, every = since, next_every
        # With a start given, a tick at the creation or before it is none.
        return sorted(tick for tick in ticks if self.start is None or tick > self.created)


def _row(begin: datetime, every: int, until: datetime) -> list[datetime]:
    count = int((until - begin).total_seconds()) // every + 1 if begin <= until else 0
    return [begin + timedelta(seconds=every * number) for number in range(count)]


def whole_second(ahead: float = 0) -> datetime:
    """The present whole second or a later one, UTC."""
    return (datetime.now(UTC) + timedelta(seconds=ahead)).replace(microsecond=0)


def written(instant: datetime) -> str:
    """An instant as a manifest has it."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def request(name: str, timing: Object, *, works: float = 0, **spec: object) -> Object:
    """A ProcessRequest whose Jobs are done at once or after `works` seconds, and whose runs are all kept."""
    pod = {"containers": [{"name": "main", "image": "none.example/image:1"}]}
    job = {"completions": 1 if works else 0, "backoffLimit": 0}
    about = {"annotations": {WORKS: str(works)}} if works else {}
    template = {"spec": {**job, "template": {"metadata": about, "spec": pod}}}
    kept = {"successful": _KEPT, "failed": _KEPT, "other": _KEPT}
    fields = {"history": kept, "jobTemplate": template, "timing": timing, **spec}
    return manifest(PROCESS_REQUEST, name, fields)


def every_seconds(every: int, finish: datetime, start: datetime | None = None, **more: object) -> Object:
    """Timing with a tick every `every` seconds."""
    limits = {"finishTime": written(finish), **({} if start is None else {"startTime": written(start)})}
    return {"schedule": {"secondly": {"every": every}, **limits, **more}}


def of_policy(
    name: str, policy: str, every: int, start: datetime | None, finish: datetime, *, works: float = 0, **spec: object
) -> Wish:
    """A schedule of the operator's own engine."""
    timing = every_seconds(every, finish, start)
    manifest = request(name, timing, works=works, concurrencyPolicy=policy, **spec)
    return Wish(name, manifest, every, start, finish, _ENDS[policy])


_FEW: Final = frozenset(
    {
        "allow-0",
        "allow-from-now",
        "allow-few-kept",
        "forbid-works",
        "queue-works",
        "replace-works",
        "all-allow",
        "at-once",
    }
)


def load(seconds: int, *, few: bool = False) -> list[Wish]:
    """Requests that are due together for `seconds`, beginning in three seconds; `few`: one of each sort."""
    return [wish for wish in _all_of(seconds) if not few or wish.name in _FEW]


def _all_of(seconds: int) -> list[Wish]:
    start = whole_second(3)
    finish = start + timedelta(seconds=seconds)
    wishes = [of_policy(f"allow-{number}", "Allow", 1, start, finish) for number in range(4)]
    wishes += [
        of_policy("allow-from-now", "Allow", 1, None, finish),
        of_policy("allow-by-twos", "Allow", 2, None, finish),
        of_policy("allow-in-time", "Allow", 1, start, finish, startingDeadlineSeconds=4),
        of_policy("allow-few-kept", "Allow", 1, start, finish, history={"successful": 2, "failed": 1, "other": 12}),
        of_policy("forbid", "Forbid", 1, start, finish),
        of_policy("forbid-works", "Forbid", 1, start, finish, works=2.4),
        of_policy("forbid-in-time", "Forbid", 1, start, finish, works=1.2, startingDeadlineSeconds=3),
        of_policy("queue", "Queue", 1, start, finish),
        of_policy("queue-works", "Queue", 4, start, finish, works=2),
        of_policy("replace", "Replace", 1, start, finish),
        of_policy("replace-works", "Replace", 5, start, finish, works=7),
        _quartz("quartz", start, finish),
        once("at-once", {"runImmediately": {}}, finish),
        once("later", {"runLater": {"after": f"{max(3, seconds // 2)}s"}}, finish),
        once("later-at", {"runLater": {"startTime": written(start + timedelta(seconds=seconds // 3))}}, finish),
        once("at-once-works", {"runImmediately": {}}, finish, works=5),
        of_policy("all-allow", "Allow", 1, start, finish, catchUp="All"),
        of_policy("all-forbid", "Forbid", 2, start, finish, works=1, catchUp="All"),
    ]
    return wishes


def each_minute(name: str, finish: datetime) -> Wish:
    """A schedule whose Jobs the CronJob controller makes."""
    timing = {"schedule": {"cron": "* * * * *", "finishTime": written(finish)}}
    first = whole_second(60).replace(second=0)
    return Wish(name, request(name, timing, engine="CronJob"), 60, first, finish, _ENDS["Allow"])


def once(name: str, timing: Object, finish: datetime, *, works: float = 0) -> Wish:
    """A request that runs once."""
    return Wish(name, request(name, timing, works=works), 0, None, finish, frozenset({"Succeeded"}))


def _quartz(name: str, start: datetime, finish: datetime) -> Wish:
    timing = {"schedule": {"cron": "* * * * * ?", "startTime": written(start), "finishTime": written(finish)}}
    return Wish(name, request(name, timing), 1, start, finish, _ENDS["Allow"])
