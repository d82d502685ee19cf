"""Ownership of Jobs, pods, runs and CronJobs: only UIDs, and names with the digest of one, are proof."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.instants import at
from tests.builders.objects import Object
from tests.builders.snapshots import STEM, every, job, request, run, snapshot

from process_operator.decisions.inputs.ownership import (
    CronJobOfRequest,
    is_job_of,
    is_run_of,
    proven_part,
    without_false_ticks,
)
from process_operator.resources import names
from process_operator.resources.batch.cronjob import parse_cronjob
from process_operator.resources.batch.job import Job
from process_operator.resources.names import ANNOTATION_ENGINE
from process_operator.resources.process_run import ProcessRun

TICK = f"{STEM}-{int(at('12:10').timestamp()) // 60}"
CRONJOB = CronJobOfRequest(STEM, "uid-of-the-cronjob")
HELD = parse_cronjob({"metadata": {"name": STEM, "namespace": "erp", "uid": "uid-of-the-cronjob"}})
BY_HAND = {ANNOTATION_ENGINE: "CronJob"}


def owned(kind: str, name: str, uid: str) -> list[Object]:
    return [{"kind": kind, "name": name, "uid": uid, "controller": True}]


def of_cronjob(name: str = TICK, *, tick: str | None = "12:10", created: str = "12:10", **owner: str) -> Job:
    metadata: dict[str, Any] = {
        "ownerReferences": owned("CronJob", owner.get("name", STEM), owner.get("uid", "uid-of-the-cronjob")),
        "creationTimestamp": at(created).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if tick is not None:
        metadata["annotations"] = {names.ANNOTATION_CRONJOB_TICK: at(tick).isoformat()}
    return job(name, metadata=metadata)


OF_TICK = run(TICK, due="12:10")


@pytest.mark.parametrize(
    ("a_run", "a_job", "is_its"),
    [
        pytest.param(run("r"), job("r"), True, id="a Job that the run controls"),
        pytest.param(
            run("r"),
            job("r", metadata={"ownerReferences": owned("ProcessRun", "r", "another")}),
            False,
            id="not one of a run that had the name before",
        ),
        pytest.param(run("r"), job("r", metadata={"ownerReferences": []}), False, id="not one without a controller"),
        pytest.param(
            run("r"),
            job("r", metadata={"ownerReferences": [{"kind": "ProcessRun", "name": "r", "uid": "uid-of-r"}]}),
            False,
            id="not one that names the run among owners that do not control it",
        ),
        pytest.param(
            run("r", status={"jobUID": "uid-of-job-r"}),
            job("r", metadata={"ownerReferences": []}),
            True,
            id="one that lost its owner, whose UID the status has",
        ),
        pytest.param(OF_TICK, of_cronjob(), True, id="the CronJob's Job of the run's tick"),
        pytest.param(
            OF_TICK, of_cronjob(uid="another"), False, id="not that of a CronJob with the same name and another UID"
        ),
        pytest.param(OF_TICK, of_cronjob(name=f"{STEM}-1"), False, id="not one with the name of another minute"),
        pytest.param(OF_TICK, of_cronjob(created="12:00"), False, id="not one that was created long before its tick"),
        pytest.param(run(TICK, due="12:20"), of_cronjob(), False, id="not that of another tick"),
        pytest.param(
            run(TICK, trigger="Manual", annotations=BY_HAND),
            of_cronjob(),
            False,
            id="not that of a tick, for a run that a person created under its name",
        ),
        pytest.param(
            run("copy", trigger="Manual", annotations=BY_HAND),
            of_cronjob("copy", tick=None),
            True,
            id="one that a person created from the CronJob",
        ),
        pytest.param(
            run("copy", trigger="Manual"),
            of_cronjob("copy", tick=None),
            False,
            id="not for a run that is no run of the CronJob",
        ),
    ],
)
def test_whose_job_it_is(a_run: ProcessRun, a_job: Job, *, is_its: bool) -> None:
    assert is_job_of(a_run, a_job, CRONJOB) is is_its


@pytest.mark.parametrize(
    ("metadata", "is_its"),
    [
        pytest.param({}, True, id="by label and owner"),
        pytest.param({"labels": {}, "ownerReferences": []}, True, id="one that a person has just created"),
        pytest.param(
            {"labels": {names.LABEL_REQUEST_UID: "former"}, "ownerReferences": []}, False, id="of a former one"
        ),
        pytest.param({"labels": {names.LABEL_REQUEST_UID: "stolen"}}, True, id="relabelled: by its owner"),
        pytest.param(
            {"name": f"{STEM}-s7", "labels": {names.LABEL_REQUEST_UID: "stolen"}, "ownerReferences": []},
            True,
            id="relabelled, and without its owner: by its name",
        ),
    ],
)
def test_whose_run_it_is(metadata: Object, *, is_its: bool) -> None:
    body = run("by-hand").model_dump(by_alias=True)
    a_run = ProcessRun.model_validate({**body, "metadata": {**body["metadata"], **metadata}})
    assert is_run_of(a_run, request()) is is_its


def test_jobs_that_nothing_proves_are_left_out() -> None:
    jobs = {
        "r": job("r"),
        "stolen": job("stolen", metadata={"ownerReferences": owned("CronJob", "backup", "uid-of-backup")}),
        TICK: of_cronjob(),
        "forged": of_cronjob("forged"),
    }
    known = proven_part(snapshot(request(), runs=(run("r"), run("stolen")), jobs=jobs, cronjobs=(HELD,)))
    assert {name: found.tick for name, found in known.jobs.items()} == {"r": None, TICK: at("12:10"), "forged": None}


def test_a_job_proves_nothing_by_a_cronjob_that_is_not_there() -> None:
    forged = of_cronjob(uid="bogus")
    assert proven_part(snapshot(request(), jobs={TICK: forged})).jobs == {}


def test_a_minute_that_is_no_tick_of_the_schedule_makes_a_run_by_hand() -> None:
    name = f"{STEM}-{int(at('12:13').timestamp()) // 60}"
    jobs = {TICK: of_cronjob(), name: of_cronjob(name, tick="12:13", created="12:13")}
    known = without_false_ticks(snapshot(request(), jobs=jobs, cronjobs=(HELD,)), every(600))
    assert {name: found.tick for name, found in known.jobs.items()} == {TICK: at("12:10"), name: None}
