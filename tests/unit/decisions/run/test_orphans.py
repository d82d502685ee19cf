"""Leftovers of an earlier request: those that are adopted, recorded as over, or counted as active."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.instants import at
from tests.builders.objects import Object
from tests.builders.snapshots import STEM, UID, activation, job, request, run, snapshot

from process_operator.decisions.inputs.observations import RunObservations
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import AdoptRun, DeleteJob, Emit, LookUpJob, PatchCronJob, ReportRun
from process_operator.decisions.run.orphans import (
    adopt_cronjobs,
    adopt_runs,
    orphaned_jobs,
    plan_orphaned_jobs,
    working_orphans,
)
from process_operator.resources import names
from process_operator.resources.batch.cronjob import CronJob, parse_cronjob
from process_operator.resources.batch.job import Job
from process_operator.resources.names import ANNOTATION_MISSED_REASON
from process_operator.resources.process_request_status import ActiveRun, ProcessRequestStatus
from process_operator.resources.process_run import ProcessRun

FORMER = "uid-of-the-request-before"
FORMER_STEM = names.child_stem("close", FORMER)
NAME = names.tick_run_name(FORMER_STEM, int(at("12:00").timestamp()), whole_minutes=True)
NOW = at("12:30")
OWNER = {"apiVersion": names.API_VERSION, "kind": "ProcessRequest", "name": "close", "uid": FORMER, "controller": True}


def left(*, owned: bool = False, **parts: Any) -> ProcessRun:
    """A run of the request that had the name before."""
    found = run(NAME, **parts)
    labels = {names.LABEL_REQUEST: "close", names.LABEL_REQUEST_UID: FORMER}
    body = found.to_api() | {"metadata": found.metadata.to_api() | {"labels": labels}}
    body["metadata"]["ownerReferences"] = [OWNER] if owned else []
    return ProcessRun.model_validate(body)


def a_job(
    kind: str = "ProcessRun",
    owner: str = f"uid-of-{NAME}",
    *,
    of: str = NAME,
    tick: str | None = None,
    waits: bool = False,
    **parts: Any,
) -> Job:
    """The Job of that name, with a controller."""
    controller = {"kind": kind, "name": of, "uid": owner, "controller": True}
    annotations = {names.ANNOTATION_CRONJOB_TICK: f"2027-03-01T{tick}:00Z"} if tick is not None else {}
    if waits:
        annotations[names.ANNOTATION_WAITS_FOR_START] = "true"
    return job(NAME, metadata={"ownerReferences": [controller], "annotations": annotations}, **parts)


def stray(name: str) -> Job:
    """A Job that lost its owner."""
    return job(name, metadata={"ownerReferences": []})


def cronjob(*, owner: str | None = None, **spec: Any) -> CronJob:
    """The CronJob of the request before."""
    metadata: Object = {"name": FORMER_STEM, "namespace": "erp", "uid": "uid-of-the-cronjob"}
    metadata["labels"] = {names.LABEL_REQUEST: "close", names.LABEL_REQUEST_UID: FORMER}
    if owner is not None:
        metadata["ownerReferences"] = [OWNER | {"uid": owner}]
    status = {"active": [{"name": name, "uid": f"uid-of-{name}"} for name in spec.pop("active", ())]}
    return parse_cronjob(
        {"metadata": metadata, "spec": {"schedule": "* * * * *", "suspend": True, **spec}, "status": status}
    )


def known(*runs: ProcessRun, jobs: tuple[Job, ...] = (), **more: Any) -> Snapshot:
    return Snapshot(
        namespace="erp", name="close", runs=runs, jobs={found.metadata.name: found for found in jobs}, **more
    )


ABSENT = {NAME: RunObservations(job_absent=True)}
THEIRS = ("CronJob", "uid-of-the-cronjob")
BY_CRONJOB: dict[str, Any] = {"annotations": {"process-operator.io/engine": "CronJob"}}


@pytest.mark.parametrize(
    ("of", "wanted"),
    [
        pytest.param(known(left(owned=True), jobs=(a_job(),)), [], id="that has its owner is the collector's"),
        pytest.param(known(left(), jobs=(a_job(),)), [ReportRun, AdoptRun, Emit], id="that works is adopted"),
        pytest.param(
            known(left(status={"jobUID": f"uid-of-job-{NAME}"}), jobs=(stray(NAME),)),
            [AdoptRun, Emit],
            id="whose status has the UID of the Job is adopted, although the Job lost its owner",
        ),
        pytest.param(
            known(left(**BY_CRONJOB), jobs=(a_job(*THEIRS, of=FORMER_STEM, tick="12:00"),), cronjobs=(cronjob(),)),
            [ReportRun, AdoptRun, Emit],
            id="whose Job the orphaned CronJob made for its tick is adopted",
        ),
        pytest.param(
            known(left(**BY_CRONJOB), jobs=(a_job(*THEIRS, of=FORMER_STEM, tick="12:01"),), cronjobs=(cronjob(),)),
            [LookUpJob],
            id="whose Job was made for another tick is not",
        ),
        pytest.param(
            known(left(), jobs=(a_job("ReplicationController", "u", of="theirs"),), observations=ABSENT),
            [AdoptRun],
            id="with whose name another owner has a Job is over",
        ),
        pytest.param(known(left()), [LookUpJob], id="without a Job is looked for"),
        pytest.param(known(left(due="12:29:55")), [], id="that is young may have a Job in a moment"),
        pytest.param(known(left(), observations=ABSENT), [AdoptRun], id="of which there is no Job is over"),
        pytest.param(
            known(left(status={"jobUID": "gone"}), observations=ABSENT), [], id="whose Job is gone is followed to its end"
        ),
        pytest.param(known(left(), jobs=(a_job(status={"conditions": [{"type": "Complete", "status": "True"}]}),)), [], id="whose Job is over is recorded as it is"),
        pytest.param(
            known(left(trigger="Later"), jobs=(a_job(waits=True, spec={"suspend": True}, status={}),)),
            [DeleteJob],
            id="that waits for its start will not start",
        ),
        pytest.param(
            known(
                left(trigger="Later"),
                jobs=(a_job(waits=True, spec={"suspend": True}, status={}),),
                gone_jobs=frozenset({NAME}),
                observations=ABSENT,
            ),
            [AdoptRun],
            id="whose Job was deleted while it waited for its start is over",
        ),
    ],
)  # fmt: skip
def test_a_run_of_an_earlier_request(of: Snapshot, wanted: list[type]) -> None:
    found = adopt_runs(of, request(), NOW).actions
    assert [type(action) for action in found] == wanted


def test_a_run_that_is_over_is_never_started() -> None:
    (action,) = adopt_runs(known(left(), observations=ABSENT), request(), NOW).actions
    assert isinstance(action, AdoptRun)
    assert action.patch["metadata"]["annotations"] == {ANNOTATION_MISSED_REASON: "Unknown/FormerRequest"}
    assert action.patch["metadata"]["labels"][names.LABEL_REQUEST_UID] == UID


def active(uid: str | None) -> ProcessRequestStatus:
    return ProcessRequestStatus(
        activation=activation(), active=(ActiveRun(name=f"{STEM}-s1", job=f"{STEM}-s1", job_uid=uid),)
    )


MINE = f"uid-of-job-{STEM}-s1"


@pytest.mark.parametrize(
    ("uid", "known_of_it", "works"),
    [
        pytest.param(MINE, {}, True, id="that the status names by its UID"),
        pytest.param("another", {}, False, id="of that name with another UID is another owner's"),
        pytest.param(None, {}, False, id="whose UID was never written proves nothing"),
        pytest.param(MINE, {"runs": (run(),)}, False, id="whose run is there is that run's"),
        pytest.param(MINE, {"gone_jobs": frozenset({f"{STEM}-s1"})}, False, id="that is gone works no more"),
        pytest.param(MINE, {"jobs": {f"{STEM}-s1": job(finished_at="12:10")}}, False, id="that is over neither"),
    ],
)
def test_a_job_without_a_run(uid: str | None, known_of_it: dict[str, Any], works: bool) -> None:  # noqa: FBT001
    known_of_it.setdefault("jobs", {f"{STEM}-s1": job()})
    of = snapshot(request(status=active(uid).to_api()), **known_of_it)
    assert bool(orphaned_jobs(of)) is works
    assert [found.started for found in working_orphans(of, None)] == ([True] if works else [])


def test_it_is_ended_only_for_a_run_that_replaces_it() -> None:
    of = snapshot(request(status=active(MINE).to_api()), jobs={f"{STEM}-s1": stray(f"{STEM}-s1")})
    assert [type(action) for action in plan_orphaned_jobs(of, ()).actions] == [Emit]
    assert plan_orphaned_jobs(of, (f"{STEM}-s1",)).actions[0] == DeleteJob(f"{STEM}-s1", MINE)


@pytest.mark.parametrize(
    ("of", "adopted"),
    [
        pytest.param(cronjob(), True, id="that is suspended and has nothing at work"),
        pytest.param(cronjob(active=["x"]), False, id="with a Job at work proves whose that is"),
        pytest.param(cronjob(suspend=False), False, id="is suspended first"),
        pytest.param(cronjob(owner="somebody"), False, id="of another owner is not touched"),
        pytest.param(cronjob(owner=FORMER), False, id="with its owner is the collector's"),
    ],
)
def test_a_cronjob_of_an_earlier_request(of: CronJob, adopted: bool) -> None:  # noqa: FBT001
    found = adopt_cronjobs(snapshot(request(), cronjobs=(of,)))
    assert [type(action) for action in found.actions] == ([PatchCronJob, Emit] if adopted else [])
