"""Notifications: the ends, receivers and words, and the reports of the run and the request, as tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import activation, finished, request, snapshot

from process_operator.decisions.inputs.history import FinishedRun, RunEnd
from process_operator.decisions.inputs.observations import Delivery
from process_operator.decisions.inputs.snapshot import Defaults, Snapshot
from process_operator.decisions.plan.actions import Emit, LoadHistory, MarkNotified, Notify
from process_operator.decisions.status.notifications import (
    NOTIFY_WITHIN,
    event_of,
    notification_conditions,
    plan_notifications,
    receiver_events,
)
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import RunPhase, StepStatus, Trigger
from process_operator.resources.receiver import Receiver

NOW = at("12:30")
RECEIVERS = (
    Receiver(name="pager", url="https://pager.example.com/secret-path", namespaces=("*",)),
    Receiver(name="erp", url="https://erp.example.com/hook", namespaces=("erp", "test")),
    Receiver(name="theirs", url="https://theirs.example.com/hook", namespaces=("sales",)),
)
UID = "uid-of-the-run"
Done = tuple[str, ...]


def end(*, recorded: str = "12:20", **facts: Any) -> RunEnd:
    return RunEnd(uid=UID, recorded=at(recorded), trigger=facts.pop("trigger", Trigger.SCHEDULE), **facts)


def run(phase: RunPhase = RunPhase.FAILED, end_to_notify: RunEnd | None = None, **facts: Any) -> FinishedRun:
    return replace(finished("close-1", phase, end="12:20", **facts), end_to_notify=end_to_notify or end())


def known(*runs: FinishedRun, notify: Any, **more: Any) -> Snapshot:
    rules = [rule if isinstance(rule, dict) else {"receiver": rule} for rule in notify]
    return snapshot(request(notify=rules), history=runs, defaults=Defaults(receivers=RECEIVERS), **more)


def planned(of: Snapshot, now: datetime = NOW) -> list[Any]:
    return [*plan_notifications(of, now).actions]


def told(*phases: str, receiver: str = "pager") -> dict[str, Any]:
    return {"receiver": receiver, "phases": list(phases)}


@pytest.mark.parametrize(
    ("phase", "notify", "receivers"),
    [
        pytest.param(RunPhase.FAILED, ["pager"], ("pager",), id="a failure is told unless other phases were chosen"),
        pytest.param(RunPhase.MISSED, ["pager"], ("pager",), id="a missed tick is told"),
        pytest.param(RunPhase.UNKNOWN, ["pager"], ("pager",), id="an unknown end is told"),
        pytest.param(RunPhase.SUCCEEDED, ["pager"], None, id="a success is not told"),
        pytest.param(RunPhase.SKIPPED, ["pager"], None, id="a skipped tick is not told"),
        pytest.param(RunPhase.CANCELED, ["pager"], None, id="a canceled run is not told"),
        pytest.param(RunPhase.SUCCEEDED, [told("Succeeded")], ("pager",), id="a success that was chosen is told"),
        pytest.param(RunPhase.FAILED, [told("Succeeded")], None, id="a failure that was not chosen is not told"),
        pytest.param(RunPhase.FAILED, ["pager", "erp"], ("pager", "erp"), id="two receivers are told"),
        pytest.param(
            RunPhase.FAILED, [told("Missed"), "erp"], ("erp",), id="each receiver is told what was chosen for it"
        ),
        pytest.param(
            RunPhase.FAILED, ["unknown", "erp"], ("erp",), id="a receiver that is unknown keeps no other from it"
        ),
        pytest.param(
            RunPhase.FAILED,
            ["theirs", "erp"],
            ("erp",),
            id="a receiver that must not be used here keeps no other from it",
        ),
        pytest.param(RunPhase.FAILED, [], None, id="without notify no receiver is told"),
    ],
)
def test_who_is_told(phase: RunPhase, notify: Any, receivers: Done | None) -> None:
    actions = planned(known(run(phase), notify=notify))
    assert [action.receivers for action in actions] == ([] if receivers is None else [receivers])


@pytest.mark.parametrize(
    ("recorded", "is_told"),
    [
        pytest.param(NOW, True, id="now"),
        pytest.param(NOW - NOTIFY_WITHIN + timedelta(seconds=1), True, id="almost an hour ago"),
        pytest.param(NOW - NOTIFY_WITHIN, False, id="an hour ago"),
    ],
)
def test_ends_that_were_written_within_the_hour_are_told(recorded: datetime, *, is_told: bool) -> None:
    of = known(run(end_to_notify=replace(end(), recorded=recorded)), notify=["pager"])
    assert bool(planned(of)) is is_told


def test_an_end_that_is_on_its_way_is_not_told_again() -> None:
    assert planned(known(run(), notify=["pager"], deliveries={UID: Delivery()})) == []


def test_a_run_that_says_it_was_notified_is_not_told_again() -> None:
    assert planned(known(replace(run(), end_to_notify=None), notify=["pager"])) == []


def test_the_history_is_read_if_a_receiver_is_to_be_told() -> None:
    assert planned(replace(known(notify=["pager"]), history=None)) == [LoadHistory()]
    assert planned(replace(known(notify=[]), history=None)) == []


@pytest.mark.parametrize(
    ("notify", "delivery", "says"),
    [
        pytest.param(["pager"], Delivery(done=True), ("True", "Delivered", ""), id="delivered"),
        pytest.param(
            ["pager"],
            Delivery(done=True, failures=("pager: HTTP 503 (8 tries)",)),
            ("False", "DeliveryFailed", "pager: HTTP 503 (8 tries)"),
            id="given up",
        ),
        pytest.param(
            ["pager", "unknown"],
            Delivery(done=True),
            ("False", "ReceiverNotFound", 'there is no receiver "unknown"; namespace erp may use erp, pager'),
            id="one of two is unknown",
        ),
        pytest.param(
            ["theirs"],
            None,
            (
                "False",
                "ReceiverNotAllowed",
                'namespace erp must not use the receiver "theirs"; namespace erp may use erp, pager',
            ),
            id="the only one must not be used here",
        ),
        pytest.param([], Delivery(done=True), ("True", "Delivered", ""), id="notify was taken away meanwhile"),
    ],
)
def test_what_the_run_says(notify: Any, delivery: Delivery | None, says: tuple[str, str, str]) -> None:
    (action,) = planned(known(run(), notify=notify, deliveries={} if delivery is None else {UID: delivery}))
    assert isinstance(action, MarkNotified)
    assert (action.run, action.uid, action.condition.type) == ("close-1", UID, "Notified")
    assert (action.condition.status, action.condition.reason, action.condition.message) == says


def test_a_mark_that_could_not_be_written_is_tried_again_later() -> None:
    later = Delivery(done=True, again_at=NOW + timedelta(seconds=30))
    of = known(run(), notify=["pager"], deliveries={UID: later})
    planned_later = plan_notifications(of, NOW)
    assert (planned_later.actions, planned_later.wake_at) == ((), later.again_at)
    (action,) = planned(of, NOW + timedelta(seconds=30))
    assert isinstance(action, MarkNotified)


# ---- the event


def test_the_event_says_how_the_run_went() -> None:
    end_to_notify = end(
        scheduled=at("12:00"), process="close-day", message="used more than its memory limit 1Gi", exit_code=137
    )
    of = known(notify=["pager"])
    assert event_of(of, run(reason="OOMKilled", start=at("12:00:01"), end_to_notify=end_to_notify), end_to_notify) == {
        "specversion": "1.0",
        "id": "uid-of-the-run-finished",
        "source": "/apis/process-operator.io/v1alpha1/namespaces/erp/processrequests/close",
        "type": "io.process-operator.run.failed",
        "subject": "close-1",
        "time": "2027-03-01T12:20:00Z",
        "datacontenttype": "application/json",
        "data": {
            "namespace": "erp",
            "request": "close",
            "run": "close-1",
            "process": "close-day",
            "phase": "Failed",
            "trigger": "Schedule",
            "scheduledTime": "2027-03-01T12:00:00Z",
            "startTime": "2027-03-01T12:00:01Z",
            "endTime": "2027-03-01T12:20:00Z",
            "duration": "19m59s",
            "reason": "OOMKilled",
            "message": "used more than its memory limit 1Gi",
            "exitCode": 137,
        },
    }


def test_a_tick_that_never_ran_has_no_times_but_that_of_its_record() -> None:
    end_to_notify = end(recorded="12:25", scheduled=at("12:00"))
    event = event_of(known(notify=["pager"]), replace(run(RunPhase.MISSED), end=None), end_to_notify)
    assert (event["type"], event["time"]) == ("io.process-operator.run.missed", "2027-03-01T12:25:00Z")
    assert event["data"].keys() == {"namespace", "request", "run", "phase", "trigger", "scheduledTime"}


@pytest.mark.parametrize(
    ("reason", "message", "sent"),
    [
        pytest.param("Evicted", "The node was low\x1b[2J on\x07 disk", r"The node was low\x1b[2J on\x07 disk", id="control characters are shown"),
        pytest.param("Rejected", "x" * 4000, "x" * 1021 + "...", id="a long message is cut"),
        pytest.param("ExitCode", "password=hunter2", "exit code 3; the ProcessRun has its log", id="the last line of a log is not sent"),
        pytest.param("InitContainerFailed", "init container a exited with code 3: password=hunter2", "exit code 3; the ProcessRun has its log", id="the last line of an init container's log is not sent"),
    ],
)  # fmt: skip
def test_what_is_sent_of_a_message(reason: str, message: str, sent: str) -> None:
    end_to_notify = end(message=message, exit_code=3)
    assert (
        event_of(known(notify=["pager"]), run(reason=reason, end_to_notify=end_to_notify), end_to_notify)["data"][
            "message"
        ]
        == sent
    )


def test_of_a_step_that_failed_its_reason_is_sent_and_no_word_of_its_log() -> None:
    steps = (
        StepStatus(name="load", process="load", phase=RunPhase.SUCCEEDED),
        StepStatus(name="sum", process="sum", phase=RunPhase.FAILED, reason="ExitCode", message="password=hunter2"),
        StepStatus(name="send", process="send"),
    )
    end_to_notify = end(message='step "sum": Failed (ExitCode: password=hunter2)', exit_code=3)
    of = run(reason="StepFailed", end_to_notify=end_to_notify, steps=steps)
    assert event_of(known(notify=["pager"]), of, end_to_notify)["data"]["message"] == 'step "sum": Failed (ExitCode)'


def test_link_to_the_whole_log_is_sent() -> None:
    end_to_notify = end(log_url="https://logs.example.com/close-1")
    data = event_of(known(notify=["pager"]), run(end_to_notify=end_to_notify), end_to_notify)["data"]
    assert data["logUrl"] == "https://logs.example.com/close-1"
    without = end()
    assert "logUrl" not in event_of(known(notify=["pager"]), run(end_to_notify=without), without)["data"]


# ---- the request


@pytest.mark.parametrize(
    ("notify", "says"),
    [
        pytest.param([], None, id="no receiver"),
        pytest.param(["pager", "erp"], ("True", "ReceiversFound", ""), id="all may be used"),
        pytest.param(
            ["unknown"],
            (
                "False",
                "ReceiverNotFound",
                'spec.notify: there is no receiver "unknown"; namespace erp may use erp, pager',
            ),
            id="unknown",
        ),
        pytest.param(
            ["erp", "theirs"],
            (
                "False",
                "ReceiverNotAllowed",
                'spec.notify: namespace erp must not use the receiver "theirs"; namespace erp may use erp, pager',
            ),
            id="not for this namespace",
        ),
    ],
)
def test_what_the_request_says(notify: Any, says: tuple[str, str, str] | None) -> None:
    found = [(str(c.status), c.reason, c.message) for c in notification_conditions(known(notify=notify))]
    assert found == ([] if says is None else [says])


def test_without_any_receiver_the_request_says_so() -> None:
    of = replace(known(notify=["pager"]), defaults=Defaults())
    (condition,) = notification_conditions(of)
    assert condition.message == 'spec.notify: there is no receiver "pager"; namespace erp may use none'


def test_an_event_says_it_once() -> None:
    of = known(notify=["unknown"])
    status = ProcessRequestStatus(activation=activation(), conditions=notification_conditions(of))
    first = receiver_events(of, status)
    second = receiver_events(replace(of, status=status), status)
    (said,) = first
    assert isinstance(said, Emit)
    assert (said.reason, said.warning) == ("ReceiverNotFound", True)
    assert second == ()


def test_a_notification_never_holds_an_address() -> None:
    (action,) = planned(known(run(), notify=["pager"]))
    assert isinstance(action, Notify)
    assert "secret-path" not in str(action)
