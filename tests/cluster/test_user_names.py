"""Names of users in annotations: the chart's admission policy accepts only that of the user who sends the request.

Only the API server and the operator are needed, and no node. Neighbour: `account.py` installs the policy.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from tests.builders.objects import Object
from tests.cluster.kubectl import Answer
from tests.cluster.manifests import held, later, manual_run, request
from tests.cluster.namespace_users import NamespaceUsers
from tests.cluster.workspace import Workspace

REQUESTED: Final = "process-operator.io/requested-by"
SUSPENDED: Final = "process-operator.io/suspended-by"
REASON: Final = "process-operator.io/suspend-reason"
RESCHEDULE: Final = "process-operator.io/reschedule"
USERS: Final = ("alice", "bob")


class Office(NamespaceUsers):
    """A namespace with two editors."""

    def __init__(self, space: Workspace) -> None:
        super().__init__(space)
        for name in USERS:
            self.bind(name, "--clusterrole", "edit")
        for name in USERS:
            self.wait_until_may(name, "create", "jobs")

    def create(self, name: str, manifest: Object) -> Answer:
        return self.ask(name, "create", "--filename", "-", stdin=json.dumps(manifest))

    def patch(self, name: str, of: str, annotations: dict[str, str | None], kind: str = "preq", **spec: Any) -> Answer:
        patch = {"metadata": {"annotations": annotations}, "spec": spec}
        return self.ask(name, "patch", kind, of, "--type=merge", "--patch", json.dumps(patch))


@pytest.fixture(scope="module")
def office(shared_space: Workspace) -> Office:
    return Office(shared_space)


@pytest.fixture
def named(office: Office, request_name: str) -> str:
    """A request that waits for hours, and a run of which works until it is canceled."""
    office.space.apply(request(request_name, later(after="9h"), held()))
    return request_name


@pytest.fixture
def request_name(request: pytest.FixtureRequest) -> str:
    return str(request.node.name).removeprefix("test_").partition("[")[0].replace("_", "-")[:30].rstrip("-")


def with_name(manifest: Object, user: str) -> Object:
    return {**manifest, "metadata": {**manifest["metadata"], "annotations": {REQUESTED: user}}}


def test_a_run_names_its_creator(office: Office, named: str) -> None:
    alice, bob = (office.user(name) for name in USERS)
    rejected = office.create("alice", with_name(manual_run(named, f"{named}-a"), bob))
    assert (
        f'{REQUESTED} must be "{alice}", the name of the user who creates the ProcessRun, or absent' in rejected.message
    )
    created = office.create("alice", with_name(manual_run(named, f"{named}-a"), alice))
    assert created.ok, created.message
    for user in (bob, None):
        changed = office.patch("bob", f"{named}-a", {REQUESTED: user}, kind="prun")
        assert f"{REQUESTED} cannot be changed" in changed.message
    # Without a node the run has nothing to report before its end.
    assert office.ask("alice", "patch", "prun", f"{named}-a", "--type=merge", "--patch", '{"spec":{"cancel":true}}').ok
    run = office.space.wait_run(f"{named}-a", "Canceled")
    assert run["status"]["requestedBy"] == alice


def test_a_suspension_names_its_user(office: Office, named: str) -> None:
    alice, bob = (office.user(name) for name in USERS)
    words = (
        f'{SUSPENDED} must be "{bob}", the name of the user who suspends the request or writes the reason, or absent'
    )
    assert words in office.patch("bob", named, {SUSPENDED: alice}, suspend=True).message
    assert office.patch("alice", named, {SUSPENDED: alice, REASON: "stocktaking"}, suspend=True).ok
    space = office.space
    space.wait(lambda: space.request(named)["status"].get("suspendedBy") == alice, "the status has the name")
    # Another reason is another user's. Other changes leave the name.
    assert words in office.patch("bob", named, {REASON: "holidays"}).message
    assert office.patch("bob", named, {"team": "ledger"}, description="of bob").ok
    # A resume needs no annotation, and the name that is left does not stand for the next suspension.
    assert office.patch("bob", named, {}, suspend=False).ok
    space.wait(lambda: "suspendedBy" not in space.request(named)["status"], "the name is gone")
    assert words in office.patch("bob", named, {}, suspend=True).message
    assert office.patch("bob", named, {SUSPENDED: None}, suspend=True).ok
    assert office.patch("bob", named, {SUSPENDED: bob}).ok
    space.wait(lambda: space.request(named)["status"].get("suspendedBy") == bob, "the status has the other name")


def test_a_reschedule_names_its_user(office: Office, named: str) -> None:
    alice, bob = (office.user(name) for name in USERS)
    words = f'{RESCHEDULE} must end with " by {bob}", the name of the user who reschedules the request'
    for value in (f"1 by {alice}", f"1 by {alice} by {bob}", f"1 by {bob} ", "1 by "):
        assert words in office.patch("bob", named, {RESCHEDULE: value}).message, value
    assert office.patch("alice", named, {RESCHEDULE: f"1 by {alice}"}).ok
    space = office.space
    space.wait(lambda: space.request(named)["status"].get("rescheduledBy") == alice, "the status has the name")
    # A plain reschedule replaces the name together with the value.
    assert office.patch("bob", named, {RESCHEDULE: "2"}).ok
    space.wait(lambda: "rescheduledBy" not in space.request(named)["status"], "the name is gone")


@pytest.mark.parametrize(("annotation", "most"), [(REASON, 1024), (RESCHEDULE, 2048)])
def test_texts_of_users_have_limits(office: Office, named: str, annotation: str, most: int) -> None:
    rejected = office.patch("alice", named, {annotation: "é" * (most + 1)})
    assert f"{annotation} must have at most {most} characters" in rejected.message
    accepted = office.patch("alice", named, {annotation: "é" * most})
    assert accepted.ok, accepted.message


def test_an_administrator_and_the_operator_carry_names_on(office: Office, named: str) -> None:
    """As a restore from a backup does."""
    space = office.space
    created = space.cluster.create(with_name(manual_run(named, f"{named}-restored"), "alice"), space.namespace)
    assert created.ok, created.message
