"""Keyboard focus: it goes back to the control that opened a dialog, stays near one that goes, and nothing late moves it."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Page, expect
from tests.monitor.conftest import Window
from tests.monitor.simulated_api import SimulatedApi
from tests.monitor.simulated_rows import run_row

ROWS = ".table-runs .body .row"


def _open(window: Window, path: str) -> Page:
    page = window.open(path)
    expect(page.locator("output.live")).to_have_text("Live")
    return page


def test_leaving_a_dialog_returns_to_its_button(window: Window) -> None:
    page = _open(window, "/requests/sales/nightly-report?ns=sales")
    button = page.locator("main").get_by_role("button", name="Reschedule", exact=True)
    expect(button).not_to_have_attribute("aria-disabled", "true")
    for leave in ("Escape", "Enter"):
        button.focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        dialog.get_by_role("button", name="Not now").focus()
        page.keyboard.press(leave)
        expect(dialog).to_have_count(0)
        expect(button).to_be_focused()


def test_a_late_answer_leaves_the_next_dialog_open(window: Window, api: SimulatedApi) -> None:
    page = _open(window, "/requests?ns=sales")
    row = page.locator(".table-requests .body .row").filter(has_text="post-ledger")
    api.answer_actions(answering=False)
    row.get_by_role("button", name="Run now").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The API server would accept this.")
    dialog.get_by_role("button", name="Run now").click()
    expect(dialog).to_contain_text("Working")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    row.get_by_role("button", name="Unschedule").click()
    dialog.get_by_label("Reason").fill("holidays")
    api.answer_actions(answering=True)
    # The row has the answer; the dialog is that of the second button.
    expect(row).to_contain_text("run done")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    expect(dialog.get_by_label("Reason")).to_have_value("holidays")


def test_if_the_button_is_gone_the_focus_is_near_its_place(window: Window, api: SimulatedApi) -> None:
    page = _open(window, "/runs?ns=sales")
    name = api.rows["processruns"][0]["name"]
    page.get_by_label(f"Select sales/{name}").check()
    page.locator(".selected").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    api.push("processruns", removed=(name,))
    expect(page.locator(".selected")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("region", name="Runs")).to_be_focused()
    page.get_by_role("combobox", name="Process", exact=True).select_option("report")
    page.get_by_role("button", name="Clear filters").click()
    expect(page.get_by_role("combobox", name="Due in")).to_be_focused()


def test_the_focus_stays_in_its_row_and_in_its_list(window: Window, api: SimulatedApi) -> None:
    page = _open(window, "/runs?ns=sales")
    name = api.rows["processruns"][0]["name"]
    link = page.locator(f"{ROWS} a[href*='{name}']")
    link.focus()
    api.push("processruns", run_row("nightly-report-200000", api.now + timedelta(minutes=1)))
    expect(page.locator(f"{ROWS} a[href*='nightly-report-200000']")).to_be_visible()
    expect(link).to_be_focused()
    page.locator(".table-runs").evaluate("(element) => element.scrollTo(0, 1e6)")
    expect(link).to_have_count(0)
    expect(page.get_by_role("region", name="Runs")).to_be_focused()


def test_a_new_page_and_a_closed_notice_keep_the_focus(window: Window) -> None:
    page = _open(window, "/timeline?ns=sales&span=6h")
    mark = page.locator(".table-timeline .body .row").get_by_role("button", name="Missed").first
    mark.focus()
    page.keyboard.press("Enter")
    notice = page.locator(".notice")
    expect(notice).to_contain_text("That is not a time of the schedule")
    notice.get_by_role("button", name="Close").press("Enter")
    expect(notice).to_have_count(0)
    expect(mark).to_be_focused()
    page.locator(".table-timeline").get_by_role("link").first.press("Enter")
    expect(page.locator(".details h1")).not_to_have_text("Timeline")
    expect(page.locator("main")).to_be_focused()
