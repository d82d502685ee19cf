"""Takeover of a CronJob's tick without a Job: its time, its author, and the blocking runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import STEM, UID, activation, finished, job, request, seconds, snapshot

from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.observations import DryRun, RunObservations
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.cronjobs import cronjob_job_manifest
from process_operator.decisions.manifests.owners import owner
from process_operator.decisions.plan.actions import (
    CreateCronJob,
    CreateJob,
    CreateRun,
    LoadHistory,
    PatchCronJob,
    TakeOverTick,
)
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.request import decide
from process_operator.decisions.template.job_template import build_template
from process_operator.resources import names
from process_operator.resources.batch.cronjob import CronJob, parse_cronjob
from process_operator.resources.batch.job import Job
from process_operator.resources.model import format_instant
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import RunPhase

TICK: Final = "12:10"


def named(clock: str) -> str:
    """The name of a tick's run and Job."""
    return f"{STEM}-{int(at(clock).timestamp()) // 60}"


def asked(**spec: Any) -> ProcessRequest:
    """Every ten minutes."""
    return request({"schedule": {"cron": "*/10 * * * *"}}, **spec)


def cronjob(of: ProcessRequest, *, last: str, claimed: str | None = None, **changes: Any) -> CronJob:
    """The CronJob of a request as the operator makes it, set going."""
    known = snapshot(of, history=(), dry_run=DryRun(build_template(of, None).hash))
    (made,) = [action for action in decide(begun(known), at("12:00:01")).actions if isinstance(action, CreateCronJob)]
    body: dict[str, Any] = {**made.manifest, "status": {"lastScheduleTime": format_instant(at(last))}}
    body["spec"] = {**body["spec"], "suspend": False, **changes}
    annotations = dict(body["metadata"]["annotations"])
    if claimed is not None:
        annotations[names.ANNOTATION_TAKEN_OVER_TICK] = format_instant(at(claimed))
    body["metadata"] = {**body["metadata"], "uid": "uid-of-cronjob", "resourceVersion": "7", "annotations": annotations}
    return parse_cronjob(body)


def begun(known: Snapshot) -> Snapshot:
    """With the activation that the request itself asks for."""
    assert known.request is not None
    status = ProcessRequestStatus(activation=activation(spec_hash=known.compiled.timing_hash))
    return replace(known, status=status)


def of_cronjob(clock: str | None, *, finished_at: str | None = None, name: str = "") -> Job:
    """A Job that the CronJob owns: of a tick, or made from it by a person."""
    reference = owner(api_version="batch/v1", kind="CronJob", name=STEM, uid="uid-of-cronjob")
    annotations = {} if clock is None else {names.ANNOTATION_CRONJOB_TICK: format_instant(at(clock))}
    metadata = {"labels": {names.LABEL_REQUEST_UID: UID}, "annotations": annotations, "ownerReferences": [reference]}
    return job(name or named(clock or TICK), finished_at=finished_at, metadata=metadata)


def plan(now: str, of: ProcessRequest | None = None, *, last: str = "12:00", **known: Any) -> Plan:
    """The decision about a request whose CronJob has come to `last`."""
    of = of or asked()
    known.setdefault("history", ())
    changes = known.pop("changes", {})
    found = cronjob(of, last=last, claimed=known.pop("claimed", None), **changes)
    jobs = {found_job.metadata.name: found_job for found_job in known.pop("jobs", ())}
    seen = snapshot(of, cronjobs=(found,), dry_run=DryRun(build_template(of, None).hash), jobs=jobs, **known)
    return decide(begun(seen), at(now))


def takeovers(found: Plan) -> list[str]:
    """The actions that matter here, in a word each."""
    words = []
    for action in found.actions:
        if isinstance(action, TakeOverTick):
            words.append("claim and start" if action.job is not None else "claim")
        elif isinstance(action, CreateJob):
            words.append(f"start {'12:10' if action.run == named(TICK) else action.run}")
        elif isinstance(action, CreateRun):
            words.append(
                f"record {action.manifest['metadata'].get('annotations', {}).get(names.ANNOTATION_MISSED_REASON, 'run')}"
            )
        elif isinstance(action, LoadHistory):
            words.append("look at the history")
        elif isinstance(action, PatchCronJob) and action.subresource == "status":
            assert isinstance(action.patch, dict)
            words.append("count " + " ".join(j["name"] for j in action.patch["status"]["active"]))
    return words


FORBID: Final = asked(concurrencyPolicy="Forbid")
IN_TIME: Final = asked(startingDeadlineSeconds=30)


@pytest.mark.parametrize(
    ("now", "known", "wanted"),
    [
        pytest.param("12:10:09", {}, [], id="for ten seconds the tick is the controller's"),
        pytest.param("12:10:10", {}, ["claim and start"], id="after ten seconds the tick is claimed and started"),
        pytest.param("12:10:10", {"history": None}, ["look at the history"], id="unless it may have run and be over"),
        pytest.param(
            "12:10:10",
            {"history": (finished(named(TICK), due=TICK),)},
            ["claim"],
            id="a tick that has run is only claimed",
        ),
        pytest.param(
            "12:10:10",
            {"jobs": [of_cronjob(TICK)]},
            ["record run", "claim"],
            id="a Job that the controller did not note is kept",
        ),
        pytest.param("12:10:10", {"last": TICK, "claimed": TICK}, ["start 12:10"], id="claimed, and no Job yet"),
        pytest.param(
            "12:10:10",
            {"last": TICK},
            ["record run"],
            id="the controller's tick whose Job is gone is not started again",
        ),
        pytest.param(
            "12:10:10", {"changes": {"schedule": "0 0 * * *"}}, [], id="a CronJob that is not in line comes first"
        ),
        pytest.param("12:10:10", {"changes": {"suspend": True}}, [], id="a CronJob that is suspended comes first"),
        pytest.param("12:10:30", {"of": IN_TIME}, ["claim and start"], id="at its deadline a tick still starts"),
        pytest.param("12:10:31", {"of": IN_TIME}, ["claim"], id="too late, it is claimed and not started"),
        pytest.param(
            "12:10:31",
            {"of": IN_TIME, "last": TICK, "claimed": TICK},
            ["record Missed/DeadlinePassed"],
            id="too late and claimed, it is recorded",
        ),
        pytest.param(
            "12:10:10",
            {"jobs": [of_cronjob("12:00")]},
            ["record run", "claim and start"],
            id="under Allow nothing blocks",
        ),
        pytest.param(
            "12:10:10",
            {"of": FORBID, "jobs": [of_cronjob("12:00")]},
            ["record run"],
            id="under Forbid it waits for the tick before",
        ),
        pytest.param(
            "12:10:10",
            {"of": FORBID, "jobs": [of_cronjob("12:00", finished_at="12:10:03")]},
            ["record run"],
            id="under Forbid it waits for the controller, after the end of the tick before",
        ),
        pytest.param(
            "12:10:13",
            {"of": FORBID, "jobs": [of_cronjob("12:00", finished_at="12:10:03")]},
            ["record run", "claim and start"],
            id="for ten seconds",
        ),
        pytest.param(
            "12:05",
            {"of": FORBID, "jobs": [of_cronjob(None, name="by-hand")]},
            ["record run", "count by-hand"],
            id="a Job by hand counts under Forbid",
        ),
        pytest.param(
            "12:05",
            {"jobs": [of_cronjob(None, name="by-hand")]},
            ["record run"],
            id="a Job by hand does not count under Allow",
        ),
        pytest.param(
            "12:10:12",
            {"last": TICK, "claimed": TICK, "jobs": [of_cronjob(TICK)]},
            ["record run", f"count {named(TICK)}"],
            id="the Job of a claimed tick counts",
        ),
        pytest.param(
            "12:10:12",
            {"last": TICK, "jobs": [of_cronjob(TICK)]},
            ["record run"],
            id="the controller counts its own Jobs itself",
        ),
    ],
)
def test_tick_without_job(now: str, known: dict[str, Any], wanted: list[str]) -> None:
    assert takeovers(plan(now, **known)) == wanted


def test_looks_again_ten_seconds_after_the_tick() -> None:
    assert plan("12:09").wake_at == at(TICK) + seconds(10)
    assert plan("12:10:01").wake_at == at(TICK) + seconds(10)
    over = finished(named(TICK), due=TICK, phase=RunPhase.SUCCEEDED)
    settled = plan("12:10:01", last=TICK, jobs=[of_cronjob(TICK, finished_at="12:10:01")], history=(over,))
    assert settled.wake_at == at("12:20:10")
    assert takeovers(settled) == []


def test_claim_is_bound_to_the_version_that_was_seen() -> None:
    (claim,) = [action for action in plan("12:10:10").actions if isinstance(action, TakeOverTick)]
    assert claim.patch["metadata"]["resourceVersion"] == "7"
    assert claim.patch["status"] == {"lastScheduleTime": "2027-03-01T12:10:00Z"}
    assert claim.job is not None
    assert claim.job["metadata"]["name"] == named(TICK)


def test_a_job_that_the_server_rejects_becomes_a_run_of_its_own() -> None:
    observations = {
        named(TICK): RunObservations(
            create_rejected=Blocked("Job", "QuotaExceeded", "used up", since=at("12:10"), again_at=at("12:11"))
        )
    }
    found = plan("12:10:11", last=TICK, claimed=TICK, observations=observations)
    (made,) = [action for action in found.actions if isinstance(action, CreateRun)]
    assert made.manifest["metadata"]["name"] == named(TICK)
    assert names.ANNOTATION_ENGINE not in made.manifest["metadata"].get("annotations", {})


@pytest.mark.parametrize(
    ("zone", "stamp"),
    [
        pytest.param("Etc/UTC", "2027-03-01T12:10:00Z", id="UTC is Z"),
        pytest.param("Europe/London", "2027-03-01T12:10:00Z", id="any zone is Z while its offset is 0"),
        pytest.param("Europe/Madrid", "2027-03-01T13:10:00+01:00", id="east"),
        pytest.param("America/St_Johns", "2027-03-01T08:40:00-03:30", id="west, with half an hour"),
    ],
)
def test_the_tick_is_stamped_in_the_zone_of_the_cronjob(zone: str, stamp: str) -> None:
    of = asked()
    found = cronjob(of, last="12:00", timeZone=zone)
    made = cronjob_job_manifest(build_template(of, None), found, name="n", tick=at(TICK))
    assert made["metadata"]["annotations"][names.ANNOTATION_CRONJOB_TICK] == stamp
