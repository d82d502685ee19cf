"""Pages with the real server of `kubectl process monitor`, before a small API server: both sides keep the contract."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect
from tests.contract.monitor_upstream import Upstream
from tests.monitor.conftest import Window

_PLUGIN: Final = shutil.which("kubectl-process", path=str(Path(sys.executable).parent))


class UpstreamThread:
    """The small API server on a loop of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.upstream = Upstream()
        self.call(self.upstream.__aenter__())

    def call(self, work: Any) -> None:
        """Run something on that loop."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    def close(self) -> None:
        """Stop the server."""
        self.call(self.upstream.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    thread = UpstreamThread()
    _fill(thread.upstream)
    yield thread.upstream
    thread.close()


def _fill(upstream: Upstream) -> None:
    ledger = {"name": "LEDGER", "required": True, "description": "Ledger to post."}
    container = {"name": "main", "image": "busybox:1"}
    template = {"spec": {"template": {"spec": {"containers": [container], "restartPolicy": "Never"}}}}
    upstream.put("Process", "processes", "post", spec={"parameters": [ledger], "jobTemplate": template})
    spec = {
        "process": {"name": "post"},
        "parameters": [{"name": "LEDGER", "value": "17"}],
        "timing": {"schedule": {"daily": {"at": "02:00"}, "timeZone": "Europe/Madrid"}},
    }
    status = {"phase": "Scheduled", "schedule": "daily at 02:00 Europe/Madrid", "engine": "Operator"}
    upstream.put("ProcessRequest", "processrequests", "nightly.post", spec=spec, status=status)
    run = {"request": {"name": "nightly.post"}, "trigger": "Schedule", "scheduledTime": "2026-11-30T01:00:00Z"}
    ended = {
        "phase": "Failed",
        "startTime": "2026-11-30T01:00:02Z",
        "endTime": "2026-11-30T01:01:02Z",
        "reason": "BackoffLimitExceeded",
        "message": "The pod ended with exit code 1.",
        "log": {"text": "posting\n\u001b[31mno such ledger\u001b[0m\n", "container": "main", "truncated": False},
    }
    upstream.put("ProcessRun", "processruns", "nightly.post-1", spec=run, status=ended)


@pytest.fixture(scope="module")
def address(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address that the command prints, with its key."""
    assert _PLUGIN is not None
    path = tmp_path_factory.mktemp("monitor") / "kubeconfig"
    context = {"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "erp"}}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": upstream.url}}],
        "users": [{"name": "u", "user": {"token": "token-of-ann"}}],
        "contexts": [context],
    }
    path.write_text(yaml.safe_dump(config))
    path.chmod(0o600)
    command = [_PLUGIN, "monitor", "--no-open", "--kubeconfig", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        yield program.stdout.readline().strip()
        program.terminate()


@pytest.fixture
def window(browser: Browser, address: str) -> Iterator[Window]:
    origin, _, key = address.partition("/#key=")
    found = Window(browser, origin, viewport={"width": 1440, "height": 900})
    found.page.goto(address)
    expect(found.page.locator("output.live")).to_have_text("Live", timeout=30_000)
    assert key and key not in found.page.url, "the key stays out of the address and the history"
    yield found
    found.close()


def _go(page: Page, view: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name=view, exact=True).click()


def test_runs_requests_and_processes_are_listed(window: Window) -> None:
    page = window.page
    row = page.locator(".table-runs .body .row")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("nightly.post")
    _go(page, "Process Request")
    expect(page.locator(".table-requests .body .row")).to_contain_text("daily at 02:00 Europe/Madrid")
    _go(page, "Processes")
    expect(page.locator(".table-processes .body .row")).to_contain_text("LEDGER*")


def test_a_run_has_its_log_and_survives_a_reload(window: Window) -> None:
    page = window.page
    page.locator(".table-runs .body .row .cell-due a").click()
    expect(page.locator("h1")).to_have_text("nightly.post-1")
    expect(page.locator(".ansi-red")).to_have_text("no such ledger")
    page.reload()
    expect(page.locator(".ansi-red")).to_have_text("no such ledger")


def test_run_now_is_checked_by_the_server(window: Window, upstream: Upstream) -> None:
    page = window.page
    _go(page, "Process Request")
    page.get_by_role("button", name="Run now").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("textbox", name="LEDGER")).to_have_value("17")
    expect(dialog).to_contain_text("The API server would accept this.", timeout=15_000)
    dialog.get_by_text("As YAML").click()
    expect(dialog.locator("pre").first).to_contain_text("kind: ProcessRun")
    sent = [seen for seen in upstream.seen if seen.method == "POST" and seen.path.endswith("/processruns")]
    assert sent and all("dryRun" in seen.query for seen in sent)
    dialog.get_by_role("button", name="Run now").click()
    expect(dialog).to_have_count(0)
    sent = [seen for seen in upstream.seen if seen.method == "POST" and seen.path.endswith("/processruns")]
    assert "dryRun" not in sent[-1].query
    assert sent[-1].body["spec"]["request"] == {"name": "nightly.post"}


def test_the_coming_times_of_a_form_are_those_of_the_server(window: Window) -> None:
    page = window.page
    page.get_by_role("link", name="New request").click()
    expect(page.locator("ol.rows li")).to_have_count(10, timeout=15_000)
    page.get_by_label("When").select_option("cron")
    page.get_by_label("Expression").fill("nonsense")
    expect(page.locator(".bad-text").first).to_be_visible(timeout=15_000)


def test_the_timeline_has_coming_times(window: Window) -> None:
    page = window.page
    _go(page, "Timeline")
    page.get_by_role("combobox", name="Range").select_option("7d")
    page.locator(".table-timeline").evaluate("(element) => element.scrollTo(0, 1e6)")
    expect(page.locator(".table-timeline .row").filter(has_text="coming").first).to_be_visible(timeout=15_000)
    _go(page, "Process Request")
    page.get_by_role("link", name="nightly.post", exact=True).click()
    page.get_by_role("button", name="Why at this time?").click()
    expect(page.locator("section").filter(has_text="Why at this time?").locator("li").first).to_be_visible(
        timeout=15_000
    )
