"""Store: what it holds of finished runs, their Jobs and pods, and for how long. Neighbour: `test_store.py`."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import finished
from tests.builders.stored_objects import CLOSE, DONE, Seen, a_job, a_pod, a_request, a_run

from process_operator.decisions.inputs.observations import DryRun, RunObservations
from process_operator.resources.kinds import JOB, POD, PROCESS_REQUEST, PROCESS_RUN
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import RunLog
from process_operator.state.progress import RequestProgress
from process_operator.state.request_observations import DryRunAnswered, HistoryLoaded
from process_operator.state.run_observations import LogRead, LogRequested

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
