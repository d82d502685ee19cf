"""Browser for the tests of the pages: headless Chromium, and a page that fails its test at what must never happen.

A violation of the Content-Security-Policy, a request to another origin and an error in the page each fail the test.
SCREENSHOTS names a folder that gets a picture of each page.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, expect, sync_playwright
from tests.monitor.simulated_api import STATIC, SimulatedApi

ARGUMENTS: Final = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--font-render-hinting=none")
_WATCH: Final = """
addEventListener("securitypolicyviolation", (event) => console.error("CSP " + event.violatedDirective + " " + event.blockedURI))
"""
TIMEOUT_MS: Final = 30_000


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=TIMEOUT_MS)  # 5 s are too few on a machine that is busy
    with sync_playwright() as found:
        yield found


def chromium() -> str:
    """Return the path of the browser. Fails the test if there is none, or if the pages are not built."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None or not (STATIC / "index.html").is_file():
        pytest.fail("run make test-monitor: it builds the pages and finds a browser")
    return path


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
    yield browser
    browser.close()


@pytest.fixture
def api() -> Iterator[SimulatedApi]:
    with SimulatedApi() as found:
        yield found


class Window:
    """A page of the monitor, with what went wrong in it."""

    def __init__(self, browser: Browser, origin: str, **options: Any) -> None:
        self.origin = origin
        self.context = browser.new_context(**{"locale": "en-GB", "timezone_id": "Europe/Madrid", **options})
        self.context.set_default_timeout(TIMEOUT_MS)
        self.context.add_init_script(_WATCH)
        self.wrong: list[str] = []
        self.context.on("request", self._on_request)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.wrong.append(f"error in the page: {error}"))
        self.expected: tuple[str, ...] = ()
        """Beginnings of console errors that a test causes, such as those of a rejected call."""

    def open(self, path: str) -> Page:
        """Open a page of the monitor."""
        self.page.goto(self.origin + path)
        return self.page

    def settle(self) -> None:
        """Return when the server has answered a request that the page sends after all that it has sent before."""
        self.page.evaluate("fetch('/api/namespaces', {headers: {'X-Process-Monitor': '1'}}).then(() => undefined)")

    def close(self) -> None:
        """Close the page; fail if anything went wrong in it."""
        self.context.close()
        wrong = [line for line in self.wrong if not line.startswith(self.expected)] if self.expected else self.wrong
        assert not wrong, "\n".join(wrong)

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self.origin + "/", "blob:")):
            self.wrong.append(f"request to another origin: {request.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.wrong.append(f"console: {message.text}")


@pytest.fixture
def window(browser: Browser, api: SimulatedApi) -> Iterator[Window]:
    found = Window(browser, api.address, viewport={"width": 1440, "height": 900})
    yield found
    found.close()


@pytest.fixture(scope="session")
def screenshots() -> Path | None:
    folder = os.environ.get("SCREENSHOTS")
    if not folder:
        return None
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    return path
