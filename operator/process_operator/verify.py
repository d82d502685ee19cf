"""Command `process-operator verify`: one real run from request to log, which proves that an installation works.

It acts with the rights of the user who runs it. It creates a request, waits for its run, checks the log, and deletes the
request. Neighbours: `__main__.py` has the options, the chart runs it as its test.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any, Final

from process_operator.cluster.api import Api
from process_operator.cluster.connection import connect
from process_operator.cluster.errors import ApiError
from process_operator.resources.conditions import cause
from process_operator.resources.kinds import PROCESS_REQUEST, PROCESS_RUN
from process_operator.resources.types import Object

_LINE: Final = "this line was printed by a run"
_POLL_SECONDS: Final = 0.5


class VerificationError(Exception):
    """The installation does not work. The message says how far the run came."""


async def verify(*, namespace: str, image: str, seconds: float, kubeconfig: str | None, context: str | None) -> str:
    """Run an image with Python in a namespace, and give a sentence about the run.

    Raises VerificationError if the run has not succeeded after `seconds`, and ConfigurationError without a cluster.
    """
    connection = await connect(kubeconfig=kubeconfig, context=context)
    api, name = Api(connection), f"verify-{secrets.token_hex(4)}"
    try:
        await api.create(PROCESS_REQUEST, namespace, _request(name, image))
        try:
            return await _follow(api, namespace, name, time.monotonic() + seconds)
        finally:
            await api.delete(PROCESS_REQUEST, namespace, name)
    except ApiError as error:
        raise VerificationError(f"the API server says: {error.message}") from error
    finally:
        await connection.close()


def _request(name: str, image: str) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": image,
        "command": ["python3", "-I", "-c", f"print({_LINE!r})"],
        # A namespace with a quota accepts no pod without them.
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"cpu": "1", "memory": "128Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    security = {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}
    pod = {"containers": [container], "securityContext": security, "automountServiceAccountToken": False}
    template = {"spec": {"backoffLimit": 0, "template": {"spec": pod}}}
    return {
        "apiVersion": PROCESS_REQUEST.api_version,
        "kind": PROCESS_REQUEST.kind,
        "metadata": {"name": name},
        "spec": {"jobTemplate": template, "timing": {"runImmediately": {}}},
    }


async def _follow(api: Api, namespace: str, name: str, give_up_at: float) -> str:
    run: Object | None = None
    while time.monotonic() < give_up_at:
        found = await api.list(PROCESS_RUN, namespace, field_selector=f"spec.request.name={name}")
        run = found.items[0] if found.items else None
        phase = run["status"]["phase"] if run is not None else ""
        if run is not None and phase == "Succeeded":
            return _check(run)
        if phase not in ("", "Pending", "Running"):
            break
        await asyncio.sleep(_POLL_SECONDS)
    raise VerificationError(await _how_far(api, namespace, name, run))


def _check(run: Object) -> str:
    text = (run["status"].get("log") or {}).get("text", "")
    if text.strip() != _LINE:
        raise VerificationError(f"the run succeeded, but its log holds {text!r} in place of what it printed")
    return f"run {run['metadata']['name']} succeeded in {run['status']['duration']}, and its log is recorded"


async def _how_far(api: Api, namespace: str, name: str, run: Object | None) -> str:
    if run is not None:
        status = run["status"]
        why = cause(status.get("reason"), status.get("message"))
        return f"the run is {status['phase']}{f' ({why})' if why else ''}"
    status = (await api.get(PROCESS_REQUEST, namespace, name)).get("status") or {}
    if not status:
        return f"no operator has looked at a ProcessRequest in namespace {namespace}: does one run, and watch it?"
    conditions = [c for c in status.get("conditions", ()) if c["type"] == "Accepted"]
    said = conditions[0]["message"] if conditions else "nothing yet"
    return f"the request is {status.get('phase')}: {said}"
