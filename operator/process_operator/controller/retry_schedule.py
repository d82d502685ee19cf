"""Retry schedule of requests whose decision or action failed. Each request has pauses of its own, which grow.

Neighbour: `request_reconciler.py` reports each failure and each success.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from process_operator.actions.rejections import MAX_PAUSE
from process_operator.cluster.backoff import backoff, retry_after
from process_operator.cluster.errors import ApiError, NamespaceTerminating
from process_operator.resources.types import NamespacedName
from process_operator.state.store import Store

_FIRST_PAUSE_SECONDS: Final = 1.0
_MAX_PAUSE_WITHOUT_NEWS: Final = timedelta(minutes=5)
"""Longest pause after an internal error, or in a namespace that is being deleted."""

log = structlog.get_logger("process_operator")


class RetrySchedule:
    """Times at which failed requests are tried again. `chance` returns a random number from 0 to 1, for jitter."""

    def __init__(self, store: Store, clock: Callable[[], datetime], chance: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance

    def held_until(self, key: NamespacedName) -> datetime | None:
        """Return the end (UTC) of the pause that the API server demanded by Retry-After, or None.

        No event shortens that pause. A clock that was set back ends it.
        """
        until, now = self._store.progress(key).held_until, self._clock()
        return until if until is not None and now < until <= now + 2 * _MAX_PAUSE_WITHOUT_NEWS else None

    def after_success(self, key: NamespacedName) -> None:
        """Reset the pauses of a request."""
        progress = self._store.progress(key)
        if progress.failures:
            self._store.set_progress(key, replace(progress, failures=0, retry_at=None, held_until=None))

    def after_failure(self, key: NamespacedName, error: Exception) -> datetime:
        """Return when to try a request again (UTC)."""
        progress, now = self._store.progress(key), self._clock()
        if progress.retry_at is not None and now < progress.retry_at <= now + _MAX_PAUSE_WITHOUT_NEWS:
            # An event triggered this try before its time. It is no reason for a longer pause or another log line.
            return progress.retry_at
        failures = progress.failures + 1
        pause = self._pause(failures, error)
        _log_failure(key, error, pause, is_first=failures == 1)
        retry_at = now + pause
        held_until = retry_at if retry_after(error) else None
        self._store.set_progress(key, replace(progress, failures=failures, retry_at=retry_at, held_until=held_until))
        # The first retry keeps the granted process lock, because the failed action may have been carried out.
        self._store.back_off(key, grants=failures > 1)
        return retry_at

    def _pause(self, failures: int, error: Exception) -> timedelta:
        # No event reports that a server, policy or webhook works again, so these are tried again soon.
        is_short = isinstance(error, ApiError) and not isinstance(error, NamespaceTerminating)
        longest = (MAX_PAUSE if is_short else _MAX_PAUSE_WITHOUT_NEWS).total_seconds()
        return timedelta(
            seconds=backoff(failures, error, first=_FIRST_PAUSE_SECONDS, longest=longest, chance=self._chance)
        )


def _log_failure(key: NamespacedName, error: Exception, pause: timedelta, *, is_first: bool) -> None:
    about = {"namespace": key[0], "request": key[1]}
    if isinstance(error, NamespaceTerminating):
        if is_first:
            log.info("nothing can be created: the namespace is being deleted", **about)
    elif isinstance(error, ApiError):
        log.warning("will try again", **about, error=str(error), seconds=round(pause.total_seconds(), 1))
