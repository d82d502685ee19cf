"""Store of observed objects: events late, twice, out of order or lost, and requests that share a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pytest
from structlog.testing import capture_logs
from tests.builders.instants import at
from tests.builders.objects import Object
from tests.builders.snapshots import finished, template

from process_operator.decisions.inputs.observations import DryRun, RunObservations
from process_operator.resources.kinds import CRONJOB, JOB, POD, PROCESS, PROCESS_REQUEST, PROCESS_RUN, Kind
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import RunLog
from process_operator.resources.types import NamespacedName
from process_operator.state.progress import RequestProgress
from process_operator.state.request_observations import DryRunAnswered, HistoryLoaded
from process_operator.state.run_observations import LogRead, LogRequested
from process_operator.state.store import Store

CLOSE: NamespacedName = ("erp", "close")


class Seen(Store):
    """A store that notes which requests it marked as dirty."""

    def __init__(self) -> None:
        self.now = at("12:00")
        self.dirty: list[NamespacedName] = []
        self.changed: list[NamespacedName] = []
        super().__init__(on_dirty=self.dirty.append, on_process=self.changed.append, clock=self.clock)

    def clock(self) -> datetime:
        return self.now

    def see(self, kind: Kind, body: Object, *, deleted: bool = False) -> bool:
        return self.apply(kind, body, deleted=deleted)


def body(name: str, version: int, uid: str | None = None, **parts: Any) -> Object:
    metadata = {
        "name": name,
        "namespace": "erp",
        "uid": uid or f"uid-of-{name}",
        "resourceVersion": str(version),
        "creationTimestamp": "2027-03-01T12:00:00Z",
        **parts.pop("metadata", {}),
    }
    return {"metadata": metadata, **parts}


def a_request(version: int = 1, uid: str | None = None, **spec: Any) -> Object:
    if "process" not in spec:
        spec["jobTemplate"] = template()
    return body("close", version, uid, spec={"timing": {"runImmediately": {}}, **spec})


def a_run(version: int = 1, phase: str = "Pending", name: str = "run", uid: str | None = None) -> Object:
    spec = {"request": {"name": "close"}, "trigger": "Manual"}
    return body(name, version, uid, spec=spec, status={"phase": phase})


LABELS = {"labels": {"process-operator.io/request": "close", "process-operator.io/request-uid": "uid-of-close"}}
OF_RUN = {"ownerReferences": [{"kind": "ProcessRun", "name": "run", "uid": "uid-of-run", "controller": True}]}


def a_job(version: int = 1, name: str = "run", **parts: Any) -> Object:
    metadata = {**LABELS, **OF_RUN, **parts.pop("metadata", {})}
    return body(name, version, metadata=metadata, spec=parts.pop("spec", {}), status=parts)


def a_pod(version: int = 1, phase: str = "Succeeded", job: str = "run") -> Object:
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": job, "uid": f"uid-of-{job}", "controller": True}
    return body(
        f"{job}-abcde", version, metadata={**LABELS, "ownerReferences": [owner]}, spec={}, status={"phase": phase}
    )


DONE = [{"type": "Complete", "status": "True"}]


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
        pytest.param("Running", False, id="nor is one that runs"),
        pytest.param("Succeeded", True, id="one that had ended would be in it"),
        pytest.param("Failed", True, id="and one that had failed"),
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


# ---- the end of runs


def test_a_finished_run_is_not_held() -> None:
    store = Seen()
    store.see(PROCESS_RUN, a_run(1))
    assert store.see(PROCESS_RUN, a_run(2, "Succeeded"))
    assert store.snapshot(CLOSE).runs == ()


def test_a_deleted_job_is_held_as_it_was_last_until_its_run_is_recorded() -> None:
    store = Seen()
    store.see(PROCESS_RUN, a_run(1))
    store.see(JOB, a_job(2, active=1))
    store.see(JOB, a_job(3, terminating=1), deleted=True)
    known = store.snapshot(CLOSE)
    assert (known.jobs["run"].terminating, known.gone_jobs) == (1, frozenset({"run"}))
    store.see(PROCESS_RUN, a_run(4, "Canceled"))
    assert store.snapshot(CLOSE).jobs == {}


def test_the_job_of_a_recorded_run_goes_at_once() -> None:
    store = Seen()
    store.see(JOB, a_job(2, conditions=DONE))
    store.see(JOB, a_job(3, conditions=DONE), deleted=True)
    assert store.snapshot(CLOSE).jobs == {}


def test_a_job_that_the_operator_removed_is_forgotten() -> None:
    store = Seen()
    store.see(PROCESS_RUN, a_run(1))
    store.see(JOB, a_job(2))
    store.mark_deleted(JOB, "erp", "run", uid=a_job(2)["metadata"]["uid"], evict=True)
    assert store.snapshot(CLOSE).jobs == {}
    assert not store.see(JOB, a_job(3))


def test_pods_of_recorded_runs_are_not_held() -> None:
    store = Seen()
    assert not store.see(POD, a_pod(1))
    store.see(PROCESS_RUN, a_run(1))
    assert store.see(POD, a_pod(2))
    store.see(PROCESS_RUN, a_run(3, "Succeeded"))
    assert store.snapshot(CLOSE).pods == {}


def test_a_pod_that_comes_before_its_run_is_held_while_its_job_is_open() -> None:
    store = Seen()
    store.see(JOB, a_job(1, active=1))
    assert store.see(POD, a_pod(2))


def test_pods_that_a_list_does_not_show_are_gone() -> None:
    store = Seen()
    store.see(PROCESS_RUN, a_run(1))
    store.see(POD, a_pod(2))
    store.mark_pods_deleted(CLOSE, "uid-of-run", present=set(), version=9)
    assert [pod.gone for pod in store.snapshot(CLOSE).pods["run"]] == [True]


# ---- what was found out


def test_since_when_a_run_is_seen_running() -> None:
    store = Seen()
    store.see(PROCESS_RUN, a_run(1))
    store.see(JOB, a_job(2, active=1, ready=1))
    store.now = at("12:05")
    store.see(JOB, a_job(3, active=1, ready=1))
    assert store.snapshot(CLOSE).observations_of("run").running_since == at("12:00")
    store.see(JOB, a_job(4, active=1, ready=0))
    assert store.snapshot(CLOSE).observations_of("run").unready_since == at("12:05")


def test_a_suspension_starts_the_work_over() -> None:
    store = Seen()
    store.see(PROCESS_RUN, a_run(1))
    store.see(JOB, a_job(2, ready=1))
    store.observe(CLOSE, LogRead("run", RunLog(text="half"), "run-abcde"))
    store.see(JOB, a_job(3, spec={"suspend": True}))
    observations = store.snapshot(CLOSE).observations_of("run")
    assert (observations.running_since, observations.log, observations.log_pod) == (None, None, "")


def test_the_notes_of_a_run_go_with_it() -> None:
    store = Seen()
    store.see(PROCESS_RUN, a_run(1))
    store.observe(CLOSE, LogRequested("run"))
    store.see(PROCESS_RUN, a_run(2, "Succeeded"))
    assert store.snapshot(CLOSE).observations == {}


@pytest.mark.parametrize(
    ("how", "known"),
    [
        pytest.param("deleted", None, id="it was deleted, or another operator has finished it: only a list can tell"),
        pytest.param("unseen", None, id="a list does not show it any more"),
        pytest.param("answered", ("old",), id="our own write has finished it"),
    ],
)
def test_what_is_known_of_finished_runs_when_an_open_one_is_no_more(how: str, known: tuple[str, ...] | None) -> None:
    store = Seen()
    store.see(PROCESS_REQUEST, a_request())
    store.see(PROCESS_RUN, a_run(1))
    store.observe(CLOSE, HistoryLoaded((finished("old"),)))
    if how == "deleted":
        store.see(PROCESS_RUN, a_run(2), deleted=True)
    elif how == "unseen":
        store.reconcile_list(PROCESS_RUN, None, set(), 5)
    else:
        store.see(PROCESS_RUN, a_run(2, "Succeeded"))
        store.see(PROCESS_RUN, a_run(2), deleted=True)
    history = store.snapshot(CLOSE).history
    assert (None if history is None else tuple(run.name for run in history)) == known


@pytest.mark.parametrize("is_told", [True, False], ids=["told of the deletion", "not told of it"])
def test_what_was_found_out_about_a_request_does_not_hold_for_the_next_of_its_name(is_told: bool) -> None:  # noqa: FBT001
    store = Seen()
    store.see(PROCESS_REQUEST, a_request(1))
    store.set_progress(CLOSE, RequestProgress(status=ProcessRequestStatus(waiting_count=1)))
    store.observe(CLOSE, HistoryLoaded(()))
    store.observe(CLOSE, DryRunAnswered(DryRun("hash")))
    store.observe(CLOSE, LogRequested("run"))
    if is_told:
        store.see(PROCESS_REQUEST, a_request(2), deleted=True)
    store.see(PROCESS_REQUEST, a_request(3, uid="another"))
    known = store.snapshot(CLOSE)
    assert (known.status, known.history, known.dry_run) == (ProcessRequestStatus(), None, None)
    assert known.observations == {"run": RunObservations(log_wanted=True)}
    assert (store.is_held(CLOSE, "uid-of-close"), store.is_held(CLOSE, "another")) == (False, True)


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        pytest.param({}, False, id="notes that say nothing are dropped"),
        pytest.param(
            {"status_written_at": at("12:00")}, False, id="when the status was written last says nothing at rest"
        ),
        pytest.param({"failures": 1}, True, id="failures are kept"),
    ],
)
def test_notes_at_rest(changes: dict[str, Any], kept: bool) -> None:  # noqa: FBT001
    store = Seen()
    store.see(PROCESS_REQUEST, a_request())
    before = RequestProgress(**changes)
    store.set_progress(CLOSE, before)
    store.prune(CLOSE)
    assert (store.progress(CLOSE) == before) is (kept or not changes)


def test_what_is_known_of_finished_runs_is_kept_at_rest() -> None:
    store = Seen()
    store.see(PROCESS_REQUEST, a_request())
    store.observe(CLOSE, HistoryLoaded(()))
    store.set_progress(CLOSE, RequestProgress(status_written_at=at("12:00")))
    store.prune(CLOSE)
    assert (store.facts(CLOSE).history, store.progress(CLOSE).status_written_at) == ((), at("12:00"))


# ---- what is held of a request


def test_of_a_request_only_what_decisions_read_is_held() -> None:
    store = Seen()
    annotations = {"process-operator.io/reschedule": "x", "kubectl.kubernetes.io/last-applied-configuration": "{...}"}
    seen = a_request()
    seen["metadata"] |= {"annotations": annotations, "managedFields": [{"manager": "kubectl"}]}
    store.see(PROCESS_REQUEST, seen)
    known = store.snapshot(CLOSE).request
    assert known is not None
    assert known.metadata.annotations == {"process-operator.io/reschedule": "x"}
    held = store.requests.entries[CLOSE].value
    assert b"managedFields" not in held.spec + held.rest
