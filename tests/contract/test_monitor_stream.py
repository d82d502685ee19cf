"""Monitor: the stream of a page, against a simulated API server that breaks watches as a real one seldom does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.contract.monitor_browser import Browser, opened, until
from tests.contract.monitor_upstream import ROOT, status, table

RUNS = f"{ROOT}/namespaces/erp/processruns"
STREAM = "/api/stream?namespace=erp"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with opened() as found:
        put_run(found, "daily-1", "Succeeded")
        yield found


def put_run(browser: Browser, name: str, phase: str, version: str = "1") -> dict[str, Any]:
    metadata = {"resourceVersion": version}
    return browser.upstream.put(
        "ProcessRun",
        "processruns",
        name,
        metadata=metadata,
        spec={"request": {"name": "daily"}},
        status={"phase": phase},
    )


def changed(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """A watch event in the form of a Table, whose later events have no columns."""
    metadata = {"resourceVersion": body["metadata"]["resourceVersion"]}
    return {"type": kind, "object": {**table([body]), "metadata": metadata, "columnDefinitions": None}}


async def test_snapshot_comes_in_chunks_and_then_changes(browser: Browser) -> None:
    first = status(200, "", "")
    first.body = (
        b'{"kind":"Table","metadata":{"resourceVersion":"7","continue":"more"},"columnDefinitions":[],"rows":[]}'
    )
    browser.upstream.next_answers[RUNS].append(first)
    async with browser.stream(STREAM) as events:
        start = await until(events, type="snapshot", kind="processruns")
        assert (start["first"], start["last"], start["rows"]) == (True, False, [])
        rest = await until(events, type="snapshot", kind="processruns")
        assert (rest["first"], rest["last"]) == (False, True)
        assert [(row["name"], row["phase"]) for row in rest["rows"]] == [("daily-1", "Succeeded")]
        assert (await until(events, type="state", kind="processruns"))["live"]
        (queue,) = await browser.upstream.watched("processruns")
        queue.put_nowait(changed("ADDED", put_run(browser, "daily-2", "Pending", "8")))
        change = await until(events, type="change")
        assert [(row["name"], row["phase"]) for row in change["rows"]] == [("daily-2", "Pending")]
        queue.put_nowait(changed("DELETED", put_run(browser, "daily-2", "Pending", "9")))
        assert (await until(events, type="change"))["removed"] == [{"namespace": "erp", "name": "daily-2"}]
    watches = [seen for seen in browser.upstream.seen if seen.path == RUNS and "watch" in seen.query]
    assert [seen.query["resourceVersion"] for seen in watches] == ["7"]


async def test_watch_that_ends_continues_from_its_last_version_without_a_word(browser: Browser) -> None:
    async with browser.stream(STREAM) as events:
        assert (await until(events, type="state", kind="processruns"))["live"]
        (queue,) = await browser.upstream.watched("processruns")
        queue.put_nowait(
            {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "500"}, "rows": [{"cells": [""]}]}}
        )
        queue.put_nowait(None)
        await browser.upstream.asked(lambda: queue not in browser.upstream.watches[RUNS])
        (queue,) = await browser.upstream.watched("processruns")
        queue.put_nowait(changed("MODIFIED", put_run(browser, "daily-1", "Failed", "501")))
        event = await anext(events)
        while event.get("kind") != "processruns":
            event = await anext(events)
        assert (event["type"], event["rows"][0]["phase"]) == ("change", "Failed")
    assert watches_of(browser)[1] == "500"


def watches_of(browser: Browser) -> list[str]:
    return [
        seen.query["resourceVersion"] for seen in browser.upstream.seen if seen.path == RUNS and "watch" in seen.query
    ]


@pytest.mark.parametrize("how", ["event", "answer"])
async def test_410_brings_a_whole_snapshot(browser: Browser, how: str) -> None:
    async with browser.stream(STREAM) as events:
        assert (await until(events, type="state", kind="processruns"))["live"]
        (queue,) = await browser.upstream.watched("processruns")
        put_run(browser, "daily-2", "Running")
        browser.upstream.objects.pop(f"{RUNS}/daily-1")
        gone = {"code": 410, "reason": "Expired", "message": "too old resource version"}
        if how == "event":
            queue.put_nowait({"type": "ERROR", "object": {"kind": "Status", **gone}})
        else:
            browser.upstream.next_answers[RUNS].append(status(410, "Expired", "too old resource version"))
            queue.put_nowait(None)
        state = await until(events, type="state", kind="processruns")
        assert (state["live"], state["error"]["status"]) == (False, 410)
        snapshot = await until(events, type="snapshot", kind="processruns")
        assert (snapshot["first"], [row["name"] for row in snapshot["rows"]]) == (True, ["daily-2"])
        assert (await until(events, type="state", kind="processruns"))["live"]


async def test_outage_is_told_and_healed(browser: Browser) -> None:
    async with browser.stream(STREAM) as events:
        assert (await until(events, type="state", kind="processruns"))["live"]
        (queue,) = await browser.upstream.watched("processruns")
        browser.upstream.next_answers[RUNS] += [status(503, "ServiceUnavailable", "starting") for _ in range(2)]
        queue.put_nowait(None)
        state = await until(events, type="state", kind="processruns")
        assert (state["live"], state["error"]["message"]) == (False, "starting")
        assert (await until(events, type="state", kind="processruns"))["live"]


async def test_rejected_kind_says_so_and_the_others_continue(browser: Browser) -> None:
    backfills = f"{ROOT}/namespaces/erp/processbackfills"
    rejected = status(403, "Forbidden", "cannot list processbackfills")
    browser.upstream.next_answers[backfills] += [rejected] * 9
    async with browser.stream(STREAM) as events:
        found = [await anext(events) for _ in range(7)]
    states = {event["kind"]: event for event in found if event["type"] == "state"}
    assert {kind for kind, event in states.items() if event["live"]} == {"processruns", "processrequests", "processes"}
    assert states["processbackfills"]["error"] == {
        "status": 403,
        "reason": "Forbidden",
        "message": "cannot list processbackfills",
        "fields": [],
    }


async def test_kind_that_is_rejected_for_a_moment_is_live_again(browser: Browser) -> None:
    """The API server answers so after its start, until it knows the RoleBindings."""
    async with browser.stream(STREAM) as events:
        assert (await until(events, type="state", kind="processruns"))["live"]
        (queue,) = await browser.upstream.watched("processruns")
        browser.upstream.next_answers[RUNS] += [
            status(503, "ServiceUnavailable", "starting"),
            status(403, "Forbidden", "cannot watch processruns"),
        ]
        queue.put_nowait(None)
        starting = await until(events, type="state", kind="processruns")
        rejected = await until(events, type="state", kind="processruns")
        assert [state["error"]["status"] for state in (starting, rejected)] == [503, 403]
        assert rejected["since"] == starting["since"]
        assert (await until(events, type="state", kind="processruns"))["live"]


async def test_all_namespaces_are_one_list(browser: Browser) -> None:
    async with browser.stream("/api/stream?namespace=") as events:
        rows = (await until(events, type="snapshot", kind="processruns"))["rows"]
    assert [row["namespace"] for row in rows] == ["erp"]
    assert f"{ROOT}/processruns" in browser.upstream.paths()


async def test_page_that_goes_away_ends_its_watches(browser: Browser) -> None:
    async with browser.stream(STREAM) as events:
        await until(events, type="state", kind="processruns")
        await browser.upstream.watched("processruns")
    await browser.upstream.unwatched()
    async with browser.stream(STREAM) as events:
        await until(events, type="snapshot")


async def test_stream_is_compressed_event_by_event(browser: Browser) -> None:
    headers = {
        "Host": "processes.example.com",
        "X-Process-Monitor": "1",
        "Authorization": "Bearer token-of-ann",
        "Accept-Encoding": "gzip",
    }
    async with browser.session.get(f"{browser.url}{STREAM}", headers=headers) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        line = await response.content.readline()
        assert line.startswith(b'data: {"type":"snapshot"')
