"""Monitor: each line of its security checklist that the server can show, against a simulated API server."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aiohttp import web
from tests.contract.monitor_browser import CHANGE, PAGE, Browser, bearer, opened, until
from tests.contract.monitor_upstream import ROOT, status
from yarl import URL

from process_operator.monitor.limits import StreamLimit

READS = (
    "/api/session",
    "/api/namespaces",
    "/api/access?namespace=erp",
    "/api/stream?namespace=erp",
    "/api/objects/processruns/erp/daily-1",
    "/api/ticks?namespace=erp&from=2026-11-30T00:00:00Z&to=2026-12-01T00:00:00Z",
    "/api/why?namespace=erp&request=daily",
    "/api/logs/erp/daily-1",
)
TARGETS = [{"namespace": "erp", "name": "daily"}]
PRESS = {"kind": "processrequests", "targets": TARGETS, "dryRun": False}
TIMING = {"schedule": {"daily": {"at": "02:30"}}}
CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/api/preview", {"namespace": "erp", "timing": TIMING, "count": 3}),
    ("/api/actions/run", PRESS),
    ("/api/actions/cancel", {**PRESS, "kind": "processruns"}),
    ("/api/actions/schedule", PRESS),
    ("/api/actions/unschedule", {**PRESS, "reason": "stocktaking"}),
    ("/api/actions/reschedule", PRESS),
    (
        "/api/actions/backfill",
        {
            **PRESS,
            "backfill": {
                "from": "2026-11-01T00:00:00Z",
                "to": "2026-11-02T00:00:00Z",
                "maxActiveRuns": 1,
                "rerun": "Never",
            },
        },
    ),
    ("/api/actions/delete", {**PRESS, "kind": "processruns"}),
    (
        "/api/actions/create",
        {
            "namespace": "erp",
            "dryRun": False,
            "request": {"name": "new", "spec": {"process": {"name": "p"}, "timing": TIMING}},
        },
    ),
)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with opened() as found:
        found.upstream.put(
            "ProcessRun",
            "processruns",
            "daily-1",
            spec={"request": {"name": "daily"}, "trigger": "Manual"},
            status={"phase": "Succeeded", "log": {"text": "done\n"}},
        )
        found.upstream.put(
            "ProcessRequest", "processrequests", "daily", spec={"process": {"name": "p"}, "timing": TIMING}, status={}
        )
        yield found


def routes() -> Iterator[Any]:
    for path in READS:
        yield pytest.param("GET", path, None, id=path.partition("?")[0])
    for path, body in CHANGES:
        yield pytest.param("POST", path, body, id=path)


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
    refused = status(404, "NotFound", "gone")
    refused.set_cookie("upstream", "secret")
    browser.upstream.next_answers[f"{ROOT}/namespaces/erp/processruns/daily-1"].append(refused)
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
async def test_03_other_credentials_are_refused(browser: Browser, header: str) -> None:
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


# ---- 4 closed list of routes and of upstream paths


@pytest.mark.parametrize(
    "path",
    [
        "/api/objects/secrets/erp/daily-1",
        "/api/objects/pods/erp/daily-1",
        "/api/objects/processruns/erp/..",
        "/api/objects/processruns/erp/..%2f..%2fsecrets%2fx",
        "/api/objects/processruns/%2e%2e/daily-1",
        "/api/objects/processruns/erp/Daily",
        "/api/objects/processruns/erp/a%00b",
        "/api/logs/erp/..%2fx",
        "/api/access?namespace=../x",
        "/api/access?namespace=erp&request=a/b",
        "/api/why?namespace=erp&request=%2e%2e",
        "/api/stream?namespace=a%2fb",
        "/api/ticks?namespace=erp&from=x&to=y",
        "/api/v1/namespaces/erp/secrets",
        "/api/../../etc/passwd",
        "/api",
    ],
)
async def test_04_other_paths_reach_nothing(browser: Browser, path: str) -> None:
    # Without `encoded` yarl would resolve the dots before they are sent.
    async with browser.session.get(
        URL(browser.url + path, encoded=True), headers={**PAGE, **bearer("token-of-ann")}
    ) as response:
        assert response.status in {400, 404, 503}
    assert not browser.upstream.seen


async def test_04_upstream_paths_are_those_of_the_list(browser: Browser) -> None:
    for path in READS:
        if "stream" not in path:
            assert (await browser.get(path)).status == 200, path
    for path, body in CHANGES:
        assert (await browser.post(path, body)).status == 200, path
    allowed = (
        "/apis/process-operator.io/v1alpha1/",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        "/api/v1/namespaces",
        "/api/v1/namespaces/erp/events",
    )
    assert [path for path in browser.upstream.paths() if not path.startswith(allowed)] == []


async def test_04_no_header_of_the_client_is_passed_on(browser: Browser) -> None:
    await browser.get(
        "/api/session",
        **{
            "Impersonate-User": "admin",
            "Cookie": "a=b",
            "X-Other": "1",
            "Upgrade": "websocket",
            "Connection": "upgrade",
        },
    )
    (seen,) = browser.upstream.seen
    assert set(seen.headers) == {
        "Host",
        "Authorization",
        "User-Agent",
        "Accept",
        "Accept-Encoding",
        "Content-Type",
        "Content-Length",
    }
    assert seen.headers["Host"] in browser.upstream.url


async def test_04_redirects_are_not_followed(browser: Browser) -> None:
    path = f"{ROOT}/namespaces/erp/processruns/daily-1"
    browser.upstream.next_answers[path].append(
        web.Response(status=302, headers={"Location": f"{browser.upstream.url}{ROOT}/processes"})
    )
    answer = await browser.get("/api/objects/processruns/erp/daily-1")
    assert answer.status == 302
    assert "Location" not in answer.response.headers
    assert browser.upstream.paths() == {path}


# ---- 5 hosts


@pytest.mark.parametrize(
    "host", ["evil.example.com", "processes.example.com:8080", "processes.example.com.evil.com", "127.0.0.1", ""]
)
@pytest.mark.parametrize("path", ["/api/session", "/", "/runs"])
async def test_05_other_hosts_are_not_served(browser: Browser, host: str, path: str) -> None:
    answer = await browser.get(path, Host=host)
    assert answer.status == 421
    assert not browser.upstream.seen


async def test_05_forwarded_hosts_are_not_read(browser: Browser) -> None:
    answer = await browser.get(
        "/api/session",
        **{
            "Host": "evil.example.com",
            "X-Forwarded-Host": "processes.example.com",
            "Forwarded": "host=processes.example.com",
        },
    )
    assert answer.status == 421


async def test_05_probe_of_the_kubelet_names_the_pod(browser: Browser) -> None:
    answer = await browser.call("GET", "/healthz", headers={"Host": "10.0.0.7:8080"})
    assert (answer.status, answer.body) == (200, b"ok\n")


# ---- 6 unsafe methods


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="a sibling domain"),
        pytest.param({"Sec-Fetch-Site": "none"}, id="typed by the user"),
        pytest.param({"Origin": "https://evil.example.com"}, id="another origin"),
        pytest.param({"Origin": "null"}, id="a sandbox"),
        pytest.param({"Origin": "http://processes.example.com"}, id="without TLS"),
        pytest.param({"Sec-Fetch-Site": None, "Origin": None}, id="neither of them"),
        pytest.param({"X-Process-Monitor": None}, id="no header of the page"),
        pytest.param({"X-Process-Monitor": "0"}, id="another value"),
        pytest.param({"Content-Type": "text/plain"}, id="a form"),
        pytest.param({"Content-Type": "application/x-www-form-urlencoded"}, id="another form"),
    ],
)
async def test_06_changes_of_other_pages_are_refused(browser: Browser, changed: dict[str, str | None]) -> None:
    headers = {name: value for name, value in {**CHANGE, **changed}.items() if value is not None}
    answer = await browser.call("POST", "/api/actions/run", PRESS, headers={**headers, **bearer("token-of-ann")})
    assert answer.status in {403, 415}
    assert not browser.upstream.seen


async def test_06_old_browsers_are_known_by_origin(browser: Browser) -> None:
    headers = {name: value for name, value in CHANGE.items() if name != "Sec-Fetch-Site"}
    answer = await browser.call("POST", "/api/actions/run", PRESS, headers={**headers, **bearer("token-of-ann")})
    assert answer.json["results"][0]["ok"]


async def test_06_no_answer_has_a_cors_header(browser: Browser) -> None:
    asked = {
        "Origin": "https://evil.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-process-monitor",
    }
    answers = [
        await browser.call("OPTIONS", "/api/actions/run", headers={**PAGE, **asked}),
        await browser.get("/api/session", Origin="https://evil.example.com"),
        await browser.get("/api/session"),
    ]
    assert [answer.status for answer in answers] == [403, 403, 200]
    assert not [
        name for answer in answers for name in answer.response.headers if name.lower().startswith("access-control")
    ]


async def test_06_get_changes_nothing(browser: Browser) -> None:
    for path in READS:
        if "stream" not in path:
            await browser.get(path)
    for path, _ in CHANGES:
        assert (await browser.get(path)).status in {404, 405}
    changes = {seen.path for seen in browser.upstream.seen if seen.method != "GET"}
    assert {path.rpartition("/")[2] for path in changes} == {"selfsubjectreviews", "selfsubjectaccessreviews"}


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
