"""Monitor: bounds of bodies, lists, streams and logs. The numbers are those of the security checklist.

The upstream is a simulated API server (`monitor_upstream.py`).
"""

from __future__ import annotations

import pytest
from tests.contract.monitor_browser import Browser, until
from tests.contract.monitor_routes import PRESS, TARGETS

from process_operator.monitor.limits import StreamLimit

# ---- 12 bounds


async def test_12_bodies_are_limited(browser: Browser) -> None:
    answer = await browser.post("/api/actions/run", {**PRESS, "reason": "x" * 70_000})
    assert answer.status == 413
    assert not browser.upstream.seen


async def test_12_targets_are_limited(browser: Browser) -> None:
    answer = await browser.post("/api/actions/run", {**PRESS, "targets": TARGETS * 201})
    assert answer.status == 400


async def test_12_aliases_of_yaml_do_not_grow(browser: Browser) -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
    )
    answer = await browser.post("/api/actions/create", {"namespace": "erp", "dryRun": True, "yaml": bomb})
    assert answer.status == 400
    assert "too large" in answer.json["error"]["message"]


async def test_12_lists_are_read_in_pages_of_500(browser: Browser) -> None:
    async with browser.stream("/api/stream?namespace=erp") as events:
        await until(events, type="state", kind="processruns")
    lists = [seen for seen in browser.upstream.seen if seen.method == "GET" and "watch" not in seen.query]
    assert {seen.query["limit"] for seen in lists} == {"500"}
    (runs,) = (seen for seen in lists if seen.path.endswith("/processruns"))
    assert "as=Table" in runs.headers["Accept"]


async def test_12_four_streams_of_a_person(browser: Browser) -> None:
    path = "/api/stream?namespace=erp"
    async with browser.stream(path), browser.stream(path), browser.stream(path), browser.stream(path):
        answer = await browser.get(path)
        assert (answer.status, answer.reason) == (429, "TooManyStreams")
        async with browser.stream(path, "token-of-bob") as events:
            await until(events, type="snapshot")
    assert len(browser.upstream.watches) == 4


def test_12_two_hundred_streams_of_the_server() -> None:
    limit = StreamLimit(of_one=4, of_all=5)
    with (
        limit.one_more("a"),
        limit.one_more("b"),
        limit.one_more("c"),
        limit.one_more("d"),
        limit.one_more("e"),
        pytest.raises(Exception, match="no room"),
        limit.one_more("f"),
    ):
        pytest.fail("one too many")
    with limit.one_more("f"):
        pass


async def test_12_logs_end_after_10_mib(browser: Browser) -> None:
    live_run(browser, capture="Always")
    browser.upstream.logs["/api/v1/namespaces/erp/pods/pod-1/log"] = [b"x" * 99 + b"\n"] * 120_000
    sent, end = 0, {}
    async with browser.stream("/api/logs/erp/live?tail=1000000&follow=1") as events:
        async for event in events:
            sent += len(event.get("text", ""))
            end = event
    assert end["reason"] == "Limit"
    assert 10 * 2**20 - 100 <= sent < 11 * 2**20


# ---- 15 capture: Never does not hide the live log


def live_run(browser: Browser, *, capture: str) -> None:
    browser.upstream.put(
        "ProcessRun",
        "processruns",
        "live",
        spec={"request": {"name": "daily"}},
        status={"phase": "Running", "job": "job-1", "log": {"reason": "NotCaptured"} if capture == "Never" else {}},
    )
    pod = {
        "metadata": {"name": "pod-1", "creationTimestamp": "2026-11-30T08:00:00Z"},
        "spec": {"containers": [{"name": "main"}]},
        "status": {"phase": "Running"},
    }
    browser.upstream.objects["/api/v1/namespaces/erp/pods/pod-1"] = pod


async def test_15_capture_never_does_not_hide_the_live_log(browser: Browser) -> None:
    live_run(browser, capture="Never")
    browser.upstream.logs["/api/v1/namespaces/erp/pods/pod-1/log"] = [b"one\ntw", b"o\n"]
    async with browser.stream("/api/logs/erp/live?tail=5") as events:
        assert (await until(events, type="info"))["source"] == "live"
        found = [event async for event in events]
    assert "".join(event["text"] for event in found[:-1]) == "one\ntwo\n"
    assert found[-1]["reason"] == "Finished"
    (log,) = (seen for seen in browser.upstream.seen if seen.path.endswith("/log"))
    assert log.query["tailLines"] == "5"
