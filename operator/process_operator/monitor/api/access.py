"""`GET /api/access`: which buttons the person may press in a namespace, by the rights that the API server knows.

A change needs the right to write the kind. The admission policy of the chart also requires one of two rights. One is to
create Jobs. The other is a verb of its own on the request: `run`, `suspend` or `cancel`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from process_operator.client.rights import Right, is_allowed
from process_operator.monitor.answers import json_answer
from process_operator.monitor.names import name_of, namespace_of
from process_operator.monitor.person import PERSON
from process_operator.resources.kinds import JOB, POD, PROCESS_BACKFILL, PROCESS_REQUEST, PROCESS_RUN

if TYPE_CHECKING:
    from aiohttp import web

    from process_operator.resources.types import Object


@dataclass(frozen=True, slots=True)
class _Button:
    """The right that a button needs, and the rights of which the policy requires one (empty: none)."""

    writes: Right
    one_of: tuple[Right, ...] = ()


_JOBS: Final = Right("create", JOB)
_LOGS: Final = Right("get", POD, "log")


def _buttons(request: str) -> dict[str, _Button]:
    """Give the buttons for a request, or for all of a namespace if `request` is empty."""
    run, suspend, cancel = (Right(verb, PROCESS_REQUEST, name=request) for verb in ("run", "suspend", "cancel"))
    change = _Button(Right("patch", PROCESS_REQUEST), (_JOBS, suspend))
    return {
        "run": _Button(Right("create", PROCESS_RUN), (_JOBS, run)),
        "cancel": _Button(Right("patch", PROCESS_RUN), (_JOBS, cancel)),
        "schedule": change,
        "unschedule": change,
        "reschedule": change,
        "backfill": _Button(Right("create", PROCESS_BACKFILL), (_JOBS,)),
        "delete": _Button(Right("delete", PROCESS_RUN)),
        "create": _Button(Right("create", PROCESS_REQUEST), (_JOBS,)),
    }


async def access(request: web.Request) -> web.StreamResponse:
    """Answer with a permission for each action, and with the one for live logs."""
    namespace = namespace_of(request.query)
    name = name_of(request.query, "request") if request.query.get("request") else ""
    buttons = _buttons(name)
    requested = {_LOGS, *(right for one in buttons.values() for right in (one.writes, *one.one_of))}
    answers = await asyncio.gather(*(is_allowed(request[PERSON].api, right, namespace) for right in requested))
    allowed = {right for right, answer in zip(requested, answers, strict=True) if answer}
    return json_answer(
        {
            "namespace": namespace,
            "request": name or None,
            "actions": {action: _permission(one, allowed, namespace) for action, one in buttons.items()},
            "logs": _permission(_Button(_LOGS), allowed, namespace),
        }
    )


def _permission(button: _Button, allowed: set[Right], namespace: str) -> Object:
    missing = []
    if button.writes not in allowed:
        missing.append(f'"{button.writes.words}"')
    if button.one_of and not allowed.intersection(button.one_of):
        missing.append(" or ".join(f'"{right.words}"' for right in reversed(button.one_of)))
    plural = "s" if len(missing) > 1 else ""
    sentence = f"You need the right{plural} {' and '.join(missing)} in namespace {namespace}." if missing else ""
    return {"allowed": not missing, "missing": sentence}
