"""Action that records a Kubernetes Event on a request, a run, a backfill or a CronJob."""

from __future__ import annotations

from typing import Final

from process_operator.actions.context import ActionContext, Handlers
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan import actions
from process_operator.resources.kinds import CRONJOB, PROCESS_BACKFILL, PROCESS_REQUEST, PROCESS_RUN, Kind


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
        return _reference(CRONJOB, action.on_cronjob, cronjob.metadata.uid)
    backfill = next((b for b in snapshot.backfills if b.metadata.name == action.on_backfill), None)
    if backfill is not None:
        return _reference(PROCESS_BACKFILL, backfill.metadata.name, backfill.metadata.uid)
    runs = (*snapshot.runs, *snapshot.step_runs)
    run = next((run for run in runs if run.metadata.name == action.about), None)
    if snapshot.request is None and run is not None:
        return _reference(PROCESS_RUN, action.about, run.metadata.uid)
    return _reference(PROCESS_REQUEST, snapshot.name, snapshot.uid)


def _reference(kind: Kind, name: str, uid: str) -> dict[str, str]:
    return {"apiVersion": kind.api_version, "kind": kind.kind, "name": name, "uid": uid}


HANDLERS: Final[Handlers] = {
    actions.Emit: emit,
}
