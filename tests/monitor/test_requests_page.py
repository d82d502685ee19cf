"""Pages Process Request: the list, one request, and its buttons."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import Locator, Page, expect
from tests.monitor.conftest import Window
from tests.monitor.simulated_api import SimulatedApi
from tests.monitor.simulated_rows import instant, request_row


def _list(window: Window, query: str = "") -> Page:
    page = window.open(f"/requests{query}")
    expect(page.locator("output.live")).to_have_text("Live")
    return page


def _row(page: Page, name: str) -> Locator:
    return page.locator(".table-requests .body .row").filter(has=page.get_by_role("link", name=name, exact=True))


def _one(window: Window, name: str) -> Page:
    page = window.open(f"/requests/sales/{name}?ns=sales")
    expect(page.locator("h1")).to_have_text(name)
    return page


def test_a_suspended_request_says_by_whom_and_why_and_has_no_next_time(window: Window) -> None:
    row = _row(_list(window), "invoices")
    expect(row).to_contain_text("Suspended by ana@example.com: month-end closing <img")
    expect(row).to_contain_text("monthly on the last Friday at 18:30 Europe/Madrid")
    expect(row.locator(".cell-next")).to_have_text("unscheduled")
    expect(row.get_by_role("button", name="Schedule", exact=True)).to_be_visible()


def test_the_page_of_a_suspended_request_says_since_when(window: Window, api: SimulatedApi) -> None:
    facts = _one(window, "invoices").locator(".details")
    expect(facts).to_contain_text("Suspended since")
    since = instant(api.now - timedelta(days=2))
    expect(facts.locator(f"time[datetime='{since}']")).to_be_visible()


def test_the_strip_has_the_last_runs_with_links(window: Window, api: SimulatedApi) -> None:
    page = _list(window)
    marks = _row(page, "nightly-report").locator(".strip a")
    expect(marks).to_have_count(8)
    newest = api.rows["processruns"][0]["name"]
    expect(marks.last).to_have_attribute("href", f"/runs/sales/{newest}?ns=sales")
    expect(marks.last).to_have_attribute("aria-label", re.compile("^Running"))


def test_states_filter_and_typing_finds(window: Window) -> None:
    page = _list(window)
    page.get_by_role("button", name="Suspended").click()
    expect(page.locator(".view-head")).to_contain_text("1 of 5 requests")
    expect(page).to_have_url(re.compile("state=Suspended"))
    page.get_by_role("button", name="5 All").click()
    page.get_by_label("Search requests").fill("every 15")
    expect(page.locator(".view-head")).to_contain_text("1 of 5 requests")


def test_a_request_that_comes_and_goes_is_seen(window: Window, api: SimulatedApi) -> None:
    page = _list(window)
    api.push("processrequests", request_row("brand-new", api.now))
    expect(_row(page, "brand-new")).to_be_visible()
    api.push("processrequests", removed=("brand-new",))
    expect(_row(page, "brand-new")).to_have_count(0)


def test_unschedule_asks_for_a_reason(window: Window, api: SimulatedApi) -> None:
    page = _list(window)
    _row(page, "nightly-report").get_by_role("button", name="Unschedule").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("holidays")
    expect(dialog).to_contain_text("The API server would accept this.")
    dialog.get_by_role("button", name="Unschedule").click()
    expect(_row(page, "nightly-report")).to_contain_text("unschedule done")
    targets = [{"namespace": "sales", "name": "nightly-report"}]
    body = {"kind": "processrequests", "targets": targets, "dryRun": False, "reason": "holidays"}
    assert api.asked == [("unschedule", body)]
    assert api.dry_runs[-1] == ("unschedule", {**body, "dryRun": True})


def test_several_are_suspended_at_once(window: Window, api: SimulatedApi) -> None:
    page = _list(window)
    for name in ("nightly-report", "post-ledger", "invoices"):
        page.get_by_label(f"Select sales/{name}").check()
    page.locator(".selected").get_by_role("button", name="Unschedule").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The API server would accept this.")
    dialog.get_by_role("button", name="Unschedule").click()
    expect(dialog).to_have_count(0)
    assert [target["name"] for target in api.asked[0][1]["targets"]] == ["nightly-report", "post-ledger"]


def test_open_runs_and_times_of_several_are_for_the_selection(window: Window, api: SimulatedApi) -> None:
    page = _list(window)
    for name in ("nightly-report", "cleanup"):
        page.get_by_label(f"Select sales/{name}").check()
    selected = page.locator(".selected")
    for action in ("Cancel", "Backfill"):
        selected.get_by_role("button", name=action).click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("The API server would accept this.")
        dialog.get_by_role("button", name=action).click()
        expect(dialog).to_have_count(0)
    newest = api.rows["processruns"][0]["name"]
    targets = [(action, [target["name"] for target in body["targets"]]) for action, body in api.asked]
    assert targets == [("cancel", [newest]), ("backfill", ["nightly-report"])]


def test_the_question_of_a_run_fits_the_timing(window: Window) -> None:
    page = _list(window)
    words = {
        "nightly-report": "The schedule stays as it is",
        "invoices": "The request stays suspended",
        "cleanup": "It is one more run",
    }
    for name, question in words.items():
        _row(page, name).get_by_role("button", name="Run now").click()
        expect(page.get_by_role("dialog")).to_contain_text(question)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_run_now_has_a_form_of_the_declared_parameters(window: Window, api: SimulatedApi) -> None:
    page = _one(window, "nightly-report")
    page.get_by_role("button", name="Run now").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("textbox", name="LEDGER_ID")).to_have_value("17")
    expect(dialog.get_by_role("combobox", name="FORMAT")).to_have_value("pdf")
    expect(dialog).to_contain_text("Ledger to post.")
    dialog.get_by_role("combobox", name="FORMAT").select_option("csv")
    expect(dialog).to_contain_text("The API server would accept this.")
    dialog.get_by_role("button", name="Run now").click()
    expect(dialog).to_have_count(0)
    assert api.asked[0][1]["parameters"] == {"FORMAT": "csv"}


def test_a_rejected_input_is_marked_at_its_field(window: Window, api: SimulatedApi) -> None:
    fields = [{"path": "parameters.LEDGER_ID", "message": "must match [0-9]+"}]
    api.rejection = {"status": 422, "reason": "Invalid", "message": "ParameterInvalid", "fields": fields}
    page = _one(window, "nightly-report")
    page.get_by_role("button", name="Run now").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="LEDGER_ID").fill("seventeen")
    expect(dialog.get_by_role("textbox", name="LEDGER_ID")).to_have_attribute("aria-invalid", "true")
    expect(dialog.locator(".hint.bad-text")).to_have_text("must match [0-9]+")
    dialog.get_by_role("button", name="Run now").press("Enter")
    window.settle()
    assert api.asked == []


def test_every_button_works_by_keyboard_alone(window: Window, api: SimulatedApi) -> None:
    page = _one(window, "nightly-report")
    for name in ("Run now", "Unschedule", "Reschedule", "Cancel", "Backfill", "Delete"):
        button = page.locator("main").get_by_role("button", name=name, exact=True)
        # The rights of the person may still be on their way.
        expect(button).not_to_have_attribute("aria-disabled", "true")
        button.focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("The API server would accept this.")
        dialog.get_by_role("button", name=name, exact=True).focus()
        page.keyboard.press("Enter")
        expect(dialog).to_have_count(0)
        expect(button).to_be_focused()
    assert [action for action, _ in api.asked] == ["run", "unschedule", "reschedule", "cancel", "backfill", "delete"]


def test_escape_leaves_a_dialog_and_changes_nothing(window: Window, api: SimulatedApi) -> None:
    page = _one(window, "nightly-report")
    page.get_by_role("button", name="Reschedule").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    window.settle()
    assert api.asked == []


def test_a_backfill_has_its_range_and_rules(window: Window, api: SimulatedApi) -> None:
    page = _one(window, "nightly-report")
    page.get_by_role("button", name="Backfill").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("From").fill("2026-07-01T02:00")
    dialog.get_by_label("To", exact=False).last.fill("2026-06-01T02:00")
    expect(dialog).to_contain_text("the end must not be before the start")
    dialog.get_by_label("To", exact=False).last.fill("2026-12-01T02:00")
    dialog.get_by_label("Times that ran already").select_option("Failed")
    expect(dialog).to_contain_text("The API server would accept this.")
    dialog.get_by_role("button", name="Backfill").click()
    expect(dialog).to_have_count(0)
    backfill = {"from": "2026-07-01T00:00:00Z", "to": "2026-12-01T01:00:00Z", "maxActiveRuns": 1, "rerun": "Failed"}
    assert api.asked[0][1]["backfill"] == backfill


def test_a_request_shows_its_coming_times_runs_and_why(window: Window, api: SimulatedApi) -> None:
    page = _one(window, "nightly-report")
    expect(page.locator("main")).to_contain_text("in 2h59m")
    expect(page.locator("main")).to_contain_text("nightly-report-backfill")
    page.get_by_role("button", name="Why at this time?").click()
    expect(page.locator("main")).to_contain_text("That is not a time of the schedule of nightly-report.")
    api.push("processrequests", {**api.rows["processrequests"][0], "next": api.now.isoformat(), "suspended": True})
    later = page.locator(".view-head").get_by_role("button", name="Schedule", exact=True)
    expect(later).to_be_visible(timeout=timedelta(seconds=10).total_seconds() * 1000)
