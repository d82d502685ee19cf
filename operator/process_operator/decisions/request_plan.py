"""The decision: what to do now about one request, from all that is known of it and the time.

First the stretch, then the verdict on the request, then its open runs in their turn, then new runs, the CronJob, what is
to be removed, and the status. Each part adds to a draft (`plan.py`); nothing here does anything. A crash between any two
of the actions is healed by the next decision, because every part looks at what is there and not at what was done.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from process_operator import names
from process_operator.decisions import manifests
from process_operator.decisions.acceptance import Acceptance, accept
from process_operator.decisions.concurrency import MAX_STARTS, Contender, Turn, in_the_way, take_turns
from process_operator.decisions.cronjob_plan import plan_cronjob, suspend_orphans
from process_operator.decisions.plan import BeginStretch, CreateRun, Draft, Emit, LoadHistory, Plan
from process_operator.decisions.refusal import Refusal, in_one_summary
from process_operator.decisions.request_status import FAST, Outlook, request_status
from process_operator.decisions.retention import plan_retention
from process_operator.decisions.run_plan import plan_run
from process_operator.decisions.run_view import RunOrders, RunView, view_of
from process_operator.decisions.schedule_plan import (
    Calendar,
    Progress,
    calendar_of,
    claim,
    has_run,
    plan_cronjob_jobs,
    plan_passed_over,
    plan_stretch_end,
    plan_ticks,
    settled_through,
    undecided,
)
from process_operator.decisions.snapshot import FinishedRun, Snapshot
from process_operator.decisions.stretch import StretchChange, is_suspended, next_stretch, run_name
from process_operator.decisions.template import JobTemplate
from process_operator.resources.conditions import ConditionStatus, ConditionType, EventReason, RunReason
from process_operator.resources.model import format_instant
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_request import Engine, OnSuspend, ProcessRequestStatus
from process_operator.resources.process_run import ProcessRun, RunPhase, Trigger
from process_operator.resources.workloads import Kill, KillReason
from process_operator.timing.errors import ScheduleError
from process_operator.timing.missed import is_too_old
from process_operator.timing.recurrence import compile_schedule
from process_operator.timing.run_later import start_window


def decide(snapshot: Snapshot, now: datetime) -> Plan:
    """Decide about one request at `now` (UTC)."""
    request = snapshot.request
    if request is None or request.metadata.deletion_timestamp is not None:
        return _decide_left_behind(snapshot, now)
    strangers = tuple(
        run for run in snapshot.runs if run.metadata.labels.get(names.LABEL_REQUEST_UID, snapshot.uid) != snapshot.uid
    )
    if strangers:
        return _decide_beside_strangers(snapshot, strangers, now)
    views = tuple(view_of(snapshot, run) for run in snapshot.runs)
    change = next_stretch(snapshot, now, run_waits_paused=_one_shot_paused(snapshot, views))
    if change is not None:
        return _change_stretch(snapshot, change, now)
    return _Decision(snapshot, accept(snapshot, now), views, now).plan()


def _decide_beside_strangers(snapshot: Snapshot, strangers: tuple[ProcessRun, ...], now: datetime) -> Plan:
    """Runs of a request that had the name before are followed to their end, and have no part in anything else."""
    own = decide(replace(snapshot, runs=tuple(run for run in snapshot.runs if run not in strangers)), now)
    left = _decide_left_behind(replace(snapshot, request=None, runs=strangers, cronjobs=()), now)
    wake_at = min(filter(None, (own.wake_at, left.wake_at)), default=None)
    return replace(own, actions=(*left.actions, *own.actions), wake_at=wake_at)


def _decide_left_behind(snapshot: Snapshot, now: datetime) -> Plan:
    """The request is gone or going: what runs is still followed to its end, nothing new begins."""
    draft = Draft()
    if snapshot.request is None:
        suspend_orphans(snapshot, draft)
    for run in snapshot.runs:
        kill = Kill(KillReason.CANCELED, "spec.cancel was set") if run.spec.cancel else None
        reason = (
            RunReason.REQUEST_NOT_FOUND,
            f'there is no ProcessRequest "{snapshot.name}" in namespace {snapshot.namespace}',
        )
        plan_run(view_of(snapshot, run), RunOrders(now=now, request=None, kill=kill, holds=reason), draft)
    return draft.plan()


def _one_shot_paused(snapshot: Snapshot, views: tuple[RunView, ...]) -> bool:
    request = snapshot.request
    return request is not None and request.spec.timing.schedule is None and any(view.is_paused for view in views)


def _change_stretch(snapshot: Snapshot, change: StretchChange, now: datetime) -> Plan:
    """Record what the old stretch leaves undecided, then write the new one; all else follows from that."""
    draft = Draft()
    status = change.apply(snapshot.status)
    if change.ends is not None:
        if (
            snapshot.history is None
            and snapshot.request is not None
            and snapshot.request.spec.timing.schedule is not None
        ):
            # Ticks after the written cursor may have been claimed: only a list shows the finished runs.
            return Plan((LoadHistory(),))
        plan_cronjob_jobs(snapshot, now, draft)
        settled = _leave_behind(snapshot, change.ends, now, draft)
        if settled is not None:
            status = status.model_copy(update={"last_schedule_time": settled})
    draft.do(BeginStretch(status))
    return draft.plan(status)


def _leave_behind(snapshot: Snapshot, ends: str, now: datetime, draft: Draft) -> datetime | None:
    request, stretch = snapshot.request, snapshot.status.stretch
    assert request is not None
    if ends == "Edited":
        for left in snapshot.undecided:
            record = in_one_summary(left.first, left.last, left.count, Refusal(RunPhase.MISSED, RunReason.EDITED))
            draft.do(CreateRun(manifests.refused_run_manifest(request, name=left.run, record=record)))
        return snapshot.undecided[-1].last if snapshot.undecided else None
    schedule = request.spec.timing.schedule
    if schedule is None or stretch is None or stretch.since is None:
        return None
    try:
        calendar = calendar_of(snapshot, compile_schedule(schedule, since=stretch.since))
    except ScheduleError:
        return None
    return plan_stretch_end(snapshot, calendar, ends, now, draft)


@dataclass(frozen=True)
class _Decision:
    """One decision about a request that is there and whose stretch is up to date."""

    snapshot: Snapshot
    acceptance: Acceptance
    views: tuple[RunView, ...]
    now: datetime

    def plan(self) -> Plan:
        draft = Draft()
        if self.acceptance.ask is not None:
            draft.do(self.acceptance.ask)
        draft.wake(self.acceptance.again_at)
        # New runs come first: what is due now must not wait for what is looked up about others.
        progress, calendar = self._new_runs(draft)
        self._runs(draft)
        outlook = self._outlook(progress, calendar, draft)
        plan_cronjob(self.snapshot, self.acceptance, self.now, draft, finished=outlook.no_tick_left)
        plan_retention(self.snapshot, self.acceptance.template, self.now, draft)
        status = request_status(self.snapshot, self.acceptance, outlook, self.now)
        self._announce(status, draft)
        draft.wake(outlook.next_run)
        left = undecided(self.snapshot, calendar, progress, self.now) if calendar is not None else ()
        return draft.plan(status, left)

    @property
    def _is_own_engine(self) -> bool:
        return self.acceptance.engine is not None and self.acceptance.engine.engine == Engine.OPERATOR

    # ---- open runs

    def _runs(self, draft: Draft) -> None:
        turn = take_turns(self._policy, self._contenders, newcomer=self._replacing_run(draft))
        for view in sorted(self.views, key=lambda view: (view.due, view.name)):
            plan_run(view, self._orders(view, turn, draft), draft)

    @cached_property
    def _contenders(self) -> list[Contender]:
        return [contender for view in self.views if (contender := self._contender(view))]

    def _replacing_run(self, draft: Draft) -> str | None:
        """Name of the run that the newest due tick will have, where the policy is Replace: others make room for it."""
        recurrence = self.acceptance.recurrence
        if self._policy != ConcurrencyPolicy.REPLACE or recurrence is None or not self._makes_ticks:
            return None
        assert self.snapshot.request is not None
        deadline = self.snapshot.request.spec.starting_deadline_seconds
        newest = recurrence.previous(self.now)
        if (
            newest is None
            or newest <= settled_through(self.snapshot, recurrence)
            or is_too_old(newest, self.now, deadline)
        ):
            return None
        name = calendar_of(self.snapshot, recurrence).run_name(newest)
        if self.snapshot.history is None:
            # It may be claimed already, and even be over: then nobody has to go for it.
            draft.do(LoadHistory())
            return None
        return None if has_run(self.snapshot, name) else name

    @property
    def _makes_ticks(self) -> bool:
        """Whether the operator itself claims ticks now."""
        return self.acceptance.is_accepted and self._is_own_engine and not self._suspended

    @property
    def _policy(self) -> ConcurrencyPolicy:
        assert self.snapshot.request is not None
        return self.snapshot.request.spec.concurrency_policy

    @property
    def _suspended(self) -> bool:
        assert self.snapshot.request is not None
        return self.snapshot.request.spec.suspend

    def _contender(self, view: RunView) -> Contender | None:
        if view.refusal is not None or (view.by_cronjob and view.job is None):
            return None
        started = view.is_let_go
        if not started and not self._is_time(view):
            return None
        ready = started or (self._own_kill(view) is None and self._may_begin(view))
        return Contender(view.name, view.due, started=started, ready=ready)

    def _is_time(self, view: RunView) -> bool:
        return view.window is None or self.now >= view.window.start

    def _may_begin(self, view: RunView) -> bool:
        refused = view.notes.create_refused
        if refused is not None and (refused.again_at is None or refused.again_at > self.now):
            return False
        by_hand = view.run.spec.trigger == Trigger.MANUAL
        return self.acceptance.is_accepted and (by_hand or not self._suspended)

    def _orders(self, view: RunView, turn: Turn, draft: Draft) -> RunOrders:
        if view.window is not None and not view.is_let_go:
            draft.wake(view.window.start if self.now < view.window.start else None)
            draft.wake(view.window.end + timedelta(seconds=1) if view.window.end is not None else None)
        kill = self._own_kill(view)
        if (kill is None and view.name in turn.kill) or view.name in turn.overtaken:
            kill = kill or Kill(KillReason.REPLACED, turn.winner or "")
        start = view.name in turn.start and kill is None
        resumed = view.is_paused and not self._suspended
        return RunOrders(
            now=self.now,
            request=self.snapshot.request,
            template=self.acceptance.template if self.acceptance.is_accepted else None,
            may_start=start or resumed,
            kill=kill,
            refusal=Refusal(RunPhase.MISSED, RunReason.TOO_MANY) if view.name in turn.dropped else None,
            pause=self._pauses(view),
            replaced_by=self._newer_cronjob_run(view),
            holds=self._holds(view),
        )

    def _own_kill(self, view: RunView) -> Kill | None:
        """Why this run has to end, whatever the others do."""
        request = self.snapshot.request
        assert request is not None
        trigger = view.run.spec.trigger
        if view.run.spec.cancel:
            return Kill(KillReason.CANCELED, "spec.cancel was set")
        if view.is_let_go and not view.is_paused:
            cancels = (
                self._suspended and request.spec.on_suspend == OnSuspend.CANCEL_RUNNING and trigger != Trigger.MANUAL
            )
            return Kill(KillReason.SUSPENDED) if cancels else None
        if view.is_paused:
            return None
        stretch = self.snapshot.status.stretch
        assert stretch is not None
        if trigger == Trigger.LATER and (view.window is None or view.name != run_name(self.snapshot, stretch)):
            return Kill(KillReason.CANCELED, "the request was rescheduled or its timing edited before the start")
        if view.window is not None and view.window.is_over(self.now):
            return Kill(KillReason.MISSED, f"not started by {format_instant(view.window.end or self.now)}")
        if (
            trigger in (Trigger.IMMEDIATE, Trigger.SCHEDULE, Trigger.CATCH_UP)
            and view.job is None
            and not view.by_cronjob
        ):
            return self._claim_is_void(view)
        return None

    def _claim_is_void(self, view: RunView) -> Kill | None:
        request = self.snapshot.request
        assert request is not None
        deadline = request.spec.starting_deadline_seconds
        if self._suspended:
            return Kill(KillReason.SUSPENDED)
        if deadline is not None and self.now.replace(microsecond=0) > view.due + timedelta(seconds=deadline):
            why = f": {view.notes.create_refused.message}" if view.notes.create_refused is not None else ""
            return Kill(
                KillReason.MISSED, f"not started within {deadline} s of its time (startingDeadlineSeconds){why}"
            )
        return None

    def _newer_cronjob_run(self, view: RunView) -> str | None:
        """The run for which the CronJob controller may have deleted this one's Job: under Replace it leaves no trace."""
        if not view.by_cronjob or self._policy != ConcurrencyPolicy.REPLACE:
            return None
        newer = [other for other in self.views if other.by_cronjob and other.due > view.due]
        return min(newer, key=lambda other: other.due).name if newer else None

    def _pauses(self, view: RunView) -> bool:
        request = self.snapshot.request
        assert request is not None
        wanted = self._suspended and request.spec.on_suspend == OnSuspend.SUSPEND_RUNNING
        return wanted and view.is_let_go and not view.is_paused and view.run.spec.trigger != Trigger.MANUAL

    def _holds(self, view: RunView) -> tuple[str, str] | None:
        if self.acceptance.reason:
            return self.acceptance.reason, self.acceptance.message
        if self.acceptance.ask is not None or not self._is_time(view):
            return None
        if self._first_let_go is not None and view.job is None:
            return RunReason.WAITING, f"waits for run {self._first_let_go} (concurrencyPolicy: {self._policy})"
        return None

    @cached_property
    def _first_let_go(self) -> str | None:
        return next((view.name for view in self.views if view.is_let_go), None)

    # ---- new runs

    def _new_runs(self, draft: Draft) -> tuple[Progress, Calendar | None]:
        snapshot, status = self.snapshot, self.snapshot.status
        request = snapshot.request
        assert request is not None and status.stretch is not None
        made = plan_cronjob_jobs(snapshot, self.now, draft)
        idle = Progress(status.last_schedule_time, started=made)
        if request.spec.timing.schedule is None:
            return Progress(status.last_schedule_time, started=made + self._one_shot(draft)), None
        if self.acceptance.recurrence is None:
            return idle, None
        calendar = calendar_of(snapshot, self.acceptance.recurrence)
        if is_suspended(status.stretch) or not self.acceptance.is_accepted or self.acceptance.engine is None:
            return idle, calendar
        if not self._is_own_engine:
            progress = plan_passed_over(snapshot, calendar, self.views, self.now, draft)
        else:
            blockers = in_the_way(self._policy, self._contenders)
            progress = plan_ticks(snapshot, calendar, self.views, blockers, self._at_once, self.now, draft)
        return Progress(progress.cursor, progress.started + made, progress.waiting), calendar

    @property
    def _at_once(self) -> JobTemplate | None:
        """The template, where a run that is claimed now need not wait for its turn."""
        waiting = sum(1 for contender in self._contenders if not contender.started)
        free = waiting < MAX_STARTS if self._policy == ConcurrencyPolicy.ALLOW else not self._contenders
        return self.acceptance.template if free else None

    def _one_shot(self, draft: Draft) -> int:
        """Claim the one run of the stretch; 1 where that is done now."""
        snapshot, request, stretch = self.snapshot, self.snapshot.request, self.snapshot.status.stretch
        assert request is not None and stretch is not None and stretch.since is not None
        if stretch.runs or is_suspended(stretch) or not self.acceptance.is_accepted:
            return 0
        name = run_name(snapshot, stretch)
        if any(view.name == name for view in self.views) or any(run.name == name for run in snapshot.history or ()):
            return 1
        later = request.spec.timing.run_later
        if later is None:
            manifest = manifests.run_manifest(request, name=name, trigger=Trigger.IMMEDIATE, scheduled=stretch.since)
            draft.do(*claim(request, manifest, self._at_once, stretch.since))
            return 1
        window = start_window(
            later, since=stretch.since, starting_deadline_seconds=request.spec.starting_deadline_seconds
        )
        draft.do(CreateRun(manifests.run_manifest(request, name=name, trigger=Trigger.LATER, scheduled=window.start)))
        return 1

    # ---- the status

    def _outlook(self, progress: Progress, calendar: Calendar | None, draft: Draft) -> Outlook:
        next_run = self._next_run(progress, calendar)
        none_left = self._no_tick_left(progress, calendar)
        end, unknown = self._one_shot_end(progress)
        sought = unknown and self.snapshot.history is None
        if sought or self._lost_sight_of_last_run:
            draft.do(LoadHistory())
        return Outlook(
            views=self.views,
            cursor=progress.cursor,
            started=progress.started,
            waiting=self._waiting(progress),
            next_run=next_run,
            no_tick_left=none_left,
            end=end,
            end_unknown=unknown and not sought,
            end_sought=sought,
        )

    def _waiting(self, progress: Progress) -> int:
        queued = sum(1 for view in self.views if view.refusal is None and view.job is None and self._is_time(view))
        held = queued if any(view.is_let_go for view in self.views) else 0
        return held + (1 if progress.waiting is not None else 0)

    def _next_run(self, progress: Progress, calendar: Calendar | None) -> datetime | None:
        stretch = self.snapshot.status.stretch
        assert stretch is not None
        if not self.acceptance.is_accepted or is_suspended(stretch):
            return None
        if calendar is None:
            starts = [view.window.start for view in self.views if view.window is not None and not view.is_let_go]
            return min((start for start in starts if start > self.now), default=None)
        after = max(
            settled_through(self.snapshot, calendar.recurrence), progress.cursor or calendar.recurrence.floor, self.now
        )
        return calendar.recurrence.next_after(after)

    def _no_tick_left(self, progress: Progress, calendar: Calendar | None) -> bool:
        if calendar is None or not self.acceptance.is_accepted or self.views or progress.waiting is not None:
            return False
        cursor = progress.cursor or calendar.recurrence.floor
        return calendar.recurrence.next_after(max(cursor, calendar.recurrence.floor)) is None

    @property
    def _lost_sight_of_last_run(self) -> bool:
        """Whether the status names a run that was open, is no more, and is not known to have ended or been deleted."""
        last = self.snapshot.status.last_run
        if last is None or last.phase.is_finished or self.snapshot.history is not None:
            return False
        return all(view.name != last.name for view in self.views)

    def _one_shot_end(self, progress: Progress) -> tuple[FinishedRun | None, bool]:
        """How the run of a one-shot stretch ended, and whether it must have ended without anybody knowing how."""
        snapshot, request, stretch = self.snapshot, self.snapshot.request, self.snapshot.status.stretch
        assert request is not None and stretch is not None
        if request.spec.timing.schedule is not None or stretch.runs + progress.started == 0 or stretch.number == 0:
            return None, False
        name = run_name(snapshot, stretch)
        if any(view.name == name for view in self.views) or (progress.started and not stretch.runs):
            return None, False
        found = next((run for run in snapshot.history or () if run.name == name), None)
        if found is not None:
            return found, False
        known = snapshot.status.last_run
        if known is not None and known.name == name and known.phase.is_finished:
            at = snapshot.status.last_run_time or self.now
            return FinishedRun(name, known.phase, _end_reason(snapshot), at, scheduled=at), False
        return None, True

    def _announce(self, status: ProcessRequestStatus, draft: Draft) -> None:
        """Events where the verdict on the request changes, or a new stretch is in force."""
        before = _condition(self.snapshot.status, ConditionType.ACCEPTED)
        after = _condition(status, ConditionType.ACCEPTED)
        if self.acceptance.reason and before != after:
            draft.do(Emit(EventReason.REFUSED, f"{self.acceptance.reason}: {self.acceptance.message}", warning=True))
        fresh = self.snapshot.status.phase is None or before != after
        if self.acceptance.is_accepted and fresh and not self._suspended:
            at = f"; next run at {format_instant(status.next_run_time)}" if status.next_run_time else ""
            draft.do(Emit(EventReason.SCHEDULED, f"{status.schedule}{at}"))


def _condition(status: ProcessRequestStatus, kind: ConditionType) -> tuple[ConditionStatus, str, str] | None:
    found = next((condition for condition in status.conditions if condition.type == kind), None)
    return None if found is None else (found.status, found.reason, found.message)


def _end_reason(snapshot: Snapshot) -> str:
    """The reason that the status gave for the end of the one-shot run."""
    ends = (ConditionType.COMPLETE, ConditionType.FAILED)
    return next((condition.reason for condition in snapshot.status.conditions if condition.type in ends), "")


def is_worth_a_write(written: ProcessRequestStatus, wanted: ProcessRequestStatus) -> bool:
    """Whether a status differs from the written one in more than the next tick of a fast schedule."""
    if written == wanted:
        return False
    if wanted.next_run_time is None or written.next_run_time is None or not _is_fast(written, wanted):
        return True
    return written.model_copy(update={"next_run_time": wanted.next_run_time}) != wanted


def _is_fast(written: ProcessRequestStatus, wanted: ProcessRequestStatus) -> bool:
    assert written.next_run_time is not None and wanted.next_run_time is not None
    return abs(wanted.next_run_time - written.next_run_time) < FAST
