"""Lists in pages: fields that they leave out, and a list that expires while it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.contract.fault_server import Answer, FaultServer, status

from process_operator.cluster.errors import Gone
from process_operator.resources.kinds import JOB

if TYPE_CHECKING:
    from process_operator.cluster.api import Api

JOBS = "/apis/batch/v1/namespaces/erp/jobs"
EXPIRED = status(410, "Expired", "The provided continue parameter is too old")


def ok(server: FaultServer, *faults: Answer) -> None:
    """Let the first page through, and then the faults happen."""
    page = {"metadata": {"resourceVersion": "6", "continue": "2"}, "items": [{"metadata": {"name": "old"}}]}
    server.faults.extend([Answer(200, page), *faults])


async def test_all_pages_are_one_list_without_managed_fields(api: Api, server: FaultServer) -> None:
    server.put(JOBS, ["a", "b", "c", "d", "e"])
    listing = await api.list(JOB, "erp", label_selector="x=y", field_selector="metadata.name!=z", page_size=2)
    assert listing.items == [{"metadata": {"name": name}} for name in "abcde"]
    assert listing.resource_version == "7"
    selectors = {"labelSelector": "x=y", "fieldSelector": "metadata.name!=z", "limit": "2"}
    assert [seen.query for seen in server.seen] == [
        selectors,
        {**selectors, "continue": "2"},
        {**selectors, "continue": "4"},
    ]


async def test_an_empty_collection_is_one_empty_page(api: Api, server: FaultServer) -> None:
    listing = await api.list(JOB, None)
    assert (listing.items, listing.resource_version) == ([], "7")
    assert server.seen[0].path == "/apis/batch/v1/jobs"


async def test_a_list_without_items_is_empty(api: Api, server: FaultServer) -> None:
    server.faults.append(Answer(200, {"metadata": {"resourceVersion": "7"}, "items": None}))
    assert (await api.list(JOB, "erp")).items == []


async def test_pages_come_one_by_one(api: Api, server: FaultServer) -> None:
    server.put(JOBS, ["a", "b", "c"])
    async for page in api.pages(JOB, "erp", page_size=2):
        assert (len(page.items), page.first) == (2, True)
        assert len(server.seen) == 1
        break


async def test_a_list_that_expires_on_the_way_starts_over(api: Api, server: FaultServer) -> None:
    server.put(JOBS, ["a", "b", "c"])
    ok(server, EXPIRED)
    listing = await api.list(JOB, "erp", page_size=2)
    assert [item["metadata"]["name"] for item in listing.items] == ["a", "b", "c"]
    assert listing.resource_version == "7"


async def test_who_reads_page_by_page_is_told_that_it_starts_over(api: Api, server: FaultServer) -> None:
    server.put(JOBS, ["a", "b", "c"])
    ok(server, EXPIRED)
    pages = [page async for page in api.pages(JOB, "erp", page_size=2)]
    assert [(page.first, len(page.items)) for page in pages] == [(True, 1), (True, 2), (False, 1)]


async def test_a_list_that_expires_twice_is_given_up(api: Api, server: FaultServer) -> None:
    server.put(JOBS, ["a", "b", "c"])
    ok(server, EXPIRED)
    ok(server, EXPIRED)
    with pytest.raises(Gone):
        await api.list(JOB, "erp", page_size=2)


async def test_a_page_that_fails_is_asked_for_again_and_not_the_whole_list(api: Api, server: FaultServer) -> None:
    server.put(JOBS, ["a", "b", "c"])
    ok(server, status(500, "InternalError", "etcd has no leader"))
    await api.list(JOB, "erp", page_size=2)
    assert [seen.query.get("continue") for seen in server.seen] == [None, "2", "2"]
