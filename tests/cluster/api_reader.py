"""Fast reads of the API server (two milliseconds), for tests that look every tenth of a second.

A kubectl process takes forty times as long, and the processors that it takes are those of the cluster under test.
Neighbours: `api_writer.py` does some writes, `kubectl.py` everything else.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from kubernetes import config

from process_operator.resources.names import API_VERSION

if TYPE_CHECKING:
    from pathlib import Path

_PLACES: Final = {
    "process": (API_VERSION, "processes"),
    "preq": (API_VERSION, "processrequests"),
    "prun": (API_VERSION, "processruns"),
    "pbf": (API_VERSION, "processbackfills"),
    "job": ("batch/v1", "jobs"),
    "cronjob": ("batch/v1", "cronjobs"),
    "pod": ("v1", "pods"),
    "event": ("v1", "events"),
    "configmap": ("v1", "configmaps"),
    "secret": ("v1", "secrets"),
    "serviceaccount": ("v1", "serviceaccounts"),
    "namespace": ("v1", "namespaces"),
}
_SAME: Final = {
    "proc": "process",
    "processes": "process",
    "processrequest": "preq",
    "processrequests": "preq",
    "processrun": "prun",
    "processbackfill": "pbf",
    "processruns": "prun",
    "jobs": "job",
    "cronjobs": "cronjob",
    "pods": "pod",
    "events": "event",
}


class ApiReader:
    """Reader with one connection that is kept."""

    def __init__(self, kubeconfig: Path) -> None:
        self._client = config.new_client_from_config(str(kubeconfig))  # type: ignore[no-untyped-call]

    def get(self, kind: str, name: str, namespace: str) -> dict[str, Any] | None:
        """One object; None if it does not exist."""
        return self._read(f"{path_of(kind, namespace)}/{name}")

    def list(self, kind: str, namespace: str, *, labels: str = "", fields: str = "") -> list[dict[str, Any]]:
        """All objects of a kind, oldest first; `labels` and `fields` are selectors."""
        selectors = {"labelSelector": labels, "fieldSelector": fields}
        found = self._read(path_of(kind, namespace), {key: value for key, value in selectors.items() if value})
        items: list[dict[str, Any]] = (found or {})["items"]
        return sorted(items, key=lambda item: (item["metadata"]["creationTimestamp"], item["metadata"]["name"]))

    def log(self, pod: dict[str, Any]) -> str:
        """Log of the pod's default container, chosen as kubectl does; empty if there is no log."""
        metadata, containers = pod["metadata"], pod["spec"]["containers"]
        default = metadata.get("annotations", {}).get("kubectl.kubernetes.io/default-container")
        path = f"{path_of('pod', metadata['namespace'])}/{metadata['name']}/log"
        status, answer = self._get(path, {"container": default or containers[0]["name"]})
        return answer.decode(errors="replace") if status == 200 else ""

    def _read(self, path: str, query: dict[str, str] | None = None) -> dict[str, Any] | None:
        status, answer = self._get(path, query)
        body: dict[str, Any] = json.loads(answer)
        if status == 404 and body.get("details", {}).get("name"):
            return None
        if status != 200:
            raise RuntimeError(f"GET {path}: {status} {body.get('message')}")
        return body

    def _get(self, path: str, query: dict[str, str] | None) -> tuple[int, bytes]:
        call = self._client.param_serialize(
            "GET",
            path,
            query_params=list((query or {}).items()),
            header_params={"Accept": "application/json, */*"},
            auth_settings=["BearerToken"],
        )
        response = self._client.call_api(*call, _request_timeout=60)
        return response.status, response.read()


def path_of(kind: str, namespace: str) -> str:
    """The path of the objects of a kind in a namespace."""
    version, plural = _PLACES[_SAME.get(kind.lower(), kind.lower())]
    root = "/api" if version == "v1" else "/apis"
    return f"{root}/{version}/namespaces/{namespace}/{plural}" if kind != "namespace" else f"{root}/{version}/{plural}"
