"""Page Process Monitor: rows, filters, counts, live changes, and what a person's hand must not feel."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import Page, expect
from tests.monitor.conftest import Window
from tests.monitor.simulated_api import SimulatedApi
from tests.monitor.simulated_rows import HOSTILE, run_row

ROWS = ".table-runs .body .row"


def _open(window: Window, query: str = "") -> Page:
    page = window.open(f"/runs{query}")
    expect(page.locator("output.live")).to_have_text("Live")
    return page


def test_runs_are_shown_the_newest_first(window: Window) -> None:
    page = _open(window)
    expect(page.locator("h1")).to_have_text("Process Monitor")
    expect(page.locator(".view-head")).to_contain_text("40 runs")
    first = page.locator(ROWS).first
    expect(first).to_contain_text("Running")
    expect(first).to_contain_text("nightly-report")


def test_a_count_is_a_filter_and_stays_in_the_address(window: Window) -> None:
    page = _open(window)
    page.get_by_role("button", name="Failed").click()
    expect(page.locator(".view-head")).to_contain_text("4 of 40 runs")
    expect(page).to_have_url(re.compile("phase=Failed"))
    page.reload()
    expect(page.locator(".view-head")).to_contain_text("4 of 40 runs")
    expect(page.get_by_role("button", name="Failed")).to_have_attribute("aria-pressed", "true")
    page.go_back()
    expect(page.locator(".view-head")).to_contain_text("40 runs")


def test_text_and_process_filter_together(window: Window) -> None:
    page = _open(window)
    page.get_by_label("Search runs").fill("post-ledger")
    expect(page.locator(".view-head")).to_contain_text("8 of 40 runs")
    page.get_by_role("combobox", name="Process", exact=True).select_option("report")
    expect(page.locator(".view-head")).to_contain_text("3 of 40 runs")
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator(".view-head")).to_contain_text("40 runs")


def test_a_change_repaints_its_row_alone(window: Window, api: SimulatedApi) -> None:
    page = _open(window)
    row = page.locator(ROWS).first
    row.evaluate("(element) => { element.dataset.mine = '1' }")
    api.push("processruns", {**api.rows["processruns"][0], "phase": "Succeeded", "exitCode": 0})
    expect(row).to_contain_text("Succeeded", timeout=3_000)
    expect(row).to_have_attribute("data-mine", "1")


def test_new_rows_wait_above_while_the_pointer_is_on_the_list(window: Window, api: SimulatedApi) -> None:
    page = _open(window)
    page.locator(ROWS).nth(3).hover()
    before = page.locator(ROWS).nth(3).inner_text()
    api.push("processruns", run_row("nightly-report-200000", api.now + timedelta(minutes=1)))
    expect(page.get_by_role("button", name="1 new run above")).to_be_visible()
    expect(page.locator(ROWS).nth(3)).to_have_text(before, use_inner_text=True)
    page.get_by_role("button", name="1 new run above").click()
    expect(page.locator(".view-head")).to_contain_text("41 runs")
    expect(page.locator(f"{ROWS} a[href*='nightly-report-200000']")).to_be_visible()


def test_the_page_says_since_when_it_is_not_live_and_mends_itself(window: Window, api: SimulatedApi) -> None:
    page = _open(window)
    api.state("processruns", "too old resource version")
    expect(page.locator("output.live")).to_contain_text("Not live since")
    api.state("processruns", None)
    expect(page.locator("output.live")).to_have_text("Live")
    api.rows["processruns"] = api.rows["processruns"][:5]
    api.break_streams()
    expect(page.locator(".view-head")).to_contain_text("5 runs", timeout=10_000)
    expect(page.locator("output.live")).to_have_text("Live")


def test_cancel_asks_first_and_shows_what_it_sends(window: Window, api: SimulatedApi) -> None:
    page = _open(window)
    name = api.rows["processruns"][0]["name"]
    page.get_by_label(f"Select sales/{name}").check()
    expect(page).to_have_url(re.compile(f"sel=sales%2F{name}"))
    page.locator(".selected").get_by_role("button", name="Cancel").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(name)
    expect(dialog).to_contain_text("The API server would accept this.")
    dialog.get_by_text("As kubectl command").click()
    expect(dialog).to_contain_text("kubectl process cancel")
    window.settle()
    assert api.asked == []
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(ROWS).first).to_contain_text("cancel done")
    assert api.asked == [
        ("cancel", {"kind": "processruns", "targets": [{"namespace": "sales", "name": name}], "dryRun": False})
    ]


def test_a_rejection_is_shown_as_it_is_and_nothing_is_done(window: Window, api: SimulatedApi) -> None:
    message = f"admission webhook denied the request {HOSTILE}"
    api.rejection = {"status": 403, "reason": "Forbidden", "message": message, "fields": []}
    page = _open(window)
    page.locator(".table-runs .body input[type=checkbox]").first.check()
    page.locator(".selected").get_by_role("button", name="Cancel").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("admission webhook denied the request <img src=x")
    dialog.get_by_role("button", name="Cancel").press("Enter")
    window.settle()
    assert api.asked == []


def test_a_button_without_the_right_names_it(window: Window, api: SimulatedApi) -> None:
    api.denied["cancel"] = 'You need the right "create jobs" in namespace sales.'
    page = _open(window)
    page.locator(".table-runs .body input[type=checkbox]").first.check()
    button = page.locator(".selected").get_by_role("button", name="Cancel")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_attribute("title", api.denied["cancel"])
    button.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_every_time_says_its_zone_and_one_setting_changes_all(window: Window, api: SimulatedApi) -> None:
    page = _open(window)
    expect(page.get_by_role("columnheader", name="Due (Europe/Madrid)")).to_be_visible()
    page.get_by_role("combobox", name="Times in").select_option("utc")
    expect(page.get_by_role("columnheader", name="Due (UTC)")).to_be_visible()
    due = api.rows["processruns"][0]["scheduled"].replace("T", " ").replace("Z", "")
    expect(page.locator(f"{ROWS} time").first).to_have_text(due)
    page.get_by_role("combobox", name="Times in").select_option("schedule")
    expect(page.locator(f"{ROWS} time").first).to_contain_text("Europe/Madrid")


def test_the_keyboard_reaches_rows_and_buttons(window: Window) -> None:
    page = _open(window)
    page.locator(f"{ROWS} .cell-due a").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator(f"{ROWS}[aria-rowindex='4'] .cell-due a")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".details h1")).to_be_visible()
