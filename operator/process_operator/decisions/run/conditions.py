"""Conditions and observed generation of a run, for programs, in each report about it.

A run is Reconciling while it is Pending. A running one is neither Reconciling nor Stalled, as kstatus defines it for a
Job. A finished one has the conditions of `report.end_conditions`. They are added to the whole plan at its end, so no
part of a decision can forget them. Conditions of other programs are kept.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import FinishRun, ReportRun
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.run.report import reconciling
from process_operator.resources.conditions import merge_conditions
from process_operator.resources.process_run import ProcessRun, RunPhase


def with_conditions(plan: Plan, snapshot: Snapshot, now: datetime) -> Plan:
    """The plan with generation and conditions in each report about a run."""
    if not any(isinstance(action, ReportRun | FinishRun) for action in plan.actions):
        return plan
    runs = {run.metadata.name: run for run in (*snapshot.runs, *snapshot.step_runs)}
    return replace(plan, actions=tuple(_completed(action, runs, now) for action in plan.actions))


def _completed(action: Action, runs: dict[str, ProcessRun], now: datetime) -> Action:
    if not isinstance(action, ReportRun | FinishRun):
        return action
    run, status = runs[action.run], action.status
    generation = run.metadata.generation
    if isinstance(action, FinishRun):
        wanted = status.conditions
    elif status.phase == RunPhase.PENDING:
        wanted = (reconciling(status.reason or "", status.message or "", generation),)
    else:
        wanted = ()
    conditions = merge_conditions(run.status.conditions, wanted, now)
    changes = {"observed_generation": generation, "conditions": conditions}
    return replace(action, status=status.model_copy(update=changes))
