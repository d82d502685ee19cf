"""Watches by kopf: kopf only watches, writes nothing, retries without end, and stays small at ten thousand objects.

Measured reasons stand beside the settings. Neighbours: `handlers.py` registers the watched kinds, `supervisor.py` runs
this.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
import kopf

from process_operator.cluster.backoff import backoff
from process_operator.cluster.connection import Connection
from process_operator.resources.kinds import JOB, POD, PROCESS_REQUEST, PROCESS_RUN, Kind
from process_operator.resources.types import Object
from process_operator.watch.handlers import Seen, register
from process_operator.watch.selections import NOTHING, SELECTIONS
from process_operator.watch.silence_limit import SilenceLimit
from process_operator.watch.stream import WatchStream

SILENCE_SECONDS: Final = 70.0
"""The API server sends a bookmark about once a minute."""
LONGEST_PAUSE_SECONDS: Final = 30.0
WATCH_SECONDS: Final = 300
"""The API server closes a watch after this many seconds. kopf resumes it from the last resourceVersion."""
_ENDING_SECONDS: Final = 5.0


def _nothing(*_: object) -> None:
    pass


def _never(*_: object) -> bool:
    return False


async def _at_once() -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchListener:
    """Callbacks about the state of the watches."""

    on_relist: Callable[[], None] = _nothing
    """Called when kopf is about to watch everything, and whenever it starts again with a kind. No event reports what
    happened before."""
    on_start: Callable[[], None] = _nothing
    """Called once kopf has started; kopf then handles SIGTERM and SIGINT itself."""
    on_request: Callable[[str, int], None] = _nothing
    """Called with the plural of the kind for each request of a watch (0), and with the HTTP status of the answer."""
    yield_to_urgent: Callable[[], Awaitable[None]] = _at_once
    """Awaited before objects that the cluster writes, and that arrive in thousands."""
    is_known: Callable[[Object], bool] = _never
    """Whether the operator knows this version of a ProcessRequest already, so that its event says nothing new."""


class Watches:
    """One kopf operator, embedded.

    `namespaces`: none means all. A watch that delivers nothing for `silence_seconds`, not even a bookmark, counts as dead.
    `longest_pause` between two tries is in seconds.
    """

    def __init__(
        self,
        connection: Connection,
        seen: Seen,
        listener: WatchListener,
        *,
        namespaces: Collection[str] = (),
        silence_seconds: float = SILENCE_SECONDS,
        longest_pause: float = LONGEST_PAUSE_SECONDS,
    ) -> None:
        self._connection = connection
        self._seen = seen
        self._listener = listener
        self._namespaces = namespaces
        self._silence_seconds = silence_seconds
        self._settings = kopf_settings(longest_pause=longest_pause)
        self._sessions: list[aiohttp.ClientSession] = []
        self._listed: set[str] = set()
        """Paths of the collections that were listed."""

    async def run(self) -> None:
        """Watch until cancelled. Raises any other error that ends kopf, such as a 410 instead of a watch."""
        registry = kopf.OperatorRegistry()
        register(registry, self._settings, self._seen)

        @kopf.on.login(registry=registry)
        async def login(**_: Any) -> kopf.AiohttpSession:
            # A watch holds a connection for as long as it lasts: one for each kind and namespace.
            session = self._connection.new_session(limit=0, middleware=self._pass_on)
            self._sessions.append(session.session)
            return kopf.AiohttpSession(server=session.server, aiohttp_session=session.session)

        try:
            tasks = await kopf.spawn_tasks(
                registry=registry,
                settings=self._settings,
                clusterwide=not self._namespaces,
                namespaces=self._namespaces,
                standalone=True,
            )
            try:
                self._listener.on_start()
                ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await _whole(_end(tasks))
            for task in ended:
                if task.cancelled():
                    # A CancelledError here would end the operator as if it had been told to stop.
                    raise RuntimeError(f"{task.get_name()} was cancelled")
                task.result()
        finally:
            for session in self._sessions:
                await session.close()

    async def _pass_on(self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        """Send a request of kopf, and report its answer.

        kopf's lists are changed to select nothing. kopf then watches from the present version of the server, and spends
        no time on objects that the operator's own list delivers anyway.
        """
        url = request.url
        if url.name not in _PLURALS:
            return await send(request)
        if "watch" in url.query:
            self._listener.on_request(url.name, 0)
            async with asyncio.timeout(self._silence_seconds):
                response = await send(request)
                if response.status != 200:
                    # kopf reads the body of an error without a limit of its own. Here it is kept for kopf.
                    await response.read()
            self._listener.on_request(url.name, response.status)
            self._tap(response)
            return response
        request.url = url.update_query(labelSelector=NOTHING)
        response = await send(request)
        if response.status == 200:
            self._listed.add(url.path)
            if len(self._listed) == len(SELECTIONS) * max(1, len(self._namespaces)):
                self._listener.on_relist()
        return response

    def _tap(self, response: aiohttp.ClientResponse) -> None:
        """End the stream after a silence; read runs, Jobs and pods from it, and skip known versions of requests."""
        if response.status != 200:
            return
        stream: Any = SilenceLimit(response.content, self._silence_seconds)
        kind = _BULK_KINDS.get(response.url.name)
        if kind is not None:
            stream = WatchStream(stream, partial(self._take, kind), self._listener.yield_to_urgent)
        elif response.url.name == PROCESS_REQUEST.plural:
            stream = WatchStream(stream, self._skip_known_request, _at_once)
        response.content = stream

    def _take(self, kind: Kind, event: str, body: Object) -> bool:
        self._seen(kind, event, body)
        return True

    def _skip_known_request(self, event: str, body: Object) -> bool:
        """Skip the event of a status that the operator has written itself. kopf takes 0.2 ms for an event."""
        return event != "DELETED" and self._listener.is_known(body)


_BULK_KINDS: Final = {kind.plural: kind for kind in (PROCESS_RUN, JOB, POD)}
_PLURALS: Final = frozenset(selection.kind.plural for selection in SELECTIONS)


async def _end(roots: Collection[asyncio.Task[Any]]) -> None:
    """Stop kopf's tasks: the watchers, which stop their workers, then the root tasks and the rest.

    `kopf.run_tasks` would cancel every task that started since kopf did, and so the operator's own timer. If one watcher
    has failed, it leaves the others running. It then cancels them together with their own helpers, and they never
    stop waiting for those.
    """
    await _cancel(
        [task for task in asyncio.all_tasks() if _is_kopfs(task) and task.get_name().startswith("watcher for")]
    )
    await _cancel(roots)
    await _cancel([task for task in asyncio.all_tasks() if _is_kopfs(task)])


async def _whole(work: Coroutine[Any, Any, None]) -> None:
    """Complete `work`, also after a cancellation."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


async def _cancel(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_ENDING_SECONDS)


def _is_kopfs(task: asyncio.Task[Any]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and code.co_filename.startswith(_KOPFS_FOLDER)


_KOPFS_FOLDER: Final = str(Path(kopf.__file__).parent)


def kopf_settings(*, longest_pause: float = LONGEST_PAUSE_SECONDS) -> kopf.OperatorSettings:
    """Settings under which kopf only watches. `longest_pause` between two tries is in seconds."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.peering.standalone = True
    # Discovery would watch CRDs and namespaces, and need rights for that.
    settings.scanning.disabled = True
    # A worker task stays for each object that was listed; at 5 s they are most of the memory at start.
    settings.queueing.idle_timeout = 0.05
    settings.networking.error_backoffs = _Backoffs(longest_pause)
    settings.networking.connect_timeout = 10
    settings.networking.request_timeout = 60
    settings.watching.connect_timeout = 10
    # kopf's own limit also counts the time that an object waits for due ticks. `silence_limit.py` has another one.
    settings.watching.inactivity_timeout = math.inf
    # Each new request of a watch is a sign of life of kopf; it lists nothing for that.
    settings.watching.server_timeout = WATCH_SECONDS
    # By default kopf kills the process some time after it stops. This process continues, so that is disabled.
    settings.process.ultimate_exiting_timeout = None
    # The basis of a diff, which is not used here, costs half of the time of each event.
    settings.persistence.diffbase_storage = _NoDiffBase()
    settings.persistence.progress_storage = _NoProgress()
    return settings


class _Backoffs:
    """Endless pauses, in seconds. Without further tries kopf would end the operator. A new process would meet the same server."""

    def __init__(self, longest_pause: float) -> None:
        self._longest_pause = longest_pause

    def __iter__(self) -> Iterator[float]:
        for failures in itertools.count(1):
            yield backoff(failures, None, first=0.5, longest=self._longest_pause)


class _NoDiffBase(kopf.DiffBaseStorage):
    def build(self, **_: Any) -> Any:
        return {}

    def fetch(self, **_: Any) -> Any:
        return None

    def store(self, **_: Any) -> None:
        return None


class _NoProgress(kopf.ProgressStorage):
    def fetch(self, **_: Any) -> Any:
        return None

    def store(self, **_: Any) -> None:
        return None

    def purge(self, **_: Any) -> None:
        return None

    def touch(self, **_: Any) -> None:
        return None

    def clear(self, *, essence: Any) -> Any:
        return essence
