"""Log of a run: live from the pod that works for it, or from the record once it has ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from process_operator.cluster.errors import ApiError, Forbidden
from process_operator.resources.kinds import POD
from process_operator.resources.names import ANNOTATION_DEFAULT_CONTAINER, LABEL_JOB_NAME

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.cluster.transport import Query
    from process_operator.resources.types import Object

_CHUNK_BYTES: Final = 64 * 1024
_STARTED: Final = frozenset({"Running", "Succeeded", "Failed"})


@dataclass(frozen=True, slots=True)
class LiveLog:
    """A container of a pod, whose log the kubelet serves."""

    pod: str
    container: str | None = None
    is_over: bool = False
    """The container has terminated, so its log is complete."""


async def live_log(client: Client, run: Object, container: str | None) -> LiveLog | None:
    """Find the newest pod of a run that has started; None if there is none. Raises ApiError."""
    job = run["status"].get("job")
    if not job:
        return None
    found = await client.api.list(POD, run["metadata"]["namespace"], label_selector=f"{LABEL_JOB_NAME}={job}")
    own = [pod for pod in found.items if _is_of(pod, run) and pod["status"].get("phase") in _STARTED]
    if not own:
        return None
    pod = max(own, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))
    chosen = container or (run["status"].get("log") or {}).get("container") or _default_container(pod)
    statuses = pod["status"].get("containerStatuses") or ()
    is_over = any(one["name"] == chosen and "terminated" in (one.get("state") or {}) for one in statuses)
    return LiveLog(pod["metadata"]["name"], chosen, is_over)


def _default_container(pod: Object) -> str | None:
    """Return the container that kubectl chooses: that of the annotation, else the first."""
    named: str | None = (pod["metadata"].get("annotations") or {}).get(ANNOTATION_DEFAULT_CONTAINER)
    containers: list[str] = [one["name"] for one in (pod.get("spec") or {}).get("containers") or ()]
    return named if named in containers else next(iter(containers), None)


def _is_of(pod: Object, run: Object) -> bool:
    uid = run["status"].get("jobUID")
    owners = pod["metadata"].get("ownerReferences") or ()
    return uid is None or any(owner.get("uid") == uid for owner in owners)


async def stream_log(
    client: Client,
    namespace: str,
    source: LiveLog,
    *,
    follow: bool,
    tail: int | None,
    timestamps: bool,
    since: str | None = None,
) -> AsyncIterator[bytes]:
    """Stream the log of a container as it comes, from `since` (RFC 3339, whole seconds). Raises ApiError."""
    query: Query = {
        "container": source.container,
        "follow": "true" if follow else None,
        "tailLines": tail,
        "timestamps": "true" if timestamps else None,
        "sinceTime": since,
    }
    path = POD.path(namespace, source.pod, "log")
    async with client.api.transport.stream("get", POD, path, query=query, follow=follow) as response:
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            yield chunk


def recorded_log(run: Object) -> tuple[str, str]:
    """Return the recorded text, and a sentence about what is not in it (empty: nothing is missing)."""
    log = run["status"].get("log") or {}
    text, reason = log.get("text") or "", log.get("reason") or ""
    if not text:
        return "", f"no log is recorded{f' ({reason})' if reason else ''}"
    if log.get("truncated"):
        return text, "only the end of the log is recorded"
    return text, f"this is not the log itself ({reason})" if reason else ""


def why_unreadable(error: ApiError) -> str:
    """Describe why a live log cannot be read."""
    if isinstance(error, Forbidden):
        return f"{error.message}. Reading the logs of pods takes the right get on pods/log"
    return error.message
