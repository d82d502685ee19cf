"""Retention: the finished runs, Jobs and requests that are deleted, their order, and the time of the next check."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import (
    STEM,
    UID,
    activation,
    finished,
    job,
    request,
    run,
    schedule,
    snapshot,
    template,
    waiting_job,
)

from process_operator.decisions.inputs.history import FinishedRun
from process_operator.decisions.inputs.snapshot import Defaults, Snapshot
from process_operator.decisions.plan.actions import DeleteJob, DeleteRequest, DeleteRuns, LoadHistory
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.retention import plan_retention
from process_operator.decisions.template.job_template import build_template
from process_operator.resources.process_run import RunPhase

SUCCEEDED, FAILED, MISSED = RunPhase.SUCCEEDED, RunPhase.FAILED, RunPhase.MISSED
NOW = at("13:00")


def succeeded(minute: int, **facts: Any) -> FinishedRun:
    """A run of the tick of that minute, which took half a minute."""
    return finished(
        f"run-{minute:02d}", facts.pop("phase", SUCCEEDED), due=f"12:{minute:02d}", end=f"12:{minute:02d}:30", **facts
    )


def known(*history: FinishedRun, cursor: str = "12:59", spec: dict[str, Any] | None = None, **more: Any) -> Snapshot:
    """A schedule whose written cursor is known, with its history; runs are removed one by one."""
    status = {
        "activation": {"number": 1, "since": "2027-03-01T12:00:00Z"},
        "lastScheduleTime": f"2027-03-01T{cursor}:00Z",
    }
    of = request(schedule(60), status=status, **(spec or {}))
    more.setdefault("defaults", Defaults(retention_batch=1))
    return snapshot(of, status=of.status, history=history, **more)


def plan(of: Snapshot) -> Plan:
    builder = PlanBuilder()
    assert of.request is not None
    builder.include(plan_retention(of, build_template(of.request, of.process), NOW))
    return builder.plan()


def test_thousands_are_removed_in_parts() -> None:
    runs = [finished(f"run-{number:04d}", end="12:00") for number in range(1000)]
    assert plan(known(*runs)).actions == (DeleteRuns({run.name: run.uid for run in runs[:200]}),)


KEEP_TWO = {"history": {"successful": 2, "failed": 1, "other": 0}}


@pytest.mark.parametrize(
    ("history", "removed"),
    [
        pytest.param([], (), id="nothing to remove"),
        pytest.param([succeeded(1), succeeded(2)], (), id="within the limit"),
        pytest.param([succeeded(3), succeeded(1), succeeded(2)], ("run-01",), id="the oldest over the limit"),
        pytest.param(
            [succeeded(1), succeeded(2), succeeded(3, phase=FAILED), succeeded(4, phase=FAILED)],
            ("run-03",),
            id="each kind of end has its own limit",
        ),
        pytest.param([succeeded(1, phase=MISSED)], ("run-01",), id="a limit of 0 keeps none"),
        pytest.param(
            [
                succeeded(5, phase=MISSED, missed_reason="Missed/Superseded"),
                succeeded(59, phase=MISSED, missed_reason="Missed/Superseded"),
            ],
            ("run-05",),
            id="the newest record of missed ticks is still needed",
        ),
    ],
)
def test_by_number(history: list[FinishedRun], removed: tuple[str, ...]) -> None:
    assert plan(known(*history, spec=KEEP_TWO)).actions == (
        (DeleteRuns({name: f"uid-of-{name}" for name in removed}),) if removed else ()
    )


@pytest.mark.parametrize(
    ("run_of", "cursor", "removed"),
    [
        pytest.param(succeeded(10), "12:10", True, id="its tick is covered by the written cursor"),
        pytest.param(succeeded(10), "12:09", False, id="it is not: a crash would run the tick again"),
        pytest.param(
            succeeded(10, phase=MISSED, to="12:20", count=11), "12:19", False, id="not all ticks of its summary are"
        ),
        pytest.param(finished("by-hand", due=None, end="12:10"), "12:00", True, id="a run by hand stands for no tick"),
    ],
)
def test_only_what_the_written_cursor_covers(run_of: FinishedRun, cursor: str, removed: bool) -> None:  # noqa: FBT001
    of = known(run_of, cursor=cursor, spec={"history": {"successful": 0, "failed": 0, "other": 0}})
    assert plan(of).actions == ((DeleteRuns({run_of.name: run_of.uid}),) if removed else ())


@pytest.mark.parametrize(
    ("history", "batch", "expected"),
    [
        pytest.param(
            [succeeded(58), succeeded(59)],
            1,
            Plan((DeleteRuns({"run-58": "uid-of-run-58", "run-59": "uid-of-run-59"}),)),
            id="a full batch goes at once",
        ),
        pytest.param(
            [finished("a", due="12:58", end="12:59:20")],
            10,
            Plan((), None, at("13:00:20")),
            id="others wait a minute for company",
        ),
        pytest.param(
            [finished("a", due="12:58", end="12:59"), finished("b", due="12:59", end="12:59:20")],
            10,
            Plan((DeleteRuns({"a": "uid-of-a", "b": "uid-of-b"}),)),
            id="when one has waited for a minute all go along",
        ),
        pytest.param(
            [finished("a", due="12:58", end="12:59:10"), finished("b", due="12:59", end="12:59:50")],
            1,
            Plan((DeleteRuns({"a": "uid-of-a"}),)),
            id="none goes within half a minute of its end",
        ),
        pytest.param(
            [finished("a", due="12:59", end="12:59:50")],
            1,
            Plan((), None, at("13:00:20")),
            id="a full batch neither",
        ),
    ],
)
def test_in_batches(history: list[FinishedRun], batch: int, expected: Plan) -> None:
    of = known(*history, spec={"history": {"successful": 0}}, defaults=Defaults(retention_batch=batch))
    assert plan(of) == expected


def test_by_age() -> None:
    of = known(succeeded(1), succeeded(40), spec={"history": {"maxAge": "30m"}})
    assert plan(of) == Plan((DeleteRuns({"run-01": "uid-of-run-01"}),), None, at("13:10:30"))


@pytest.mark.parametrize(
    ("jobs", "gone", "actions"),
    [
        pytest.param(
            {"run-01": job("run-01", finished_at="12:01:30")},
            set(),
            (DeleteJob("run-01", "uid-of-job-run-01"), DeleteRuns({"run-01": "uid-of-run-01"})),
            id="before its run, which would be recorded again otherwise",
        ),
        pytest.param({}, set(), (DeleteRuns({"run-01": "uid-of-run-01"}),), id="not one that is not there"),
        pytest.param(
            {"run-01": job("run-01", finished_at="12:01:30")},
            {"run-01"},
            (DeleteRuns({"run-01": "uid-of-run-01"}),),
            id="not one that is gone",
        ),
    ],
)
def test_the_job_of_a_cronjob_is_removed(jobs: dict[str, Any], gone: set[str], actions: tuple[Any, ...]) -> None:
    of = known(succeeded(1, by_cronjob=True), spec={"history": {"successful": 0}}, jobs=jobs, gone_jobs=frozenset(gone))
    assert plan(of).actions == actions


def test_the_job_that_a_run_owns_goes_with_it() -> None:
    of = known(
        succeeded(1), spec={"history": {"successful": 0}}, jobs={"run-01": job("run-01", finished_at="12:01:30")}
    )
    assert plan(of).actions == (DeleteRuns({"run-01": "uid-of-run-01"}),)


@pytest.mark.parametrize(
    ("more", "spec", "actions"),
    [
        pytest.param({}, {}, (), id="nothing happens: not looked at"),
        pytest.param({}, {"history": {"maxAge": "1h"}}, (LoadHistory(),), id="runs may be too old"),
        pytest.param(
            {"runs": (run("run-01"),), "jobs": {"run-01": job("run-01")}},
            {},
            (LoadHistory(),),
            id="a run is open, and will be one more",
        ),
        pytest.param(
            {"runs": (run("run-01"),), "jobs": {"run-01": waiting_job("run-01")}},
            {},
            (),
            id="a run only waits",
        ),
        pytest.param(
            {"runs": (run("run-01"),), "jobs": {"run-01": job("run-01", spec={"suspend": True})}},
            {},
            (LoadHistory(),),
            id="another controller suspended its Job, and may resume it at any moment",
        ),
        pytest.param({"last": "12:55"}, {}, (LoadHistory(),), id="a run was there a moment ago"),
        pytest.param({"last": "12:49"}, {}, (), id="the last run is long past"),
    ],
)
def test_what_a_new_process_looks_at(more: dict[str, Any], spec: dict[str, Any], actions: tuple[Any, ...]) -> None:
    last = more.get("last")
    of = known(spec=spec, **{name: value for name, value in more.items() if name != "last"})
    status = of.status.model_copy(update={"last_run_time": at(last) if last else None})
    assert plan(replace(of, history=None, status=status)).actions == actions


GONE = DeleteJob("run-01", "uid-of-job-run-01")


@pytest.mark.parametrize(
    ("more", "finished_at", "expected"),
    [
        pytest.param({"history": (succeeded(1),)}, "12:58:59", Plan((GONE,)), id="when its time is over"),
        pytest.param({"history": (succeeded(1),)}, "12:59:30", Plan((), None, at("13:00:30")), id="not before"),
        pytest.param({"history": (), "runs": (run("run-01"),)}, "12:50", Plan(), id="not before it is recorded"),
        pytest.param({"history": ()}, "12:50", Plan(), id="not before it has a run"),
        pytest.param({"history": (), "tick": "12:10"}, "12:50", Plan((GONE,)), id="not kept when its run was deleted"),
        pytest.param({"history": None}, "12:50", Plan((LoadHistory(),)), id="a new process looks first"),
    ],
)
def test_the_ttl_of_a_template_is_honoured(more: dict[str, Any], finished_at: str, expected: Plan) -> None:
    body = template()
    body["spec"]["ttlSecondsAfterFinished"] = 60
    tick = more.get("tick")
    annotations = {"batch.kubernetes.io/cronjob-scheduled-timestamp": f"2027-03-01T{tick}:00Z"} if tick else {}
    owner = {"kind": "CronJob", "name": STEM, "uid": "uid-of-the-cronjob", "controller": True}
    metadata = {"annotations": annotations, **({"ownerReferences": [owner]} if tick else {})}
    its_job = job("run-01", finished_at=finished_at, metadata=metadata)
    of = known(jobs={"run-01": its_job}, spec={"jobTemplate": body})
    of = replace(of, **{name: value for name, value in more.items() if name != "tick"})
    assert plan(of) == expected


def ended(moment: str) -> dict[str, Any]:
    condition = {
        "type": "Complete",
        "status": "True",
        "reason": "Completed",
        "lastTransitionTime": f"2027-03-01T{moment}Z",
    }
    return {"activation": {"number": 1, "since": "2027-03-01T12:00:00Z", "runs": 1}, "conditions": [condition]}


@pytest.mark.parametrize(
    ("moment", "runs", "expected"),
    [
        pytest.param("12:58:59", (), Plan((DeleteRequest(UID),)), id="when its time is over"),
        pytest.param("12:59:30", (), Plan((), None, at("13:00:30")), id="not before"),
        pytest.param("12:50:00", (run("by-hand", trigger="Manual"),), Plan(), id="not while a run is open"),
    ],
)
def test_the_ttl_of_a_request(moment: str, runs: tuple[Any, ...], expected: Plan) -> None:
    of = request(status=ended(moment), ttlSecondsAfterFinished=60)
    assert plan(snapshot(of, history=(), runs=runs)) == expected


def test_a_one_shot_run_is_kept_until_its_activation_is_written_as_run() -> None:
    of = request(
        status={"activation": {"number": 1, "since": "2027-03-01T12:00:00Z", "runs": 0}}, history={"successful": 0}
    )
    its_run = finished("run", end="12:01")
    assert (
        plan(snapshot(of, history=(its_run,), status=of.status.model_copy(update={"activation": activation(runs=1)})))
        == Plan()
    )
    written = request(
        status={"activation": {"number": 1, "since": "2027-03-01T12:00:00Z", "runs": 1}}, history={"successful": 0}
    )
    assert plan(snapshot(written, history=(its_run,))) == Plan((DeleteRuns({"run": "uid-of-run"}),))
