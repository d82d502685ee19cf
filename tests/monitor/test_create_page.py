"""Page New request: the form with coming times, and YAML."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from tests.monitor.conftest import Window
from tests.monitor.simulated_api import SimulatedApi


def _open(window: Window, query: str = "") -> Page:
    page = window.open(f"/new?ns=sales{query}")
    expect(page.locator("h1")).to_have_text("New request")
    expect(page.locator("output.live")).to_have_text("Live")
    return page


def test_the_coming_times_follow_what_is_typed(window: Window) -> None:
    page = _open(window)
    expect(page.locator("ol.rows li")).to_have_count(10)
    page.get_by_label("At", exact=True).fill("06:45")
    expect(page.locator("main")).to_contain_text("daily at 06:45")
    page.get_by_label("When").select_option("cron")
    page.get_by_label("Expression").fill("nonsense")
    expect(page.locator("main")).to_contain_text("must have 5 to 7 fields")
    page.get_by_label("When").select_option("immediately")
    expect(page.locator("main")).to_contain_text("It runs as soon as it is created.")


def test_a_request_is_created_by_the_form(window: Window, api: SimulatedApi) -> None:
    page = _open(window, "&process=report")
    page.get_by_role("textbox", name="Name").fill("my-report")
    expect(page.locator("main")).to_contain_text("Needs a value: LEDGER_ID")
    page.get_by_role("textbox", name="LEDGER_ID").fill("17")
    page.get_by_label("When").select_option("weekly")
    page.get_by_label("Friday").check()
    page.get_by_role("combobox", name="Time zone").fill("Asia/Kolkata")
    page.get_by_label("If the last run is still open").select_option("Forbid")
    expect(page.locator("main")).to_contain_text("The API server would accept this.")
    page.get_by_text("As YAML").click()
    expect(page.locator("pre").first).to_contain_text("apiVersion")
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/requests/sales/my-report?ns=sales")
    schedule = {"timeZone": "Asia/Kolkata", "weekly": {"at": "02:00", "days": ["Monday", "Friday"]}}
    spec = {
        "process": {"name": "report"},
        "parameters": [{"name": "LEDGER_ID", "value": "17"}],
        "timing": {"schedule": schedule},
        "concurrencyPolicy": "Forbid",
    }
    assert api.asked == [
        ("create", {"dryRun": False, "namespace": "sales", "request": {"name": "my-report", "spec": spec}})
    ]
    window.expected = ("console: Failed to load resource: the server responded with a status of 404",)


def test_yaml_is_checked_and_created(window: Window, api: SimulatedApi) -> None:
    page = _open(window, "&as=yaml")
    text = "kind: ProcessRequest\nmetadata: {name: from-yaml}\n"
    page.get_by_role("textbox", name="YAML").fill(text)
    expect(page.locator("main")).to_contain_text("The API server would accept this.")
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/requests/sales/from-yaml?ns=sales")
    assert api.asked == [("create", {"dryRun": False, "namespace": "sales", "yaml": text})]
    window.expected = ("console: Failed to load resource: the server responded with a status of 404",)


def test_a_rejection_stays_on_the_page(window: Window, api: SimulatedApi) -> None:
    api.rejection = {"status": 409, "reason": "AlreadyExists", "message": "my-report already exists", "fields": []}
    page = _open(window, "&as=yaml")
    expect(page.get_by_role("alert")).to_contain_text("my-report already exists")
    page.get_by_role("button", name="Create").press("Enter")
    window.settle()
    assert api.asked == []


def test_without_the_right_it_is_named(window: Window, api: SimulatedApi) -> None:
    api.denied["create"] = 'You need the right "create processrequests" in namespace sales.'
    page = _open(window, "&process=ledger")
    expect(page.locator(".notice")).to_have_text(api.denied["create"])
    page.get_by_role("textbox", name="Name").fill("mine")
    expect(page.get_by_role("button", name="Create")).to_have_attribute("aria-disabled", "true")
