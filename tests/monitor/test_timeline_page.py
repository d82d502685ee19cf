"""Page Timeline: the picture, and the table of the same rows."""

from __future__ import annotations

import re
from typing import Final

from playwright.sync_api import Page, expect
from tests.monitor.conftest import Window
from tests.monitor.simulated_api import SimulatedApi

ROWS = ".table-timeline .body .row"


def _open(window: Window, query: str = "") -> Page:
    page = window.open(f"/timeline?ns=sales{query}")
    expect(page.locator("output.live")).to_have_text("Live")
    expect(page.locator(ROWS).first).to_be_visible()
    return page


_IS_DRAWN: Final = """() => {
    const canvas = document.querySelector("canvas")
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
    let count = 0
    for (let at = 3; at < data.length; at += 4) if (data[at]) count++
    return count > 10_000
}"""
"""Whether this number of pixels of the canvas are drawn on."""


def test_past_runs_and_coming_times_are_drawn_and_listed(window: Window) -> None:
    page = _open(window)
    page.wait_for_function(_IS_DRAWN)
    expect(page.locator(ROWS).filter(has_text="Succeeded").first).to_be_visible()
    page.locator(".table-timeline").evaluate("(element) => element.scrollTo(0, 1e6)")
    expect(page.locator(ROWS).filter(has_text="coming").first).to_be_visible()


def test_a_mark_answers_why_and_offers_a_backfill(window: Window) -> None:
    page = _open(window, "&span=6h")
    page.locator(ROWS).get_by_role("button", name="Missed").first.click()
    notice = page.locator(".notice")
    expect(notice).to_contain_text("That is not a time of the schedule of cleanup.")
    notice.get_by_role("button", name="Backfill").click()
    expect(page.get_by_role("dialog")).to_contain_text("sales/cleanup")


def test_range_and_lanes_are_in_the_address(window: Window) -> None:
    page = _open(window)
    page.get_by_role("combobox", name="Range").select_option("31d")
    page.get_by_role("combobox", name="Lanes").select_option("process")
    page.get_by_role("button", name="Earlier").click()
    for part in ("span=31d", "lanes=process", "at=20"):
        expect(page).to_have_url(re.compile(part))
    page.get_by_role("button", name="Now").click()
    expect(page).not_to_have_url(re.compile("at="))


def test_dragging_moves_the_time(window: Window) -> None:
    page = _open(window, "&span=6h")
    box = page.locator("canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 600, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 700, box["y"] + 100, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile("at="))


def test_a_click_on_a_bar_opens_its_run(window: Window, api: SimulatedApi) -> None:
    for row in api.rows["processruns"]:
        row["request"] = "nightly-report"
    page = _open(window, "&span=1h&q=nightly")
    box = page.locator("canvas").bounding_box()
    assert box is not None
    gutter = 190
    now = box["x"] + gutter + (box["width"] - gutter) * 0.6
    page.mouse.click(now - 5, box["y"] + 26 + 17)
    page.wait_for_url("**/runs/sales/**")


def test_the_picture_is_in_words_too(window: Window) -> None:
    page = _open(window)
    words = re.compile("^Timeline of .* The table below has the same rows")
    expect(page.locator(".timeline")).to_have_attribute("aria-label", words)
