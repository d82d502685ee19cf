"""Round of a fault: requests that are due, and an operator process that works for them through a proxy.

Faults (`faults.py`) are done to a Battle; when its requests are settled it is judged (`judgement.py`). The real state
comes directly from the API server, and from the ledger of its answers to the operators. Pods of Jobs that work are
ended here, so that the cluster needs no node.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import secrets
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from tests.cluster.operator_process import OperatorProcess
from tests.faults.judgement import Result, judge
from tests.faults.ledger import Ledger
from tests.faults.load import WORKS, Wish, load
from tests.faults.proxy import Proxy

from process_operator.cluster.api import Api
from process_operator.cluster.connection import Connection, connect
from process_operator.cluster.errors import ApiError
from process_operator.resources.kinds import JOB, NAMESPACE, POD, PROCESS_REQUEST, PROCESS_RUN, Kind
from process_operator.resources.model import parse_instant
from process_operator.resources.names import LABEL_REQUEST_UID
from process_operator.resources.types import Object

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_SETTLED: Final = frozenset({"Finished", "Succeeded", "Failed", "Invalid"})
"""Invalid is what has no tick left from its beginning: a request that was edited after its last one."""
_POLL: Final = 0.4
_CLOCK: Final = str(Path(__file__).parent / "offset_clock.py")
_ENVIRONMENT: Final = {"PROCESS_OPERATOR_WATCH_SILENCE_SECONDS": "8"}


class Contestant:
    """An operator process with a proxy of its own to the API server, and on request with a clock that a test can
    set."""

    def __init__(
        self, kubeconfig: Path, folder: Path, name: str, ledger: Ledger, environment: dict[str, str], *, off_clock: bool
    ) -> None:
        self.proxy = Proxy(kubeconfig)
        self.proxy.on_write = ledger.write
        self._clock = folder / f"{name}.clock"
        self._way = folder / f"{name}.kubeconfig"
        self.set_clock(0)
        self.process = OperatorProcess(
            self._way,
            folder / f"{name}.log",
            environment={**_ENVIRONMENT, **environment, "FAULT_CLOCK": str(self._clock)},
            command=(_CLOCK, "run") if off_clock else ("-m", "process_operator", "run"),
        )

    async def __aenter__(self) -> Self:
        await self.proxy.__aenter__()
        self.proxy.write_kubeconfig(self._way)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.running:
            self.signal(signal.SIGCONT)
            self.process.kill()
        await self.proxy.__aexit__()

    def start(self) -> None:
        """Start the operator, if it does not run."""
        if not self.process.running:
            self.process.spawn()

    def is_ready(self) -> bool:
        """Whether the operator has decided about every request since its first start."""
        return any(record.get("event") == "ready" for record in self.process.records())

    def kill(self) -> None:
        """Send SIGKILL, if the operator runs."""
        if self.process.running:
            self.process.kill()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal such as SIGSTOP or SIGCONT, if the operator runs."""
        if self.process.running:
            os.kill(self.process.pid, number)

    def set_clock(self, seconds: float) -> None:
        """Set the operator's clock wrong by `seconds`, from now on."""
        beside = self._clock.with_suffix(".new")
        beside.write_text(str(seconds))
        beside.replace(self._clock)


class Battle:
    """Round of a fault, entered with `async with`; then `begin`, a fault, `end`."""

    def __init__(self, kubeconfig: Path, folder: Path, chance: random.Random, *, off_clock: bool, lease: bool) -> None:
        self.kubeconfig = kubeconfig
        self.folder = folder
        self.chance = chance
        self.ledger = Ledger()
        self.namespace = f"f-{secrets.token_hex(4)}"
        self.wishes: list[Wish] = []
        self.faults = 0
        """Number of injected faults."""
        # Several battles share a cluster: each operator works in its own namespace.
        self._environment = {"PROCESS_OPERATOR_WATCH_NAMESPACES": self.namespace}
        if lease:
            self._environment |= {
                "PROCESS_OPERATOR_LEASE_NAMESPACE": self.namespace,
                "PROCESS_OPERATOR_LEASE_SECONDS": "4",
            }
        self.operator = Contestant(kubeconfig, folder, "first", self.ledger, self._environment, off_clock=off_clock)
        self._truth: Connection | None = None
        self.besides: list[asyncio.Task[None]] = []
        """Tasks that run beside the fault."""
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._truth = await connect(kubeconfig=str(self.kubeconfig))
        self.api = Api(self._truth)
        await self.retry(lambda: self.api.create(NAMESPACE, "", {"metadata": {"name": self.namespace}}))
        await self._stack.enter_async_context(self.operator)
        self.operator.start()
        self.besides.append(asyncio.create_task(self._work()))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self.besides:
            task.cancel()
        await asyncio.gather(*self.besides, return_exceptions=True)
        await self._stack.aclose()
        assert self._truth is not None
        with contextlib.suppress(ApiError):
            await self.api.delete(NAMESPACE, "", self.namespace)
        await self._truth.close()

    @property
    def proxy(self) -> Proxy:
        return self.operator.proxy

    async def second_operator(self, *, off_clock: bool = False) -> Contestant:
        """Start another operator, with a proxy of its own."""
        another = Contestant(
            self.kubeconfig, self.folder, "second", self.ledger, self._environment, off_clock=off_clock
        )
        await self._stack.enter_async_context(another)
        another.start()
        return another

    # ---- the requests

    async def begin(self, seconds: int, *, few: bool) -> None:
        """Apply the load, which is due for `seconds`, once the operator works.

        An operator takes long to start on a busy machine.
        """
        await self.until_ready(self.operator)
        for wish in load(seconds, few=few):
            await self.apply(wish)

    async def apply(self, wish: Wish) -> None:
        """Create one request."""
        made = await self.retry(lambda: self.api.create(PROCESS_REQUEST, self.namespace, wish.manifest))
        wish.uid = made["metadata"]["uid"]
        wish.created = parse_instant(made["metadata"]["creationTimestamp"])
        self.wishes.append(wish)

    def wish(self, name: str) -> Wish:
        """The newest request of that name."""
        return next(wish for wish in reversed(self.wishes) if wish.name == name)

    async def settle(self, seconds: float) -> list[str]:
        """Wait at most `seconds` until every request is over; those that are not then, with their status."""
        give_up_at = asyncio.get_running_loop().time() + seconds
        while True:
            wanted = {wish.uid for wish in self.wishes}
            left = [
                request
                for request in await self.all(PROCESS_REQUEST)
                if request["metadata"]["uid"] in wanted and _phase(request) not in _SETTLED
            ]
            if not left or asyncio.get_running_loop().time() > give_up_at:
                return [f"{request['metadata']['name']}: not settled, {_phase(request)}" for request in left]
            await asyncio.sleep(1)

    async def judge(self) -> Result:
        """Judge all requests, after the present objects are in the ledger."""
        for kind in (PROCESS_RUN, JOB):
            for found in await self.all(kind):
                self.ledger.take({"kind": kind.kind, **found})
        total = Result()
        for wish in self.wishes:
            total.add(judge(wish, self.ledger, self.namespace))
        return total

    # ---- the truth, past the proxy

    async def retry(self, call: Callable[[], Awaitable[Any]], seconds: float = 90) -> Any:
        """Repeat a call until it succeeds: the server may be away."""
        give_up_at = asyncio.get_running_loop().time() + seconds
        while True:
            try:
                return await call()
            except ApiError:
                if asyncio.get_running_loop().time() > give_up_at:
                    raise
                await asyncio.sleep(_POLL)

    async def all(self, kind: Kind, labels: str | None = None) -> list[Object]:
        """All objects of a kind in the namespace."""
        return list((await self.retry(lambda: self.api.list(kind, self.namespace, label_selector=labels))).items)

    async def runs(self, name: str) -> list[Object]:
        """The runs of a request, oldest tick first."""
        found = await self.all(PROCESS_RUN, f"{LABEL_REQUEST_UID}={self.wish(name).uid}")
        return sorted(found, key=lambda run: str(run["spec"].get("scheduledTime")))

    async def get(self, name: str) -> Object:
        """A request."""
        found: Object = await self.retry(lambda: self.api.get(PROCESS_REQUEST, self.namespace, name))
        return found

    async def delete(self, kind: Kind, name: str) -> None:
        """Delete an object, as a person does."""
        await self.retry(lambda: self.api.delete(kind, self.namespace, name))

    async def edit(self, name: str, body: Object) -> None:
        """Change a request, as a person does."""
        await self.retry(lambda: self.api.patch(PROCESS_REQUEST, self.namespace, name, body))

    async def until_ready(self, operator: Contestant) -> None:
        """Wait until an operator that was just started for the first time works."""

        async def ready() -> bool:
            return operator.is_ready()

        assert await self.until(ready, 240), f"the operator is not ready: {operator.process.tail()}"

    async def until(self, condition: Callable[[], Awaitable[object]], seconds: float = 120) -> bool:
        """Wait at most `seconds` until the condition is true; whether it is."""
        give_up_at = asyncio.get_running_loop().time() + seconds
        while not await condition():
            if asyncio.get_running_loop().time() > give_up_at:
                return False
            await asyncio.sleep(0.1)
        return True

    # ---- what a node would do

    async def _work(self) -> None:
        """End the pods of Jobs that work, when their time has come."""
        while True:
            with contextlib.suppress(ApiError):
                for pod in (await self.api.list(POD, self.namespace)).items:
                    await self._let_end(pod)
            await asyncio.sleep(_POLL)

    async def _let_end(self, pod: Object) -> None:
        metadata = pod["metadata"]
        seconds = float(metadata.get("annotations", {}).get(WORKS, 0))
        if pod["status"]["phase"] != "Pending" or "deletionTimestamp" in metadata:
            return
        if (datetime.now(UTC) - parse_instant(metadata["creationTimestamp"])).total_seconds() >= seconds:
            body = {"status": {"phase": "Succeeded"}}
            await self.api.patch(POD, self.namespace, metadata["name"], body, subresource="status")


def _phase(request: Object) -> str:
    return str(request.get("status", {}).get("phase", ""))
