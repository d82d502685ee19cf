"""Expected ends of runs, and the comparison with a real run.

A test gives a whole `End`. `check` compares it with the operator's record, and the record with itself: times, duration
and conditions have to match each other in every case. Neighbours: `run_requests.py` creates the runs, `test_run_*.py`
have the cases.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import datetime

from tests.builders.objects import Object


class Like:
    """Equal to every text that the regular expression matches as a whole."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern, re.DOTALL)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self._pattern.fullmatch(other) is not None

    def __hash__(self) -> int:
        return hash(self._pattern)

    def __repr__(self) -> str:
        return f"Like({self._pattern.pattern!r})"


class OneOf:
    """Equal to each of some values, if the result depends on a race."""

    def __init__(self, *values: object) -> None:
        self._values = values

    def __eq__(self, other: object) -> bool:
        return other in self._values

    def __hash__(self) -> int:
        return hash(self._values)

    def __repr__(self) -> str:
        return f"OneOf{self._values}"


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Status of a finished run. None: the field is absent."""

    phase: str
    reason: str | OneOf
    message: str | Like | OneOf | None = None
    code: int | OneOf | None = None
    attempts: int | None = 1
    log: str | Like | OneOf | None = None
    log_reason: str | OneOf | None = None
    container: str | OneOf | None = "main"
    truncated: bool | OneOf | None = False
    started: bool = True
    """Whether anything ran, so that there is a start."""
    pod: bool | OneOf = True
    """Whether a pod can be named."""
    job: bool = True
    """Whether a Job was made."""


def no_log(reason: str, container: str | None = "main") -> Object:
    """The fields of an End for a run without a log."""
    return {"log": None, "log_reason": reason, "truncated": None, "container": container}


def check(run: Object, end: End) -> None:
    """Compare a finished run with its expected end, and with itself."""
    status = run["status"]
    log = status.get("log") or {}
    seen = End(
        phase=status["phase"],
        reason=status.get("reason"),
        message=status.get("message"),
        code=status.get("exitCode"),
        attempts=status.get("attempts"),
        log=log.get("text"),
        log_reason=log.get("reason"),
        container=log.get("container"),
        truncated=log.get("truncated"),
        started="startTime" in status,
        pod="pod" in status,
        job="jobUID" in status,
    )
    wanted = asdict(end)
    differences = {name: (value, wanted[name]) for name, value in asdict(seen).items() if value != wanted[name]}
    assert not differences, f"{run['metadata']['name']}: as it is, and as it should be: {differences}"
    assert status["process"] == run["spec"]["request"]["name"]
    assert status.get("job") == (run["metadata"]["name"] if end.job else None)
    assert "exitCode" not in status or status["node"] == "localhost"
    _check_times(run)
    _check_conditions(status)


def _check_times(run: Object) -> None:
    status = run["status"]
    created, end = instant(run["metadata"]["creationTimestamp"]), instant(status.get("endTime"))
    start = instant(status.get("startTime"))
    if start is None:
        assert "duration" not in status
        return
    assert created is not None
    assert end is not None
    assert (start - created).total_seconds() >= -1
    assert seconds_of(status["duration"]) == (end - start).total_seconds()


def _check_conditions(status: Object) -> None:
    conditions = {condition["type"]: condition for condition in status["conditions"]}
    others = {"Complete"} if status["phase"] == "Succeeded" else {"Failed", "Stalled"}
    assert set(conditions) == {"Finished", *others}
    for condition in conditions.values():
        assert condition["status"] == "True"
        assert condition["reason"] == status["reason"]
        assert condition["message"] == status.get("message", "")
        assert instant(condition["lastTransitionTime"]) is not None


def instant(text: str | None) -> datetime | None:
    """A time of the API."""
    return datetime.fromisoformat(text) if text else None


def seconds_of(duration: str) -> int:
    """Seconds of a duration such as 1h2m3s."""
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", duration)
    assert found is not None, duration
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds
