"""Progress of a backfill: the ticks that get a run now, the counts of the earlier ones, and its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import pytest
from tests.builders.backfills import backfill, ended, known, name, opened, own, plan, tick_name
from tests.builders.instants import at
from tests.builders.snapshots import UID, run, schedule

from process_operator.decisions.backfill.plan import backfills_without_request
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import CreateRun, LoadHistory
from process_operator.resources import names
from process_operator.resources.process_run import RunPhase

FIVE = ["12:00", "12:01", "12:02", "12:03", "12:04", "12:05"]


@pytest.mark.parametrize(
    ("found", "made", "progress"),
    [
        pytest.param(known(backfill()), ["12:00"], "0/6", id="the oldest tick first, one at a time"),
        pytest.param(known(backfill(spec={"maxActiveRuns": 3})), FIVE[:3], "0/6", id="as many at once as it may"),
        pytest.param(
            known(backfill(end="12:30", spec={"maxActiveRuns": 50})),
            [f"12:{minute:02d}" for minute in range(10)],
            "0/31",
            id="at most ten in one decision",
        ),
        pytest.param(
            known(backfill(spec={"maxActiveRuns": 3}), spec={"concurrencyPolicy": "Replace"}),
            ["12:00"],
            "0/6",
            id="under Replace one at a time, since a second would end the first",
        ),
        pytest.param(
            known(backfill(), runs=(opened("12:00"),)), [], "0/6", id="the next waits for the one that is open"
        ),
        pytest.param(
            known(backfill(spec={"maxActiveRuns": 2}), runs=(opened("12:00"),), history=(ended("12:01"),)),
            ["12:02"],
            "0/6",
            id="one that ended before an older one is counted when that has ended too",
        ),
        pytest.param(known(backfill(), history=(ended("12:00"),)), ["12:01"], "1/6", id="after its end the next"),
        pytest.param(
            known(backfill(), history=(own("12:00"), own("12:01", RunPhase.FAILED))),
            ["12:02"],
            "2/6",
            id="a tick that ran is not run again, however it ended",
        ),
        pytest.param(
            known(backfill(), history=(own("12:00", RunPhase.MISSED, "Missed/Superseded"),)),
            ["12:00"],
            "0/6",
            id="the record of a tick that did not start is no run",
        ),
        pytest.param(
            known(backfill(), runs=(run(tick_name("12:00"), due="12:00"),)),
            ["12:01"],
            "1/6",
            id="a tick that runs now is not run again",
        ),
        pytest.param(
            known(backfill(), backfill("other"), runs=(opened("12:00", "other"),)),
            ["12:01", "12:00"][:1],
            "1/6",
            id="a tick that another backfill runs is left to it",
        ),
        pytest.param(
            known(
                backfill(),
                backfill("other", status={"phase": "Succeeded", "lastScheduledTime": at("12:03"), "total": 4}),
            ),
            ["12:04"],
            "4/6",
            id="a tick that another backfill has run is left to it, although its run is removed",
        ),
        pytest.param(
            known(
                backfill(status={"lastScheduledTime": at("12:01"), "counts": {"succeeded": 2}, "total": 6}),
            ),
            ["12:02"],
            "2/6",
            id="counted ticks are not evaluated again",
        ),
        pytest.param(
            known(backfill(), cursor="11:00"),
            ["12:00"][:0],
            "0/6",
            id="ticks that the schedule has not settled are its own",
        ),
        pytest.param(
            known(
                backfill(begin="11:57"),
                timing=schedule(60, exclude=["2027-02-28"], maxRuns=1),
                cursor="11:00",
                runs_of_activation=1,
            ),
            ["11:57"],
            "0/9",
            id="ticks that maxRuns takes from the schedule are the backfill's",
        ),
        pytest.param(
            known(backfill(begin="11:57"), timing=schedule(60, exclude=["2027-03-01"])),
            [],
            None,
            id="days that are excluded have none",
        ),
        pytest.param(
            known(backfill(begin="11:57")), ["11:57"], "0/9", id="ticks before the activation began are counted back"
        ),
        pytest.param(known(backfill(begin="12:00:01")), ["12:01"], "0/5", id="a tick before from is not in the range"),
        pytest.param(known(backfill(end="12:04:59")), ["12:00"], "0/5", id="a tick after to is not in the range"),
        pytest.param(
            known(backfill(begin="12:58", end="14:00")), ["12:58"], "0/3", id="the creation of the backfill is its end"
        ),
        pytest.param(
            known(backfill(begin="11:00"), timing=schedule(60, startTime="2027-03-01T12:02:00Z")),
            ["12:02"],
            "0/4",
            id="before startTime there are no ticks",
        ),
        pytest.param(
            known(backfill(spec={"cancel": True}), runs=(opened("12:00"),)),
            [],
            "0/6",
            id="canceled it makes no more runs",
        ),
        pytest.param(known(backfill(), spec={"suspend": True}), [], "0/6", id="suspended it makes none either"),
    ],
)
def test_ticks_that_get_a_run(found: Snapshot, made: list[str], progress: str | None) -> None:
    runs, statuses, _ = plan(found)
    assert (runs, statuses["b"].progress) == (made, progress)


@dataclass(frozen=True)
class Standing:
    """A backfill, and its phase, reason and counts in the status."""

    id: str
    found: Snapshot
    phase: str
    reason: str
    counts: dict[str, int] = field(default_factory=dict)


STANDINGS: Final = [
    Standing("it continues", found=known(backfill()), phase="Running", reason="Started"),
    Standing(
        "all runs succeeded",
        found=known(backfill(end="12:01"), history=(ended("12:00"), ended("12:01"))),
        phase="Succeeded",
        reason="Completed",
        counts={"succeeded": 2},
    ),
    Standing(
        "a tick that ran before is no failure",
        found=known(backfill(end="12:01"), history=(own("12:00"), ended("12:01"))),
        phase="Succeeded",
        reason="Completed",
        counts={"succeeded": 1, "existing": 1},
    ),
    Standing(
        "a run failed",
        found=known(
            backfill(end="12:02"),
            history=(ended("12:00", RunPhase.FAILED), ended("12:01", RunPhase.UNKNOWN), ended("12:02")),
        ),
        phase="Failed",
        reason="RunsFailed",
        counts={"succeeded": 1, "failed": 1, "unknown": 1},
    ),
    Standing(
        "canceled, once its runs are over",
        found=known(backfill(spec={"cancel": True}), history=(ended("12:00"), ended("12:01", RunPhase.CANCELED))),
        phase="Canceled",
        reason="Canceled",
        counts={"succeeded": 1, "canceled": 1},
    ),
    Standing(
        "canceled, while a run is open",
        found=known(backfill(spec={"cancel": True}), runs=(opened("12:00"),)),
        phase="Running",
        reason="Started",
    ),
    Standing(
        "a range without a tick",
        found=known(backfill(begin="12:00:10", end="12:00:20")),
        phase="Failed",
        reason="NoTicks",
    ),
    Standing(
        "too many ticks",
        found=known(backfill(begin="12:00", end="12:59:59"), timing=schedule(1)),
        phase="Failed",
        reason="TooManyTicks",
    ),
    Standing(
        "a request without a schedule",
        found=known(backfill(), timing={"runImmediately": {}}),
        phase="Failed",
        reason="NotScheduled",
    ),
    Standing(
        "a suspended request",
        found=known(backfill(), spec={"suspend": True}),
        phase="Pending",
        reason="Suspended",
    ),
]


@pytest.mark.parametrize("case", STANDINGS, ids=lambda case: case.id)
def test_status_of_a_backfill(case: Standing) -> None:
    _, statuses, _ = plan(case.found)
    status = statuses["b"]
    assert (status.phase, status.reason) == (case.phase, case.reason)
    assert {key: number for key, number in status.counts if number} == case.counts
    ended = {"Succeeded": ["Finished", "Complete"]}.get(case.phase, ["Finished", "Failed", "Stalled"])
    assert [condition.type for condition in status.conditions] == (ended if status.end_time else ["Reconciling"])
    assert bool(status.end_time) == (case.phase in ("Succeeded", "Failed", "Canceled"))


def test_the_count_of_too_many_is_told() -> None:
    _, statuses, _ = plan(known(backfill(begin="12:00", end="12:59:59"), timing=schedule(1)))
    assert statuses["b"].message == (
        "spec.from, spec.to: the schedule has 3600 times from 2027-03-01T12:00:00Z to 2027-03-01T12:59:59Z, "
        "and at most 1000 are run by one backfill"
    )


def test_a_run_of_a_backfill_says_what_it_is() -> None:
    _, _, actions = plan(known(backfill()))
    (action,) = (action for action in actions if isinstance(action, CreateRun))
    assert action.manifest["metadata"]["name"] == name("12:00")
    assert action.manifest["metadata"]["labels"][names.LABEL_BACKFILL] == "b"
    assert action.manifest["spec"] == {
        "request": {"name": "close"},
        "trigger": "Backfill",
        "scheduledTime": "2027-03-01T12:00:00Z",
    }


@pytest.mark.parametrize("labels", [{}, {names.LABEL_REQUEST_UID: "another"}], ids=["a new one", "of another cluster"])
def test_nothing_of_it_is_changed_but_its_status(labels: dict[str, str]) -> None:
    _, statuses, actions = plan(known(backfill(metadata={"labels": labels})))
    assert statuses["b"].request_uid == UID
    assert {type(action) for action in actions} == {CreateRun}


def test_without_a_request_it_says_that_it_waits() -> None:
    found = Snapshot("erp", "close", None, backfills=(backfill(),))
    status = backfills_without_request(found, at("13:00"))["b"]
    assert (status.phase, status.reason, status.observed_generation) == ("Pending", "RequestNotFound", 1)
    assert status.message == 'there is no ProcessRequest "close" in namespace erp; waiting for it'
    assert [(found.type, found.status) for found in status.conditions] == [("Reconciling", "True")]


def test_an_edit_of_one_that_is_over_is_seen_and_changes_nothing() -> None:
    over = {"phase": "Succeeded", "observedGeneration": 1}
    _, statuses, actions = plan(known(backfill(metadata={"generation": 2}, status=over)))
    assert (statuses["b"].phase, statuses["b"].observed_generation, actions) == ("Succeeded", 2, ())


def test_nothing_is_decided_before_the_finished_runs_are_known() -> None:
    made, statuses, actions = plan(known(backfill(), history=None))
    assert (made, statuses, actions) == ([], {}, (LoadHistory(),))


def test_a_finished_one_costs_nothing() -> None:
    made, statuses, actions = plan(known(backfill(status={"phase": "Succeeded"}), history=None))
    assert (made, statuses, actions) == ([], {}, ())


@pytest.mark.parametrize(
    ("tick", "length"),
    [
        pytest.param(int(at("12:00").timestamp()), 62, id="today"),
        pytest.param(
            int((at("12:00") + timedelta(days=172 * 365)).timestamp()),
            63,
            id="in the last year that a schedule may have",
        ),
    ],
)
def test_its_name_fits(tick: int, length: int) -> None:
    stem = names.child_stem("x" * 63, UID)
    assert len(names.backfill_run_name(stem, tick)) == length <= names.MAX_NAME
    assert len(names.rerun_name(stem, UID, tick)) == names.MAX_NAME
