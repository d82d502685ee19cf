"""Floor: a bare asyncio loop that writes the same ProcessRuns and Jobs as the operator, and does nothing else.

Bodies are serialised beforehand. The loop reads only the UID of the run from each answer, because the Job has to name
it. Neighbour: `burst.py`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import orjson
from burst_cluster import FLOOR_NAMESPACE, JSON, Site

from process_operator.decisions.manifests.jobs import job_to_come, owned_by_run
from process_operator.decisions.manifests.runs import run_manifest
from process_operator.decisions.template.job_template import build_template
from process_operator.resources import names
from process_operator.resources.kinds import JOB, PROCESS_RUN
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import Trigger
from process_operator.resources.types import Object

_PLACE = "00000000-0000-0000-0000-000000000000"


class Bodies(NamedTuple):
    """The bodies of the requests for one tick of one ProcessRequest."""

    run: bytes
    job: bytes


def bodies(request: Object, tick: int) -> Bodies:
    """The run and the Job of a tick (unix seconds), as the operator makes them."""
    parsed = ProcessRequest.model_validate(request)
    name = names.tick_run_name(names.child_stem(parsed.metadata.name, parsed.metadata.uid), tick, whole_minutes=False)
    scheduled = datetime.fromtimestamp(tick, UTC)
    run = run_manifest(parsed, name=name, trigger=Trigger.SCHEDULE, scheduled=scheduled)
    job = owned_by_run(job_to_come(build_template(parsed, None), parsed, run=name, scheduled=scheduled), _PLACE)
    return Bodies(orjson.dumps(run), orjson.dumps(job))


async def write(site: Site, work: Sequence[Bodies], tick: int, connections: int) -> float:
    """Create all at the tick, over `connections`. Returns the CPU seconds of that.

    Raises RuntimeError if the API server rejects one.
    """
    runs, jobs = (site.connection.server + kind.path(FLOOR_NAMESPACE) for kind in (PROCESS_RUN, JOB))
    pending = iter(work)
    async with site.session(connections) as session:

        async def post(url: str, body: bytes) -> bytes:
            async with session.post(url, data=body, headers=JSON) as answer:
                data = await answer.read()
                if answer.status >= 300:
                    raise RuntimeError(data.decode())
                return data

        async def worker() -> None:
            for run, job in pending:
                answer = await post(runs, run)
                uid = orjson.loads(answer)["metadata"]["uid"]
                await post(jobs, job.replace(_PLACE.encode(), uid.encode()))

        # Connections are opened before the tick: the operator has them, too.
        warm = f"{site.connection.server}/version"
        for answer in await asyncio.gather(*(session.get(warm) for _ in range(connections))):
            await answer.read()
        await asyncio.sleep(tick - time.time())
        before = time.process_time()
        await asyncio.gather(*(worker() for _ in range(connections)))
        return time.process_time() - before
