"""Monitor: the paths, hosts and methods that reach the API server. The numbers are those of the security checklist.

The upstream is a simulated API server (`monitor_upstream.py`).
"""

from __future__ import annotations

import pytest
from aiohttp import web
from tests.contract.monitor_browser import CHANGE, PAGE, Browser, bearer
from tests.contract.monitor_routes import CHANGES, PRESS, READS
from tests.contract.monitor_upstream import ROOT
from yarl import URL

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
        pytest.param({"Sec-Fetch-Site": None, "Origin": None}, id="neither header"),
        pytest.param({"X-Process-Monitor": None}, id="no header of the page"),
        pytest.param({"X-Process-Monitor": "0"}, id="another value"),
        pytest.param({"Content-Type": "text/plain"}, id="a form"),
        pytest.param({"Content-Type": "application/x-www-form-urlencoded"}, id="another form"),
    ],
)
async def test_06_changes_of_other_pages_are_rejected(browser: Browser, changed: dict[str, str | None]) -> None:
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
