"""Monitor: buttons, permissions and the form of a request, against a simulated API server that notes what is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
import yaml
from tests.contract.monitor_browser import Browser, opened
from tests.contract.monitor_upstream import ROOT, status

REQUESTS, RUNS, BACKFILLS = (
    f"{ROOT}/namespaces/erp/{plural}" for plural in ("processrequests", "processruns", "processbackfills")
)
TIMING = {"schedule": {"daily": {"at": "02:30"}, "timeZone": "Europe/Madrid"}}


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with opened() as found:
        upstream = found.upstream
        created = {"creationTimestamp": "2026-11-01T00:00:00Z"}
        parameters = [{"name": "LEDGER", "required": True}, {"name": "YEAR"}]
        template = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "x"}]}}}}
        upstream.put("Process", "processes", "close", spec={"parameters": parameters, "jobTemplate": template})
        given = {"process": {"name": "close"}, "parameters": [{"name": "LEDGER", "value": "main"}], "timing": TIMING}
        upstream.put("ProcessRequest", "processrequests", "daily", metadata=created, spec=given, status={})
        upstream.put("ProcessRequest", "processrequests", "off", spec={**given, "suspend": True}, status={})
        upstream.put(
            "ProcessRun", "processruns", "open", spec={"request": {"name": "daily"}}, status={"phase": "Running"}
        )
        upstream.put(
            "ProcessRun", "processruns", "over", spec={"request": {"name": "daily"}}, status={"phase": "Failed"}
        )
        span = {"from": "2026-11-01T00:00:00Z", "to": "2026-11-02T00:00:00Z"}
        upstream.put("ProcessBackfill", "processbackfills", "past", spec={"request": {"name": "daily"}, **span})
        yield found


async def press(
    browser: Browser, action: str, name: str, kind: str = "processrequests", *, dry_run: bool = False, **more: Any
) -> dict[str, Any]:
    body = {"kind": kind, "targets": [{"namespace": "erp", "name": name}], "dryRun": dry_run, **more}
    answer = await browser.post(f"/api/actions/{action}", body)
    assert answer.status == 200, answer.body
    (result,) = answer.json["results"]
    assert (result["namespace"], result["name"]) == ("erp", name)
    found: dict[str, Any] = result
    return found


def written(browser: Browser) -> list[tuple[str, str, dict[str, str], Any]]:
    """Changes that arrived: method, path, query and body."""
    return [
        (s.method, s.path, s.query, s.body)
        for s in browser.upstream.seen
        if s.method != "GET" and "selfsubject" not in s.path
    ]


BACKFILL = {
    "backfill": {"from": "2026-11-03T00:00:00Z", "to": "2026-11-05T00:00:00Z", "maxActiveRuns": 2, "rerun": "Failed"}
}


@dataclass(frozen=True)
class Press:
    """A button that is pressed on one object, what the API server gets, and the command of the same effect."""

    id: str
    action: str
    name: str
    sent: tuple[str, str]
    word: str
    command: str
    kind: str = "processrequests"
    more: dict[str, Any] = field(default_factory=dict)


PRESSES: Final = [
    Press(
        "run",
        action="run",
        name="daily",
        sent=("POST", RUNS),
        word="created",
        command="kubectl process run daily -n erp",
    ),
    Press(
        "run with inputs",
        action="run",
        name="daily",
        sent=("POST", RUNS),
        word="created",
        command="kubectl process run daily -n erp -p 'YEAR=2026 a'",
        more={"parameters": {"YEAR": "2026 a"}},
    ),
    Press(
        "cancel",
        action="cancel",
        name="open",
        sent=("PATCH", f"{RUNS}/open"),
        word="canceled",
        command="kubectl process cancel open -n erp",
        kind="processruns",
    ),
    Press(
        "cancel a backfill",
        action="cancel",
        name="past",
        sent=("PATCH", f"{BACKFILLS}/past"),
        word="canceled",
        command="kubectl process cancel pbf/past -n erp",
        kind="processbackfills",
    ),
    Press(
        "schedule",
        action="schedule",
        name="off",
        sent=("PATCH", f"{REQUESTS}/off"),
        word="scheduled",
        command="kubectl process schedule off -n erp",
    ),
    Press(
        "unschedule",
        action="unschedule",
        name="daily",
        sent=("PATCH", f"{REQUESTS}/daily"),
        word="unscheduled",
        command="kubectl process unschedule daily -n erp --reason 'it'\"'\"'s late'",
        more={"reason": "it's late"},
    ),
    Press(
        "reschedule",
        action="reschedule",
        name="daily",
        sent=("PATCH", f"{REQUESTS}/daily"),
        word="rescheduled",
        command="kubectl process reschedule daily -n erp",
    ),
    Press(
        "backfill",
        action="backfill",
        name="daily",
        sent=("POST", BACKFILLS),
        word="created, for 2 times",
        command="kubectl process backfill daily -n erp --from 2026-11-03T00:00:00Z --to 2026-11-05T00:00:00Z --rerun Failed",
        more=BACKFILL,
    ),
    Press(
        "delete",
        action="delete",
        name="over",
        sent=("DELETE", f"{RUNS}/over"),
        word="deleted",
        command="kubectl delete processrun over -n erp",
        kind="processruns",
    ),
]


@pytest.mark.parametrize("case", PRESSES, ids=lambda case: case.id)
@pytest.mark.parametrize("dry_run", [True, False], ids=["dry run", "for real"])
async def test_button(browser: Browser, case: Press, *, dry_run: bool) -> None:
    result = await press(browser, case.action, case.name, case.kind, dry_run=dry_run, **case.more)
    assert (result["ok"], result["message"], result["error"], result["command"]) == (
        True,
        case.word,
        None,
        case.command,
    )
    ((method, path, query, body),) = written(browser)
    assert (method, path) == case.sent
    given = body.get("dryRun", [None])[0] if method == "DELETE" else query.get("dryRun")
    assert given == ("All" if dry_run else None)
    if method != "DELETE":
        assert yaml.safe_load(result["yaml"]) == body
    if method == "POST":
        assert result["created"] == {
            "namespace": "erp",
            "name": body["metadata"]["name"],
            "kind": path.rpartition("/")[2],
        }
        assert body["metadata"]["annotations"] == {"process-operator.io/requested-by": "ann"}


@dataclass(frozen=True)
class Idle:
    """A button that changes nothing, and the word for it."""

    id: str
    action: str
    name: str
    word: str
    kind: str = "processrequests"
    more: dict[str, Any] = field(default_factory=dict)


IDLE: Final = [
    Idle(
        "a run that has ended",
        action="cancel",
        name="over",
        word="unchanged: it is Failed",
        kind="processruns",
    ),
    Idle(
        "a scheduled request",
        action="schedule",
        name="daily",
        word="unchanged: it is scheduled",
    ),
    Idle(
        "a suspended request",
        action="unschedule",
        name="off",
        word="unchanged: it is unscheduled",
    ),
]


@pytest.mark.parametrize("case", IDLE, ids=lambda case: case.id)
async def test_button_without_effect(browser: Browser, case: Idle) -> None:
    result = await press(browser, case.action, case.name, case.kind, **case.more)
    assert (result["ok"], result["message"]) == (True, case.word)
    assert written(browser) == []


@pytest.mark.parametrize(
    ("parameters", "reason", "paths"),
    [
        pytest.param({"MONTH": "1"}, "ParameterUnknown", ["parameters.MONTH"], id="unknown"),
        pytest.param({"LEDGER": "a\0b"}, "ParameterInvalid", ["parameters.LEDGER"], id="NUL"),
    ],
)
async def test_wrong_inputs_are_rejected_at_their_field_and_nothing_is_created(
    browser: Browser, parameters: dict[str, str], reason: str, paths: list[str]
) -> None:
    result = await press(browser, "run", "daily", parameters=parameters)
    assert (result["ok"], result["error"]["reason"]) == (False, reason)
    assert [field["path"] for field in result["error"]["fields"]] == paths
    assert written(browser) == []


async def test_rejection_of_the_api_server_is_passed_on_as_it_is(browser: Browser) -> None:
    message = 'user "ann" cannot create jobs.batch in namespace "erp", so may not create or change a ProcessRun there'  # prose: words of the admission policy
    browser.upstream.next_answers[RUNS].append(
        status(403, "Forbidden", message, causes=[{"field": "spec.x", "message": "no"}])
    )
    result = await press(browser, "run", "daily")
    assert result["error"] == {
        "status": 403,
        "reason": "Forbidden",
        "message": message,
        "fields": [{"path": "spec.x", "message": "no"}],
    }
    assert (result["ok"], result["message"], result["created"]) == (False, "", None)
    assert yaml.safe_load(result["yaml"])["kind"] == "ProcessRun"


async def test_each_target_has_a_result_in_order(browser: Browser) -> None:
    names = ["daily", "nothing", "off"]
    body = {
        "kind": "processrequests",
        "targets": [{"namespace": "erp", "name": name} for name in names],
        "dryRun": True,
    }
    results = (await browser.post("/api/actions/run", body)).json["results"]
    assert [(result["name"], result["ok"]) for result in results] == [
        ("daily", True),
        ("nothing", False),
        ("off", True),
    ]


async def test_backfill_without_a_time_is_rejected(browser: Browser) -> None:
    span = {"from": "2026-11-03T10:00:00Z", "to": "2026-11-03T11:00:00Z", "maxActiveRuns": 1, "rerun": "Never"}
    result = await press(browser, "backfill", "daily", backfill=span)
    assert "no time in that range" in result["error"]["message"]
    assert written(browser) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"kind": "processes"}, "kind", id="a Process"),
        pytest.param({"targets": []}, "targets", id="no target"),
        pytest.param({"targets": ["daily"]}, "targets", id="a text"),
        pytest.param({"targets": [{"namespace": "erp", "name": "../x"}]}, "name", id="a path"),
        pytest.param({"dryRun": None}, "dryRun", id="not said whether dry"),
        pytest.param({"parameters": {"A": 1}}, "parameters", id="a number"),
    ],
)
async def test_wrong_body(browser: Browser, change: dict[str, Any], field: str) -> None:
    body = {"kind": "processrequests", "targets": [{"namespace": "erp", "name": "daily"}], "dryRun": True, **change}
    answer = await browser.post("/api/actions/run", body)
    assert (answer.status, answer.json["error"]["fields"][0]["path"]) == (400, field)
    assert written(browser) == []


SPEC = {"process": {"name": "close"}, "parameters": [{"name": "LEDGER", "value": "x"}], "timing": TIMING}
YAML = yaml.safe_dump(
    {"apiVersion": "process-operator.io/v1alpha1", "kind": "ProcessRequest", "metadata": {"name": "new"}, "spec": SPEC}
)


@pytest.mark.parametrize(
    "given", [{"request": {"name": "new", "spec": SPEC}}, {"yaml": YAML}], ids=["by fields", "as YAML"]
)
async def test_request_is_created(browser: Browser, given: dict[str, Any]) -> None:
    answer = await browser.post("/api/actions/create", {"namespace": "erp", "dryRun": False, **given})
    (result,) = answer.json["results"]
    assert (result["ok"], result["created"]) == (True, {"namespace": "erp", "name": "new", "kind": "processrequests"})
    ((method, path, query, body),) = written(browser)
    assert (method, path, query) == ("POST", REQUESTS, {})
    assert (body["spec"], body["metadata"]["name"]) == (SPEC, "new")
    assert yaml.safe_load(result["yaml"]) == body


@pytest.mark.parametrize(
    ("given", "path"),
    [
        pytest.param({}, "request", id="neither"),
        pytest.param({"yaml": YAML, "request": {"name": "new", "spec": SPEC}}, "request", id="both"),
        pytest.param({"yaml": YAML.replace("ProcessRequest", "ProcessRun")}, "yaml", id="another kind"),
        pytest.param({"yaml": "a: [b"}, "yaml", id="no YAML"),
        pytest.param({"yaml": f"{YAML}---\n{YAML}"}, "yaml", id="two objects"),
        pytest.param(
            {"yaml": YAML.replace("name: new", "name: new\n  namespace: other")},
            "metadata.namespace",
            id="another namespace",
        ),
        pytest.param({"request": {"name": "New", "spec": SPEC}}, "name", id="no name"),
    ],
)
async def test_request_that_cannot_be_read(browser: Browser, given: dict[str, Any], path: str) -> None:
    answer = await browser.post("/api/actions/create", {"namespace": "erp", "dryRun": True, **given})
    assert (answer.status, answer.json["error"]["fields"][0]["path"]) == (400, path)
    assert written(browser) == []


async def test_request_without_a_required_input_is_rejected_at_its_field(browser: Browser) -> None:
    spec = {**SPEC, "parameters": []}
    answer = await browser.post(
        "/api/actions/create", {"namespace": "erp", "dryRun": False, "request": {"name": "new", "spec": spec}}
    )
    (result,) = answer.json["results"]
    assert (result["error"]["reason"], result["error"]["fields"][0]["path"]) == (
        "ParameterMissing",
        "parameters.LEDGER",
    )
    assert written(browser) == []


# ---- permissions


def verbs_of(*allowed: str) -> Any:
    return lambda asked: (
        f"{asked['verb']} {asked['resource']}{asked['subresource']}{' ' if asked['name'] else ''}{asked['name']}"
        in allowed
    )


@pytest.mark.parametrize(
    ("rights", "actions"),
    [
        pytest.param((), set(), id="a stranger"),
        pytest.param(("get podslog",), set(), id="a viewer with logs"),
        pytest.param(("create processruns", "patch processruns", "patch processrequests"), set(), id="writes without Jobs"),
        pytest.param(("create processruns", "patch processruns", "patch processrequests", "create jobs"), {"run", "cancel", "schedule", "unschedule", "reschedule"}, id="writes with Jobs"),
        pytest.param(("create processruns", "patch processruns", "patch processrequests", "run processrequests daily", "suspend processrequests daily"), {"run", "schedule", "unschedule", "reschedule"}, id="verbs of this request"),
        pytest.param(("patch processruns", "cancel processrequests daily"), {"cancel"}, id="the verb cancel"),
        pytest.param(("run processrequests daily", "create jobs"), set(), id="verbs alone"),
    ],
)  # fmt: skip
async def test_permissions(browser: Browser, rights: tuple[str, ...], actions: set[str]) -> None:
    browser.upstream.may = verbs_of(*rights)
    found = (await browser.get("/api/access?namespace=erp&request=daily")).json
    assert {action for action, one in found["actions"].items() if one["allowed"]} == actions
    assert found["logs"]["allowed"] == ("get podslog" in rights)
    assert all(bool(one["missing"]) is not one["allowed"] for one in found["actions"].values())


async def test_missing_right_is_a_sentence(browser: Browser) -> None:
    browser.upstream.may = verbs_of("create processruns")
    found = (await browser.get("/api/access?namespace=erp&request=daily")).json["actions"]
    assert (
        found["run"]["missing"]
        == 'You need the right "run processrequests.process-operator.io daily" or "create jobs.batch" in namespace erp.'
    )
    assert found["delete"]["missing"] == 'You need the right "delete processruns.process-operator.io" in namespace erp.'
