"""Requests of containers, pods and Jobs of any kind, and the runs that they become.

Neighbours: `run_end.py` compares the end of a run, `manifests.py` has requests of a plain script.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.builders.manifests import manifest
from tests.builders.objects import Object
from tests.cluster.manifests import IMAGE, RELEASED

from process_operator.resources.kinds import PROCESS_REQUEST
from process_operator.resources.names import LABEL_REQUEST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.cluster.kubectl import Kubectl


FINISHED: Final = frozenset({"Succeeded", "Failed", "Missed", "Skipped", "Canceled", "Unknown"})
LONG: Final = "sleep 600 & wait"
"""A script's end that a trap can interrupt: the shell takes a signal while it waits, not while sleep is in front."""
UNTIL_RELEASED: Final = f"until [ -e {RELEASED} ]; do sleep 0.2 & wait $!; done"
"""The same until `Runs.release`, for pods that must still be there when a test gets round to them."""


def container(script: str, name: str = "main", **changes: Any) -> Object:
    """A container that runs a shell script."""
    return {"name": name, "image": IMAGE, "command": ["sh", "-c", script], **changes}


def request(
    name: str,
    *containers: Object | str,
    pod: Object | None = None,
    job: Object | None = None,
    annotations: Object | None = None,
    timing: Object | None = None,
    **spec: Any,
) -> Object:
    """A ProcessRequest with an inline Job that is tried once; a text among the containers is the script of `main`.

    `annotations` are those of the pod template.
    """
    pod_spec: Object = {
        "terminationGracePeriodSeconds": 5,
        "containers": [container(given) if isinstance(given, str) else given for given in containers],
        **(pod or {}),
    }
    pod_template: Object = {"metadata": {"annotations": annotations or {}}, "spec": pod_spec}
    template: Object = {"spec": {"backoffLimit": 0, "template": pod_template, **(job or {})}}
    fields = {"jobTemplate": template, "timing": timing or {"runImmediately": {}}, **spec}
    return manifest(PROCESS_REQUEST, name, fields)


def slug(sentence: str) -> str:
    """A name for the request of a case."""
    return re.sub(r"[^a-z0-9]+", "-", sentence.lower()).strip("-")[:50].strip("-")


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of one namespace, each the only one of its request."""

    cluster: Kubectl
    namespace: str

    def apply(self, *requests: Object) -> None:
        """`kubectl apply` all of them at once."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(requests)}
        self.cluster.run("apply", "--namespace", self.namespace, "--filename", "-", stdin=json.dumps(listed))

    def get(self, request: str) -> Object:
        """The run of a request; an AssertionError if there is none."""
        found = self.cluster.objects("prun", self.namespace, labels=f"{LABEL_REQUEST}={request}")
        assert len(found) == 1, f"{request} has {len(found)} runs"
        return found[0]

    def wait(self, request: str, phases: Iterable[str], *, reason: str | None = None) -> Object:
        """The run once it is in one of these phases (and has this reason)."""

        def reached() -> Object | None:
            run = self.get(request)
            status = run["status"]
            return run if status["phase"] in phases and reason in (None, status.get("reason")) else None

        what = f"{request} is {'/'.join(sorted(phases))} {reason or ''}"
        found = self.cluster.wait_until(reached, what=what, namespace=self.namespace)
        assert found is not None
        return found

    def end(self, request: str) -> Object:
        """The run after its end."""
        return self.wait(request, FINISHED)

    def pod(self, request: str, *, printed: str = "", other_than: str = "") -> Object:
        """The running pod of a request (not the one of that name), once its log holds a text."""

        def is_there() -> Object | None:
            pods = self.cluster.objects("pod", self.namespace, labels=f"{LABEL_REQUEST}={request}")
            running = [pod for pod in pods if pod["status"]["phase"] == "Running"]
            live = [pod for pod in running if pod["metadata"]["name"] != other_than]
            if not live or printed not in self.log(live[0]):
                return None
            return live[0]

        what = f"a pod of {request} runs and has printed {printed!r}"
        found = self.cluster.wait_until(is_there, what=what, namespace=self.namespace)
        assert found is not None
        return found

    def release(self, pod: Object) -> None:
        """Release a pod that waits `UNTIL_RELEASED`."""
        self.cluster.release(pod["metadata"]["name"], self.namespace)

    def log(self, pod: Object) -> str:
        """Log of a pod so far."""
        return self.cluster.reader.log(pod)
