"""Verified users: a status has the name of an annotation only if the admission policy vouches for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import pytest
from tests.builders.snapshots import request, run, snapshot

from process_operator.decisions.inputs.run_view import view_of
from process_operator.decisions.inputs.snapshot import Defaults
from process_operator.decisions.inputs.verified_users import rescheduled_by, suspended_by
from process_operator.resources.names import ANNOTATION_REQUESTED_BY, ANNOTATION_SUSPENDED_BY
from process_operator.resources.process_request_status import ProcessRequestStatus

VERIFIED, UNVERIFIED = Defaults(are_users_verified=True), Defaults()
TOO_LONG = "a" * 1025


@dataclass(frozen=True)
class Requester:
    """Annotations and status of a run, and the user who counts as its requester."""

    id: str
    defaults: Defaults
    annotations: dict[str, str] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)
    user: str | None = None


REQUESTERS: Final = [
    Requester("with the policy", defaults=VERIFIED, annotations={ANNOTATION_REQUESTED_BY: "alice"}, user="alice"),
    Requester("without it", defaults=UNVERIFIED, annotations={ANNOTATION_REQUESTED_BY: "alice"}),
    Requester("no name", defaults=VERIFIED),
    Requester("a name that no status can have", defaults=VERIFIED, annotations={ANNOTATION_REQUESTED_BY: TOO_LONG}),
    Requester(
        "written already",
        defaults=VERIFIED,
        annotations={ANNOTATION_REQUESTED_BY: "bob"},
        status={"requestedBy": "alice"},
        user="alice",
    ),
]


@pytest.mark.parametrize("case", REQUESTERS, ids=lambda case: case.id)
def test_requester(case: Requester) -> None:
    of = run("run", trigger="Manual", annotations=case.annotations, status=case.status)
    seen = view_of(snapshot(request(), defaults=case.defaults), of)
    assert seen.run.status.requested_by == case.user


@pytest.mark.parametrize(
    ("defaults", "suspend", "user"),
    [
        pytest.param(VERIFIED, True, "alice", id="suspended, with the policy"),
        pytest.param(UNVERIFIED, True, None, id="suspended, without it"),
        pytest.param(VERIFIED, False, None, id="a name that outlived the suspension"),
    ],
)
def test_suspender(defaults: Defaults, *, suspend: bool, user: str | None) -> None:
    of = request(metadata={"annotations": {ANNOTATION_SUSPENDED_BY: "alice"}}, suspend=suspend)
    assert suspended_by(snapshot(of, defaults=defaults)) == user


@pytest.mark.parametrize(
    ("defaults", "value", "user"),
    [
        pytest.param(VERIFIED, "1 by alice", "alice", id="with the policy"),
        pytest.param(UNVERIFIED, "1 by alice", None, id="without it"),
        pytest.param(VERIFIED, "1", None, id="no name"),
        pytest.param(VERIFIED, None, None, id="no reschedule"),
    ],
)
def test_rescheduler(defaults: Defaults, value: str | None, user: str | None) -> None:
    assert rescheduled_by(ProcessRequestStatus(last_handled_reschedule=value), defaults) == user
