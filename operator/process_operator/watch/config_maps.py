"""ConfigMaps that `excludeFrom` names: read when a request first needs one, and watched from then on.

Other programs write to many ConfigMaps of a cluster every second, and requests name only a few. Each of these few
therefore has its own watch, selected by name. The watch ends when no request names the ConfigMap any more. Neighbours:
`state/store.py` stores their content, `cluster/object_watch.py` watches, `actions/requests.py` starts it.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from process_operator.cluster.api import Api
from process_operator.cluster.backoff import backoff
from process_operator.cluster.errors import ApiError
from process_operator.cluster.object_watch import ObjectWatch
from process_operator.resources.kinds import CONFIG_MAP
from process_operator.state.store import Store

_FIRST_PAUSE_SECONDS: Final = 1.0

log = structlog.get_logger("process_operator")


class ConfigMaps:
    """Reads and follows ConfigMaps. `longest_pause` is in seconds, between two tries to watch one."""

    def __init__(self, api: Api, watch: ObjectWatch, store: Store, *, longest_pause: float) -> None:
        self._api = api
        self._watch = watch
        self._store = store
        self._longest_pause = longest_pause
        self._first_pause = min(_FIRST_PAUSE_SECONDS, longest_pause)
        self._followers: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def follow(self, namespace: str, name: str) -> None:
        """Read a ConfigMap, and pass each later change to the store. Raises ApiError."""
        version = await self._read(namespace, name)
        if not self.is_following(namespace, name):
            task = asyncio.create_task(self._follow(namespace, name, version))
            self._followers[namespace, name] = task

    def is_following(self, namespace: str, name: str) -> bool:
        """Whether a ConfigMap is watched."""
        follower = self._followers.get((namespace, name))
        return follower is not None and not follower.done()

    async def close(self) -> None:
        """Stop all watches, and drop the ConfigMaps from the store."""
        followers, self._followers = list(self._followers.values()), {}
        for task in followers:
            task.cancel()
        await asyncio.gather(*followers, return_exceptions=True)
        self._store.calendars.clear()
        await self._watch.close()

    async def _read(self, namespace: str, name: str) -> str:
        listing = await self._api.list(CONFIG_MAP, namespace, field_selector=f"metadata.name={name}")
        self._store.calendars.apply((namespace, name), listing.items[0] if listing.items else None)
        return listing.resource_version

    async def _follow(self, namespace: str, name: str, version: str) -> None:
        failures = 0
        while self._store.calendars.is_wanted((namespace, name)):
            try:
                async for event in self._watch.events(CONFIG_MAP, namespace, name, version):
                    version, failures = event.version, 0
                    if not event.is_bookmark:
                        self._store.calendars.apply((namespace, name), None if event.is_deleted else event.body)
                    if not self._store.calendars.is_wanted((namespace, name)):
                        break
                await asyncio.sleep(self._first_pause)
            except Exception as error:  # noqa: BLE001 - only this loop restarts the watch
                log.info("restarting the watch of a ConfigMap", namespace=namespace, name=name, error=repr(error))
                failures += 1
                pause = backoff(failures, error, first=self._first_pause, longest=self._longest_pause)
                await asyncio.sleep(pause)
                version = await self._read_again(namespace, name) or version
        self._store.calendars.prune((namespace, name))

    async def _read_again(self, namespace: str, name: str) -> str:
        """The version from which the watch continues; empty if the ConfigMap could not be read."""
        try:
            return await self._read(namespace, name)
        except ApiError as error:
            log.warning("a ConfigMap cannot be read", namespace=namespace, name=name, error=str(error))
            return ""
