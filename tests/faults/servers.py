"""Faults of the servers themselves: a killed or absent API server, a compacted etcd. Only for a cluster of `hack/cluster`.

They affect every user of the cluster, so nothing else runs meanwhile. Neighbour: `faults.py`.
"""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from tests.cluster.servers import kill_api_server, start_api_server
from tests.faults.faults import Collection

if TYPE_CHECKING:
    from tests.faults.battle import Battle

SERVER_FAULTS: Final = Collection()
fault = SERVER_FAULTS.fault


def are_ours(kubeconfig: Path) -> bool:
    """Whether the servers of this cluster may be killed."""
    return (kubeconfig.parent / "settings.json").exists()


@fault("the API server killed, and away for 30 s", 50)
async def api_server_away(battle: Battle) -> None:
    await asyncio.sleep(8)
    _kill_api_server(battle)
    await asyncio.sleep(30)
    await _start_api_server(battle)


@fault("the API server killed, and back at once", 40)
async def api_server_restarted(battle: Battle) -> None:
    for _ in range(2):
        await asyncio.sleep(6)
        _kill_api_server(battle)
        await _start_api_server(battle)


@fault("etcd compacted while nothing is watched, and the API server restarted (410)", 40)
async def compacted(battle: Battle) -> None:
    await asyncio.sleep(8)
    await battle.proxy.refuse()
    await asyncio.sleep(3)
    await _compact(battle)
    _kill_api_server(battle)
    await _start_api_server(battle)
    await battle.proxy.accept()
    battle.faults += 1


def _kill_api_server(battle: Battle) -> None:
    kill_api_server(battle.kubeconfig)
    battle.faults += 1


async def _start_api_server(battle: Battle) -> None:
    await asyncio.to_thread(start_api_server, battle.kubeconfig)


async def _compact(battle: Battle) -> None:
    """Throw away every version but the newest, by etcd's JSON gateway."""
    port = json.loads((battle.kubeconfig.parent / "settings.json").read_text())["ports"]["etcd"]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", raise_for_status=True) as session:

        async def ask(path: str, body: dict[str, Any]) -> Any:
            async with session.post(path, json=body) as answer:
                return await answer.json(content_type=None)

        found = await ask("/v3/kv/range", {"key": base64.b64encode(b"/").decode()})
        await ask("/v3/kv/compaction", {"revision": found["header"]["revision"], "physical": True})
    battle.faults += 1
