"""`/api/session`: who the person is, as the API server says; sign-in and sign-out with a pasted token."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiohttp import web

from process_operator import __version__
from process_operator.client.rights import who_am_i
from process_operator.monitor.answers import json_answer, json_body
from process_operator.monitor.failures import RejectedError
from process_operator.monitor.mode import MODE
from process_operator.monitor.person import PERSON
from process_operator.monitor.token import forget_token, keep_token
from process_operator.monitor.vouched import are_names_vouched
from process_operator.resources.model import format_instant

if TYPE_CHECKING:
    from process_operator.monitor.person import Person
    from process_operator.resources.types import Object


async def read_session(request: web.Request) -> web.StreamResponse:
    """Answer with the person and the surroundings."""
    return json_answer(await _session(request, request[PERSON]))


async def sign_in(request: web.Request) -> web.StreamResponse:
    """Keep a pasted token in cookies, once the API server knows it.

    Raises RejectedError (400, 403), SignInError for a token of another form, and ApiError.
    """
    body = await json_body(request)
    token = body.get("token") if isinstance(body, dict) else None
    if not isinstance(token, str):
        raise RejectedError(400, "BadRequest", "token: must be a text")
    token = token.strip()
    async with request.app[MODE].person_of_token(token) as person:
        response = json_answer(await _session(request, person))
    keep_token(response, token)
    return response


async def sign_out(request: web.Request) -> web.StreamResponse:  # noqa: ARG001 - a handler
    """Forget a pasted token."""
    response = web.Response(status=204)
    forget_token(response)
    return response


async def _session(request: web.Request, person: Person) -> Object:
    user = await who_am_i(person.api)
    around = request.app[MODE].surroundings
    vouched = around.names_vouched
    if vouched is None:
        vouched = await are_names_vouched(person.client(around.namespace))
    return {
        "mode": around.name,
        "user": user.name,
        "groups": list(user.groups),
        "context": around.context,
        "cluster": around.cluster,
        "namespace": around.namespace,
        "version": __version__,
        "now": format_instant(datetime.now(UTC)),
        "namesVouched": vouched,
        "canSignOut": person.has_pasted_token,
    }
