"""Metrics for Prometheus: runs, ticks and their lateness, the queue, API requests, the leader.

Names and labels are stable once released; docs/reference/metrics.md lists them, and a test compares. Labels have few values: no
name of a request or a namespace, unless the administrator enables it. Neighbours: `controller/request_reconciler.py`
reports actions, `cluster/transport.py` API requests, `http_server.py` serves the metrics.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import product
from typing import TYPE_CHECKING, Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from process_operator import __version__
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import CreateJob, CreateRun, FinishRun, GrowSummary
from process_operator.resources.model import parse_instant
from process_operator.resources.names import ANNOTATION_ENGINE, ANNOTATION_MISSED_REASON
from process_operator.resources.process_run import ProcessRunStatus, RunPhase, Trigger
from process_operator.resources.types import NamespacedName

if TYPE_CHECKING:
    from process_operator.cluster.events import EventRecorder
    from process_operator.controller.agenda import Agenda
    from process_operator.controller.work_queue import WorkQueue
    from process_operator.resources.kinds import Kind
    from process_operator.service.health import Health
    from process_operator.service.leader_election import Leadership
    from process_operator.state.store import Store

_LATENESS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
_LATENCY: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_BY_THE_CLOCK: Final = (Trigger.SCHEDULE, Trigger.CATCH_UP)
_NOT_STARTED: Final = (RunPhase.MISSED, RunPhase.SKIPPED)
_SUMMARIES: Final = 1000
"""Most summaries whose number of ticks is remembered, so that their growth is counted once."""


class Metrics:
    """One registry for one operator."""

    def __init__(self, *, per_request: bool = False) -> None:
        # The text format has no use for a second series with the start of each counter.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        Info("process_operator_build", "Version of the operator.", registry=self.registry).info(
            {"version": __version__}
        )
        self._created = self._counter("runs_created", "Runs that were created to work, by their trigger.", "trigger")
        self._finished = self._counter("runs_finished", "Runs that ended, by phase.", "phase")
        self._not_started = self._counter(
            "ticks_not_started", "Ticks that got no Job, by phase: Missed (too late) or Skipped (overlap).", "phase"
        )
        for phase in RunPhase:
            # They begin at 0 and not at 1, so that Prometheus sees the first one as a growth.
            if phase.is_finished:
                self._finished.labels(phase.value)
        for phase in _NOT_STARTED:
            self._not_started.labels(phase.value)
        self._lateness = Histogram(
            "process_operator_tick_lateness_seconds",
            "Seconds from the moment at which a run was due to the creation of its Job.",
            buckets=_LATENESS,
            registry=self.registry,
        )
        self._of_request = (
            self._counter(
                "request_runs_finished", "Runs that ended, by request and phase.", "namespace", "request", "phase"
            )
            if per_request
            else None
        )
        self._api = self._counter(
            "api_requests", "Requests to the API server, each try counted.", "verb", "resource", "code"
        )
        self._api_seconds = Histogram(
            "process_operator_api_request_duration_seconds",
            "Duration of requests to the API server in seconds.",
            ["verb"],
            buckets=_LATENCY,
            registry=self.registry,
        )
        self._notifications = self._counter(
            "notifications", "Events for receivers, by receiver and outcome.", "receiver", "outcome"
        )
        self._clock: Callable[[], datetime] | None = None
        self._summaries: OrderedDict[tuple[str, str], int] = OrderedDict()

    def follow(
        self,
        *,
        store: Store,
        queue: WorkQueue[NamespacedName],
        agenda: Agenda[NamespacedName],
        leadership: Leadership,
        health: Health,
        events: EventRecorder,
        clock: Callable[[], datetime],
    ) -> None:
        """Read these objects at each scrape."""
        self._clock = clock
        self._gauge("requests", "ProcessRequests that exist.", lambda: len(store.requests))
        self._gauge("runs_open", "Runs that have not ended.", lambda: len(store.runs))
        self._gauge("queue_depth", "Requests that wait for a decision.", lambda: len(queue))
        self._gauge("agenda_entries", "Requests with a decision at a known time.", lambda: len(agenda))
        self._gauge("agenda_overdue_seconds", "How far the timer is behind.", lambda: _overdue(agenda, clock()))
        self._gauge("leader", "1 if this operator acts, 0 for a stand-by.", lambda: leadership.leads)
        self._gauge("leadership_terms", "How often this process began to lead.", lambda: leadership.transitions)
        self._gauge("resync_age_seconds", "Since everything was listed last.", lambda: _age(health.listed_at))
        self._gauge("ready", "What the readiness probe says.", lambda: health.ready().ok)
        self._gauge(
            "calendars_unreadable",
            "Calendars of excludeFrom that are missing, or hold an event that cannot be read.",
            lambda: store.calendars.unreadable,
        )
        self._gauge("events_dropped", "Kubernetes Events that could not be written.", lambda: events.dropped)

    # ---- what happens

    def api_request(self, verb: str, kind: Kind, code: str, seconds: float) -> None:
        """One try of one request; `code` is the HTTP status or `unreachable`."""
        self._api.labels(verb, kind.plural, code).inc()
        self._api_seconds.labels(verb).observe(seconds)

    def receivers(self, names: Iterable[str], outcomes: Iterable[str]) -> None:
        """Show what may be counted of each receiver from the beginning, as 0."""
        for name, outcome in product(names, outcomes):
            self._notifications.labels(name, outcome)

    def notification(self, receiver: str, outcome: str) -> None:
        """One event for one receiver: `delivered`, `failed` or `dropped`."""
        self._notifications.labels(receiver, outcome).inc()

    def action(self, key: NamespacedName, action: Action) -> None:
        """One action that was carried out."""
        if isinstance(action, FinishRun):
            self._finish(key, action)
        elif isinstance(action, CreateRun) and ANNOTATION_MISSED_REASON not in _annotations(action):
            self._create(action)
        elif isinstance(action, CreateJob) and action.claimed_for is not None:
            self._observe_lateness(action.claimed_for)
        elif isinstance(action, GrowSummary):
            self._count_not_started(key, action.run, action.status)

    def _create(self, action: CreateRun) -> None:
        spec = action.manifest["spec"]
        self._created.labels(spec["trigger"]).inc()
        starts_now = action.job is not None or ANNOTATION_ENGINE in _annotations(action)
        if starts_now and spec["trigger"] in _BY_THE_CLOCK:
            self._observe_lateness(parse_instant(spec["scheduledTime"]))

    def _observe_lateness(self, due: datetime) -> None:
        if self._clock is not None:
            self._lateness.observe(max(0.0, (self._clock() - due).total_seconds()))

    def _finish(self, key: NamespacedName, action: FinishRun) -> None:
        status = action.status
        self._finished.labels(status.phase.value).inc()
        if status.phase in _NOT_STARTED:
            self._count_not_started(key, action.run, status)
        if self._of_request is not None:
            self._of_request.labels(*key, status.phase.value).inc()

    def _count_not_started(self, key: NamespacedName, run: str, status: ProcessRunStatus) -> None:
        """Count the ticks that a record stands for; of a summary that grew those that came."""
        count = status.summary.count if status.summary is not None else 1
        known = self._summaries.pop((key[0], run), 0 if status.reason else count)
        if status.summary is not None:
            self._summaries[key[0], run] = count
            while len(self._summaries) > _SUMMARIES:
                self._summaries.popitem(last=False)
        self._not_started.labels(status.phase.value).inc(max(0, count - known))

    def exposition(self) -> tuple[bytes, str]:
        """The text that Prometheus reads, and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST

    # ---- how they are made

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"process_operator_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        Gauge(f"process_operator_{name}", text, registry=self.registry).set_function(value)


def _annotations(action: CreateRun) -> dict[str, str]:
    return action.manifest["metadata"].get("annotations") or {}


def _overdue(agenda: Agenda[NamespacedName], now: datetime) -> float:
    next_at = agenda.next_at()
    return 0.0 if next_at is None else max(0.0, (now - next_at).total_seconds())


def _age(listed_at: float | None) -> float:
    return float("nan") if listed_at is None else time.monotonic() - listed_at
