"""Actions that read the pods of a run: their logs, their states and their Events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import structlog

from process_operator.actions.context import ActionContext, Handlers
from process_operator.cluster.errors import Forbidden
from process_operator.decisions.plan import actions
from process_operator.decisions.run.pods import EVENT_CAUSES
from process_operator.resources import names
from process_operator.resources.batch.pod import Waiting
from process_operator.resources.conditions import RunReason
from process_operator.resources.kinds import EVENT, POD
from process_operator.resources.kubelet_events import kubelet_events
from process_operator.resources.model import parse_instant
from process_operator.resources.types import Object
from process_operator.state.run_observations import JobEventsRead, KubeletEventsRead, PodEventsRead, PodsListed
from process_operator.timing.zone import EPOCH

_CAUSES: Final = EVENT_CAUSES | {RunReason.FAILED_CREATE}

log = structlog.get_logger("process_operator")


async def read_log(context: ActionContext, action: actions.ReadLog) -> None:
    """Start to read the log of a run in the background."""
    context.services.logs.start(context.key, action)


async def list_pods(context: ActionContext, action: actions.ListPods) -> None:
    """List the pods of a Job."""
    selector = f"{names.LABEL_CONTROLLER_UID}={action.uid}"
    listing = await context.api.list(POD, context.namespace, label_selector=selector)
    for raw in listing.items:
        context.store.apply(POD, raw)
    context.observe(PodsListed(action.run, context.now()))
    present = {raw["metadata"]["name"] for raw in listing.items}
    context.store.mark_pods_deleted(
        context.key, action.uid, present=present, version=int(listing.resource_version or 0)
    )


async def find_rejected_pods(context: ActionContext, action: actions.FindRejectedPods) -> None:
    """Read the newest Event about a pod that the Job controller could not create."""
    selector = f"involvedObject.uid={action.uid},reason={RunReason.FAILED_CREATE}"
    newest = await _newest_event(context, selector)
    message = str(newest.get("message") or "") if newest is not None else None
    context.observe(JobEventsRead(action.run, context.now(), message))


async def find_pod_event(context: ActionContext, action: actions.FindPodEvent) -> None:
    """Read the newest Event about a pod."""
    newest = await _newest_event(context, f"involvedObject.uid={action.uid}")
    found = None
    if newest is not None and newest.get("reason") in EVENT_CAUSES:
        found = Waiting(str(newest["reason"]), str(newest.get("message") or ""))
    context.observe(PodEventsRead(action.run, context.now(), found))


async def _newest_event(context: ActionContext, selector: str) -> Object | None:
    """Give the newest Event that the selector matches, or None. Unrelated warnings do not count.

    If two Events are equally new, a warning wins.
    """
    listing = await context.api.list(EVENT, context.namespace, field_selector=selector)
    events = [e for e in listing.items if e.get("type") != "Warning" or e.get("reason") in _CAUSES]
    return max(events, key=lambda event: (_time_of(event), event.get("type") == "Warning"), default=None)


async def find_kubelet_events(context: ActionContext, action: actions.FindKubeletEvents) -> None:
    """Read the Events of the kubelet about a pod."""
    try:
        listing = await context.api.list(
            EVENT, context.namespace, field_selector=f"involvedObject.uid={action.pod_uid}"
        )
    except Forbidden as error:
        # The end of the run has to be recorded in any case.
        log.warning("Events cannot be read", namespace=context.namespace, run=action.run, error=str(error))
        context.observe(KubeletEventsRead(action.run, context.now(), None))
    else:
        found = kubelet_events(listing.items)
        context.observe(KubeletEventsRead(action.run, context.now(), found))


def _time_of(event: Mapping[str, Any]) -> datetime:
    """Time at which an Event was seen last (UTC). Old and new clients of the API write it into different fields."""
    last = (event.get("series") or {}).get("lastObservedTime")
    text = event.get("lastTimestamp") or last or event.get("eventTime") or event.get("firstTimestamp")
    return parse_instant(str(text)) if text else EPOCH


HANDLERS: Final[Handlers] = {
    actions.ReadLog: read_log,
    actions.ListPods: list_pods,
    actions.FindRejectedPods: find_rejected_pods,
    actions.FindPodEvent: find_pod_event,
    actions.FindKubeletEvents: find_kubelet_events,
}
