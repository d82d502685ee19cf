"""Look of each page: no finding of axe-core, in light and dark, narrow and wide; with SCREENSHOTS a picture of each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, expect
from tests.monitor.axe import findings
from tests.monitor.conftest import Window
from tests.monitor.simulated_api import SimulatedApi

_PAGES: Final = {
    "runs": ("/runs", "40 runs"),
    "run": ("/runs/sales/post-ledger-99999?ns=sales", "line 300"),
    "requests": ("/requests", "monthly on the last Friday"),
    "request": ("/requests/sales/nightly-report?ns=sales", "Coming times"),
    "suspended": ("/requests/sales/invoices?ns=sales", "month-end closing"),
    "timeline": ("/timeline?ns=sales&span=6h", "Succeeded"),
    "new": ("/new?ns=sales&process=report", "2027-03-11"),
    "processes": ("/processes", "Builds the nightly report."),
    "backfill": ("/backfills/sales/nightly-report-backfill?ns=sales", "12/31"),
}
_SIZES: Final = {"360": (360, 740), "1440": (1440, 900)}
_LOOKS: Final = (("light", "1440"), ("dark", "360"))
"""Each theme and each width once; with SCREENSHOTS, all four."""
_ALL_LOOKS: Final = (*_LOOKS, ("dark", "1440"), ("light", "360"))


def _open(browser: Browser, api: SimulatedApi, theme: str, size: str, path: str) -> Window:
    width, height = _SIZES[size]
    options: dict[str, Any] = {"color_scheme": theme, "viewport": {"width": width, "height": height}}
    window = Window(browser, api.address, reduced_motion="reduce", **options)
    window.open(path)
    return window


@pytest.mark.parametrize(("theme", "size"), _ALL_LOOKS if "SCREENSHOTS" in os.environ else _LOOKS)
@pytest.mark.parametrize("name", _PAGES)
def test_a_page_is_accessible(
    browser: Browser, api: SimulatedApi, name: str, theme: str, size: str, screenshots: Path | None
) -> None:
    path, text = _PAGES[name]
    window = _open(browser, api, theme, size, path)
    page = window.page
    expect(page.locator("main")).to_contain_text(text)
    expect(page.locator("output.live")).to_have_text("Live")
    if screenshots:
        page.screenshot(path=screenshots / f"{name}-{theme}-{size}.png")
    assert findings(page) == []
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0, "the page scrolls sideways"
    window.close()


@pytest.mark.parametrize(("action", "theme"), [("Run now", "dark"), ("Unschedule", "light"), ("Backfill", "dark")])
def test_a_dialog_is_accessible(
    browser: Browser, api: SimulatedApi, action: str, theme: str, screenshots: Path | None
) -> None:
    window = _open(browser, api, theme, "360", "/requests/sales/nightly-report?ns=sales")
    page = window.page
    page.locator("main").get_by_role("button", name=action, exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("The API server would accept this.")
    if screenshots:
        page.screenshot(path=screenshots / f"dialog-{action.split(maxsplit=1)[0].lower()}-{theme}-360.png")
    assert findings(page) == []
    window.close()


def test_axe_finds_a_planted_fault(window: Window) -> None:
    page = window.open("/runs")
    expect(page.locator("output.live")).to_have_text("Live")
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert any(finding.startswith("button-name") for finding in findings(page))
