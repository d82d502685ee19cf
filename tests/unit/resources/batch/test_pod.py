"""Reading pods: a full body field by field, bodies in which almost everything is absent, and what follows from the fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.builders.workloads import instant

from process_operator.resources.batch.condition import WorkloadCondition
from process_operator.resources.batch.metadata import WorkloadMetadata
from process_operator.resources.batch.pod import ContainerState, Pod, Running, Terminated, Waiting, parse_pod

BODIES = Path(__file__).parent / "bodies"
NAME = "close-5f3a9c1e-29909280"
JOB_UID = "0d4f6c1a-6f0b-4a55-9a3c-0a8d2c0f7b11"


def body(name: str) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads((BODIES / f"{name}.json").read_text())
    return raw


def test_a_pod_is_read_whole() -> None:
    pod = parse_pod(body("pod"))

    assert pod == Pod(
        metadata=pod.metadata,
        job_name=NAME,
        job_uid=JOB_UID,
        node="worker-1",
        phase="Failed",
        start_time=instant(0),
        deleted_at=instant(19),
        conditions=(
            WorkloadCondition("PodScheduled", "True", last_transition_time=instant(0)),
            WorkloadCondition(
                "DisruptionTarget", "True", "EvictionByEvictionAPI", "Eviction API: evicting", instant(19)
            ),
        ),
        containers=(
            ContainerState(
                name="migrate",
                role="init",
                state=Terminated(0, "Completed", "", instant(1), instant(2)),
                log_in_message=True,
            ),
            ContainerState(name="proxy", role="sidecar", state=Running(instant(2))),
            ContainerState(
                name="close",
                restart_count=1,
                state=Terminated(128, "StartError", "no such file", None, instant(20)),
                last=Terminated(4, "Error", "ledger is locked\n", instant(3), instant(18)),
                memory_limit="64Mi",
                log_in_message=True,
            ),
            ContainerState(name="report", state=Waiting("ErrImagePull", "not found")),
        ),
        restart_policy="OnFailure",
    )


@pytest.mark.parametrize("raw", [{}, {"metadata": {}, "spec": {}, "status": {}}, {"spec": None, "status": None}])
def test_absent_fields_have_the_defaults_of_the_api(raw: dict[str, Any]) -> None:
    assert parse_pod(raw) == Pod(metadata=WorkloadMetadata())


def test_a_pod_without_container_statuses_has_the_containers_of_its_spec() -> None:
    raw = {"spec": {"containers": [{"name": "c"}], "initContainers": [{"name": "i"}]}, "status": {"phase": "Failed"}}

    assert parse_pod(raw).containers == (ContainerState(name="i", role="init"), ContainerState(name="c"))


def test_an_orphaned_pod_keeps_its_job_by_label() -> None:
    raw = body("pod")
    del raw["metadata"]["ownerReferences"]

    assert (parse_pod(raw).job_name, parse_pod(raw).job_uid) == (NAME, JOB_UID)


@pytest.mark.parametrize("made_up", ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", None])
def test_a_time_that_stands_for_never_is_none(made_up: str | None) -> None:
    raw = body("pod")
    raw["status"]["initContainerStatuses"][1]["state"]["running"]["startedAt"] = made_up

    assert parse_pod(raw).containers[1].state == Running(None)


def test_a_pod_is_compact() -> None:
    assert not hasattr(parse_pod(body("pod")), "__dict__")


@pytest.mark.parametrize(
    ("container", "has_started"),
    [
        pytest.param(ContainerState(name="c"), False, id="nothing is known"),
        pytest.param(ContainerState(name="c", state=Waiting("ImagePullBackOff")), False, id="it waits"),
        pytest.param(ContainerState(name="c", state=Running()), True, id="it runs"),
        pytest.param(ContainerState(name="c", state=Terminated(0, "Completed")), True, id="it ended"),
        pytest.param(
            ContainerState(name="c", state=Terminated(137, "ContainerStatusUnknown")), False, id="its end is made up"
        ),
        pytest.param(
            ContainerState(name="c", state=Terminated(137, "ContainerStatusUnknown", "", instant(1))),
            True,
            id="its end is made up, its start is not",
        ),
        pytest.param(
            ContainerState(name="c", state=Waiting("CrashLoopBackOff"), last=Terminated(1), restart_count=1),
            True,
            id="it waits for its next restart",
        ),
    ],
)
def test_whether_a_container_ever_ran(container: ContainerState, *, has_started: bool) -> None:
    assert container.has_started is has_started


@pytest.mark.parametrize(
    ("message", "read"),
    [
        pytest.param("3 rows were bad\n", "3 rows were bad\n", id="a message that the container left"),
        pytest.param(
            'Error on reading termination message from logs: failed to try resolving symlinks in path "/var/log/pods/x"',
            "",
            id="the kubelet's complaint that the log was gone is not the container's message",
        ),
    ],
)
def test_a_termination_message_is_the_containers(message: str, read: str) -> None:
    state = {"terminated": {"exitCode": 7, "message": message}}
    spec = {"containers": [{"name": "main"}]}
    pod = parse_pod({"spec": spec, "status": {"containerStatuses": [{"name": "main", "state": state}]}})
    (container,) = pod.containers
    assert isinstance(container.state, Terminated)
    assert container.state.message == read


def attempt(*, restarts: int, last: Terminated | None) -> Pod:
    container = ContainerState(name="main", restart_count=restarts, state=Running(instant(4)), last=last)
    return Pod(metadata=WorkloadMetadata(), containers=(container,))


@pytest.mark.parametrize(
    ("earlier", "later", "kept"),
    [
        pytest.param(1, 1, Terminated(7), id="the kubelet dropped the end of the previous attempt"),
        pytest.param(1, 2, None, id="there was another attempt since, whose end is unknown"),
    ],
)
def test_a_later_version_keeps_the_end_of_an_attempt(earlier: int, later: int, kept: Terminated | None) -> None:
    pod = attempt(restarts=later, last=None).since(attempt(restarts=earlier, last=Terminated(7)))
    assert pod == attempt(restarts=later, last=kept)


def test_an_end_that_was_the_last_one_of_a_waiting_container_is_kept_once() -> None:
    ended = Terminated(4)
    waiting = ContainerState(name="main", restart_count=1, state=Waiting("CrashLoopBackOff"), last=ended)
    container = ContainerState(name="main", restart_count=1, state=ended)
    assert container.since(waiting) == container
