"""Monitor on the real API server: people with tokens of their own, each button by each of them, and two at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.chart.helm import RELEASE
from tests.cluster.account import NAMESPACE
from tests.cluster.manifests import held, immediately, request, schedule
from tests.cluster.monitor_program import Monitor, running, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.workspace import Workspace

pytestmark = pytest.mark.node

ROLES: Final = {"viewer": "view", "clerk": f"{NAMESPACE}-{RELEASE}-run", "editor": "edit", "stranger": ""}
DAILY: Final = schedule(daily={"at": "03:00"}, timeZone="Europe/Madrid")
ALL: Final = {"run", "cancel", "schedule", "unschedule", "reschedule", "backfill", "delete", "create"}
MAY: Final = {
    "viewer": set(),
    "clerk": {"run", "cancel", "schedule", "unschedule", "reschedule"},
    "editor": ALL,
    "stranger": set(),
}


class Office:
    """A namespace with a schedule, a run that works until it is released, and people with tokens."""

    def __init__(self, space: Workspace, monitor: Monitor) -> None:
        self.space = space
        self.monitor = monitor
        where = ("--namespace", space.namespace)
        self.tokens: dict[str, str] = {}
        for name, role in ROLES.items():
            space.cluster.run("create", "serviceaccount", name, *where)
            account = f"{space.namespace}:{name}"
            if role:
                space.cluster.run(
                    "create", "rolebinding", name, *where, "--clusterrole", role, "--serviceaccount", account
                )
            self.tokens[name] = space.cluster.run("create", "token", name, *where).strip()
        space.apply_all(request("daily", DAILY), request("working", immediately(), held()))
        for name, wanted in MAY.items():
            space.wait(partial(self._has_rights, name, wanted), f"{name} has the rights")

    def _has_rights(self, name: str, wanted: set[str]) -> bool:
        return self.allowed(name) == wanted

    def allowed(self, name: str) -> set[str]:
        found = self.monitor.get(f"/api/access?namespace={self.space.namespace}&request=daily", self.tokens[name])
        return {action for action, one in found["actions"].items() if one["allowed"]}

    def press(self, name: str, action: str, *, dry_run: bool = True) -> dict[str, Any]:
        """Press a button as a person, on an object on which it has an effect."""
        target = {"namespace": self.space.namespace, "name": "daily"}
        body: dict[str, Any] = {"kind": "processrequests", "targets": [target], "dryRun": dry_run}
        if action in {"cancel", "delete"}:
            body |= {"kind": "processruns", "targets": [{**target, "name": self.working}]}
        elif action == "backfill":
            span = {"from": "2026-11-01T00:00:00Z", "to": "2026-11-03T00:00:00Z", "maxActiveRuns": 1, "rerun": "Never"}
            body["backfill"] = span
        elif action == "create":
            manifest = request("new", DAILY)
            body = {
                "dryRun": dry_run,
                "namespace": self.space.namespace,
                "request": {"name": "new", "spec": manifest["spec"]},
            }
        return self.monitor.press(action, self.tokens[name], body)

    @property
    def working(self) -> str:
        """The run that works, once it has a log."""
        (run,) = self.space.wait_runs("working", 1, "Running")
        name = str(run["metadata"]["name"])
        self.space.wait_log(name, "begun")
        return name


@pytest.fixture(scope="module")
def office(shared_space: Workspace, kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with running(kubeconfig, tmp_path_factory.mktemp("monitor")) as monitor:
        yield Office(shared_space, monitor)


def test_each_person_has_the_name_that_the_api_server_gives(office: Office) -> None:
    for name, token in office.tokens.items():
        session = office.monitor.get("/api/session", token)
        assert session["user"] == f"system:serviceaccount:{office.space.namespace}:{name}"
        assert (session["mode"], session["canSignOut"]) == ("cluster", False)
    assert office.monitor.call("GET", "/api/session", "nothing")[0] == 401


@pytest.mark.parametrize("name", ROLES)
def test_buttons_work_where_the_page_enables_them_and_nowhere_else(office: Office, name: str) -> None:
    results = {action: office.press(name, action) for action in sorted(ALL - {"schedule"})}
    assert {action for action, result in results.items() if result["ok"]} == MAY[name] - {"schedule"}, results
    rejected = {result["error"]["status"] for result in results.values() if not result["ok"]}
    assert rejected <= {403}


def test_a_change_shows_in_the_stream_with_the_name_of_its_user(office: Office) -> None:
    namespace = office.space.namespace
    with office.monitor.stream(f"/api/stream?namespace={namespace}", office.tokens["viewer"]) as events:
        until(events, type="state", kind="processrequests", live=True)
        body = {"kind": "processrequests", "targets": [{"namespace": namespace, "name": "daily"}], "dryRun": False}
        done = office.monitor.press("unschedule", office.tokens["clerk"], {**body, "reason": "stocktaking"})
        assert (done["ok"], done["message"]) == (True, "unscheduled"), done
        row = next(
            row for event in events for row in event.get("rows", ()) if row["name"] == "daily" and row.get("suspended")
        )
        assert row["suspendReason"] == "stocktaking"
        assert row["suspendedBy"] == f"system:serviceaccount:{namespace}:clerk"
        assert office.monitor.press("schedule", office.tokens["clerk"], body)["ok"]


def test_a_stranger_sees_nothing(office: Office) -> None:
    with office.monitor.stream(f"/api/stream?namespace={office.space.namespace}", office.tokens["stranger"]) as events:
        states = [until(events, type="state") for _ in range(4)]
    assert {state["error"]["status"] for state in states} == {403}
    status, body = office.monitor.call(
        "GET", f"/api/objects/processrequests/{office.space.namespace}/daily", office.tokens["stranger"]
    )
    assert (status, body["error"]["reason"]) == (403, "Forbidden")


def test_two_people_at_once_see_their_own_answers(office: Office) -> None:
    def ask(name: str) -> set[str]:
        return {office.monitor.get("/api/session", office.tokens[name])["user"].rpartition(":")[2] for _ in range(10)}

    with ThreadPoolExecutor(4) as pool:
        names = ["viewer", "editor", "viewer", "editor"]
        assert list(pool.map(ask, names)) == [{name} for name in names]


def test_log_is_live_and_needs_the_right_to_it(office: Office) -> None:
    path = f"/api/logs/{office.space.namespace}/{office.working}?tail=10&follow=1"
    with office.monitor.stream(path, office.tokens["viewer"]) as events:
        assert until(events, type="info")["source"] == "live"
        assert "begun" in until(events, type="text")["text"]
    with office.monitor.stream(path, office.tokens["clerk"]) as events:
        info = until(events, type="info")
    assert (info["source"], "pods" in info["remark"]) == ("none", True)


def test_ticks_and_why_are_those_of_the_request(office: Office) -> None:
    where, token = f"namespace={office.space.namespace}", office.tokens["viewer"]
    (times,) = (
        one
        for one in office.monitor.get(f"/api/ticks?{where}&from=2099-06-01T00:00:00Z&to=2099-06-03T00:00:00Z", token)[
            "requests"
        ]
        if one["name"] == "daily"
    )
    assert times["ticks"] == ["2099-06-01T01:00:00Z", "2099-06-02T01:00:00Z"]
    why = office.monitor.get(f"/api/why?{where}&request=daily&at=2099-06-01T02:00:00Z", token)
    assert why["sentences"][0].startswith("That is not a time of the schedule")
