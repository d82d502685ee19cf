"""Buttons of the page for each person, on the real API server: which are enabled, in which words they are not, and what
they do."""

from __future__ import annotations

import re
from functools import partial
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.cluster.test_monitor import MAY
from tests.monitor_cluster.people import PATIENCE_MS, People

pytestmark = pytest.mark.node

LABELS: Final = {
    "run": "Run now",
    "unschedule": "Unschedule",
    "reschedule": "Reschedule",
    "backfill": "Backfill",
    "delete": "Delete",
    "cancel": "Cancel",
}
OWN: Final = "process-operator.io"
OR_JOBS: Final = 'or "create jobs.batch"'
WITHOUT_JOBS: Final = {
    "backfill": f'rights "create processbackfills.{OWN}" and "create jobs.batch"',
    "delete": f'right "delete processruns.{OWN}"',
    "create": f'rights "create processrequests.{OWN}" and "create jobs.batch"',
}
MISSING: Final[dict[str, dict[str, str]]] = {
    "viewer": {
        "run": f'rights "create processruns.{OWN}" and "run processrequests.{OWN} daily" {OR_JOBS}',
        "unschedule": f'rights "patch processrequests.{OWN}" and "suspend processrequests.{OWN} daily" {OR_JOBS}',
        "reschedule": f'rights "patch processrequests.{OWN}" and "suspend processrequests.{OWN} daily" {OR_JOBS}',
        "cancel": f'rights "patch processruns.{OWN}" and "cancel processrequests.{OWN} working" {OR_JOBS}',
        **WITHOUT_JOBS,
    },
    "clerk": WITHOUT_JOBS,
    "editor": {},
}
"""The words of each disabled button."""


def button(page: Page, action: str) -> Locator:
    """A button in the head of a page, enabled or not."""
    return page.locator(".view-head button").filter(has_text=re.compile(f"^{LABELS[action]}$"))


def in_words(people: People, name: str, action: str) -> str:
    return f"You need the {MISSING[name][action]} in namespace {people.office.space.namespace}."


def assert_as_the_rights_are(people: People, name: str, action: str, found: Locator) -> None:
    if action in MAY[name]:
        expect(found).not_to_have_attribute("aria-disabled", "true")
        return
    expect(found).to_have_attribute("title", in_words(people, name, action))
    expect(found).to_have_attribute("aria-disabled", "true")


@pytest.mark.parametrize("name", MISSING)
def test_buttons_are_enabled_as_the_api_server_allows_and_else_name_the_right(people: People, name: str) -> None:
    office = people.office
    page = people.page(name, f"/requests/{office.space.namespace}/daily")
    for action in ("run", "unschedule", "reschedule", "backfill", "delete"):
        assert_as_the_rights_are(people, name, action, button(page, action))
    page = people.page(name, f"/runs/{office.space.namespace}/{office.working}")
    assert_as_the_rights_are(people, name, "cancel", button(page, "cancel"))
    page = people.page(name, "/new")
    if "create" in MAY[name]:
        expect(page.locator(".notice")).to_have_count(0)
    else:
        expect(page.locator(".notice")).to_have_text(in_words(people, name, "create"))
    for action in (*LABELS, "create"):
        result = office.press(name, action)
        assert result["ok"] == (action in MAY[name]), result
        assert result["ok"] or result["error"]["status"] == 403, result


def test_a_disabled_button_opens_nothing(people: People) -> None:
    page = people.page("viewer", f"/requests/{people.office.space.namespace}/daily")
    expect(button(page, "run")).to_have_attribute("title", in_words(people, "viewer", "run"))
    button(page, "run").press("Enter")
    # Without waiting for it to be enabled.
    button(page, "unschedule").click(force=True)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_stranger_is_told_that_nothing_may_be_seen(people: People) -> None:
    page = people.page("stranger", "/requests")
    expect(page.locator("output.live")).to_contain_text("Not live since")
    expect(page.locator("output.live")).to_contain_text("is forbidden")
    expect(page.locator(".table-requests .body .row")).to_have_count(0)
    page = people.page("stranger", f"/requests/{people.office.space.namespace}/daily")
    expect(page.get_by_role("alert")).to_contain_text("Forbidden")
    expect(page.get_by_role("alert")).to_contain_text(f'cannot get resource "processrequests" in API group "{OWN}"')
    page = people.page("stranger", "/new")
    expect(page.locator(".notice")).to_contain_text(f'"create processrequests.{OWN}"')


def confirm(page: Page, action: str) -> None:
    """Press the button of a dialog once the API server accepts what it says."""
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The API server would accept this.")
    dialog.get_by_role("button", name=LABELS.get(action, action), exact=True).click()
    expect(dialog).to_have_count(0)


def annotations_of(people: People, name: str) -> dict[str, str]:
    found: dict[str, str] = people.office.space.request(name)["metadata"].get("annotations", {})
    return found


def test_the_clerk_unschedules_with_a_reason_schedules_and_reschedules(people: People) -> None:
    space = people.office.space
    page = people.page("clerk", f"/requests/{space.namespace}/daily")
    button(page, "unschedule").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("stocktaking")
    confirm(page, "unschedule")
    expect(page.locator(".view")).to_contain_text(f"Suspended by {people.user('clerk')}: stocktaking")
    assert space.request("daily")["spec"]["suspend"] is True
    assert annotations_of(people, "daily")[f"{OWN}/suspend-reason"] == "stocktaking"
    page.locator(".view-head").get_by_role("button", name="Schedule", exact=True).click()
    confirm(page, "Schedule")
    expect(button(page, "unschedule")).to_be_visible()
    assert not space.request("daily")["spec"].get("suspend")
    button(page, "reschedule").click()
    confirm(page, "reschedule")
    space.wait_handled("daily", annotations_of(people, "daily")[f"{OWN}/reschedule"])


def new_run(people: People, of: str, before: set[str]) -> dict[str, Any]:
    """The run of a request that was not there before, once it has ended."""
    space = people.office.space

    def look() -> list[dict[str, Any]]:
        runs = [run for run in space.runs(of) if run["metadata"]["name"] not in before]
        return [run for run in runs if run.get("status", {}).get("phase") == "Succeeded"]

    (run,) = space.wait(look, f"{of} has a new run that succeeded")
    return run


def names_of_runs(people: People, of: str) -> set[str]:
    return {run["metadata"]["name"] for run in people.office.space.runs(of)}


def test_the_clerk_runs_with_the_inputs_of_the_request_alone(people: People) -> None:
    before = names_of_runs(people, "posting")
    page = people.page("clerk", f"/requests/{people.office.space.namespace}/posting")
    button(page, "run").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="LEDGER").fill("18")
    expect(dialog.get_by_role("alert")).to_contain_text("allows a manual run without parameters")
    expect(dialog.get_by_role("button", name="Run now")).to_have_attribute("aria-disabled", "true")
    dialog.get_by_role("button", name="Back to the request's value: LEDGER").click()
    confirm(page, "run")
    run = new_run(people, "posting", before)
    assert run["status"]["log"]["text"] == "ledger 17"
    assert run["metadata"]["annotations"][f"{OWN}/requested-by"] == people.user("clerk")


def test_the_editor_runs_with_other_inputs_and_a_wrong_one_is_marked(people: People) -> None:
    before = names_of_runs(people, "posting")
    page = people.page("editor", f"/requests/{people.office.space.namespace}/posting")
    button(page, "run").click()
    dialog = page.get_by_role("dialog")
    field = dialog.get_by_role("textbox", name="LEDGER")
    field.fill("eighteen")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_role("button", name="Run now")).to_have_attribute("aria-disabled", "true")
    field.fill("18")
    confirm(page, "run")
    run = new_run(people, "posting", before)
    assert run["status"]["log"]["text"] == "ledger 18"
    expect(page.locator(".view")).to_contain_text(f"By hand by {people.user('editor')}", timeout=PATIENCE_MS)


def test_the_editor_backfills(people: People) -> None:
    space = people.office.space
    page = people.page("editor", f"/requests/{space.namespace}/daily")
    button(page, "backfill").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("From").fill("2026-11-10T00:00")
    dialog.get_by_label("To", exact=False).last.fill("2026-11-12T00:00")
    confirm(page, "backfill")
    (name,) = [one["metadata"]["name"] for one in space.cluster.objects("pbf", space.namespace)]
    space.wait_backfill(name, "Succeeded")
    runs = [run["spec"]["scheduledTime"] for run in space.runs("daily") if run["spec"]["trigger"] == "Backfill"]
    assert runs == ["2026-11-10T02:00:00Z", "2026-11-11T02:00:00Z"]
    expect(page.locator(".view")).to_contain_text(name)


def test_the_editor_creates_a_request_by_the_form(people: People) -> None:
    space = people.office.space
    page = people.page("editor", "/new")
    page.get_by_role("textbox", name="Name", exact=True).fill("by-form")
    page.get_by_role("combobox", name="Process", exact=True).select_option("post")
    page.get_by_role("textbox", name="LEDGER").fill("19")
    page.get_by_label("When").select_option("weekly")
    page.get_by_role("combobox", name="Time zone").fill("Asia/Kolkata")
    expect(page.locator("ol.rows li")).to_have_count(10)
    expect(page.locator("main")).to_contain_text("The API server would accept this.")
    page.get_by_role("button", name="Create", exact=True).click()
    page.wait_for_url(f"**/requests/{space.namespace}/by-form?*", timeout=PATIENCE_MS)
    space.wait_phase("by-form", "Scheduled")
    spec = space.request("by-form")["spec"]
    assert spec["parameters"] == [{"name": "LEDGER", "value": "19"}]
    assert (spec["timing"]["schedule"]["timeZone"], "weekly" in spec["timing"]["schedule"]) == ("Asia/Kolkata", True)


def test_the_clerk_cancels_a_run(people: People) -> None:
    office = people.office
    run = office.working
    page = people.page("clerk", f"/runs/{office.space.namespace}/{run}")
    button(page, "cancel").click()
    confirm(page, "cancel")
    office.space.wait_run(run, "Canceled")
    expect(page.locator(".view-head .phase")).to_have_text("Canceled", timeout=PATIENCE_MS)
    expect(button(page, "cancel")).to_have_attribute("title", "It is Canceled.")


def test_two_people_on_one_server_see_their_own_pages(people: People) -> None:
    """Alternately, so that an answer that was kept for one of them would reach the other one."""
    open_as = {name: partial(people.page, name, "/requests") for name in ("viewer", "stranger")}
    for _ in range(3):
        for name, opened in open_as.items():
            page = opened()
            expect(page.locator(".person")).to_have_text(people.user(name))
            expect(page.locator("output.live")).to_contain_text("Live" if name == "viewer" else "Not live since")
            link = page.get_by_role("link", name="daily", exact=True)
            expect(link).to_have_count(1 if name == "viewer" else 0)
            other = people.user("stranger" if name == "viewer" else "viewer")
            assert other not in page.content()
