"""People in front of the page: each has a window of their own, and signs in with a pasted token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from playwright.sync_api import Browser, Page, expect
from tests.monitor.conftest import Window

if TYPE_CHECKING:
    from tests.cluster.test_monitor import Office

_RESOURCE: Final = "console: Failed to load resource:"
REJECTED: Final = (f"{_RESOURCE} the server responded with a status of 40",)
"""Lines of the console before the sign-in, and of what a person must not see."""
OUTAGES: Final = (f"{_RESOURCE} net::ERR_", f"{_RESOURCE} the server responded with a status of 50")
"""Lines of the console when the network or the API server is away."""
PATIENCE_MS: Final = 120_000
"""Time in which the operator and a busy machine do anything that waits for no clock."""


class People:
    """The windows of the people of an office, opened at their first use."""

    def __init__(self, browser: Browser, office: Office) -> None:
        self._browser = browser
        self.office = office
        self._windows: dict[str, Window] = {}
        self.expected: tuple[str, ...] = REJECTED
        """Beginnings of lines of the console that a module causes."""

    def page(self, name: str, path: str) -> Page:
        """Open a page as a person; `path` begins with `/`, and the namespace is that of the office."""
        window = self._windows.get(name) or self._sign_in(name)
        return window.open(self.address(path))

    def address(self, path: str) -> str:
        """Add the namespace to the path of a page."""
        return f"{path}?ns={self.office.space.namespace}"

    def _sign_in(self, name: str) -> Window:
        window = Window(self._browser, self.office.monitor.public, viewport={"width": 1440, "height": 900})
        window.expected = self.expected
        self._windows[name] = window
        page = window.open(self.address("/requests"))
        page.get_by_label("Bearer token").fill(self.office.tokens[name])
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator(".person")).to_have_text(self.user(name))
        return window

    def user(self, name: str) -> str:
        """The name of a person, as the API server has it."""
        return f"system:serviceaccount:{self.office.space.namespace}:{name}"

    def close(self) -> None:
        """Close all windows. Fails if anything went wrong in one of them."""
        for window in self._windows.values():
            window.close()
