"""Page of a run, and its log."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect
from tests.monitor.conftest import Window
from tests.monitor.simulated_api import SimulatedApi
from tests.monitor.simulated_rows import HOSTILE

LINES = ".log-line"


def _open(window: Window, api: SimulatedApi, index: int = 1, query: str = "?ns=sales") -> Page:
    name = api.rows["processruns"][index]["name"]
    page = window.open(f"/runs/sales/{name}{query}")
    expect(page.locator("h1")).to_have_text(name)
    return page


def test_facts_parameters_conditions_and_events_are_there(window: Window, api: SimulatedApi) -> None:
    page = _open(window, api)
    for text in ("Exit code", "Attempts", "node-1", "LEDGER_ID", "csv", "BackOff", "Back-off <img src=x"):
        expect(page.locator("main")).to_contain_text(text)
    page.get_by_text("As YAML").click()
    expect(page.locator("pre")).to_contain_text("kind: ProcessRun")
    expect(page.locator("main img")).to_have_count(0)


def test_the_log_begins_at_its_end(window: Window, api: SimulatedApi) -> None:
    page = _open(window, api)
    expect(page.locator(LINES).last).to_have_text("line 300")
    assert page.locator(LINES).count() < 120
    expect(page.locator(".log")).to_contain_text("The log has more lines before these.")
    link = page.get_by_role("link", name="Whole log at logs.example")
    expect(link).to_have_attribute("rel", "noopener noreferrer")


def test_a_search_jumps_from_match_to_match(window: Window, api: SimulatedApi) -> None:
    page = _open(window, api)
    expect(page.locator(LINES).last).to_have_text("line 300")
    page.get_by_label("Search the log").fill("line 27")
    expect(page.locator(".log output")).to_have_text("1 of 11")
    page.get_by_role("button", name="Next match").click()
    expect(page.locator(f"{LINES}.marked")).to_have_text("line 270")
    expect(page.locator(f"{LINES}.marked mark")).to_have_text("line 27")
    expect(page).to_have_url(re.compile(r"find=line\+27"))


def test_colours_are_obeyed_and_all_else_is_shown(window: Window, api: SimulatedApi) -> None:
    api.log_text = f"\u001b[31mred\u001b[0m plain\n<script>alert(1)</script> {HOSTILE} \u001b[2J\n"
    page = _open(window, api)
    expect(page.locator(".ansi-red")).to_have_text("red")
    second = page.locator(LINES).nth(1)
    expect(second).to_contain_text("<script>alert(1)</script>")
    expect(second).to_contain_text("U+202E")
    expect(second).to_contain_text("[2J")
    expect(page.locator(".log script, .log img")).to_have_count(0)


def test_the_log_is_downloaded_as_it_is(window: Window, api: SimulatedApi) -> None:
    page = _open(window, api)
    expect(page.locator(LINES).last).to_have_text("line 300")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert Path(download.value.path()).read_text() == api.log_text


def test_a_link_of_another_scheme_is_no_link(window: Window, api: SimulatedApi) -> None:
    api.log_info["url"] = "javascript:alert(1)"
    page = _open(window, api)
    expect(page.locator(LINES).last).to_have_text("line 300")
    expect(page.locator("a[href^=javascript]")).to_have_count(0)
    expect(page.get_by_role("link", name="Whole log")).to_have_count(0)


def test_long_lines_wrap_on_demand(window: Window, api: SimulatedApi) -> None:
    api.log_text = "x" * 3_000 + "\nend\n"
    page = _open(window, api, query="?ns=sales&wrap=1")
    expect(page.locator(LINES)).to_have_count(2)
    height = page.locator(LINES).first.bounding_box()
    assert height is not None and height["height"] > 40


def test_a_run_that_does_not_exist_is_named(window: Window) -> None:
    window.expected = ("console: Failed to load resource: the server responded with a status of 404",)
    page = window.open("/runs/sales/unknown?ns=sales")
    expect(page.locator("main")).to_contain_text("unknown does not exist")
