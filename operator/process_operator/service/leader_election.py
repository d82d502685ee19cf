"""Who acts: of several operators the one that holds the Lease; the others watch, ready to take over.

A leader that cannot renew stops in time, before another may begin, and stands by again. Should two act for a moment all
the same (a process that was stopped and goes on), the names of runs keep each of them single. Neighbours:
`cluster/lease.py` has the Lease, `app.py` what a leader does.
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
    """Seconds. `duration`: how long a hold lasts that is not renewed.

    Taking over from a killed leader lasts at most `duration` + `retry`, from one that leaves in order about `retry`.
    """

    duration: float = 10.0
    renew: float = 2.0
    """Between two renewals."""
    deadline: float = 7.0
    """After so long without a renewal that worked the leader stops; less than `duration`."""
    retry: float = 1.0
    """Between two looks of a stand-by."""

    @classmethod
    def of(cls, seconds: float) -> LeaseTimes:
        """The times that go with a Lease that lasts so long."""
        return cls(duration=seconds, renew=seconds / 5, deadline=seconds * 0.7, retry=min(1.0, seconds / 10))


class Leadership:
    """Lets work be done while the Lease is held. Without a lease it is always held."""

    def __init__(self, lease: Lease | None, times: LeaseTimes | None = None) -> None:
        self._lease = lease
        self._times = times or LeaseTimes()
        self._held_at = 0.0
        self.leads = False
        self.transitions = 0
        """How often this process has begun to lead."""

    @property
    def holder(self) -> str:
        """Who leads, as far as is known."""
        return self._lease.holder if self._lease is not None else ""

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` whenever the Lease is held, for ever; it is cancelled when the Lease is lost."""
        while True:
            await self._acquire()
            self.leads = True
            self.transitions += 1
            task = asyncio.ensure_future(work())
            try:
                await self._keep(task)
            finally:
                self.leads = False
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def release(self) -> None:
        """Give the Lease back in order, so that a stand-by takes over at once."""
        if self._lease is None:
            return
        try:
            async with asyncio.timeout(self._times.retry):
                await self._lease.release()
        except (ApiError, TimeoutError) as error:
            log.warning("the lease was not given back: another waits until it runs out", error=str(error))

    async def _acquire(self) -> None:
        said: str | None = None
        while not await self._hold():
            if self.holder != said:
                said = self.holder
                log.info("stand-by", leader=said or None)
            await asyncio.sleep(self._times.retry)
        log.info("leading", identity=self._lease.identity if self._lease is not None else None)

    async def _keep(self, task: asyncio.Future[None]) -> None:
        """Return when the Lease is lost, or the work ended by itself."""
        while not task.done():
            await asyncio.wait({task}, timeout=self._times.renew if self._lease is not None else None)
            if task.done():
                task.result()
            elif not await self._hold() and self._is_lost():
                log.warning("the lease is lost: this operator stands by", leader=self.holder or None)
                return

    def _is_lost(self) -> bool:
        """Another has it for sure, or it was not renewed for so long that another may have it."""
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
