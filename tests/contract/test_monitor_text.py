"""Monitor: headers, hostile texts and links. The numbers are those of the security checklist.

The upstream is a simulated API server (`monitor_upstream.py`).
"""

from __future__ import annotations

import pytest
from tests.contract.monitor_browser import Browser, until

# ---- 8 headers


@pytest.mark.parametrize(
    "path",
    [
        "/api/session",
        "/api/nothing",
        "/",
        "/assets/x.js",
        "/healthz",
        "/api/logs/erp/daily-1",
        "/api/stream?namespace=B",
    ],
)
async def test_08_every_response_has_the_headers(browser: Browser, path: str) -> None:
    headers = (await browser.get(path)).response.headers
    policy = headers["Content-Security-Policy"].split("; ")
    assert policy == [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert all(part.endswith("=()") for part in headers["Permissions-Policy"].split(", "))
    # The page itself has nothing of a person, and is asked for again each time. Without `make monitor` there is none.
    assert "no-store" in headers["Cache-Control"] or (path == "/" and headers["Cache-Control"] == "no-cache")
    assert "Strict-Transport-Security" not in headers


# ---- 9 text is text


HOSTILE = "<script>alert(1)</script>\u202etxt.exe\x1b]0;owned\x07\"'`${x}"


async def test_09_hostile_text_stays_text_of_json(browser: Browser) -> None:
    browser.upstream.put(
        "ProcessRun",
        "processruns",
        "hostile",
        metadata={"annotations": {"a": HOSTILE}},
        spec={"request": {"name": "daily"}, "trigger": "Manual"},
        status={"phase": "Failed", "message": HOSTILE, "log": {"text": HOSTILE}},
    )
    answer = await browser.get("/api/objects/processruns/erp/hostile")
    assert answer.json["object"]["status"]["message"] == HOSTILE
    assert answer.response.headers["Content-Type"] == "application/json"
    assert all(char == "\n" or char.isprintable() for char in answer.json["yaml"])
    async with browser.stream("/api/logs/erp/hostile") as events:
        assert (await until(events, type="text"))["text"] == HOSTILE


# ---- 10 links


LINK = "https://logs.example.com/?q=1"


@pytest.mark.parametrize("url", [LINK, "javascript:alert(1)", "data:text/html,x", "//evil.example.com"])
async def test_10_links_are_http_or_https_only(browser: Browser, url: str) -> None:
    log = {"text": "x", "url": url}
    browser.upstream.put(
        "ProcessRun",
        "processruns",
        "linked",
        spec={"request": {"name": "daily"}},
        status={"phase": "Failed", "log": log},
    )
    async with browser.stream("/api/logs/erp/linked") as events:
        assert (await until(events, type="info"))["url"] == (url if url == LINK else None)
