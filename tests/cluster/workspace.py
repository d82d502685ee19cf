"""Namespace of a user who applies requests and reads their runs. Neighbour: `kubectl.py` does the work.

Instants are aware datetimes; kinds of answers are the objects as the API server holds them.
"""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from tests.builders.objects import Object
from tests.cluster.kubectl import PATIENCE
from tests.cluster.manifests import immediately, job_template, request

from process_operator.resources.names import ANNOTATION_RESCHEDULE, LABEL_REQUEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.kubectl import Answer, Kubectl, T


OPEN: Final = frozenset({"Pending", "Running"})
LATE: Final = timedelta(seconds=45)
"""Longest delay on a machine that is very busy. `make bench` measures how punctual the operator is."""


class Workspace:
    """One namespace."""

    def __init__(self, cluster: Kubectl, namespace: str) -> None:
        self.cluster = cluster
        self.namespace = namespace

    # ---- what a person does

    def apply(self, manifest: Object) -> None:
        """`kubectl apply`, which must succeed."""
        self._ok(self.cluster.apply(manifest, self.namespace))

    def apply_all(self, *manifests: Object) -> None:
        """`kubectl apply` of several objects at once, which must succeed."""
        self.apply({"apiVersion": "v1", "kind": "List", "items": list(manifests)})

    def create(self, manifest: Object) -> str:
        """`kubectl create`, which must succeed; the name of the object."""
        answer = self.cluster.run(
            "create", "--namespace", self.namespace, "--filename", "-", "--output", "json", stdin=json.dumps(manifest)
        )
        return str(json.loads(answer)["metadata"]["name"])

    def edit(self, name: str, **spec: object) -> None:
        """Change fields of a request's spec."""
        self._ok(self.cluster.patch("preq", name, self.namespace, {"spec": spec}))

    def reschedule(self, name: str, value: str = "") -> str:
        """Press Reschedule, with a value for the annotation; it is returned."""
        value = value or secrets.token_hex(4)
        patch = {"metadata": {"annotations": {ANNOTATION_RESCHEDULE: value}}}
        self._ok(self.cluster.patch("preq", name, self.namespace, patch))
        return value

    def cancel(self, run: str) -> Answer:
        """Set `spec.cancel` of a run."""
        return self.cluster.patch("prun", run, self.namespace, {"spec": {"cancel": True}})

    def release(self, run: str) -> None:
        """Release a run whose script is `held`, after it has begun."""
        self.wait_log(run, "begun")
        self.cluster.release(f"job/{run}", self.namespace)

    def delete(self, kind: str, name: str) -> None:
        """`kubectl delete`, which waits until the object is gone."""
        self.cluster.delete(kind, name, self.namespace)

    def delete_with_all(self, *requests: str) -> None:
        """Delete requests, and wait until nothing is left of them."""
        for name in requests:
            self.delete("preq", name)
        for name in requests:
            self.wait(partial(self._is_gone, name), f"nothing is left of {name}")

    def _is_gone(self, request_name: str) -> bool:
        kinds = ("cronjob", "prun", "job", "pod")
        labels = f"{LABEL_REQUEST}={request_name}"
        return not any(self.cluster.objects(kind, self.namespace, labels=labels) for kind in kinds)

    @staticmethod
    def _ok(answer: Answer) -> None:
        assert answer.ok, answer.message

    # ---- what a person sees

    def request(self, name: str) -> Object:
        """A request."""
        return self.cluster.get("preq", name, self.namespace)

    def status(self, name: str) -> Object:
        """The status of a request; empty before the operator has seen it."""
        found: Object = self.request(name).get("status", {})
        return found

    def run(self, name: str) -> Object:
        """A run."""
        return self.cluster.get("prun", name, self.namespace)

    def phase(self, run: str) -> str:
        """The phase of a run."""
        return str(self.run(run)["status"]["phase"])

    def runs(self, of: str) -> list[Object]:
        """The runs of a request, in the order of the instants that they are for."""
        found = self.cluster.objects("prun", self.namespace, fields=f"spec.request.name={of}")
        return sorted(found, key=lambda run: (run["spec"].get("scheduledTime") or created(run), name_of(run)))

    def jobs(self, of: str) -> list[Object]:
        """The Jobs of a request."""
        return self.cluster.objects("job", self.namespace, labels=f"{LABEL_REQUEST}={of}")

    def pods(self, of: str) -> list[Object]:
        """The pods of a request."""
        return self.cluster.objects("pod", self.namespace, labels=f"{LABEL_REQUEST}={of}")

    def cronjob(self, of: str) -> Object:
        """The CronJob of a request."""
        (found,) = self.cluster.objects("cronjob", self.namespace, labels=f"{LABEL_REQUEST}={of}") or (None,)
        assert found is not None, f"{of} has no CronJob"
        return found

    def events(self, of: str) -> list[Object]:
        """The Events on a request."""
        about = f"involvedObject.kind=ProcessRequest,involvedObject.name={of}"
        return self.cluster.objects("event", self.namespace, fields=about)

    def event_types(self, of: str) -> dict[str, str]:
        """Reasons of the Events on a request, and whether they are Normal or Warning."""
        return {event["reason"]: event["type"] for event in self.events(of)}

    # ---- waits

    def wait(self, condition: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
        """Wait until a condition holds; a failure shows the namespace and the operator's log."""
        return self.cluster.wait_until(condition, seconds, what=what, namespace=self.namespace)

    def wait_phase(self, name: str, *phases: str, seconds: float = PATIENCE) -> Object:
        """Wait until a request is in one of these phases and the operator has seen its newest spec; its status."""

        def look() -> Object | None:
            seen = self.request(name)
            status: Object = seen.get("status", {})
            is_new = status.get("observedGeneration") == seen["metadata"]["generation"]
            return status if is_new and status.get("phase") in phases else None

        found = self.wait(look, f"request {name} is {' or '.join(phases)}", seconds)
        assert found is not None
        return found

    def wait_run(self, name: str, *phases: str, seconds: float = PATIENCE) -> Object:
        """Wait until a run is in one of these phases; the run."""
        self.wait(lambda: self.phase(name) in phases, f"run {name} is {' or '.join(phases)}", seconds)
        return self.run(name)

    def wait_runs(self, of: str, count: int, *phases: str, seconds: float = PATIENCE) -> list[Object]:
        """Wait until a request has this number of runs, all of them in one of these phases; the runs."""

        def look() -> list[Object]:
            found = self.runs(of)
            return found if len(found) == count and all(run["status"]["phase"] in phases for run in found) else []

        return self.wait(look, f"{of} has {count} runs, {' or '.join(phases)}", seconds)

    def wait_first_runs(self, of: str, count: int = 1, seconds: float = PATIENCE) -> list[Object]:
        """Wait until a request has at least this number of runs, in any phase; the runs."""

        def look() -> list[Object]:
            found = self.runs(of)
            return found if len(found) >= count else []

        return self.wait(look, f"{of} has {count} runs or more", seconds)

    def wait_cronjob(self, of: str, *, suspended: bool) -> None:
        """Wait until the CronJob of a request is armed, or suspended."""
        what = f"the CronJob of {of} is {'suspended' if suspended else 'armed'}"
        self.wait(lambda: self.cronjob(of)["spec"]["suspend"] is suspended, what)

    def backfill(self, name: str) -> Object:
        """A backfill."""
        return self.cluster.get("pbf", name, self.namespace)

    def wait_backfill(self, name: str, *phases: str, seconds: float = PATIENCE) -> Object:
        """Wait until a backfill is in one of these phases; its status."""
        what = f"backfill {name} is {' or '.join(phases)}"
        self.wait(lambda: self.backfill(name)["status"]["phase"] in phases, what, seconds)
        found: Object = self.backfill(name)["status"]
        return found

    def wait_reason(self, run: str, reason: str) -> Object:
        """Wait until the status of a run has a reason; the run."""
        self.wait(lambda: self.run(run)["status"].get("reason") == reason, f"run {run} says {reason}")
        return self.run(run)

    def wait_event(self, of: str, reason: str, seconds: float = PATIENCE) -> Object:
        """Wait for an Event on a request (they are written a second late)."""

        def look() -> list[Object]:
            return [event for event in self.events(of) if event["reason"] == reason]

        return self.wait(look, f"Event {reason} on {of}", seconds)[-1]

    def wait_handled(self, name: str, value: str) -> None:
        """Wait until the operator has begun the activation that a reschedule asked for."""
        self.wait(lambda: self.status(name).get("lastHandledReschedule") == value, f"{name} is rescheduled")

    def wait_until(self, moment: datetime) -> None:
        """Wait for the clock."""
        seconds = max(0.0, (moment - now()).total_seconds()) + 1
        self.wait(lambda: now() >= moment, f"it is {moment}", seconds)

    def wait_log(self, run: str, text: str) -> None:
        """Wait until the pod of a run has printed a text."""

        def look() -> bool:
            pods = self.cluster.objects("pod", self.namespace, labels=f"batch.kubernetes.io/job-name={run}")
            return any(text in self.cluster.reader.log(pod) for pod in pods)

        self.wait(look, f"{run} has printed {text!r}")

    def let_operator_catch_up(self) -> None:
        """Wait until everything that was done before has been seen by the operator, and followed up.

        A request that is applied now runs and ends: what has not happened by then to the others was not going to. Its
        Job wants no pod, because the operator is waited for, and not the node.
        """
        self._run_to_the_end(job_template(completions=0))

    def _run_to_the_end(self, template: Object) -> None:
        name = f"after-all-{secrets.token_hex(3)}"
        self.apply(request(name, immediately(), jobTemplate=template))
        self.wait_runs(name, 1, "Succeeded")

    def accept(self, least: float, *requests: Object) -> timedelta:
        """Apply schedules that start in a distant future, and wait until the operator has accepted them.

        Applied again with another timing they are in force soon, because the API server has checked their Job. Returned
        is how long that takes at most, in whole seconds: `least`, or more on a machine that is slow now.
        """
        began = now()
        self.apply_all(*requests)
        for manifest in requests:
            self.wait_phase(name_of(manifest), "Scheduled")
        return timedelta(seconds=round(max(least, 3 * (now() - began).total_seconds())))

    def lead(self, least: float) -> timedelta:
        """Time before an instant at which a test begins with its preparations, in whole seconds.

        At least `least` seconds; more if the machine is so busy now that a run takes long.
        """
        began = now()
        self._run_to_the_end(job_template())
        return timedelta(seconds=round(max(least, 5 * (now() - began).total_seconds())))


def name_of(thing: Object) -> str:
    """The name of an object."""
    return str(thing["metadata"]["name"])


def created(thing: Object) -> str:
    """Creation of an object, as the API server writes it."""
    return str(thing["metadata"]["creationTimestamp"])


def conditions(status: Object) -> dict[str, tuple[str, str]]:
    """Status and reason of each condition."""
    return {found["type"]: (found["status"], found["reason"]) for found in status.get("conditions", ())}


def instant(text: str) -> datetime:
    """An instant as the API server writes it."""
    return datetime.fromisoformat(text)


def written(moment: datetime) -> str:
    """An instant as the API server writes it, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


def next_minute(moment: datetime) -> datetime:
    """The first full minute after an instant."""
    return moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
