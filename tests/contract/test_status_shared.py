"""Status that another program writes too: the operator replaces only the version that it has seen."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.objects import Object
from tests.flow.driver import BEGIN
from tests.flow.memory_api import Clock, Cluster, MemoryApi

from process_operator.cluster.errors import Conflict, Invalid, NotFound
from process_operator.cluster.status import StatusChanged, replace_status
from process_operator.resources.kinds import PROCESS_RUN
from process_operator.resources.process_run import ProcessRun, ProcessRunStatus, RunPhase

WANTED = ProcessRunStatus(observed_generation=1, phase=RunPhase.RUNNING)
THEIRS: Object = {
    "type": "Audited",
    "status": "True",
    "reason": "Seen",
    "lastTransitionTime": "2027-03-01T12:00:00+00:00",
}


class Shared:
    """A run that was seen, and that others may change before its status is written."""

    def __init__(self) -> None:
        self.cluster = Cluster(Clock(BEGIN))
        self.api = MemoryApi(self.cluster)
        self.cluster.create(PROCESS_RUN, {"metadata": {"name": "a"}, "spec": {"request": {"name": "r"}}})
        self.seen = ProcessRun.model_validate(self.cluster.read(PROCESS_RUN, "a"))

    def change(self, status: Object) -> None:
        """Write into the status as another program does."""
        self.cluster.patch(PROCESS_RUN, "default", "a", {"status": status}, subresource="status")

    async def write(self, status: ProcessRunStatus = WANTED) -> Any:
        """Write the status, and give the one that is there then."""
        return (await replace_status(self.api, PROCESS_RUN, self.seen, status))["status"]


async def test_a_condition_that_was_added_since_stays_as_it_was_written() -> None:
    shared = Shared()
    shared.change({"conditions": [THEIRS]})
    found = await shared.write()
    assert (found["phase"], found["conditions"]) == ("Running", [THEIRS])


async def test_a_condition_that_was_seen_stays_although_the_decision_is_older() -> None:
    shared = Shared()
    shared.change({"conditions": [THEIRS]})
    shared.seen = ProcessRun.model_validate(shared.cluster.read(PROCESS_RUN, "a"))
    assert [found["type"] for found in (await shared.write())["conditions"]] == ["Audited"]


async def test_a_change_of_the_metadata_does_not_keep_it_from_being_written() -> None:
    shared = Shared()
    shared.cluster.patch(PROCESS_RUN, "default", "a", {"metadata": {"labels": {"team": "erp"}}})
    assert (await shared.write())["phase"] == "Running"


async def test_what_another_operator_wrote_stands() -> None:
    shared = Shared()
    shared.change({"phase": "Failed"})
    with pytest.raises(StatusChanged) as raised:
        await shared.write()
    assert raised.value.current["status"]["phase"] == "Failed"


async def test_one_that_was_written_already_is_not_written_again() -> None:
    shared = Shared()
    await shared.write()
    written = shared.cluster.read(PROCESS_RUN, "a")
    assert await shared.write() == written["status"]
    assert shared.cluster.read(PROCESS_RUN, "a") == written


async def test_another_object_of_the_name_is_left_alone() -> None:
    shared = Shared()
    shared.cluster.delete(PROCESS_RUN, "a")
    with pytest.raises(NotFound):
        await shared.write()
    shared.cluster.create(PROCESS_RUN, {"metadata": {"name": "a"}, "spec": {"request": {"name": "r"}}})
    with pytest.raises(StatusChanged):
        await shared.write()
    assert shared.cluster.read(PROCESS_RUN, "a")["status"]["phase"] == "Pending"


async def test_a_status_that_the_server_rejects_is_rejected() -> None:
    shared = Shared()
    shared.cluster.rejections["patch", PROCESS_RUN] = lambda _: Invalid("status.log: Too long", status=422)
    with pytest.raises(Invalid, match="Too long"):
        await shared.write()


async def test_it_gives_up_where_others_write_all_the_time() -> None:
    shared = Shared()

    def meddle() -> None:
        labels = {"metadata": {"labels": {"count": str(len(shared.cluster.writes))}}}
        shared.cluster.patch(PROCESS_RUN, "default", "a", labels)
        shared.cluster.writes.append(shared.cluster.writes[-1])

    shared.change({"conditions": [THEIRS]})
    shared.api.before_answer = meddle
    with pytest.raises(Conflict, match="all the time"):
        await shared.write()
