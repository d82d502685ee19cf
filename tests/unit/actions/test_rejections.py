"""A failing action as an observation: which failures are one, in which words, and how far apart the tries are."""

from __future__ import annotations

from dataclasses import is_dataclass
from itertools import pairwise

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import request, schedule, seconds, snapshot

from process_operator.actions.rejections import WORDS, blocked_by, is_by_policy, is_observation, what_fails
from process_operator.cluster.errors import (
    TIMEOUT,
    AlreadyExists,
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    NamespaceTerminating,
    QuotaExceeded,
    ServerError,
    TooManyRequests,
    Unreachable,
)
from process_operator.decisions.inputs.blocked import Blocked, Need
from process_operator.decisions.inputs.rejections import blocked_now, is_quota_full, reported
from process_operator.decisions.plan import actions
from process_operator.decisions.plan.actions import CreateRun, Emit, ListPods, MarkNotified, Notify, ReadLog
from process_operator.decisions.status.blocked import is_reported, report_blocked
from process_operator.resources.process_request_status import ProcessRequestStatus

NOON = at("12:00")
POLICY = 'jobs.batch "a-dry-run" is forbidden: ValidatingAdmissionPolicy "team" denied request: label team is required'
WEBHOOK = 'Internal error occurred: failed calling webhook "w.example.com": connection refused'


@pytest.mark.parametrize(
    ("error", "reason", "message"),
    [
        pytest.param(QuotaExceeded("exceeded quota: runs"), "QuotaExceeded", "exceeded quota: runs", id="a full quota"),
        pytest.param(ServerError(WEBHOOK), "WebhookFailed", WEBHOOK, id="a webhook that is down"),
        pytest.param(Invalid(POLICY), "Rejected", POLICY.partition(": ")[2], id="a policy, without the object's name"),
        pytest.param(Forbidden("no rights"), "Rejected", "no rights", id="missing rights"),
        pytest.param(Conflict("changed"), "APIError", "changed", id="a conflict"),
        pytest.param(AlreadyExists("the name is taken"), "NameTaken", "the name is taken", id="a name that is taken"),
        pytest.param(ServerError("etcdserver: leader changed"), "APIError", "etcdserver: leader changed", id="a 500"),
    ],
)
def test_a_rejection_in_a_word_and_a_sentence(error: ApiError, reason: str, message: str) -> None:
    found = blocked_by("Job a cannot be created", error, None, NOON)
    assert (found.reason, found.message) == (reason, message)
    assert is_observation(error)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(Unreachable("refused"), False, id="nobody answers"),
        pytest.param(Unreachable("too slow", reason=TIMEOUT), True, id="the answer takes too long"),
        pytest.param(TooManyRequests("later"), False, id="the server is overloaded"),
        pytest.param(NamespaceTerminating("going"), False, id="the namespace is being deleted"),
    ],
)
def test_what_people_can_be_told(error: ApiError, *, expected: bool) -> None:
    assert is_observation(error) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(Invalid(POLICY), True, id="an admission policy (422)"),
        pytest.param(Invalid('admission webhook "w" denied the request: no'), True, id="an admission webhook (400)"),
        pytest.param(Forbidden("no rights"), True, id="missing rights"),
        pytest.param(Invalid("spec.template.spec.containers: Required value"), False, id="the template itself"),
    ],
)
def test_what_may_change_without_an_edit(error: ApiError, *, expected: bool) -> None:
    assert is_by_policy(error) is expected


def test_tries_are_twenty_seconds_apart_at_most_and_the_first_failure_is_remembered() -> None:
    found, now, tried = None, NOON, []
    for _ in range(12):
        found = blocked_by("ProcessRun a cannot be created", ServerError("down"), found, now, chance=lambda: 1.0)
        assert found.again_at is not None
        now = found.again_at
        tried.append(now)
    assert max(after - before for before, after in pairwise(tried)) == seconds(20)
    assert found is not None
    assert (found.since, found.tries) == (NOON, 12)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(ServerError("down"), True, id="after a failure that says nothing about it"),
        pytest.param(Invalid(POLICY), False, id="after another rejection"),
    ],
)
def test_a_full_quota_is_remembered(error: ApiError, *, expected: bool) -> None:
    full = blocked_by("ProcessRun a cannot be created", QuotaExceeded("exceeded quota"), None, NOON)
    found = blocked_by("ProcessRun a cannot be created", error, full, NOON)
    assert is_quota_full(snapshot(request(), blocked={Need.RUN: found})) is expected


def test_after_a_restart_the_condition_tells_of_a_full_quota() -> None:
    ready = {"type": "Ready", "status": "False", "reason": "QuotaExceeded", "message": "full"}
    assert is_quota_full(snapshot(request(status={"conditions": [ready]})))
    assert not is_quota_full(snapshot(request()))


def test_every_action_that_can_fail_has_words_for_it() -> None:
    every = {kind for kind in vars(actions).values() if is_dataclass(kind) and kind.__module__ == actions.__name__}
    assert every - set(WORDS) == {Emit, ReadLog, Notify, MarkNotified}
    assert what_fails(CreateRun({"metadata": {"name": "a"}})) == "ProcessRun a cannot be created"
    assert what_fails(ListPods("uid", "a")) == "the pods of a cannot be listed"


BLIP = Blocked("ProcessRun a cannot be created", "APIError", "down", since=NOON, again_at=at("12:00:05"))


def test_a_failure_that_may_have_been_carried_out_is_retried_once_as_it_was() -> None:
    of = request(schedule(10))
    once, twice = (snapshot(of, blocked={Need.RUN: BLIP}), at("12:00:01")), snapshot(of, blocked={Need.RUN: again()})
    assert blocked_now(*once[:1], Need.RUN, once[1]) is None
    assert blocked_now(twice, Need.RUN, at("12:00:01")) == again()
    assert blocked_now(twice, Need.RUN, at("12:00:05")) is None


def again() -> Blocked:
    return Blocked("ProcessRun a cannot be created", "APIError", "down", since=NOON, again_at=at("12:00:05"), tries=2)


@pytest.mark.parametrize(("clock", "expected"), [("12:00:09", None), ("12:00:10", BLIP)])
def test_a_blip_is_not_reported(clock: str, expected: Blocked | None) -> None:
    assert reported([BLIP], at(clock)) == expected


def test_a_plan_that_fails_as_a_whole_changes_nothing_but_ready() -> None:
    of = snapshot(request(schedule(10)), blocked={Need.OTHER: BLIP})
    plan = report_blocked(of, at("12:01"))
    assert plan is not None
    assert plan.status is not None
    words = "ProcessRun a cannot be created since 2027-03-01T12:00:00Z: down"
    assert [(c.type, c.status, c.reason, c.message) for c in plan.status.conditions] == [
        ("Ready", "False", "APIError", words)
    ]
    assert plan.actions == (Emit("Blocked", f"APIError: {words}", warning=True),)
    assert plan.status.phase == "Pending"


@pytest.mark.parametrize(
    ("written", "kept", "is_repeated"),
    [
        pytest.param("APIError", None, True, id="the API server holds the reason, and the restarted operator does not"),
        pytest.param("QuotaExceeded", "APIError", True, id="the new reason waits for its write"),
        pytest.param("QuotaExceeded", "QuotaExceeded", False, id="the reason is new"),
        pytest.param(None, None, False, id="the request was ready"),
    ],
)
def test_the_event_about_a_rejection_comes_once(written: str | None, kept: str | None, *, is_repeated: bool) -> None:
    def status(reason: str | None) -> ProcessRequestStatus:
        ready = {"type": "Ready", "status": "False", "reason": reason, "message": "full"}
        return ProcessRequestStatus.model_validate({"conditions": [ready] if reason is not None else []})

    of = request(schedule(10), status=status(written).to_api())
    assert is_reported(snapshot(of, status=status(kept)), "APIError") is is_repeated
