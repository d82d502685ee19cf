"""Action that records a Kubernetes Event on a request, a run, a backfill or a CronJob."""

from __future__ import annotations

from typing import Final

from process_operator.actions.context import ActionContext, Handlers
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan import actions
from process_operator.resources.kinds import CRONJOB, PROCESS_BACKFILL, PROCESS_REQUEST, PROCESS_RUN


async def emit(context: ActionContext, action: actions.Emit) -> None:
    """Record an Event about the object that the action names."""
    involved = {"namespace": context.namespace, **_involved(context.snapshot, action)}
    context.services.events.record(
        involved,
        action.reason,
        action.message,
        now=context.now(),
        type="Warning" if action.warning else "Normal",
        about=action.about,
    )


def _involved(snapshot: Snapshot, action: actions.Emit) -> dict[str, str]:
    if action.on_cronjob is not None:
        cronjob = next(c for c in snapshot.cronjobs if c.metadata.name == action.on_cronjob)
        return {
            "apiVersion": CRONJOB.api_version,
            "kind": CRONJOB.kind,
            "name": action.on_cronjob,
            "uid": cronjob.metadata.uid,
        }
    backfill = next((b for b in snapshot.backfills if b.metadata.name == action.on_backfill), None)
    if backfill is not None:
        metadata = backfill.metadata
        return {
            "apiVersion": PROCESS_BACKFILL.api_version,
            "kind": PROCESS_BACKFILL.kind,
            "name": metadata.name,
            "uid": metadata.uid,
        }
    runs = (*snapshot.runs, *snapshot.step_runs)
    run = next((run for run in runs if run.metadata.name == action.about), None)
    if snapshot.request is None and run is not None:
        return {
            "apiVersion": PROCESS_RUN.api_version,
            "kind": PROCESS_RUN.kind,
            "name": action.about,
            "uid": run.metadata.uid,
        }
    return {
        "apiVersion": PROCESS_REQUEST.api_version,
        "kind": PROCESS_REQUEST.kind,
        "name": snapshot.name,
        "uid": snapshot.uid,
    }


HANDLERS: Final[Handlers] = {
    actions.Emit: emit,
}
