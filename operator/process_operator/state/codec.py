"""Encoding of cached objects: what the store keeps of each kind, and how it is read again.

Requests and CronJobs are kept as JSON, because ten thousand idle ones have to cost little memory. All other kinds are
kept as models.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import orjson

from process_operator.resources import names
from process_operator.resources.batch.cronjob import CronJob, parse_cronjob
from process_operator.resources.batch.job import parse_job
from process_operator.resources.batch.pod import parse_pod
from process_operator.resources.kinds import (
    CRONJOB,
    JOB,
    POD,
    PROCESS,
    PROCESS_BACKFILL,
    PROCESS_REQUEST,
    PROCESS_RUN,
    Kind,
)
from process_operator.resources.process import Process
from process_operator.resources.process_backfill import ProcessBackfill
from process_operator.resources.process_request import ProcessRequest, ProcessRequestSpec
from process_operator.resources.process_run import OPEN_PHASES, ProcessRun, RunPhase
from process_operator.resources.types import Object

_READ_ANNOTATIONS: Final = frozenset({names.ANNOTATION_RESCHEDULE, names.ANNOTATION_SUSPENDED_BY})


def encode(kind: Kind, raw: Object) -> Any:
    """Give the value that the store keeps of an object. Raises ValueError or KeyError if the object cannot be read."""
    return _ENCODERS[kind](raw)


class EncodedRequest(NamedTuple):
    """A request as JSON. The spec is apart, because it stays the same while the status is written."""

    spec: bytes
    rest: bytes
    """Metadata and status."""

    def status(self) -> Any:
        """Decode the status."""
        return orjson.loads(self.rest)["status"]

    def process(self) -> str | None:
        """Decode the name of the Process, if the request names one."""
        return process_named_in(orjson.loads(self.spec))


def read_request(encoded: EncodedRequest, spec: ProcessRequestSpec | None = None) -> ProcessRequest:
    """Decode a request. `spec` is its spec, if the caller has decoded the same before."""
    return ProcessRequest.model_validate({**orjson.loads(encoded.rest), "spec": spec or orjson.loads(encoded.spec)})


def process_named_in(spec: Object) -> str | None:
    """Give the name of the Process in the spec of a request, if it names one."""
    return (spec.get("process") or {}).get("name") or None


def read_cronjob(encoded: bytes) -> CronJob:
    """Decode a CronJob."""
    return parse_cronjob(orjson.loads(encoded))


def is_finished(run: Object) -> bool:
    """Whether a ProcessRun, as the API gives it, is over."""
    phase = (run.get("status") or {}).get("phase", RunPhase.PENDING)
    return phase not in OPEN_PHASES


def _encode_request(raw: Object) -> EncodedRequest:
    """Encode a request without the fields that no decision reads and that `kubectl apply` makes large."""
    metadata = {key: value for key, value in raw["metadata"].items() if key != "managedFields"}
    annotations = metadata.get("annotations") or {}
    metadata["annotations"] = {key: value for key, value in annotations.items() if key in _READ_ANNOTATIONS}
    return EncodedRequest(_packed(raw["spec"]), _packed({"metadata": metadata, "status": raw.get("status") or {}}))


def _encode_cronjob(raw: Object) -> bytes:
    """Encode a CronJob without its template. The hash in its annotations shows whether the template is up to date."""
    metadata = {key: value for key, value in raw["metadata"].items() if key != "managedFields"}
    spec = {key: value for key, value in raw["spec"].items() if key != "jobTemplate"}
    return _packed({"metadata": metadata, "spec": spec, "status": raw.get("status") or {}})


def _packed(body: Object) -> bytes:
    # Copied, because orjson returns its whole buffer, which is several times as large.
    return bytes(memoryview(orjson.dumps(body)))


_ENCODERS: Final[dict[Kind, Callable[[Object], Any]]] = {
    PROCESS_REQUEST: _encode_request,
    CRONJOB: _encode_cronjob,
    PROCESS: Process.model_validate,
    PROCESS_BACKFILL: ProcessBackfill.model_validate,
    PROCESS_RUN: ProcessRun.model_validate,
    JOB: parse_job,
    POD: parse_pod,
}
