"""Switch-over from a CronJob: faults at each step, which leave the CronJob as it was and no request."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest
from tests.builders.objects import Object

from process_operator.client.client import Client
from process_operator.cluster.api import Api
from process_operator.cluster.errors import AlreadyExists, ApiError, Conflict, Forbidden, NotFound, Unreachable
from process_operator.plugin import take_over, waiting
from process_operator.plugin.errors import CommandError
from process_operator.plugin.importing.cronjob import CronJobOptions
from process_operator.resources.kinds import Kind
from process_operator.resources.model import format_instant

Fault = Callable[[], None]

NOW = datetime(2026, 11, 30, 12, 30, 0, tzinfo=UTC)
CRONJOB: Object = {
    "metadata": {
        "name": "nightly",
        "namespace": "erp",
        "uid": "cron-uid",
        "resourceVersion": "7",
        "creationTimestamp": "2026-11-01T00:00:00Z",
    },
    "spec": {
        "schedule": "0 * * * *",
        "timeZone": "Etc/UTC",
        "jobTemplate": {
            "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}}}
        },
    },
    "status": {"lastScheduleTime": "2026-11-30T12:00:00Z"},
}
ACTIVE_JOB: Object = {
    "metadata": {"name": "nightly-1", "ownerReferences": [{"uid": "cron-uid"}]},
    "status": {"active": 1},
}


class Cluster:
    """API server, operator and clock of a test. `before` has a fault for a call, such as `create processrequests`."""

    def __init__(self) -> None:
        self.now = NOW
        self.cronjob = deepcopy(CRONJOB)
        self.request: Object | None = None
        self.jobs: list[Object] = []
        self.before: dict[str, Fault] = {}
        self.after: dict[str, Fault] = {}
        self.calls: list[str] = []
        self.operator_works = True

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=500)
        return self.now

    def _called(self, verb: str, kind: Kind, faults: dict[str, Fault]) -> None:
        if fault := faults.pop(f"{verb} {kind.plural}", None):
            fault()

    def _stored(self, kind: Kind) -> Object:
        found = self.cronjob if kind.kind == "CronJob" else self.request
        if found is None:
            raise NotFound("processrequests nightly not found", status=404)
        return found

    async def get(self, kind: Kind, _namespace: str, _name: str) -> Object:
        self._called("get", kind, self.before)
        found = deepcopy(self._stored(kind))
        self._called("get", kind, self.after)
        return found

    async def list(self, kind: Kind, _namespace: str) -> SimpleNamespace:
        self._called("list", kind, self.before)
        return SimpleNamespace(items=deepcopy(self.jobs))

    async def create(self, kind: Kind, _namespace: str, body: Object, *, dry_run: bool = False) -> Object:
        assert not dry_run
        self._called("create", kind, self.before)
        self.calls.append("create request, suspended" if body["spec"].get("suspend") else "create request")
        created = {"creationTimestamp": format_instant(self.now.replace(microsecond=0)), "generation": 1, "uid": "u"}
        self.request = {**deepcopy(body), "metadata": {**body["metadata"], **created}}
        self._decide()
        self._called("create", kind, self.after)
        return deepcopy(self.request)

    async def patch(self, kind: Kind, _namespace: str, _name: str, body: Object, *, dry_run: bool = False) -> Object:
        assert not dry_run
        self._called("patch", kind, self.before)
        found = self._stored(kind)
        version = body.get("metadata", {}).get("resourceVersion")
        if version is not None and version != found["metadata"]["resourceVersion"]:
            raise Conflict("the object has been modified", status=409)
        found["spec"]["suspend"] = body["spec"]["suspend"]
        word = "suspend" if body["spec"]["suspend"] else "resume"
        self.calls.append(f"{word} {'CronJob' if kind.kind == 'CronJob' else 'request'}")
        if kind.kind != "CronJob":
            found["metadata"]["generation"] += 1
            self._decide()
        self._called("patch", kind, self.after)
        return deepcopy(found)

    async def delete(self, kind: Kind, _namespace: str, _name: str, *, uid: str) -> None:
        self._called("delete", kind, self.before)
        assert self.request is not None
        assert uid == self.request["metadata"]["uid"]
        self.calls.append("delete request")
        self.request = None

    def _decide(self) -> None:
        """Write the status, as the operator does."""
        assert self.request is not None
        if self.operator_works:
            self.request["status"] = {
                "observedGeneration": self.request["metadata"]["generation"],
                "phase": "Unscheduled" if self.request["spec"].get("suspend") else "Scheduled",
                "conditions": [{"type": "Accepted", "status": "True", "reason": "Accepted", "message": ""}],
            }


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    made = Cluster()
    monkeypatch.setattr(take_over, "_now", made.clock)
    monkeypatch.setattr(take_over, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.0)
    return made


def switch(cluster: Cluster) -> None:
    client = Client(cast("Api", cluster), "erp")
    asyncio.run(take_over.take_over(client, deepcopy(CRONJOB), CronJobOptions(NOW)))


def raising(error: BaseException) -> Fault:
    def fault() -> None:
        raise error

    return fault


def terminated() -> None:
    """Send SIGTERM to this program, as a supervisor does."""
    os.kill(os.getpid(), signal.SIGTERM)


STEPS = ["create request, suspended", "suspend CronJob", "resume request"]


def test_steps_in_their_order(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    switch(cluster)
    assert cluster.calls == STEPS
    assert capsys.readouterr().out.splitlines() == [
        "processrequest.process-operator.io/nightly created, suspended",
        "cronjob.batch/nightly suspended",
        "No Job of it is active.",
        "processrequest.process-operator.io/nightly scheduled, first for 2026-11-30T13:00:00Z",
        "cronjob.batch/nightly stays, suspended; delete it when you do not need it any more",
    ]


@pytest.mark.parametrize("error", [Forbidden("no", status=403), asyncio.CancelledError()], ids=["error", "Ctrl-C"])
@pytest.mark.parametrize(
    ("when", "call", "calls"),
    [
        pytest.param(
            "after", "create processrequests", [*STEPS[:1], "delete request"], id="the answer of the creation"
        ),
        pytest.param("before", "get cronjobs", [*STEPS[:1], "delete request"], id="the look at the CronJob"),
        pytest.param(
            "after",
            "patch cronjobs",
            [*STEPS[:2], "resume CronJob", "delete request"],
            id="the answer of the suspension",
        ),
        pytest.param(
            "before", "list jobs", [*STEPS[:2], "resume CronJob", "delete request"], id="the wait for its Jobs"
        ),
        pytest.param(
            "after",
            "patch processrequests",
            [*STEPS, "suspend request", "resume CronJob", "delete request"],
            id="the answer of the resume",
        ),
    ],
)
def test_undone_in_reverse(
    cluster: Cluster, when: str, call: str, calls: list[str], error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    getattr(cluster, when)[call] = raising(error)
    with pytest.raises(type(error)):
        switch(cluster)
    assert cluster.calls == calls
    assert cluster.request is None
    assert not cluster.cronjob["spec"].get("suspend")
    assert capsys.readouterr().out.endswith("Undone: processrequest.process-operator.io/nightly deleted\n")


@pytest.mark.parametrize(
    ("call", "operator_works", "calls"),
    [
        pytest.param("get processrequests", False, [*STEPS[:1], "delete request"], id="the wait for the operator"),
        pytest.param("list jobs", True, [*STEPS[:2], "resume CronJob", "delete request"], id="the wait for its Jobs"),
    ],
)
def test_sigterm_undoes_in_reverse(
    cluster: Cluster, call: str, calls: list[str], capsys: pytest.CaptureFixture[str], *, operator_works: bool
) -> None:
    cluster.jobs, cluster.operator_works = [ACTIVE_JOB], operator_works
    cluster.after["create processrequests"] = lambda: cluster.before.update({call: terminated})
    with pytest.raises(SystemExit) as left:
        switch(cluster)
    assert left.value.code == 143
    assert cluster.calls == calls
    assert cluster.request is None
    assert not cluster.cronjob["spec"].get("suspend")
    assert capsys.readouterr().out.endswith("Undone: processrequest.process-operator.io/nightly deleted\n")


def test_sigterm_does_not_end_the_undo(cluster: Cluster) -> None:
    cluster.jobs = [ACTIVE_JOB]
    cluster.before["list jobs"] = cluster.before["delete processrequests"] = terminated
    with pytest.raises(SystemExit):
        switch(cluster)
    assert cluster.calls == [*STEPS[:2], "resume CronJob", "delete request"]


def test_sigterm_ends_a_program_as_before_after_the_take_over(cluster: Cluster) -> None:
    before = signal.getsignal(signal.SIGTERM)
    switch(cluster)
    assert signal.getsignal(signal.SIGTERM) == before


def test_request_of_another_user_stays(cluster: Cluster) -> None:
    cluster.before["create processrequests"] = raising(AlreadyExists("already exists", status=409))
    with pytest.raises(AlreadyExists):
        switch(cluster)
    assert cluster.calls == []


def test_cronjob_that_changes_meanwhile_stays_as_it_is(cluster: Cluster) -> None:
    def suspended_by_another_user() -> None:
        cluster.cronjob["spec"]["suspend"] = True
        cluster.cronjob["metadata"]["resourceVersion"] = "8"

    cluster.after["get cronjobs"] = suspended_by_another_user
    with pytest.raises(CommandError, match="was changed meanwhile"):
        switch(cluster)
    assert cluster.calls == [*STEPS[:1], "delete request"]
    assert cluster.cronjob["spec"]["suspend"] is True


def test_undo_waits_for_the_api_server_and_names_what_is_left(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    def two_faults() -> None:
        cluster.before["patch cronjobs"] = raising(Unreachable("refused"))
        cluster.before["delete processrequests"] = raising(Forbidden("no right to delete", status=403))
        raise Forbidden("no", status=403)

    cluster.before["list jobs"] = two_faults
    with pytest.raises(ApiError, match="no"):
        switch(cluster)
    assert not cluster.cronjob["spec"].get("suspend")
    printed = capsys.readouterr()
    assert "Undone: cronjob.batch/nightly resumed" in printed.out
    by_hand = "Not undone, so do it by hand: processrequest.process-operator.io/nightly deleted (no right to delete)"
    assert by_hand in printed.err


def test_undone_before_the_next_time_if_a_job_is_still_active(cluster: Cluster) -> None:
    cluster.jobs = [ACTIVE_JOB]
    with pytest.raises(CommandError, match="a Job of the CronJob is still active, and the next time"):
        switch(cluster)
    assert cluster.calls == [*STEPS[:2], "resume CronJob", "delete request"]
    assert cluster.now < datetime(2026, 11, 30, 13, tzinfo=UTC)


def test_jobs_that_have_ended_and_those_of_others_do_not_count(cluster: Cluster) -> None:
    ended = {**ACTIVE_JOB, "status": {"conditions": [{"type": "Failed", "status": "True"}]}}
    other = {**ACTIVE_JOB, "metadata": {"name": "x", "ownerReferences": [{"uid": "another"}]}}
    cluster.jobs = [ended, other, {**ACTIVE_JOB, "metadata": {"name": "y"}}]
    switch(cluster)
    assert cluster.calls == STEPS


def test_without_an_operator_the_cronjob_is_not_touched(cluster: Cluster) -> None:
    cluster.operator_works = False
    with pytest.raises(CommandError, match="no operator has accepted the request"):
        switch(cluster)
    assert cluster.calls == [*STEPS[:1], "delete request"]


def test_request_that_the_operator_rejects(cluster: Cluster) -> None:
    def rejected() -> None:
        assert cluster.request is not None
        condition = {"type": "Accepted", "status": "False", "reason": "InvalidTemplate", "message": "no image"}
        cluster.request["status"] |= {"phase": "Invalid", "conditions": [condition]}

    cluster.after["create processrequests"] = rejected
    with pytest.raises(CommandError, match=r"not accepted \(InvalidTemplate\): no image"):
        switch(cluster)
    assert cluster.calls == [*STEPS[:1], "delete request"]


def test_operator_that_stops_after_the_suspension(cluster: Cluster) -> None:
    def stopped() -> None:
        cluster.operator_works = False

    cluster.before["list jobs"] = stopped
    with pytest.raises(CommandError, match="the operator has not scheduled the request"):
        switch(cluster)
    assert cluster.calls == [*STEPS, "suspend request", "resume CronJob", "delete request"]
    assert cluster.now < datetime(2026, 11, 30, 13, tzinfo=UTC)


def test_run_that_the_controller_has_not_started_yet(cluster: Cluster) -> None:
    cluster.cronjob["status"]["lastScheduleTime"] = "2026-11-30T11:00:00Z"
    with pytest.raises(CommandError, match="has not started its run of 2026-11-30T12:00:00Z yet"):
        switch(cluster)
    assert cluster.calls == [*STEPS[:1], "delete request"]


def test_clocks_that_differ(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(take_over, "_now", lambda: cluster.clock() + timedelta(minutes=3))
    with pytest.raises(CommandError, match=r"differ by 1[78]\d s"):
        switch(cluster)
    assert cluster.calls == [*STEPS[:1], "delete request"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param({"schedule": "@every 5m"}, "intervals count from its own last run", id="interval"),
        pytest.param({"schedule": "CRON_TZ=Etc/UTC @every 5m"}, "intervals count", id="interval with a zone"),
        pytest.param({"schedule": "31 12 * * *"}, "less than 60 s away", id="near a time"),
        pytest.param({"schedule": "0 0 31 2 *"}, "no such time", id="no time"),
    ],
)
def test_rejected_before_any_change(cluster: Cluster, spec: Object, message: str) -> None:
    body = {**CRONJOB, "spec": {**CRONJOB["spec"], **spec}}
    client = Client(cast("Api", cluster), "erp")
    with pytest.raises(CommandError, match=message):
        asyncio.run(take_over.take_over(client, body, CronJobOptions(NOW)))
    assert cluster.calls == []
