"""Store of observed objects: events late, twice, out of order or lost, and requests that share a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pytest
from structlog.testing import capture_logs
from tests.builders.instants import at
from tests.builders.objects import Object
from tests.builders.snapshots import template
from tests.builders.stored_objects import CLOSE, DONE, LABELS, OF_RUN, Seen, a_job, a_pod, a_request, a_run, body

from process_operator.resources.kinds import CRONJOB, JOB, POD, PROCESS, PROCESS_REQUEST, PROCESS_RUN, Kind
from process_operator.resources.types import NamespacedName
from process_operator.state.store import Store


def test_an_object_that_cannot_be_read_is_said_and_harms_no_other() -> None:
    store = Seen()
    strange = a_run(name="strange")
    strange["spec"]["trigger"] = "Sometimes"
    with capture_logs() as said:
        store.try_apply(PROCESS_RUN, strange)
        store.try_apply(PROCESS_RUN, a_run())
    assert set(store.runs.entries) == {("erp", "run")}
    assert [(line["event"], line["name"]) for line in said] == [("an object cannot be read and is skipped", "strange")]


# ---- versions


@pytest.mark.parametrize(
    ("first", "second", "held"),
    [
        pytest.param(1, 2, 2, id="a newer version replaces the older one"),
        pytest.param(2, 1, 2, id="an older version that comes late is no news"),
        pytest.param(2, 2, 2, id="the same version twice is no news"),
    ],
)
def test_versions(first: int, second: int, held: int) -> None:
    store = Seen()
    assert store.see(PROCESS_RUN, a_run(first))
    assert store.see(PROCESS_RUN, a_run(second)) is (second > first)
    assert [run.metadata.resource_version for run in store.snapshot(CLOSE).runs] == [str(held)]
    assert store.dirty == [CLOSE] * (2 if second > first else 1)


@dataclass(frozen=True)
class Change:
    """Two versions of an object, and the number of times that they mark the request as dirty."""

    id: str
    kind: Kind
    first: Object
    second: Object
    marks: int


CHANGES: Final = [
    Change(
        "a Job of which nothing is read that changed",
        kind=JOB,
        first=a_job(2, active=1),
        second=a_job(3, active=1),
        marks=1,
    ),
    Change("a Job with a ready pod", kind=JOB, first=a_job(2, active=1), second=a_job(3, active=1, ready=1), marks=2),
    Change("a pod that lost its finalizer", kind=POD, first=a_pod(2), second=a_pod(3), marks=1),
    Change("a pod in another phase", kind=POD, first=a_pod(2), second=a_pod(3, "Failed"), marks=2),
]


@pytest.mark.parametrize("case", CHANGES, ids=lambda case: case.id)
def test_only_what_a_decision_looks_at_marks_the_request(case: Change) -> None:
    store = Seen()
    store.see(PROCESS_RUN, a_run(1))
    store.dirty.clear()
    store.see(case.kind, case.first)
    assert store.see(case.kind, case.second) is (case.marks == 2)
    assert store.dirty == [CLOSE] * case.marks
    held = store.cache(case.kind).get("erp", case.first["metadata"]["name"])
    assert held is not None and held.version == 3


@dataclass(frozen=True)
class Batched:
    """A change of an object, and whether the request may wait for further changes."""

    id: str
    kind: Kind
    seen: Object
    is_batched: bool
    is_deleted: bool = False


BATCHED: Final = [
    Batched("a Job that continues", kind=JOB, seen=a_job(3, active=1), is_batched=True),
    Batched("a Job that has ended", kind=JOB, seen=a_job(3, conditions=DONE), is_batched=False),
    Batched("a Job that was deleted", kind=JOB, seen=a_job(3), is_deleted=True, is_batched=False),
    Batched("a pod", kind=POD, seen=a_pod(3), is_batched=True),
    Batched(
        "the status of a run",
        kind=PROCESS_RUN,
        seen={**a_run(3), "status": {"phase": "Running"}},
        is_batched=True,
    ),
    Batched("a run that was deleted", kind=PROCESS_RUN, seen=a_run(3), is_deleted=True, is_batched=False),
    Batched("a request", kind=PROCESS_REQUEST, seen=a_request(3), is_batched=False),
]


@pytest.mark.parametrize("case", BATCHED, ids=lambda case: case.id)
@pytest.mark.parametrize("is_answer", [False, True], ids=["in an event", "in an answer"])
def test_what_is_batched(case: Batched, *, is_answer: bool) -> None:
    dirty: list[NamespacedName] = []
    batched: list[NamespacedName] = []
    store = Store(on_dirty=dirty.append, on_progress=batched.append, clock=lambda: at("12:00"))
    store.apply(PROCESS_RUN, a_run(1))
    store.apply(JOB, a_job(2))
    dirty.clear()
    batched.clear()
    store.apply(case.kind, case.seen, deleted=case.is_deleted, is_answer=is_answer)
    assert (dirty, batched) == (([], [CLOSE]) if case.is_batched or is_answer else ([CLOSE], []))


OURS: Final = [
    {"apiVersion": "process-operator.io/v1alpha1", "kind": "ProcessRun", "name": "run", "uid": "1", "controller": True}
]
CRONJOBS: Final = [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "close", "uid": "1", "controller": True}]


@dataclass(frozen=True)
class GoneJob:
    """A deleted Job, and the number of times that it marks the request as dirty."""

    id: str
    owners: list[Object]
    conditions: list[Object]
    is_open: bool
    marks: int


GONE_JOBS: Final = [
    GoneJob(
        "the Job of a run that is recorded: it went with the run",
        owners=OURS,
        conditions=DONE,
        is_open=False,
        marks=0,
    ),
    GoneJob("the Job of a run that is not", owners=OURS, conditions=DONE, is_open=True, marks=1),
    GoneJob("a Job that was at work", owners=OURS, conditions=[], is_open=False, marks=1),
    GoneJob("a Job of a CronJob", owners=CRONJOBS, conditions=DONE, is_open=False, marks=1),
]


@pytest.mark.parametrize("case", GONE_JOBS, ids=lambda case: case.id)
def test_a_job_that_is_gone(case: GoneJob) -> None:
    store = Seen()
    if case.is_open:
        store.see(PROCESS_RUN, a_run(1))
    gone: Object = {"metadata": {"ownerReferences": case.owners}, "conditions": case.conditions}
    store.see(JOB, a_job(2, **gone))
    store.dirty.clear()
    store.see(JOB, a_job(3, **gone), deleted=True)
    assert store.dirty == [CLOSE] * case.marks


def test_a_request_with_runs_is_read_once_for_each_version() -> None:
    store = Seen()
    store.see(PROCESS_REQUEST, a_request(1))
    store.see(PROCESS_RUN, a_run(2))
    once = store.snapshot(CLOSE).request
    assert store.snapshot(CLOSE).request is once
    store.see(PROCESS_REQUEST, a_request(3, suspend=True))
    again = store.snapshot(CLOSE).request
    assert again is not None and again.spec.suspend


def test_a_deletion_cannot_be_undone_by_an_older_list() -> None:
    store = Seen()
    store.see(PROCESS_RUN, a_run(1))
    store.see(PROCESS_RUN, a_run(5), deleted=True)
    assert not store.see(PROCESS_RUN, a_run(3))
    assert store.snapshot(CLOSE).runs == ()


def test_an_object_with_another_uid_may_take_the_name_of_a_deleted_one() -> None:
    store = Seen()
    store.see(PROCESS_RUN, a_run(1))
    store.see(PROCESS_RUN, a_run(5), deleted=True)
    assert store.see(PROCESS_RUN, a_run(6, uid="another"))
    assert [run.metadata.uid for run in store.snapshot(CLOSE).runs] == ["another"]


def test_the_late_deletion_of_an_older_object_leaves_the_newer_one_alone() -> None:
    store = Seen()
    store.see(PROCESS_RUN, a_run(6, uid="newer"))
    assert not store.see(PROCESS_RUN, a_run(5, uid="older"), deleted=True)
    assert [run.metadata.uid for run in store.snapshot(CLOSE).runs] == ["newer"]


def test_what_a_list_does_not_show_is_gone_unless_it_is_newer_than_the_list() -> None:
    store = Seen()
    store.see(PROCESS_RUN, a_run(1, name="listed"))
    store.see(PROCESS_RUN, a_run(2, name="vanished"))
    store.see(PROCESS_RUN, a_run(9, name="newer"))
    store.reconcile_list(PROCESS_RUN, None, {"uid-of-listed"}, 5)
    assert sorted(run.metadata.name for run in store.snapshot(CLOSE).runs) == ["listed", "newer"]


@pytest.mark.parametrize(
    ("phase", "is_gone"),
    [
        pytest.param("Pending", False, id="a pod that waits is in no list of ended pods"),
        pytest.param("Running", False, id="a pod that runs is in no list of ended pods"),
        pytest.param("Succeeded", True, id="a pod that had ended would be in it"),
        pytest.param("Failed", True, id="a pod that had failed would be in it"),
    ],
)
def test_a_pod_that_the_filtered_list_leaves_out_is_no_deleted_pod(phase: str, *, is_gone: bool) -> None:
    store = Seen()
    store.see(PROCESS_RUN, a_run(1))
    store.see(JOB, a_job(2))
    store.see(POD, a_pod(3, phase))
    store.reconcile_list(POD, None, set(), 9)
    assert store.snapshot(CLOSE).pods["run"][0].gone is is_gone


def test_a_list_of_one_namespace_says_nothing_of_the_others() -> None:
    store = Seen()
    store.see(PROCESS_RUN, a_run(1))
    store.reconcile_list(PROCESS_RUN, "shop", set(), 5)
    assert len(store.snapshot(CLOSE).runs) == 1


# ---- who is concerned


@pytest.mark.parametrize(
    ("kind", "seen", "key"),
    [
        pytest.param(PROCESS_REQUEST, a_request(), CLOSE, id="a request by its name"),
        pytest.param(PROCESS_RUN, a_run(), CLOSE, id="a run by what its spec names"),
        pytest.param(JOB, a_job(), CLOSE, id="a Job by its label"),
        pytest.param(CRONJOB, body("c", 1, metadata=LABELS, spec={}), CLOSE, id="a CronJob by its label"),
        pytest.param(JOB, body("other", 1, spec={}), None, id="a Job without a label concerns no request"),
    ],
)
def test_request_that_is_evaluated(kind: Kind, seen: Object, key: NamespacedName | None) -> None:
    store = Seen()
    store.see(kind, seen)
    assert store.dirty == ([key] if key else [])


def test_a_job_without_a_label_belongs_to_the_open_run_that_owns_it() -> None:
    store = Seen()
    store.see(PROCESS_RUN, a_run())
    store.see(JOB, body("run", 2, metadata=OF_RUN, spec={}))
    assert list(store.snapshot(CLOSE).jobs) == ["run"]


def test_a_process_concerns_the_requests_that_name_it_now() -> None:
    store = Seen()
    a_process = body("close-day", 1, spec={"jobTemplate": template()})
    store.see(PROCESS_REQUEST, a_request(process={"name": "close-day"}))
    store.dirty.clear()
    store.see(PROCESS, a_process)
    assert (store.dirty, store.changed) == ([CLOSE], [("erp", "close-day")])
    assert store.snapshot(CLOSE).process is not None
    store.see(PROCESS_REQUEST, a_request(2, process={"name": "open-day"}))
    store.dirty.clear()
    store.see(PROCESS, {**a_process, "metadata": {**a_process["metadata"], "resourceVersion": "3"}})
    assert store.dirty == []


def test_every_request_that_left_something_behind_is_evaluated_after_a_start() -> None:
    store = Seen()
    store.see(PROCESS_RUN, a_run())
    store.see(
        JOB, a_job(name="left", metadata={"labels": {"process-operator.io/request": "gone"}, "ownerReferences": []})
    )
    assert store.request_keys() == {CLOSE, ("erp", "gone")}
