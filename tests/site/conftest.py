"""Browser for the tests of the built site: headless Chromium, and a server of `build/site` on a loopback address.

A request to another origin, a request that fails and an error in the page each fail the test. `make test-site` builds
the site first. SCREENSHOTS names a folder that gets a picture of each page that a test opens.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, expect, sync_playwright

SITE: Final = Path(__file__).parents[2] / "build" / "site"
_ARGUMENTS: Final = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")
_TIMEOUT_MS: Final = 120_000
"""Mermaid has three megabytes of JavaScript, which a busy machine parses slowly."""
# Zensical puts a diagram into a closed shadow tree. A test must look into it.
_OPEN_SHADOW_TREES: Final = """
const attach = Element.prototype.attachShadow
Element.prototype.attachShadow = function (options) { return attach.call(this, { ...options, mode: "open" }) }
"""


class _Files(SimpleHTTPRequestHandler):
    """The files of the site, without a log."""

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture(scope="session")
def origin() -> Iterator[str]:
    """Address of a server of the built site, such as `http://127.0.0.1:34567`."""
    if not (SITE / "index.html").is_file():
        pytest.fail("run make test-site: it builds the site and finds a browser")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(SITE))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.fail("run make test-site: it builds the site and finds a browser")
    expect.set_options(timeout=_TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        yield browser
        browser.close()


class Reader:
    """A window that reads the site, with what went wrong in it."""

    def __init__(self, browser: Browser, origin: str, **options: Any) -> None:
        self.origin = origin
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(_TIMEOUT_MS)
        self.context.add_init_script(_OPEN_SHADOW_TREES)
        self.wrong: list[str] = []
        self.context.on("request", self._on_request)
        self.context.on("requestfailed", lambda request: self.wrong.append(f"request failed: {request.url}"))
        self.context.on("response", self._on_response)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.wrong.append(f"error in the page: {error}"))

    def open(self, path: str) -> Page:
        """Open a page of the site by its path below `build/site`."""
        self.page.goto(f"{self.origin}/{path}")
        return self.page

    def close(self) -> None:
        """Close the window; fail if anything went wrong in it."""
        self.page.wait_for_load_state("networkidle")
        self._keep_picture()
        self.context.close()
        assert not self.wrong, "\n".join(self.wrong)

    def _keep_picture(self) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            test = os.environ["PYTEST_CURRENT_TEST"].partition("::")[2].partition(" ")[0]
            self.page.screenshot(path=Path(folder) / f"{test.replace('/', '_')}.png", full_page=True)

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self.origin + "/", "blob:", "data:")):
            self.wrong.append(f"request to another origin: {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.wrong.append(f"status {response.status}: {response.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.wrong.append(f"console: {message.text}")
