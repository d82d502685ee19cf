"""Leader election: of several operators the holder of the Lease acts, and the others are stand-bys.

A leader that cannot renew the Lease stops before another may start, and becomes a stand-by. Two could still act for a
moment, if a stopped process continues; the names of runs then keep each of them single. Neighbours: `cluster/lease.py`
has the Lease, `app.py` the work of a leader.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from process_operator.cluster.errors import ApiError
from process_operator.cluster.lease import Lease

log = structlog.get_logger("process_operator")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTimes:
    """Times of the election in seconds. `duration` is that of a hold without a renewal.

    A takeover from a killed leader needs at most `duration` + `retry`, one from a leader that stops in order about `retry`.
    """

    duration: float = 10.0
    renew: float = 2.0
    """Seconds between two renewals."""
    deadline: float = 7.0
    """A leader steps down this many seconds after its last successful renewal. Less than `duration`."""
    retry: float = 1.0
    """Seconds between two reads of a stand-by."""

    @classmethod
    def of(cls, seconds: float) -> LeaseTimes:
        """The times for a Lease with a duration of `seconds`."""
        return cls(duration=seconds, renew=seconds / 5, deadline=seconds * 0.7, retry=min(1.0, seconds / 10))


class Leadership:
    """Runs work while this process holds the Lease. Without a Lease it always leads."""

    def __init__(self, lease: Lease | None, times: LeaseTimes | None = None) -> None:
        self._lease = lease
        self._times = times or LeaseTimes()
        self._held_at = 0.0
        self.leads = False
        self.is_working = False
        """Whether the work runs or cleans up. It cleans up for some time after the Lease is lost."""
        self.transitions = 0
        """Number of times that this process became the leader."""

    @property
    def holder(self) -> str:
        """Identity of the leader, as far as it is known."""
        return self._lease.holder if self._lease is not None else ""

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` whenever the Lease is held, until cancelled. `work` is cancelled when the Lease is lost."""
        while True:
            await self._acquire()
            self.leads = self.is_working = True
            self.transitions += 1
            task = asyncio.ensure_future(work())
            try:
                await self._keep(task)
            finally:
                self.leads = False
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                self.is_working = False

    async def release(self) -> None:
        """Release the Lease, so that a stand-by takes over at once. A busy API server has as long as for a renewal."""
        if self._lease is None:
            return
        try:
            async with asyncio.timeout(self._times.deadline):
                await self._lease.release()
        except (ApiError, TimeoutError) as error:
            log.warning("the lease could not be released; another operator waits until it expires", error=str(error))

    async def _acquire(self) -> None:
        said: str | None = None
        while not await self._hold():
            if self.holder != said:
                said = self.holder
                log.info("stand-by", leader=said or None)
            await asyncio.sleep(self._times.retry)
        log.info("leading", identity=self._lease.identity if self._lease is not None else None)

    async def _keep(self, task: asyncio.Future[None]) -> None:
        """Return when the Lease is lost, or when the work has ended."""
        while not task.done():
            await asyncio.wait({task}, timeout=self._times.renew if self._lease is not None else None)
            if task.done():
                task.result()
            elif not await self._hold() and self._is_lost():
                log.warning("the lease is lost; this operator is a stand-by now", leader=self.holder or None)
                return

    def _is_lost(self) -> bool:
        """Whether another operator has the Lease, or may have it because the last renewal is too long ago."""
        assert self._lease is not None
        taken = self.holder not in ("", self._lease.identity)
        return taken or time.monotonic() - self._held_at >= self._times.deadline

    async def _hold(self) -> bool:
        if self._lease is None:
            return True
        asked_at = time.monotonic()
        try:
            # A try that hangs must not outlast the deadline.
            async with asyncio.timeout(self._times.renew):
                held = await self._lease.hold()
        except (ApiError, TimeoutError) as error:
            log.warning(
                "the lease could not be renewed" if self.leads else "the lease could not be read", error=str(error)
            )
            return False
        if held:
            self._held_at = asked_at
        return held
