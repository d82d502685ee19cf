"""Notifier: background tasks that send events to receivers. A receiver that is down delays no decision and no other
receiver.

Each event for each receiver is a task. The number of tasks and of concurrent requests is limited for each receiver. The
outcome is an observation about the request, which is then decided again. Neighbours: `webhook.py` makes one try,
`decisions/status/notifications.py` decides what is sent, `actions/runs.py` starts it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from process_operator.actions.notify.webhook import Answer, Webhook
from process_operator.cluster.backoff import jittered
from process_operator.decisions.plan.actions import Notify
from process_operator.resources.receiver import Receiver
from process_operator.resources.types import NamespacedName
from process_operator.state.request_observations import NotificationsEnded, NotificationsStarted
from process_operator.state.store import Store

OUTCOMES: Final = ("delivered", "failed", "dropped")
"""`failed`: all tries failed, or the receiver rejected the event. `dropped`: too many events were waiting."""

log = structlog.get_logger("process_operator")


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Retries of one event for one receiver. Times are seconds.

    The pause between two tries is a random part (at least half) of `base`, doubled each time up to `cap`. It is not
    shorter than the Retry-After of the receiver. No try starts later than `seconds` after the first. `timeout` limits
    one try. At most `waiting` events wait for one receiver, and at most `at_once` requests are open.
    """

    tries: int = 8
    seconds: float = 900.0
    base: float = 2.0
    cap: float = 300.0
    timeout: float = 10.0
    waiting: int = 500
    at_once: int = 4
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random

    def pause(self, tried: int, answer: Answer) -> float:
        """Give the pause in seconds after a number of tries."""
        pause = jittered(tried, first=self.base, longest=self.cap, least=0.5, chance=self.chance)
        return max(answer.retry_after, pause)


@dataclass
class _Lane:
    """Queue of one receiver."""

    webhook: Webhook
    slots: asyncio.Semaphore
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class Notifier:
    """Background senders.

    `on_done` is called with the key of a request when every notification about one of its runs has an outcome. `count`
    is called with each receiver and outcome. `clock` returns the time (UTC).
    """

    def __init__(
        self,
        receivers: Iterable[Receiver],
        store: Store,
        *,
        on_done: Callable[[NamespacedName], None],
        count: Callable[[str, str], None],
        clock: Callable[[], datetime],
        tries: RetryPolicy | None = None,
    ) -> None:
        self._store = store
        self._on_done = on_done
        self._count = count
        self._clock = clock
        self._tries = tries or RetryPolicy()
        self._lanes = {
            receiver.name: _Lane(
                Webhook(receiver, timeout=self._tries.timeout, connections=self._tries.at_once),
                asyncio.Semaphore(self._tries.at_once),
            )
            for receiver in receivers
        }
        self._under_way: dict[tuple[NamespacedName, str], tuple[set[str], list[str]]] = {}
        """Receivers without an outcome and the failures of the others, by request and UID of the run."""

    def start(self, key: NamespacedName, action: Notify) -> None:
        """Send an event to its receivers. An event that is being sent already is not sent again."""
        self._store.observe(key, NotificationsStarted(action.uid))
        if (key, action.uid) in self._under_way:
            return
        self._under_way[key, action.uid] = (set(action.receivers), [])
        for name in action.receivers:
            lane = self._lanes[name]
            if len(lane.tasks) >= self._tries.waiting:
                self._end(key, action, name, "dropped", f"{len(lane.tasks)} events were waiting for it already")
                continue
            task = asyncio.create_task(self._deliver(key, action, name, lane))
            lane.tasks.add(task)
            task.add_done_callback(lane.tasks.discard)

    async def close(self) -> None:
        """Cancel all senders. The next leader sends what they did not deliver."""
        tasks = [task for lane in self._lanes.values() for task in lane.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._under_way.clear()
        for lane in self._lanes.values():
            await lane.webhook.close()

    async def _deliver(self, key: NamespacedName, action: Notify, name: str, lane: _Lane) -> None:
        loop = asyncio.get_running_loop()
        began, tried = loop.time(), 0
        while True:
            async with lane.slots:
                answer = await self._try(lane, action)
            tried += 1
            pause = self._tries.pause(tried, answer)
            too_late = loop.time() - began + pause > self._tries.seconds
            if answer.delivered or not answer.again or tried >= self._tries.tries or too_late:
                break
            await self._tries.sleep(pause)
        if answer.delivered:
            self._end(key, action, name, "delivered")
        else:
            after = f" ({tried} tries)" if tried > 1 else ""
            self._end(key, action, name, "failed", f"{answer.words}{after}")

    async def _try(self, lane: _Lane, action: Notify) -> Answer:
        try:
            return await lane.webhook.post(action.event, self._clock())
        except Exception:
            log.exception("a notification could not be made", run=action.run)
            return Answer("internal error of the operator")

    def _end(self, key: NamespacedName, action: Notify, name: str, outcome: str, words: str = "") -> None:
        self._count(name, outcome)
        if words:
            said = {"namespace": key[0], "request": key[1], "run": action.run, "receiver": name, "error": words}
            log.warning("a notification was not delivered", **said)
        left, failures = self._under_way[key, action.uid]
        left.discard(name)
        if words:
            failures.append(f"{name}: {words}")
        if left:
            return
        del self._under_way[key, action.uid]
        if action.uid in self._store.facts(key).deliveries:
            self._store.observe(key, NotificationsEnded(action.uid, tuple(sorted(failures))))
            self._on_done(key)
