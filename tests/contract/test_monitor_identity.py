"""Monitor: whose credentials each answer has. The numbers are those of the security checklist.

The upstream is a simulated API server (`monitor_upstream.py`).
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from tests.contract.monitor_browser import CHANGE, PAGE, Browser, bearer
from tests.contract.monitor_routes import routes
from tests.contract.monitor_upstream import ROOT, status

# ---- 1 no identity


@pytest.mark.parametrize(("method", "path", "body"), list(routes()))
async def test_01_without_token_401_before_any_upstream_call(
    browser: Browser, method: str, path: str, body: Any
) -> None:
    answer = await browser.call(method, path, body, headers=CHANGE if method == "POST" else PAGE)
    assert (answer.status, answer.reason, answer.json["signIn"]) == (401, "Unauthorized", "token")
    assert not browser.upstream.seen


def test_01_process_knows_no_kubeconfig_and_no_service_account() -> None:
    """The modules that read them are not even imported by the monitor of a cluster."""
    code = "import sys, process_operator.monitor.in_cluster; print(*sys.modules)"
    printed = subprocess.run(
        (sys.executable, "-c", code), env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=True
    )
    imported = set(printed.stdout.split())
    assert "process_operator.monitor.routes" in imported
    assert not imported & {
        "kubernetes",
        "kopf",
        "process_operator.cluster.connection",
        "process_operator.cluster.login",
        "process_operator.client.opening",
    }


# ---- 2 no cache, no session store


async def test_02_two_people_interleaved_never_see_each_others_bytes(browser: Browser) -> None:
    async def ask(name: str) -> None:
        for _ in range(25):
            session, thing = await asyncio.gather(
                browser.get("/api/session", f"token-of-{name}"),
                browser.get("/api/objects/processruns/erp/daily-1", f"token-of-{name}"),
            )
            assert session.json["user"] == name
            assert thing.json["object"]["metadata"]["labels"]["seen-by"] == name

    await asyncio.gather(*(ask(name) for name in ("ann", "bob", "ann", "bob")))
    assert len(browser.upstream.seen) == 4 * 25 * 3, "each answer was asked for again"


async def test_02_no_cookie_of_the_api_server_is_kept_or_passed_on(browser: Browser) -> None:
    rejected = status(404, "NotFound", "gone")
    rejected.set_cookie("upstream", "secret")
    browser.upstream.next_answers[f"{ROOT}/namespaces/erp/processruns/daily-1"].append(rejected)
    answer = await browser.get("/api/objects/processruns/erp/daily-1")
    assert (answer.status, answer.cookies) == (404, {})
    await browser.get("/api/objects/processruns/erp/daily-1")
    assert all("Cookie" not in seen.headers for seen in browser.upstream.seen)


# ---- 3 each answer with this person's token


@pytest.mark.parametrize(("method", "path", "body"), list(routes()))
async def test_03_bearer_nothing_gets_401_on_every_route(browser: Browser, method: str, path: str, body: Any) -> None:
    answer = await browser.call(
        method, path, body, headers={**(CHANGE if method == "POST" else PAGE), **bearer("nothing")}
    )
    assert (answer.status, answer.reason) == (401, "Unauthorized")
    assert {seen.headers["Authorization"] for seen in browser.upstream.seen} == {"Bearer nothing"}


@pytest.mark.parametrize(
    "header",
    ["Basic YW5uOmFubg==", "Bearer", "Bearer a b", "Bearer ä", pytest.param("Bearer " + "a" * 20_000, id="too long")],
)
async def test_03_other_credentials_are_rejected(browser: Browser, header: str) -> None:
    answer = await browser.get("/api/session", None, Authorization=header)
    assert answer.status == 401
    assert not browser.upstream.seen


async def test_03_identity_headers_are_never_read(browser: Browser) -> None:
    forged = {
        "X-Forwarded-User": "admin",
        "X-Remote-User": "admin",
        "Impersonate-User": "admin",
        "X-Forwarded-Groups": "system:masters",
    }
    answer = await browser.get("/api/session", "token-of-bob", **forged)
    assert answer.json["user"] == "bob"
