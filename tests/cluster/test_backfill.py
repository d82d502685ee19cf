"""Backfills on a real node: a range of the past is run once, so many at a time, and can be canceled."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest
from tests.builders.objects import Object
from tests.cluster.manifests import backfill, held, request, schedule
from tests.cluster.workspace import conditions, instant, name_of, now, written

from process_operator.resources.names import LABEL_BACKFILL

if TYPE_CHECKING:
    from datetime import datetime

    from tests.cluster.workspace import Workspace

pytestmark = pytest.mark.node

ECHO: Final = "echo at $PROCESS_SCHEDULED_TIME"
MANY: Final = {"successful": 100, "failed": 100, "other": 100}
MINUTE: Final = timedelta(minutes=1)


@pytest.fixture(scope="module")
def hour() -> datetime:
    """The full hour before the last: a schedule of its minutes has nothing due for most of a day."""
    return (now() - timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)


def minutes_of(hour: datetime) -> Object:
    """A timing with a tick at each minute of an hour of the day."""
    return schedule(cron=f"* {hour.hour} * * *")


def ticks(runs: list[Object]) -> list[datetime]:
    return [instant(run["spec"]["scheduledTime"]) for run in runs]


def test_five_ticks_are_run_one_after_the_other(shared_space: Workspace, hour: datetime) -> None:
    space = shared_space
    space.apply(request("report", minutes_of(hour), ECHO, history=MANY))
    space.apply(backfill("report-past", "report", written(hour), written(hour + 4.5 * MINUTE)))
    status = space.wait_backfill("report-past", "Succeeded", "Failed")
    assert (status["phase"], status["progress"], status["counts"]["succeeded"]) == ("Succeeded", "5/5", 5)
    assert set(conditions(status)) == {"Complete", "Finished"}
    runs = space.runs("report")
    assert ticks(runs) == [hour + number * MINUTE for number in range(5)]
    for run in runs:
        assert (run["spec"]["trigger"], run["metadata"]["labels"][LABEL_BACKFILL]) == ("Backfill", "report-past")
        assert run["status"]["log"]["text"] == f"at {run['spec']['scheduledTime']}"
    lives = sorted((run["status"]["startTime"], run["status"]["endTime"]) for run in runs)
    assert all(before[1] <= after[0] for before, after in pairwise(lives)), lives
    assert space.status("report").get("lastScheduleTime") is None, "a backfill settles no tick of the schedule"
    about = "involvedObject.kind=ProcessBackfill,involvedObject.name=report-past"
    (event,) = space.wait(lambda: space.cluster.objects("event", space.namespace, fields=about), "its Event")
    assert event["reason"] == "BackfillFinished"


def test_a_canceled_one_ends_its_run_and_makes_no_more(shared_space: Workspace, hour: datetime) -> None:
    space = shared_space
    space.apply(request("slow", minutes_of(hour), held(), history=MANY))
    space.apply(backfill("slow-past", "slow", written(hour), written(hour + 4 * MINUTE)))
    (run,) = space.wait_first_runs("slow")
    space.wait_log(name_of(run), "begun")
    answer = space.cluster.patch("pbf", "slow-past", space.namespace, {"spec": {"cancel": True}})
    assert answer.ok, answer.message
    status = space.wait_backfill("slow-past", "Canceled")
    assert (status["progress"], status["counts"]["canceled"]) == ("1/5", 1)
    (run,) = space.runs("slow")
    assert (run["status"]["phase"], run["status"]["reason"]) == ("Canceled", "Canceled")
    assert run["status"]["log"]["text"].startswith("begun")


def test_two_that_overlap_run_each_tick_once(shared_space: Workspace, hour: datetime) -> None:
    space = shared_space
    space.apply(request("shared", minutes_of(hour), ECHO, history=MANY))
    space.apply(backfill("first", "shared", written(hour), written(hour + 5 * MINUTE), maxActiveRuns=2))
    space.apply(backfill("second", "shared", written(hour + 3 * MINUTE), written(hour + 7 * MINUTE), maxActiveRuns=2))
    ends = [space.wait_backfill(name, "Succeeded", "Failed") for name in ("first", "second")]
    assert [end["phase"] for end in ends] == ["Succeeded", "Succeeded"]
    runs = space.runs("shared")
    assert ticks(runs) == [hour + number * MINUTE for number in range(8)]
    assert sum(end["counts"].get("succeeded", 0) for end in ends) == 8
    assert sum(end["counts"].get("existing", 0) for end in ends) == 3
    assert set(Counter(name_of(job) for job in space.jobs("shared")).values()) == {1}


def test_a_range_with_too_many_ticks_is_rejected_with_their_number(shared_space: Workspace) -> None:
    space = shared_space
    end = now().replace(microsecond=0)
    space.apply(request("busy", schedule(minutely={"every": 1}, startTime=written(end + timedelta(days=1))), ECHO))
    space.apply(
        request(
            "daily", schedule(secondly={"every": 1}, finishTime=written(end + timedelta(days=1))), "true", suspend=True
        )
    )
    space.apply(backfill("huge", "daily", written(end - timedelta(hours=1)), written(end - timedelta(seconds=1))))
    space.apply(backfill("empty", "busy", written(end - timedelta(hours=1)), written(end)))
    huge, empty = (space.wait_backfill(name, "Failed") for name in ("huge", "empty"))
    assert (huge["reason"], empty["reason"]) == ("TooManyTicks", "NoTicks")
    assert "3600 times" in huge["message"]


def test_it_stays_when_its_request_goes(shared_space: Workspace, hour: datetime) -> None:
    space = shared_space
    space.apply(request("leaving", minutes_of(hour), held()))
    space.apply(backfill("left", "leaving", written(hour), written(hour + 4 * MINUTE)))
    space.wait_first_runs("leaving")
    space.delete("preq", "leaving")
    space.wait(
        lambda: space.backfill("left")["status"].get("reason") == "RequestNotFound", "the backfill says that it waits"
    )
    assert "ownerReferences" not in space.backfill("left")["metadata"]
