"""Labels and owner references by which runs, Jobs and CronJobs belong to their request."""

from __future__ import annotations

from typing import Any

from process_operator.decisions.inputs.ownership import is_created_by_user
from process_operator.resources import names
from process_operator.resources.batch.metadata import WorkloadMetadata
from process_operator.resources.kinds import PROCESS_REQUEST
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import ProcessRun, Trigger


def owner(*, api_version: str, kind: str, name: str, uid: str) -> dict[str, Any]:
    """A controller reference as the garbage collector and kubectl expect it."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def request_owner(request: ProcessRequest) -> dict[str, Any]:
    """The request as owner of its runs and its CronJob."""
    return owner(
        api_version=PROCESS_REQUEST.api_version,
        kind=PROCESS_REQUEST.kind,
        name=request.metadata.name,
        uid=request.metadata.uid,
    )


def run_labels(request: ProcessRequest, run: str) -> dict[str, str]:
    """Labels of a run, by which lists and collection deletes find it, and other requests of its Process."""
    labels = {
        names.LABEL_REQUEST: request.metadata.name,
        names.LABEL_REQUEST_UID: request.metadata.uid,
        names.LABEL_RUN: run,
    }
    return labels if request.spec.process is None else {**labels, names.LABEL_PROCESS: request.spec.process.name}


def adoption_patch(request: ProcessRequest, run: ProcessRun) -> dict[str, Any]:
    """The patch that sets the labels and the owner of a run. Empty if the run has them.

    A run that a user created has none of these labels, or those of another cluster or of an earlier request. It gets no
    owner. A run that the operator created has labels and owner unless another client changed them. Its Process label is
    not changed, because the request may name another Process by now.
    """
    metadata, is_persons = run.metadata, is_created_by_user(run)
    wanted = run_labels(request, metadata.name)
    known = metadata.labels.get(names.LABEL_REQUEST_UID)
    if known is not None and not (is_persons and known != request.metadata.uid):
        wanted.pop(names.LABEL_PROCESS, None)
    labels = {key: value for key, value in wanted.items() if metadata.labels.get(key) != value}
    patch: dict[str, Any] = {"labels": labels} if labels else {}
    lacks_owner = not any(owner.uid == request.metadata.uid for owner in metadata.owner_references)
    if lacks_owner and not is_persons and run.spec.trigger != Trigger.STEP:
        others = [owner.to_api() for owner in metadata.owner_references if not owner.controller]
        patch["ownerReferences"] = [*others, request_owner(request)]
    return {"metadata": patch} if patch else {}


def identity_patch(request: ProcessRequest, metadata: WorkloadMetadata) -> dict[str, Any]:
    """The patch that restores the labels by which a Job or CronJob is watched. Empty if it has them."""
    wanted = {names.LABEL_REQUEST: request.metadata.name, names.LABEL_REQUEST_UID: request.metadata.uid}
    labels = {key: value for key, value in wanted.items() if metadata.labels.get(key) != value}
    return {"metadata": {"labels": labels}} if labels else {}
