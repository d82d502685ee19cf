"""Monitor: a pasted token and its cookie. The numbers are those of the security checklist.

The upstream is a simulated API server (`monitor_upstream.py`).
"""

from __future__ import annotations

import base64
import json
import time

import pytest
from aiohttp import web
from tests.contract.monitor_browser import CHANGE, Browser, opened, until
from tests.contract.monitor_upstream import ROOT

# ---- 11 the token


def long_token(seconds: int) -> str:
    """A JSON Web Token that needs several cookies."""
    claims = {"exp": int(time.time()) + seconds, "groups": ["g" * 20] * 300}
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{part}.c2ln"


async def test_11_pasted_token_is_kept_in_host_cookies_until_it_expires(browser: Browser) -> None:
    token = long_token(600)
    browser.upstream.users[token] = "ann"
    answer = await browser.post("/api/session", {"token": f" {token}\n"}, token=None)
    assert (answer.status, answer.json["user"], answer.json["canSignOut"]) == (200, "ann", True)
    kept = {name: line for name, line in answer.cookies.items() if "Max-Age=0" not in line}
    assert len(kept) == 3
    for name, line in kept.items():
        assert name.startswith("__Host-")
        attributes = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"secure", "httponly", "samesite=strict", "path=/"} <= attributes
        (age,) = (int(part[8:]) for part in attributes if part.startswith("max-age="))
        assert 500 < age <= 600
        assert not any(part.startswith("domain") for part in attributes)
    cookie = "; ".join(line.partition(";")[0] for line in kept.values())
    assert (await browser.get("/api/session", None, Cookie=cookie)).json["user"] == "ann"


async def test_11_token_that_the_api_server_does_not_know_is_not_kept(browser: Browser) -> None:
    answer = await browser.post("/api/session", {"token": "unknown-token"}, token=None)
    assert answer.status == 401
    assert all("Max-Age=0" in line for line in answer.cookies.values())


async def test_11_sign_out_clears(browser: Browser) -> None:
    answer = await browser.call(
        "DELETE", "/api/session", headers={name: CHANGE[name] for name in CHANGE if name != "Content-Type"}
    )
    assert answer.status == 204
    assert len(answer.cookies) >= 3
    assert all("Max-Age=0" in line for line in answer.cookies.values())


async def test_11_401_of_the_api_server_clears_the_cookie_and_ends_the_stream(browser: Browser) -> None:
    answer = await browser.get("/api/session", None, Cookie="__Host-process-monitor-0=expired")
    assert answer.status == 401
    assert "Max-Age=0" in answer.cookies["__Host-process-monitor-0"]
    async with browser.stream("/api/stream?namespace=erp") as events:
        (queue,) = await browser.upstream.watched("processruns")
        browser.upstream.users.pop("token-of-ann")
        queue.put_nowait(None)  # the API server ends the watch, and knows the token no more
        assert (await until(events, type="end"))["reason"] == "Unauthorized"


async def test_11_token_is_in_no_answer_and_no_log(
    browser: Browser, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    browser.upstream.next_answers[f"{ROOT}/namespaces/erp/processruns/daily-1"].append(web.Response(text="no JSON"))
    answers = [
        await browser.get("/api/objects/processruns/erp/daily-1"),
        await browser.get("/api/session"),
        await browser.get("/api/session", "wrong-token-of-ann"),
        await browser.post("/api/session", {"token": "token-of-ann"}, token=None),
    ]
    for answer in answers:
        assert b"token-of-ann" not in answer.body
    assert "token-of-ann" not in caplog.text + "".join(capfd.readouterr())


async def test_11_tokens_are_pasted_over_tls_only() -> None:
    async with opened(token_sign_in=False) as browser:
        answer = await browser.post("/api/session", {"token": "token-of-ann"}, token=None)
        assert (answer.status, answer.reason) == (403, "SignInElsewhere")
        assert (await browser.get("/api/session", None)).json["signIn"] == "none"
        assert (await browser.get("/api/session", None, Cookie="__Host-process-monitor-0=token-of-ann")).status == 401
