"""Lock requests: when one request wants the lock of its Process, whether the lock is free, and which runs hold it.

`inputs/process_lock.py` has the rules between requests, `policy.py` the rules among the runs of one request. The
stricter policy of the request and its Process applies (`context.py`). If the Process has a policy other than Allow, it
holds over all runs of the Process.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from process_operator.decisions.activation.activation import is_suspended, run_name
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.inputs.blocked import Need
from process_operator.decisions.inputs.candidate import Candidate
from process_operator.decisions.inputs.process_lock import LockRequest
from process_operator.decisions.inputs.rejections import blocked_now
from process_operator.decisions.inputs.run_view import RunView
from process_operator.decisions.ticks.due import BusyInterval
from process_operator.decisions.ticks.progress import (
    busy_intervals,
    calendar_of,
    has_run,
    is_covered,
    runs_left,
    settled_through,
)
from process_operator.resources.model import whole_second
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_request import CatchUp
from process_operator.timing.missed import is_too_old

_Start = tuple[datetime, str]
"""When a run wants to start, and its name."""


def own_lock_request(context: DecisionContext, candidates: list[Candidate]) -> LockRequest | None:
    """The next run that this request wants to start; None if it has no lock to request, or nothing to start.

    Only runs that would start with the lock count, because a run that waits for something else must not block other
    requests.
    """
    lock, now = context.lock, context.now
    if lock is None or not context.acceptance.may_start_claims:
        return None
    starts = _runs(context, candidates)
    if context.acceptance.is_accepted and blocked_now(context.snapshot, Need.RUN, now) is None:
        starts += [*_tick(context), *_one_shot(context)]
    start = min(starts, default=None)
    if start is None:
        return None
    due, run = start
    keeps = context.policy == ConcurrencyPolicy.FORBID and due <= now and lock.place is not None
    place = min(due, lock.place) if keeps and lock.place is not None else due
    return LockRequest(context.snapshot.name, run, due, place)


def _runs(context: DecisionContext, candidates: list[Candidate]) -> list[_Start]:
    open_runs = {view.name: view for view in context.views}
    ready = [
        (candidate.due, candidate.name)
        for candidate in candidates
        if not candidate.started and candidate.ready and not _is_job_looked_up(open_runs[candidate.name])
    ]
    if context.is_suspended:
        return ready
    later = [
        (view.window.start, view.name)
        for view in context.views
        if view.window is not None and view.window.start > context.now and not view.is_started
    ]
    return [*ready, *later]


def _is_job_looked_up(view: RunView) -> bool:
    """Whether the run had a Job, which the operator is looking up."""
    return view.by_cronjob or (view.job is None and view.run.status.job_uid is not None)


def _tick(context: DecisionContext) -> list[_Start]:
    recurrence, spec, snapshot = context.acceptance.recurrence, context.request.spec, context.snapshot
    if recurrence is None or not context.claims_ticks or is_suspended(context.activation):
        return []
    if runs_left(snapshot) == 0:
        return []
    calendar, settled = calendar_of(snapshot, recurrence), settled_through(snapshot, recurrence)
    through = recurrence.due_through(context.now)
    tick = recurrence.previous(through)
    if tick is not None and spec.catch_up == CatchUp.ALL:
        tick = recurrence.next_after(max(settled, recurrence.before(_oldest_in_time(context)) or settled))
        while tick is not None and tick <= through and is_covered(snapshot, calendar, tick):
            tick = recurrence.next_after(tick)
    if tick is not None and settled < tick <= through:
        in_time = not is_too_old(recurrence.due_at(tick), context.now, spec.starting_deadline_seconds)
        if in_time and not is_covered(snapshot, calendar, tick):
            return [(recurrence.due_at(tick), calendar.run_name(tick))]
    upcoming = recurrence.next_after(max(settled, through))
    return [] if upcoming is None else [(recurrence.due_at(upcoming), calendar.run_name(upcoming))]


def _oldest_in_time(context: DecisionContext) -> datetime:
    deadline = context.request.spec.starting_deadline_seconds
    now = whole_second(context.now)
    begin = context.activation.since or now
    return begin if deadline is None else max(begin, now - timedelta(seconds=deadline))


def _one_shot(context: DecisionContext) -> list[_Start]:
    request, activation, snapshot = context.request, context.activation, context.snapshot
    if (
        request.spec.timing.run_immediately is None
        or activation.runs
        or is_suspended(activation)
        or activation.since is None
    ):
        return []
    name = run_name(snapshot, activation)
    return [] if has_run(snapshot, name) else [(activation.since, name)]


def is_lock_free(context: DecisionContext, wanted: LockRequest | None) -> bool:
    """Whether the lock of the Process is free for this request, or the Process has no lock."""
    return context.lock is None or context.lock.grants(wanted, context.now)


def lock_blockers(context: DecisionContext, wanted: LockRequest | None) -> tuple[str, ...]:
    """Runs of other requests that keep a due tick undecided."""
    lock = context.lock
    if lock is None or wanted is None or wanted.due > context.now or lock.grants(wanted, context.now):
        return ()
    blocker = lock.blocker_of(wanted, context.now)
    return (blocker.run if blocker is not None else lock.process,)


def lock_wait_message(context: DecisionContext, wanted: LockRequest | None) -> str | None:
    """The message of a run that waits for a run of another request; None if it does not wait."""
    lock = context.lock
    if lock is None or wanted is None or wanted.due > context.now:
        return None
    blocker = lock.blocker_of(wanted, context.now)
    if blocker is None:
        return None
    return (
        f"waits for run {blocker.run} of request {blocker.request} (Process {lock.process} is shared: {context.policy})"
    )


def all_busy_intervals(context: DecisionContext) -> tuple[BusyInterval, ...]:
    """Times during which runs blocked other runs, of this request and of all requests that share its Process."""
    own = busy_intervals(context.snapshot, context.views)
    own += tuple(BusyInterval(orphan.name, orphan.due, None) for orphan in context.orphans)
    lock = context.lock
    if lock is None:
        return own
    past = (BusyInterval(run.run, run.start, run.end) for run in lock.past or ())
    going = (BusyInterval(holder.run, holder.since, None) for holder in lock.holders)
    return (*own, *past, *going)
