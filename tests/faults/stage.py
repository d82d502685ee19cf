"""Stage of the watch tests: an operator in this process, a proxy with faults, and behind it a real control plane.

The cluster is that of KUBECONFIG_TEST, else `hack/cluster` gives one, called `contract` (WATCH_CLUSTER names another).
It needs no node: a Job that wants no completions is done at once, one that wants some is never. Only one stage is set
at a time, also with several workers: the operator of another would do the same work. Neighbour: `proxy.py`.
"""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Self

from structlog.testing import capture_logs
from tests.builders.manifests import manifest
from tests.faults.proxy import Proxy

from process_operator.app import Operator
from process_operator.cluster.api import Api
from process_operator.cluster.connection import Connection, connect
from process_operator.cluster.errors import ApiError
from process_operator.resources.kinds import CRONJOB, JOB, NAMESPACE, PROCESS_REQUEST, PROCESS_RUN, Kind
from process_operator.resources.types import Object
from process_operator.settings import Settings
from process_operator.watch.supervisor import RetryIntervals

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractContextManager

REPOSITORY: Final = Path(__file__).parents[2]
CRD: Final = Kind(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False
)
_POLL_SECONDS: Final = 0.1
PATIENCE: Final = 150.0
"""Longest wait in seconds, enough for a machine that is very busy. A wait ends as soon as its condition is true."""
_PAUSES: Final = RetryIntervals(events=0.2, relist=0.2, retry=0.3, watch=1.0)


@cache
def cluster() -> Path:
    """The kubeconfig of a control plane that runs, with our kinds."""
    given = os.environ.get("KUBECONFIG_TEST")
    if given:
        return Path(given)
    name = os.environ.get("WATCH_CLUSTER") or "contract"
    command = (sys.executable, str(REPOSITORY / "hack" / "cluster"), "up", "--tier", "control-plane", "--name", name)
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return Path(shlex.split(printed)[1].removeprefix("KUBECONFIG="))


def kubectl(*arguments: str) -> None:
    """Run kubectl past the proxy."""
    command = (f"{_programs()}/kubectl", "--kubeconfig", str(cluster()), *arguments)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


@cache
def _programs() -> str:
    """Folder of the programs that `hack/cluster` has built."""
    command = (sys.executable, str(REPOSITORY / "hack" / "cluster"), "path")
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def install_crds() -> None:
    """Install our kinds, and wait until they are served."""
    crds = str(REPOSITORY / "crds")
    kubectl("apply", "--filename", crds)
    kubectl("wait", "--for=condition=Established", "--timeout=60s", "--filename", crds)


@cache
def _install_crds_once() -> None:
    """Install our kinds if this process has not done it yet; a cluster may have those of an older checkout."""
    install_crds()


def request(name: str, timing: Object | None = None, *, ends: bool = True, **spec: object) -> Object:
    """A ProcessRequest whose Jobs are done at once, or never (`ends=False`)."""
    pod = {"containers": [{"name": "main", "image": "none.example/image:1"}]}
    template = {"spec": {"completions": 0 if ends else 1, "template": {"spec": pod}}}
    return manifest(
        PROCESS_REQUEST, name, {"jobTemplate": template, "timing": timing or {"runImmediately": {}}, **spec}
    )


class Stage:
    """Stage that `async with` sets. `api` reads the real state; the operator, once started, gets what the proxy
    forwards."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.namespace = f"w-{secrets.token_hex(4)}"
        self.proxy = Proxy(cluster())
        self.said: list[dict[str, Any]] = []
        self._folder = folder
        self._settings = Settings(**{"status_seconds": 0.2, "resync_seconds": 3600, **settings})
        self._lock: IO[str] = (Path(tempfile.gettempdir()) / "process-operator-watch-tests.lock").open("w")
        self._truth: Connection | None = None
        self._way: Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._operator: Operator | None = None
        self._capture: AbstractContextManager[Any] = capture_logs()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(fcntl.flock, self._lock, fcntl.LOCK_EX)
        self.said = self._capture.__enter__()
        self._truth = await connect(kubeconfig=str(cluster()))
        self.api = Api(self._truth)
        await asyncio.to_thread(_install_crds_once)
        # A test that removed them may have failed before it installed them again.
        if not await self._has_our_kinds():
            await asyncio.to_thread(install_crds)
        await self.proxy.__aenter__()
        await self.api.create(NAMESPACE, "", {"metadata": {"name": self.namespace}})
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._truth is not None
        await self.proxy.clear()
        await self.stop()
        await self.api.delete(NAMESPACE, "", self.namespace)
        await self._truth.close()
        await self.proxy.__aexit__()
        self._capture.__exit__(None, None, None)
        # Tasks that kopf left with an unread exception complain when they are collected: here, not in another test.
        gc.collect()
        self._lock.close()

    async def _has_our_kinds(self) -> bool:
        try:
            for kind in _OURS:
                await self.api.list(kind, self.namespace)
        except ApiError:
            return False
        return True

    # ---- the operator

    @property
    def operator(self) -> Operator:
        assert self._operator is not None, "not started"
        return self._operator

    @property
    def alive(self) -> bool:
        """Whether the operator still works."""
        return self._task is not None and not self._task.done()

    async def begin(self) -> None:
        """Start the operator, and wait for nothing."""
        self._way = await connect(kubeconfig=str(self.proxy.write_kubeconfig(self._folder / "kubeconfig")))
        self._operator = Operator(self._way, self._settings, intervals=_PAUSES)
        self._task = asyncio.create_task(self._operator.run())

    async def start(self) -> None:
        """Start the operator, and wait until it watches every kind."""
        await self.begin()
        await self.watches()

    async def watches(self, times: int = 1) -> None:
        """Wait until the operator has started this number of watches of every kind."""

        def watched() -> bool:
            paths = [seen.path for seen in self.proxy.seen("GET", watch=True) if seen.status == 200]
            return all(paths.count(path) >= times for path in _WATCHED)

        await self.proxy.wait_until(watched, seconds=PATIENCE)

    async def stop(self) -> None:
        """End the operator in order, if it was started. Raises its exception."""
        if self._task is None:
            return
        task, self._task = self._task, None
        if not task.done():
            task.cancel()
        await asyncio.wait({task})
        assert self._way is not None
        await self._way.close()
        if not task.cancelled():
            task.result()

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Log records of the operator whose event contains these words."""
        return [line for line in self.said if event in str(line["event"])]

    # ---- the truth

    async def apply(self, *manifests: Object) -> None:
        """Create requests, past the proxy."""
        for written in manifests:
            await self.api.create(PROCESS_REQUEST, self.namespace, written)

    async def run(self, request_name: str, name: str) -> None:
        """Create a run as a person does, past the proxy."""
        await self.api.create(
            PROCESS_RUN, self.namespace, manifest(PROCESS_RUN, name, {"request": {"name": request_name}})
        )

    async def has_job(self, name: str) -> None:
        """Wait until a run has its Job: one that belongs to this very run."""

        async def owned() -> bool:
            uid = (await self.api.get(PROCESS_RUN, self.namespace, name))["metadata"]["uid"]
            owners = [job["metadata"]["ownerReferences"][0]["uid"] for job in await self.all(JOB)]
            return uid in owners

        await self.eventually(owned, f"run {name} has its Job")

    async def delete(self, kind: Kind, name: str) -> None:
        """Delete an object, past the proxy, and wait until it is gone."""
        await self.api.delete(kind, self.namespace, name)

        async def gone() -> bool:
            return name not in [found["metadata"]["name"] for found in await self.all(kind)]

        await self.eventually(gone, f"{kind.kind} {name} is gone")

    async def all(self, kind: Kind) -> list[Object]:
        """All objects of a kind, as the server has them."""
        return list((await self.api.list(kind, self.namespace)).items)

    async def get(self, name: str) -> Object:
        """A request, as the server has it."""
        return await self.api.get(PROCESS_REQUEST, self.namespace, name)

    async def runs(self, name: str) -> list[Object]:
        """The runs of a request."""
        return [run for run in await self.all(PROCESS_RUN) if run["spec"]["request"]["name"] == name]

    async def jobs(self, name: str) -> list[Object]:
        """The Jobs of a request."""
        return [job for job in await self.all(JOB) if job["metadata"]["labels"].get(_REQUEST) == name]

    async def eventually(
        self, condition: Callable[[], Awaitable[object]], what: str, seconds: float = PATIENCE
    ) -> None:
        """Wait until the condition is true; else fail, and print the operator's log and the objects."""
        give_up_at = asyncio.get_running_loop().time() + seconds
        while not await condition():
            if asyncio.get_running_loop().time() > give_up_at:
                found = [
                    (kind.kind, item["metadata"]["name"], item.get("status"))
                    for kind in _OURS
                    for item in await self.all(kind)
                ]
                print("\n".join(str(line) for line in self.said[-40:]))
                raise AssertionError(
                    f"not so after {seconds} s: {what}; the operator is alive: {self.alive}; there is {found}; "
                    f"watched are {sorted(self._watchers())}"
                )
            await asyncio.sleep(_POLL_SECONDS)

    @staticmethod
    def _watchers() -> list[str]:
        """Names of kopf's tasks that watch."""
        return [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("watcher for")]

    async def phase(self, name: str, phase: str, seconds: float = PATIENCE) -> None:
        """Wait until a request is in a phase."""

        async def reached() -> bool:
            status: Object = (await self.get(name)).get("status") or {}
            return status.get("phase") == phase

        await self.eventually(reached, f"{name} is {phase}", seconds)

    async def each_ran_once(self, *names: str, seconds: float = PATIENCE) -> None:
        """Check that each request has succeeded, with exactly one run and one Job, and that the operator lives."""
        for name in names:
            await self.phase(name, "Succeeded", seconds)
            runs, jobs = await self.runs(name), await self.jobs(name)
            assert [run["status"]["phase"] for run in runs] == ["Succeeded"], (name, runs)
            assert [job["metadata"]["name"] for job in jobs] == [runs[0]["metadata"]["name"]], (name, jobs)
        assert self.alive

    async def agrees(self) -> None:
        """Wait until the operator's caches are equal to the server's objects: none is missing, and none is deleted."""

        async def same() -> bool:
            store = self.operator.parts.controller.store
            for kind in (PROCESS_REQUEST, PROCESS_RUN, CRONJOB, JOB):
                held = {name for namespace, name in store.cache(kind).entries if namespace == self.namespace}
                there = await self.all(kind)
                if kind is PROCESS_RUN:
                    there = [run for run in there if run["status"]["phase"] in {"Pending", "Running"}]
                if held != {found["metadata"]["name"] for found in there}:
                    return False
            return True

        await self.eventually(same, "the operator holds what there is")


_REQUEST: Final = "process-operator.io/request"
_OURS: Final = (PROCESS_REQUEST, PROCESS_RUN, JOB)
_WATCHED: Final = tuple(f"{kind.path()}" for kind in (PROCESS_REQUEST, PROCESS_RUN, CRONJOB, JOB))
