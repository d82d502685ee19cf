"""How a run shall have ended, and the requests and waits of the tests about it.

A test says a whole `End`; `check` compares it with what the operator wrote, and with itself: times, duration and
conditions have to fit together whatever happened. Neighbours: `test_run_*.py` have the cases.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tests.cluster.manifests import IMAGE

from process_operator.names import API_VERSION, LABEL_REQUEST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.cluster.kubectl import Kubectl

Body = dict[str, Any]

FINISHED: Final = frozenset({"Succeeded", "Failed", "Missed", "Skipped", "Canceled", "Unknown"})
LONG: Final = "sleep 600 & wait"
"""A script's end that a trap can interrupt: the shell takes a signal while it waits, not while sleep is in front."""


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
    """Equal to each of some values, where it depends on who is faster."""

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
    """What a finished run says of itself. None: the field is not there."""

    phase: str
    reason: str
    message: str | Like | None = None
    code: int | None = None
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


def no_log(reason: str, container: str | None = "main") -> Body:
    """The fields of an End for a run without a log."""
    return {"log": None, "log_reason": reason, "truncated": None, "container": container}


def container(script: str, name: str = "main", **changes: Any) -> Body:
    """A container that runs a shell script."""
    return {"name": name, "image": IMAGE, "command": ["sh", "-c", script], **changes}


def request(
    name: str,
    *containers: Body | str,
    pod: Body | None = None,
    job: Body | None = None,
    timing: Body | None = None,
    **spec: Any,
) -> Body:
    """A ProcessRequest with an inline Job that is tried once; a text among the containers is the script of `main`."""
    pod_spec: Body = {
        "terminationGracePeriodSeconds": 5,
        "containers": [container(given) if isinstance(given, str) else given for given in containers],
        **(pod or {}),
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "ProcessRequest",
        "metadata": {"name": name},
        "spec": {
            "jobTemplate": {"spec": {"backoffLimit": 0, "template": {"spec": pod_spec}, **(job or {})}},
            "timing": timing or {"runImmediately": {}},
            **spec,
        },
    }


def slug(sentence: str) -> str:
    """A name for the request of a case."""
    return re.sub(r"[^a-z0-9]+", "-", sentence.lower()).strip("-")[:50].strip("-")


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of one namespace, each the only one of its request."""

    cluster: Kubectl
    namespace: str

    def apply(self, *requests: Body) -> None:
        """`kubectl apply` all of them at once."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(requests)}
        self.cluster.run("apply", "--namespace", self.namespace, "--filename", "-", stdin=json.dumps(listed))

    def get(self, request: str) -> Body:
        """The run of a request; an AssertionError where there is none."""
        found = self.cluster.objects("prun", self.namespace, labels=f"{LABEL_REQUEST}={request}")
        assert len(found) == 1, f"{request} has {len(found)} runs"
        return found[0]

    def wait(self, request: str, phases: Iterable[str], *, reason: str | None = None, seconds: float = 60) -> Body:
        """The run once it is in one of these phases (and has this reason)."""

        def reached() -> Body | None:
            run = self.get(request)
            status = run["status"]
            return run if status["phase"] in phases and reason in (None, status.get("reason")) else None

        what = f"{request} is {'/'.join(sorted(phases))} {reason or ''}"
        found = self.cluster.wait_until(reached, seconds, what=what, namespace=self.namespace)
        assert found is not None
        return found

    def end(self, request: str, *, seconds: float = 60) -> Body:
        """The run once it is over."""
        return self.wait(request, FINISHED, seconds=seconds)

    def pod(self, request: str, *, printed: str = "", seconds: float = 30) -> Body:
        """The running pod of a request, once its log holds a text."""

        def running() -> Body | None:
            pods = self.cluster.objects("pod", self.namespace, labels=f"{LABEL_REQUEST}={request}")
            live = [pod for pod in pods if pod["status"]["phase"] == "Running"]
            if not live or printed not in self.log(live[0]):
                return None
            return live[0]

        what = f"a pod of {request} runs and has printed {printed!r}"
        found = self.cluster.wait_until(running, seconds, what=what, namespace=self.namespace)
        assert found is not None
        return found

    def log(self, pod: Body) -> str:
        """What a pod has printed so far."""
        answer = self.cluster.ask("logs", pod["metadata"]["name"], "--namespace", self.namespace)
        return answer.message if answer.ok else ""


def check(run: Body, end: End) -> None:
    """Compare a finished run with how it shall have ended, and with itself."""
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


def _check_times(run: Body) -> None:
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


def _check_conditions(status: Body) -> None:
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
