"""Session of a person: signing in, and the namespaces that the person may see."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from tests.monitor.axe import findings
from tests.monitor.conftest import Window
from tests.monitor.simulated_api import SimulatedApi

_REJECTED = "console: Failed to load resource: the server responded with a status of 401"


def test_a_link_leads_to_its_run_after_signing_in(window: Window, api: SimulatedApi) -> None:
    api.sign_in = "token"
    window.expected = (_REJECTED,)
    name = api.rows["processruns"][1]["name"]
    page = window.open(f"/runs/sales/{name}?ns=sales&wrap=1")
    field = page.get_by_label("Bearer token")
    field.fill("wrong")
    field.press("Enter")
    expect(page.get_by_role("status")).to_have_text("The token is not valid.")
    assert findings(page) == []
    field.fill("good")
    field.press("Enter")
    expect(page.locator("h1")).to_have_text(name)
    expect(page).to_have_url(re.compile(rf"/runs/sales/{name}\?ns=sales&wrap=1$"))


def test_a_session_that_ends_asks_again_and_keeps_the_view(window: Window, api: SimulatedApi) -> None:
    window.expected = (_REJECTED,)
    page = window.open("/runs?ns=sales&phase=Failed")
    expect(page.locator(".view-head")).to_contain_text("4 of 40 runs")
    api.sign_in = "token"
    api.break_streams()
    field = page.get_by_label("Bearer token")
    field.fill("good")
    field.press("Enter")
    expect(page.locator(".view-head")).to_contain_text("4 of 40 runs")
    expect(page.locator("output.live")).to_have_text("Live")


def test_without_the_right_to_list_namespaces_one_is_typed(window: Window, api: SimulatedApi) -> None:
    api.namespaces, api.all_namespaces = None, False
    page = window.open("/runs")
    field = page.get_by_role("textbox", name="Namespace")
    expect(field).to_have_value("sales")
    expect(page.locator(".view-head")).to_contain_text("40 runs")
    field.fill("finance")
    field.press("Enter")
    expect(page).to_have_url(re.compile("ns=finance"))
    expect(page.locator(".view-head")).to_contain_text("0 runs")
