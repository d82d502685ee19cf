"""Verified users: a status has the name of an annotation only if the admission policy vouches for it."""

from __future__ import annotations

import pytest
from tests.builders.snapshots import request, run, snapshot

from process_operator.decisions.inputs.run_view import view_of
from process_operator.decisions.inputs.snapshot import Defaults
from process_operator.decisions.inputs.verified_users import rescheduled_by, suspended_by
from process_operator.resources.names import ANNOTATION_REQUESTED_BY, ANNOTATION_SUSPENDED_BY
from process_operator.resources.process_request_status import ProcessRequestStatus

VERIFIED, UNVERIFIED = Defaults(are_users_verified=True), Defaults()
TOO_LONG = "a" * 1025


@pytest.mark.parametrize(
    ("defaults", "annotations", "status", "user"),
    [
        pytest.param(VERIFIED, {ANNOTATION_REQUESTED_BY: "alice"}, {}, "alice", id="with the policy"),
        pytest.param(UNVERIFIED, {ANNOTATION_REQUESTED_BY: "alice"}, {}, None, id="without it"),
        pytest.param(VERIFIED, {}, {}, None, id="no name"),
        pytest.param(VERIFIED, {ANNOTATION_REQUESTED_BY: TOO_LONG}, {}, None, id="a name that no status can have"),
        pytest.param(
            VERIFIED, {ANNOTATION_REQUESTED_BY: "bob"}, {"requestedBy": "alice"}, "alice", id="written already"
        ),
    ],
)
def test_requester(defaults: Defaults, annotations: dict[str, str], status: dict[str, str], user: str | None) -> None:
    of = run("run", trigger="Manual", annotations=annotations, status=status)
    seen = view_of(snapshot(request(), defaults=defaults), of)
    assert seen.run.status.requested_by == user


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
