"""Backfills of a schedule of every minute, with runs and the plan about them. Neighbour: `snapshots.py`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.builders.instants import at
from tests.builders.objects import Object
from tests.builders.snapshots import STEM, UID, activation, finished, request, run, schedule, snapshot

from process_operator.decisions.acceptance.acceptance import Acceptance
from process_operator.decisions.backfill.plan import plan_backfills
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.inputs.history import BackfillMark, FinishedRun
from process_operator.decisions.inputs.run_view import view_of
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import CreateRun
from process_operator.decisions.ticks.progress import Progress, calendar_of
from process_operator.resources import names
from process_operator.resources.process_backfill import ProcessBackfill, ProcessBackfillStatus
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import ProcessRun, RunPhase
from process_operator.timing.recurrence import compile_schedule

OWN = {names.LABEL_REQUEST_UID: UID}


def backfill(name: str = "b", *, begin: str = "12:00", end: str = "12:05", **parts: Any) -> ProcessBackfill:
    """A backfill of the request, made at one o'clock."""
    spec = {"request": {"name": "close"}, "from": at(begin), "to": at(end), **parts.pop("spec", {})}
    metadata = {
        "name": name,
        "namespace": "erp",
        "uid": f"uid-of-{name}",
        "generation": 1,
        "labels": OWN,
        "creationTimestamp": at("13:00"),
        **parts.pop("metadata", {}),
    }
    status = {"requestUID": UID, "observedGeneration": 1, **parts["status"]} if "status" in parts else {}
    return ProcessBackfill.model_validate({"metadata": metadata, "spec": spec, "status": status})


def name(clock: str) -> str:
    """Name of a backfill's run of a tick."""
    return names.backfill_run_name(STEM, int(at(clock).timestamp()))


def tick_name(clock: str) -> str:
    """Name of the schedule's own run of a tick: every tick is on a whole minute."""
    return f"{STEM}-{int(at(clock).timestamp()) // 60}"


def opened(clock: str, of: str = "b") -> ProcessRun:
    """An open run of a backfill."""
    found = run(name(clock), trigger="Backfill", due=clock)
    labels = {**found.metadata.labels, names.LABEL_BACKFILL: of}
    return found.model_copy(update={"metadata": found.metadata.model_copy(update={"labels": labels})})


def ended(clock: str, phase: RunPhase = RunPhase.SUCCEEDED, of: str = "b") -> FinishedRun:
    """A finished run of a backfill."""
    return replace(finished(name(clock), phase, due=None), backfill=BackfillMark(of, at(clock)))


def own(clock: str, phase: RunPhase = RunPhase.SUCCEEDED, missed_reason: str = "") -> FinishedRun:
    """A finished run of the schedule itself."""
    return finished(tick_name(clock), phase, due=clock, missed_reason=missed_reason)


def known(*backfills: ProcessBackfill, **more: Any) -> Snapshot:
    """Every minute since noon, with nothing run and all settled, at one o'clock."""
    timing = more.pop("timing", schedule(60))
    spec: Object = more.pop("spec", {})
    status = ProcessRequestStatus(
        activation=activation(runs=more.pop("runs_of_activation", 0)),
        last_schedule_time=at(more.pop("cursor", "13:00")),
    )
    more.setdefault("history", ())
    return snapshot(request(timing, **spec), status=status, backfills=backfills, **more)


def plan(found: Snapshot) -> tuple[list[str], dict[str, ProcessBackfillStatus], tuple[Action, ...]]:
    """The ticks that get a run (as clocks), the status of each backfill, and the whole draft."""
    assert found.request is not None
    timing = found.request.spec.timing.schedule
    recurrence = compile_schedule(timing, since=at("12:00")) if timing is not None else None
    views = tuple(view_of(found, each) for each in found.runs)
    context = DecisionContext(found, Acceptance(recurrence=recurrence), views, at("13:00"))
    calendar = calendar_of(found, recurrence) if recurrence is not None else None
    planned = plan_backfills(context, Progress(found.status.last_schedule_time), calendar)
    made = [
        action.manifest["spec"]["scheduledTime"][11:16] for action in planned.actions if isinstance(action, CreateRun)
    ]
    return made, dict(planned.value), planned.actions
