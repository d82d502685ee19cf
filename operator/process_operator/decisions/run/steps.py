"""Runs of a Process with steps: a run without a Job, and a run with its own Job for each step, one after the other.

`follow.py` follows the run of a step like any other. This module creates these runs, passes on the orders of their
parent, and records their ends in it. `step_progress.py` computes the progress. `template/step.py` has the templates.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.inputs.blocked import Need
from process_operator.decisions.inputs.rejections import blocked_now
from process_operator.decisions.inputs.run_view import RunOrders, RunView, view_of
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.jobs import job_to_come
from process_operator.decisions.manifests.runs import step_run_manifest
from process_operator.decisions.plan.actions import CreateRun, LookUpStep, ReportRun
from process_operator.decisions.plan.part import Part, join, part
from process_operator.decisions.run.follow import plan_run
from process_operator.decisions.run.kill import end_after_kill
from process_operator.decisions.run.outcome import RunOutcome
from process_operator.decisions.run.report import finish
from process_operator.decisions.run.step_progress import StepProgress, log_of, step_progress
from process_operator.decisions.template.step import StepTemplate
from process_operator.resources.batch.kill import Kill, KillReason
from process_operator.resources.conditions import Reason, RunReason, cause
from process_operator.resources.process_run import RunLog, RunPhase, StepStatus
from process_operator.resources.status_text import reason_and_message

_MISSING_PROCESS_INTERVAL: Final = timedelta(minutes=1)
"""A step waits for a Process. No Process may name it as a step any more, so its creation may cause no decision."""
_FINAL_REASONS: Final = frozenset({RunReason.UNSCHEDULED, RunReason.REPLACED})
"""A step ends for these reasons only together with its parent, so the decision about the parent is final."""


def plan_steps(view: RunView, orders: RunOrders, snapshot: Snapshot) -> Part[None]:
    """Decide about a run that has begun its steps, and about the open runs of its steps."""
    progress = step_progress(view, snapshot)
    children = join(plan_run(child, _child_orders(view, child, orders, snapshot)) for child in view.steps.values())
    return children + _plan_parent(view, progress, orders, snapshot)


def _plan_parent(view: RunView, progress: StepProgress, orders: RunOrders, snapshot: Snapshot) -> Part[None]:
    if progress.open_run is not None:
        return _report(view, progress, orders)
    if progress.lookup is not None:
        return part(LookUpStep(progress.lookup, view.name, view.run.metadata.uid))
    if (outcome := _outcome(view, progress, orders)) is not None:
        log = RunLog(text=log_of(progress.steps), truncated=False)
        return finish(_with_steps(view, progress), outcome, log, orders)
    return (
        _start_step(view, progress, progress.following, orders, snapshot) if progress.following is not None else part()
    )


def plan_stray_steps(snapshot: Snapshot, orders: RunOrders) -> Part[None]:
    """End the runs of steps whose parent is over. Another operator that did not know of its end created them."""
    open_runs = {run.metadata.name for run in snapshot.runs}
    parts = []
    for run in snapshot.step_runs:
        assert run.spec.parent is not None
        if run.spec.parent.name not in open_runs:
            kill = Kill(KillReason.CANCELED, f"run {run.spec.parent.name}, to which this step belongs, is over")
            parts.append(plan_run(view_of(snapshot, run), replace(orders, kill=kill)))
    return join(parts)


def _start_step(
    view: RunView, progress: StepProgress, step: StepStatus, orders: RunOrders, snapshot: Snapshot
) -> Part[None]:
    """Create the run of the next step, or report why it has to wait."""
    if orders.is_suspended or orders.request is None:
        return _report(view, progress, orders)
    found = _template(snapshot, view, step)
    if not isinstance(found, StepTemplate):
        return _report(view, progress, orders, stuck=found).waking_at(orders.now + _MISSING_PROCESS_INTERVAL)
    no_runs = blocked_now(snapshot, Need.RUN, orders.now)
    if no_runs is not None:
        stuck = (no_runs.reason, f'step "{step.name}": {no_runs.sentence}')
        return _report(view, progress, orders, stuck=stuck, is_message_kept=True).waking_at(no_runs.again_at)
    manifest = step_run_manifest(orders.request, view.run, step=step.name, process=step.process, scheduled=view.due)
    name = manifest["metadata"]["name"]
    job = job_to_come(found.template, orders.request, run=name, scheduled=view.due)
    return part(CreateRun(manifest, job))


def _template(snapshot: Snapshot, view: RunView, step: StepStatus) -> StepTemplate | tuple[str, str]:
    """The template of a step of a run, from its Process as it is now. Otherwise the reason and message why there is none."""
    process = snapshot.step_processes.get(step.process)
    if process is None:
        return Reason.PROCESS_NOT_FOUND, f'step "{step.name}": there is no Process "{step.process}"; waiting for it'
    templates = snapshot.compiled.run_templates
    return templates.step(view.run.metadata.uid, view.run.spec.parameters or {}, step.name, process)


def _child_orders(view: RunView, child: RunView, orders: RunOrders, snapshot: Snapshot) -> RunOrders:
    """The orders for the run of a step: those of its parent, with the template of the step."""
    parent = child.run.spec.parent
    assert parent is not None
    step = next((step for step in view.run.status.steps or () if step.name == parent.step), None)
    found: StepTemplate | tuple[str, str] | None = None
    if orders.request is not None and step is not None:
        found = _template(snapshot, view, step)
    template = found.template if isinstance(found, StepTemplate) else None
    stuck = found if isinstance(found, tuple) else None
    return RunOrders(
        now=orders.now,
        request=orders.request,
        build_template=lambda: template,
        may_start=not orders.is_suspended and (template is not None or child.job is not None),
        kill=_child_kill(view, child, orders),
        pause=orders.is_suspended and child.is_started and not child.is_paused,
        wait_reason=stuck,
        start_timeout=_start_timeout(orders, step, snapshot),
        process=step.process if step is not None else None,
    )


def _start_timeout(orders: RunOrders, step: StepStatus | None, snapshot: Snapshot) -> int | None:
    """The timeout of the request, else that of the Process of the step, in seconds."""
    own = orders.request.spec.start_timeout_seconds if orders.request is not None else None
    process = snapshot.step_processes.get(step.process) if step is not None else None
    return own if own is not None or process is None else process.spec.start_timeout_seconds


def _child_kill(view: RunView, child: RunView, orders: RunOrders) -> Kill | None:
    if child.run.spec.cancel:
        return Kill(KillReason.CANCELED, "spec.cancel was set")
    if orders.kill is not None and orders.kill.reason == KillReason.CANCELED:
        return Kill(KillReason.CANCELED, f"run {view.name}, to which this step belongs, was canceled")
    if orders.kill is None and orders.request is None and child.job is None:
        return Kill(KillReason.CANCELED, "its request was deleted")
    return orders.kill


def _outcome(view: RunView, progress: StepProgress, orders: RunOrders) -> RunOutcome | None:
    """The end of a run of which no step is open. None if the next step has to start."""
    last = progress.ended[-1] if progress.ended else None
    if last is not None and last.phase == RunPhase.CANCELED:
        if last.reason in _FINAL_REASONS:
            return _end(progress, RunPhase.CANCELED, last.reason or "", last.message or "")
        if orders.kill is not None:
            return _killed(progress, orders.kill)
    if progress.following is None or (progress.failed and view.run.status.stop_on_failure is not False):
        return _judged(progress)
    if orders.kill is not None:
        return _killed(progress, orders.kill)
    if orders.request is None:
        message = f'step "{progress.following.name}" was not run, because its request was deleted'
        return _end(progress, RunPhase.CANCELED, RunReason.REQUEST_NOT_FOUND, message)
    return None


def _judged(progress: StepProgress) -> RunOutcome:
    if not progress.failed:
        return _end(progress, RunPhase.SUCCEEDED, RunReason.COMPLETED, "", decisive=progress.ended[-1])
    words = []
    for step in progress.failed:
        why = cause(step.reason, step.message)
        words.append(f'step "{step.name}": {step.phase}' + (f" ({why})" if why else ""))
    return _end(progress, RunPhase.FAILED, RunReason.STEP_FAILED, "; ".join(words), decisive=progress.failed[0])


def _killed(progress: StepProgress, kill: Kill) -> RunOutcome:
    return _end(progress, *end_after_kill(kill), kill.detail)


def _end(
    progress: StepProgress, phase: RunPhase, reason: str, message: str, *, decisive: StepStatus | None = None
) -> RunOutcome:
    return RunOutcome(
        phase=phase,
        reason=reason,
        message=message,
        start_time=_began(progress),
        end_time=max((step.end_time for step in progress.ended if step.end_time is not None), default=None),
        exit_code=decisive.exit_code if decisive is not None else None,
        attempts=decisive.attempts if decisive is not None else None,
    )


def _began(progress: StepProgress) -> datetime | None:
    open_run = progress.open_run.run.status.start_time if progress.open_run is not None else None
    starts = [step.start_time for step in progress.steps if step.start_time is not None]
    return min([*starts, open_run] if open_run is not None else starts, default=None)


def _with_steps(view: RunView, progress: StepProgress) -> RunView:
    status = view.run.status.model_copy(update={"steps": progress.steps})
    return replace(view, run=view.run.model_copy(update={"status": status}))


def _report(
    view: RunView,
    progress: StepProgress,
    orders: RunOrders,
    *,
    stuck: tuple[str, str] | None = None,
    is_message_kept: bool = False,
) -> Part[None]:
    """Write the progress of the run if a step began or ended, or if phase or reason differ.

    A new message of the same reason is written too unless `is_message_kept`. The words of the API server can differ with
    each try, but the message of an open step changes only with the status of its run.
    """
    seen = view.run.status
    phase, reason, message = _state(progress, orders, stuck)
    state = {"phase": phase, **reason_and_message(reason, message), "steps": progress.steps}
    is_message_kept = is_message_kept or not reason
    if all(getattr(seen, name) == value for name, value in state.items() if name != "message" or not is_message_kept):
        return part()
    return part(ReportRun(view.name, seen.model_copy(update={**state, "start_time": _began(progress)})))


def _state(progress: StepProgress, orders: RunOrders, stuck: tuple[str, str] | None) -> tuple[RunPhase, str, str]:
    """Phase, reason and message of a run whose steps continue."""
    open_run = progress.open_run
    if orders.is_suspended and (open_run is None or open_run.is_paused):
        words = "suspended with its request (onSuspend: SuspendRunning); the resume starts the present step over"
        return RunPhase.PENDING, RunReason.SUSPENDED, words
    is_begun = bool(progress.ended) or (open_run is not None and open_run.run.status.phase == RunPhase.RUNNING)
    phase = RunPhase.RUNNING if is_begun else RunPhase.PENDING
    if stuck is not None:
        return phase, *stuck
    if open_run is None:
        return phase, "", ""
    status = open_run.run.status
    assert open_run.run.spec.parent is not None
    name = open_run.run.spec.parent.step
    number = next(index for index, step in enumerate(progress.steps, 1) if step.name == name)
    place = f'step {number} of {len(progress.steps)}, "{name}"'
    by_others = open_run.job is not None and open_run.job.is_suspended_by_others
    if status.reason and (status.reason != RunReason.SUSPENDED or by_others):
        return phase, status.reason, f"{place}: {status.message or status.reason}"
    return phase, "", place
