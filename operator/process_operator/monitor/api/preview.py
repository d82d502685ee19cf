"""`POST /api/preview`: the coming times of a timing that is not saved, while the person types it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from process_operator.client.judged import judged_requests
from process_operator.client.rights import who_am_i
from process_operator.monitor.answers import json_answer, json_body
from process_operator.monitor.failures import FieldFailure, RejectedError
from process_operator.monitor.names import namespace_of, number_of
from process_operator.monitor.person import PERSON
from process_operator.preview.manifest_set import GivenRequest, manifest_set
from process_operator.preview.preview import Period, PreviewTick, preview
from process_operator.resources.kinds import PROCESS_REQUEST
from process_operator.resources.model import format_instant
from process_operator.resources.validation import object_errors
from process_operator.timing.describe import describe_timing

if TYPE_CHECKING:
    from aiohttp import web

    from process_operator.client.client import Client
    from process_operator.resources.types import Object

_MAX_TIMES: Final = 50
_COUNT: Final = 10
_NAME: Final = "preview"
_FIELD: Final = "spec.timing"


async def preview_timing(request: web.Request) -> web.StreamResponse:
    """Answer with the timing in words and its next times, or with its errors. Raises RejectedError (400), and ApiError."""
    question = await json_body(request)
    if not isinstance(question, dict) or not isinstance(question.get("timing"), dict):
        raise RejectedError(400, "BadRequest", "timing: must be an object")
    namespace = namespace_of(question)
    count = number_of(question, "count", default=_COUNT, most=_MAX_TIMES)
    person = request[PERSON]
    await who_am_i(person.api)
    body = _manifest(namespace, question["timing"])
    if errors := [FieldFailure(error.field, error.message) for error in object_errors(body)]:
        return json_answer(_answer(errors=errors))
    given, unread = await _given(person.client(namespace), body)
    return json_answer(await asyncio.to_thread(_previewed, given, unread, count, datetime.now(UTC)))


def _manifest(namespace: str, timing: Any) -> Object:
    spec = {"process": {"name": _NAME}, "timing": timing}
    metadata = {"name": _NAME, "namespace": namespace}
    return {"apiVersion": PROCESS_REQUEST.api_version, "kind": PROCESS_REQUEST.kind, "metadata": metadata, "spec": spec}


async def _given(client: Client, body: Object) -> tuple[GivenRequest, str]:
    """Read the calendars that the timing names, with the person's rights."""
    if (body["spec"]["timing"].get("schedule") or {}).get("excludeFrom"):
        (found,) = await judged_requests(client, [body])
        return found
    return manifest_set([body], namespace=client.namespace).requests[0], ""


def _previewed(given: GivenRequest, unread: str, count: int, now: datetime) -> Object:
    if given.request is None:
        return _answer(errors=[FieldFailure(_FIELD, given.error or "")])
    shown = preview(given.request, None, Period(now, None, count), given.calendars)
    if shown.error is not None:
        return _answer(errors=[FieldFailure(_field_of(shown.error), shown.error)])
    words = describe_timing(given.request.spec.timing)
    times = [_time(tick) for tick in shown.ticks]
    return _answer(words=words, times=times, hints=[hint for hint in (shown.note, unread) if hint])


def _field_of(message: str) -> str:
    """Return the field with which a message of the operator begins; else that of the whole timing."""
    field = message.partition(":")[0]
    return field if field.startswith(_FIELD) and " " not in field else _FIELD


def _time(tick: PreviewTick) -> Object:
    return {"at": format_instant(tick.due), "local": tick.local.isoformat(), "remark": tick.remark or None}


def _answer(
    *, words: str = "", times: list[Object] | None = None, errors: list[FieldFailure] | None = None, hints: Any = ()
) -> Object:
    return {
        "words": words,
        "times": times or [],
        "errors": [error.as_json() for error in errors or ()],
        "hints": list(hints),
    }
