"""Statuses of runs that the API server rejects: the plan leaves them out until the next try, and keeps everything else.

A run whose status cannot be written must not stop its request: other runs and ticks do not depend on it. Neighbours:
`actions/runs.py` observes the rejection, `inputs/rejections.py` reports it in the condition Ready of the request.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import DeleteJob, Emit, FinishRun, ReportRun
from process_operator.decisions.plan.part import earliest
from process_operator.decisions.plan.plan import Plan


def without_rejected_statuses(plan: Plan, snapshot: Snapshot, now: datetime) -> Plan:
    """The plan without the statuses that the API server rejects for now, and without what follows them for these runs.

    A later action about the same run, such as an Event about its end, requires its status.
    """
    rejected = _rejected_now(snapshot, now)
    if not rejected:
        return plan
    kept: list[Action] = []
    held = set[str]()
    for action in plan.actions:
        subject = _run_of(action)
        if isinstance(action, ReportRun | FinishRun) and subject in rejected:
            held.add(subject)
        if subject not in held:
            kept.append(action)
    again_at = earliest(plan.wake_at, *(each.again_at for each in rejected.values()))
    return replace(plan, actions=tuple(kept), wake_at=again_at)


def _rejected_now(snapshot: Snapshot, now: datetime) -> dict[str, Blocked]:
    found = {
        run.metadata.name: snapshot.observations_of(run.metadata.name).status_rejected
        for run in (*snapshot.runs, *snapshot.step_runs)
    }
    return {name: each for name, each in found.items() if each is not None and each.again_at and now < each.again_at}


def _run_of(action: Action) -> str:
    """Name of the run that an action is about. A Job has the name of its run."""
    if isinstance(action, Emit):
        return action.about
    return action.job if isinstance(action, DeleteJob) else action.subject
