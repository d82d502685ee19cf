"""Reading Jobs: a full body field by field, bodies in which almost everything is absent, and what follows from the fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.builders.workloads import instant

from process_operator.resources.batch.condition import WorkloadCondition
from process_operator.resources.batch.job import Job, parse_job
from process_operator.resources.batch.metadata import Owner, WorkloadMetadata

BODIES = Path(__file__).parent / "bodies"
NAME = "close-5f3a9c1e-29909280"
JOB_UID = "0d4f6c1a-6f0b-4a55-9a3c-0a8d2c0f7b11"


def body(name: str) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads((BODIES / f"{name}.json").read_text())
    return raw


def job_with(*conditions: tuple[str, str], annotations: dict[str, str] | None = None, **status: Any) -> Job:
    found = [{"type": kind, "status": holds} for kind, holds in conditions]
    return parse_job({"metadata": {"annotations": annotations or {}}, "status": {"conditions": found, **status}})


def test_a_job_is_read_whole() -> None:
    reached = "Reached expected number of succeeded pods"
    assert parse_job(body("job")) == Job(
        metadata=WorkloadMetadata(
            name=NAME,
            namespace="erp",
            uid=JOB_UID,
            creation_timestamp=instant(0),
            labels={
                "process-operator.io/request": "close",
                "process-operator.io/request-uid": "b1946ac9-2b8e-4f0e-b4a7-1b0e6f8b1c22",
            },
            annotations={
                "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-11-22T09:00:00+01:00",
                "process-operator.io/template-hash": "89abcdef01234567",
            },
            owner_references=(
                Owner(
                    kind="CronJob",
                    name="close-5f3a9c1e",
                    uid="7c1d3a44-27b0-43c4-8a55-53a7f3d1b0aa",
                    controller=True,
                ),
            ),
        ),
        backoff_limit=2,
        active_deadline_seconds=600,
        restart_policy="OnFailure",
        containers=("close",),
        conditions=(
            WorkloadCondition("SuccessCriteriaMet", "True", "CompletionsReached", reached, instant(21)),
            WorkloadCondition("Complete", "True", "CompletionsReached", reached, instant(21)),
        ),
        start_time=instant(0),
        completion_time=instant(21),
        succeeded=1,
    )


@pytest.mark.parametrize("raw", [{}, {"metadata": {}, "spec": {}, "status": {}}, {"spec": None, "status": None}])
def test_absent_fields_have_the_defaults_of_the_api(raw: dict[str, Any]) -> None:
    assert parse_job(raw) == Job(metadata=WorkloadMetadata())


def test_null_fields_are_absent_fields() -> None:
    raw = {
        "metadata": {"creationTimestamp": None, "labels": None, "annotations": None, "ownerReferences": None},
        "spec": {"backoffLimit": None, "template": {"spec": None}},
        "status": {"conditions": None, "startTime": None, "active": None},
    }
    assert parse_job(raw) == Job(metadata=WorkloadMetadata())


def test_a_job_is_compact() -> None:
    assert not hasattr(parse_job(body("job")), "__dict__")


@pytest.mark.parametrize(
    ("conditions", "finished"),
    [
        ([("Complete", "True")], "Complete"),
        ([("Failed", "True")], "Failed"),
        ([("Suspended", "True"), ("Failed", "True")], "Failed"),
        ([("Failed", "False"), ("Complete", "False")], None),
        ([("SuccessCriteriaMet", "True")], None),
        ([("FailureTarget", "True")], None),
        ([], None),
    ],
)
def test_only_complete_and_failed_finish_a_job(conditions: list[tuple[str, str]], finished: str | None) -> None:
    job = job_with(*conditions)

    assert (job.finished.type if job.finished else None) == finished
    assert job.is_complete == (finished == "Complete")


@pytest.mark.parametrize(
    ("job", "is_ending"),
    [
        pytest.param(job_with(active=1, ready=1), False, id="a running Job is not"),
        pytest.param(job_with(("FailureTarget", "True")), True, id="a Job with FailureTarget is"),
        pytest.param(job_with(("SuccessCriteriaMet", "True")), True, id="a Job with SuccessCriteriaMet is"),
        pytest.param(job_with(("FailureTarget", "False")), False, id="a condition that does not hold says nothing"),
        pytest.param(job_with(terminating=1), True, id="a Job with a pod in its grace period is"),
        pytest.param(
            parse_job({"metadata": {"deletionTimestamp": "2026-11-22T08:00:00Z"}}), True, id="a Job that is deleted is"
        ),
    ],
)
def test_a_job_that_is_about_to_end(job: Job, *, is_ending: bool) -> None:
    assert job.is_ending is is_ending


def test_a_suspended_job_is_one_that_still_could_run() -> None:
    over = [{"type": "Failed", "status": "True"}]

    assert parse_job({"spec": {"suspend": True}}).is_suspended
    assert not parse_job({"spec": {"suspend": True}, "status": {"conditions": over}}).is_suspended
    assert not parse_job({"spec": {"suspend": False}}).is_suspended


@pytest.mark.parametrize(
    ("annotations", "suspend", "whose"),
    [
        pytest.param({}, True, "others", id="no mark: another controller suspended it"),
        pytest.param({"process-operator.io/paused": "2027-01-01T00:00:00Z"}, True, "paused", id="onSuspend"),
        pytest.param({"process-operator.io/waits-for-start": "true"}, True, "waits", id="a Run Later"),
        pytest.param({"process-operator.io/kill": "Canceled"}, True, "others", id="another annotation is no mark"),
        pytest.param(
            {"process-operator.io/paused": "2027-01-01T00:00:00Z"}, False, "", id="resumed by another controller"
        ),
        pytest.param({}, False, "", id="not suspended"),
    ],
)
def test_who_suspended_a_job(annotations: dict[str, str], *, suspend: bool, whose: str) -> None:
    job = parse_job({"metadata": {"annotations": annotations}, "spec": {"suspend": suspend}})
    found = {"others": job.is_suspended_by_others, "paused": job.is_paused, "waits": job.waits_for_start}
    assert [name for name, is_so in found.items() if is_so] == ([whose] if whose else [])


@pytest.mark.parametrize(
    ("raw", "is_managed_elsewhere"),
    [
        pytest.param({}, False, id="nobody is named"),
        pytest.param({"spec": {"managedBy": "kubernetes.io/job-controller"}}, False, id="the Job controller"),
        pytest.param({"spec": {"managedBy": "kueue.x-k8s.io/multikueue"}}, True, id="another controller"),
        pytest.param({"metadata": {"labels": {"kueue.x-k8s.io/queue-name": "default"}}}, True, id="a queue of Kueue"),
    ],
)
def test_who_decides_when_a_job_runs(raw: dict[str, Any], *, is_managed_elsewhere: bool) -> None:
    assert parse_job(raw).is_managed_elsewhere is is_managed_elsewhere


def test_the_tick_of_a_job_is_in_utc_whatever_the_zone_of_its_cronjob() -> None:
    assert parse_job(body("job")).tick == instant(0)


@pytest.mark.parametrize("value", ["tomorrow", "2026-11-22T08:00:00", "", None])
def test_a_job_that_no_tick_made(value: str | None) -> None:
    key = "batch.kubernetes.io/cronjob-scheduled-timestamp"

    assert job_with(annotations={} if value is None else {key: value}).tick is None


def test_the_controller_of_a_job_is_not_just_any_owner() -> None:
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "1"}
    controller = {**owner, "kind": "CronJob", "controller": True}

    assert parse_job({"metadata": {"ownerReferences": [owner]}}).controller is None
    found = parse_job({"metadata": {"ownerReferences": [owner, controller]}}).controller
    assert found is not None
    assert found.kind == "CronJob"


SECRET = {"name": "LEDGER", "valueFrom": {"secretKeyRef": {"name": "db", "key": "ledger"}}}


def with_parameters(written: str | None, **pod: Any) -> dict[str, Any]:
    noted = {} if written is None else {"process-operator.io/parameters": written}
    annotations = {"process-operator.io/containers": "main,prepare", **noted}
    return {"metadata": {"annotations": annotations}, "spec": {"template": {"spec": pod}}}


def container(*env: dict[str, Any], name: str = "main") -> dict[str, Any]:
    return {"name": name, "env": list(env)}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(with_parameters("A", containers=[container({"name": "A", "value": "1"})]), {"A": "1"}, id="one"),
        pytest.param(
            with_parameters("A,B", containers=[container({"name": "B", "value": "2"}, {"name": "A"})]),
            {"A": "", "B": "2"},
            id="in the order of the note; the API server drops an empty value",
        ),
        pytest.param(
            with_parameters("A", containers=[container({"name": "A", "value": "$$(HOME)$$$$"})]),
            {"A": "$(HOME)$$"},
            id="with the dollars that the user wrote",
        ),
        pytest.param(
            with_parameters(
                "A",
                containers=[
                    container({"name": "A", "value": "theirs"}, name="proxy"),
                    container({"name": "A", "value": "ours"}),
                ],
            ),
            {"A": "ours"},
            id="from a container of the template, not from an injected one",
        ),
        pytest.param(
            with_parameters("LEDGER,B", containers=[container(SECRET, {"name": "B", "value": "2"})]),
            {"B": "2"},
            id="without a reference to a Secret that an admission webhook has set",
        ),
        pytest.param(
            with_parameters(None, containers=[container({"name": "A", "value": "1"})]),
            {},
            id="variables without a note",
        ),
        pytest.param(with_parameters("A", containers=[]), {}, id="a note without containers"),
        pytest.param(with_parameters("A,,B", containers=[container()]), {}, id="names without variables"),
    ],
)
def test_the_parameters_of_a_job(raw: dict[str, Any], expected: dict[str, str]) -> None:
    assert {each.name: each.value for each in parse_job(raw).parameters} == expected
