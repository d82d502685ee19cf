"""Writes to the API server without a kubectl process, for tests of what the server answers and for what comes with
each test.

A kubectl process takes a tenth of a second of the processors that the cluster under test needs too. Neighbours:
`kubectl.py` does what people type, `api_reader.py` the reads.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kubernetes import config
from tests.cluster.api_reader import path_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class ApiWriter:
    """Writer with one connection that is kept."""

    def __init__(self, kubeconfig: Path) -> None:
        self._client = config.new_client_from_config(str(kubeconfig))  # type: ignore[no-untyped-call]

    def create(self, kind: str, manifest: Mapping[str, Any], namespace: str) -> str:
        """Create an object, as strictly as kubectl; empty if the server accepts it, else its words.

        That has a line for each cause with its field, as kubectl prints it, or the message where there is no cause.
        """
        query = [("fieldValidation", "Strict"), ("fieldManager", "tests")]
        status, body = self._send("POST", path_of(kind, namespace), query, dict(manifest))
        if status == 201:
            return ""
        causes = body.get("details", {}).get("causes", [])
        return "\n".join(f"{cause['field']}: {cause['message']}" for cause in causes) or str(body["message"])

    def delete(self, kind: str, name: str, namespace: str) -> None:
        """Delete an object, and do not wait until it is gone; one that is not there is fine."""
        status, body = self._send("DELETE", f"{path_of(kind, namespace)}/{name}", [], None)
        if status not in {200, 202, 404}:
            raise RuntimeError(f"DELETE {kind} {name}: {status} {body.get('message')}")

    def _send(
        self, method: str, path: str, query: list[tuple[str, str]], body: dict[str, Any] | None
    ) -> tuple[int, dict[str, Any]]:
        call = self._client.param_serialize(
            method,
            path,
            query_params=query,
            header_params={"Accept": "application/json", "Content-Type": "application/json"},
            body=body,
            auth_settings=["BearerToken"],
        )
        response = self._client.call_api(*call, _request_timeout=60)
        answer: dict[str, Any] = json.loads(response.read())
        return response.status, answer
