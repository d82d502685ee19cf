"""Watch process: records the arrivals of Jobs outside the measured process.

`python burst_watch.py KUBECONFIG FILE` prints `watching` on standard output. It then appends a line for each Job that is
added in any namespace: unix seconds, name. Neighbour: `burst_cluster.py` starts it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import aiohttp
import orjson

from process_operator.cluster.connection import connect
from process_operator.resources.kinds import JOB


async def watch(kubeconfig: str, file: Path) -> None:
    """Watch until killed."""
    connection = await connect(kubeconfig=kubeconfig)
    session = connection.new_session()
    with file.open("w", buffering=1) as out:
        url = session.server + JOB.path(None)
        forever, version, said = aiohttp.ClientTimeout(total=None), "", False
        while True:
            # The server ends a watch now and then.
            query = {"watch": "true", "resourceVersion": version}
            async with session.session.get(url, params=query, timeout=forever) as response:
                response.raise_for_status()
                if not said:
                    print("watching", flush=True)
                said, rest = True, b""
                async for chunk in response.content.iter_any():
                    at = time.time()
                    *lines, rest = (rest + chunk).split(b"\n")
                    events = [orjson.loads(line) for line in lines]
                    added = [event["object"]["metadata"]["name"] for event in events if event["type"] == "ADDED"]
                    out.write("".join(f"{at:.6f} {name}\n" for name in added))
                    version = events[-1]["object"]["metadata"]["resourceVersion"] if events else version


if __name__ == "__main__":
    asyncio.run(watch(sys.argv[1], Path(sys.argv[2])))
