"""`POST /api/actions/{action}`: the buttons, by the same functions as `kubectl process`.

The body has the targets, and the answer one result for each of them. Neighbour: `create.py` creates requests.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from process_operator.client.client import Client
from process_operator.client.rights import who_am_i
from process_operator.cluster.errors import ApiError
from process_operator.cluster.recording_api import RecordingApi
from process_operator.monitor.answers import json_answer, json_body
from process_operator.monitor.api.buttons import BUTTONS, Button, Press
from process_operator.monitor.failures import RejectedError, bad_field
from process_operator.monitor.limits import TARGETS
from process_operator.monitor.names import kind_of, name_of, namespace_of
from process_operator.monitor.person import PERSON
from process_operator.monitor.results import Sent, result

if TYPE_CHECKING:
    from aiohttp import web

    from process_operator.monitor.person import Person
    from process_operator.resources.types import Object

_MAX_CONCURRENT_WRITES: Final = 8


async def press(request: web.Request) -> web.StreamResponse:
    """Press a button for each target. A page that goes away meanwhile does not stop it.

    Raises RejectedError (400, 404), and ApiError with status 401.
    """
    action = request.match_info["action"]
    button = BUTTONS.get(action)
    if button is None:
        raise RejectedError(404, "NotFound", f"there is no action {action}; there are: {', '.join(BUTTONS)}, create")
    body = await json_body(request)
    person, turns = request[PERSON], asyncio.Semaphore(_MAX_CONCURRENT_WRITES)
    presses = _presses(body, button, (await who_am_i(person.api)).name)

    async def one(press: Press) -> Object:
        async with turns:
            return await _result(person, button, press)

    results = await asyncio.shield(asyncio.gather(*(one(press) for press in presses)))
    return json_answer({"results": results})


def _presses(body: Any, button: Button, by: str) -> list[Press]:
    """Read the body. Raises RejectedError (400)."""
    if not isinstance(body, dict) or not isinstance(body.get("dryRun"), bool):
        raise bad_field("dryRun", "must be true or false")
    kind, targets = kind_of(body), body.get("targets")
    if kind not in button.kinds:
        raise bad_field("kind", f"must be one of {', '.join(one.plural for one in button.kinds)}")
    if not isinstance(targets, list) or not 1 <= len(targets) <= TARGETS:
        raise bad_field("targets", f"must be a list of 1 to {TARGETS} objects")
    if not all(isinstance(target, dict) for target in targets):
        raise bad_field("targets", "must be objects with namespace and name")
    options = button.read(body)
    return [Press(kind, namespace_of(target), name_of(target), options, body["dryRun"], by) for target in targets]


async def _result(person: Person, button: Button, press: Press) -> Object:
    """Do it for one target. Raises ApiError with status 401, because the page has to sign in then."""
    api = RecordingApi(person.api)
    try:
        outcome = await button.act(Client(api, press.namespace), press)
    except (ApiError, RejectedError) as error:
        if error.status == 401:
            raise
        return result(press.namespace, press.name, Sent(api.sent, button.command(press)), error)
    return result(press.namespace, press.name, Sent(api.sent, button.command(press)), outcome)
