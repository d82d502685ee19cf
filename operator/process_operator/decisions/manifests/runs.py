"""Manifests of ProcessRuns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from process_operator.decisions.inputs.missed_tick import Record
from process_operator.decisions.manifests.owners import owner, request_owner, run_labels
from process_operator.resources import names
from process_operator.resources.kinds import PROCESS_RUN
from process_operator.resources.model import format_instant
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import ProcessRun, Trigger


def run_manifest(
    request: ProcessRequest,
    *,
    name: str,
    trigger: Trigger,
    scheduled: datetime | None,
    annotations: dict[str, str] | None = None,
    backfill: str | None = None,
) -> dict[str, Any]:
    """A ProcessRun that claims a tick or an activation of the request, or runs a tick again for a backfill."""
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": request.metadata.namespace,
        "labels": {**run_labels(request, name), names.LABEL_NO_BACKUP: "true"},
        "ownerReferences": [request_owner(request)],
    }
    if annotations:
        metadata["annotations"] = annotations
    if backfill is not None:
        metadata["labels"][names.LABEL_BACKFILL] = backfill
    spec: dict[str, Any] = {"request": {"name": request.metadata.name}, "trigger": trigger.value}
    if scheduled is not None:
        spec["scheduledTime"] = format_instant(scheduled)
    return {"apiVersion": PROCESS_RUN.api_version, "kind": PROCESS_RUN.kind, "metadata": metadata, "spec": spec}


def step_run_manifest(
    request: ProcessRequest, parent: ProcessRun, *, step: str, process: str, scheduled: datetime
) -> dict[str, Any]:
    """The ProcessRun of a step, with the request and the scheduled time of its parent, which owns it.

    `process` is the name of the step's own Process.
    """
    name, uid = parent.metadata.name, parent.metadata.uid
    manifest = run_manifest(
        request, name=names.step_run_name(name, uid, step), trigger=Trigger.STEP, scheduled=scheduled
    )
    manifest["metadata"]["labels"] |= {names.LABEL_PARENT: name, names.LABEL_PROCESS: process}
    reference = owner(api_version=PROCESS_RUN.api_version, kind=PROCESS_RUN.kind, name=name, uid=uid)
    manifest["metadata"]["ownerReferences"] = [reference]
    manifest["spec"]["parent"] = {"name": name, "step": step}
    return manifest


def missed_run_manifest(request: ProcessRequest, *, name: str, record: Record) -> dict[str, Any]:
    """A ProcessRun that records why a tick or a row of ticks did not start."""
    annotations = {names.ANNOTATION_MISSED_REASON: str(record.missed_reason)}
    if record.summary is not None:
        annotations[names.ANNOTATION_SUMMARY] = record.summary.model_dump_json(by_alias=True)
    return run_manifest(request, name=name, trigger=Trigger.SCHEDULE, scheduled=record.tick, annotations=annotations)
