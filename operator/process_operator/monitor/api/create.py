"""`POST /api/actions/create`: a new request, by its fields or as YAML."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from process_operator.client.client import Client
from process_operator.client.inputs import check_request_inputs
from process_operator.cluster.errors import ApiError
from process_operator.cluster.recording_api import RecordingApi
from process_operator.monitor.answers import json_answer, json_body
from process_operator.monitor.failures import RejectedError, bad_field
from process_operator.monitor.names import name_of, namespace_of
from process_operator.monitor.person import PERSON
from process_operator.monitor.rejected_inputs import rejected_inputs
from process_operator.monitor.results import Outcome, Sent, result
from process_operator.preview.manifest_files import objects_of_text
from process_operator.resources.kinds import PROCESS_REQUEST

if TYPE_CHECKING:
    from aiohttp import web

    from process_operator.resources.types import Object

_COMMAND: Final = "kubectl create -f request.yaml"


async def create(request: web.Request) -> web.StreamResponse:
    """Create a request with the person's rights, and answer with one result. Raises RejectedError, and ApiError (401)."""
    body = await json_body(request)
    if not isinstance(body, dict) or not isinstance(body.get("dryRun"), bool):
        raise bad_field("dryRun", "must be true or false")
    namespace = namespace_of(body)
    manifest = _manifest(body, namespace)
    api = RecordingApi(request[PERSON].api)
    made = await asyncio.shield(_created(Client(api, namespace), manifest, is_dry=body["dryRun"]))
    sent = Sent(api.sent or manifest, _COMMAND)
    return json_answer({"results": [result(namespace, manifest["metadata"]["name"], sent, made)]})


async def _created(client: Client, manifest: Object, *, is_dry: bool) -> Outcome | RejectedError | ApiError:
    """Create it. Raises ApiError with status 401; another error is a result."""
    try:
        with rejected_inputs():
            await check_request_inputs(client, manifest, datetime.now(UTC))
        made = await client.create_request(manifest, dry_run=is_dry)
    except (ApiError, RejectedError) as error:
        if error.status == 401:
            raise
        return error
    return Outcome("created", made, PROCESS_REQUEST)


def _manifest(body: Object, namespace: str) -> Object:
    """Read the request of the body. Raises RejectedError (400)."""
    given, text = body.get("request"), body.get("yaml")
    if (given is None) == (text is None):
        raise bad_field("request", "exactly one of request and yaml must be set")
    manifest = _of_fields(given) if text is None else _of_text(text)
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        raise bad_field("metadata", "must be an object with a name")
    name_of(metadata)
    if metadata.get("namespace", namespace) != namespace:
        raise bad_field("metadata.namespace", f"must be {namespace}, the namespace of the page")
    return {**manifest, "metadata": {**metadata, "namespace": namespace}}


def _of_fields(given: Any) -> Object:
    if not isinstance(given, dict) or not isinstance(given.get("spec"), dict):
        raise bad_field("request", "must be an object with name and spec")
    metadata = {"name": name_of(given)}
    kind = PROCESS_REQUEST
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": given["spec"]}


def _of_text(text: Any) -> Object:
    problems: list[str] = []
    found = list(objects_of_text("yaml", text, problems)) if isinstance(text, str) else []
    if problems or len(found) != 1:
        raise bad_field("yaml", problems[0].removeprefix("yaml: ") if problems else "must have one object")
    kind = PROCESS_REQUEST
    if (found[0]["apiVersion"], found[0]["kind"]) != (kind.api_version, kind.kind):
        raise bad_field("yaml", f"must be a {kind.kind} of {kind.api_version}")
    return found[0]
