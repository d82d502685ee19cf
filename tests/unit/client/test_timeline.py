"""Timeline: coming times, their density, and excluded times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.builders.manifests import manifest

from process_operator.client.timeline import Timeline, timeline_of
from process_operator.preview.manifest_set import manifest_set
from process_operator.resources.kinds import PROCESS_REQUEST

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def timeline(start: datetime, end: datetime, *, suspend: bool = False, **schedule: Any) -> Timeline:
    spec = {"process": {"name": "close"}, "suspend": suspend, "timing": {"schedule": schedule}}
    body = manifest(PROCESS_REQUEST, "daily", spec, namespace="erp", creationTimestamp="2026-11-01T00:00:00Z")
    (given,) = manifest_set([body], namespace="erp").requests
    return timeline_of(given, start, end, NOW)


def test_coming_times_are_after_now() -> None:
    found = timeline(NOW - 3 * DAY, NOW + 2 * DAY, daily={"at": "09:00"})
    assert found.ticks == (NOW + timedelta(hours=21), NOW + timedelta(hours=45))
    assert not found.density


def test_past_and_suspended_have_none() -> None:
    assert timeline(NOW - 3 * DAY, NOW - DAY, daily={"at": "09:00"}).ticks == ()
    assert timeline(NOW, NOW + 3 * DAY, daily={"at": "09:00"}, suspend=True).ticks == ()


def test_many_times_become_a_density_whose_sum_is_their_number() -> None:
    found = timeline(NOW, NOW + DAY, cron="* * * * *")
    assert found.ticks == ()
    assert len(found.density) <= 200
    assert sum(span.count for span in found.density) == 24 * 60
    assert (found.density[0].start, found.density[-1].end) == (NOW, NOW + DAY)
    assert all(a.end == b.start for a, b in pairwise(found.density))


def test_max_runs_limits_the_density() -> None:
    found = timeline(NOW, NOW + DAY, cron="* * * * *", maxRuns=700)
    assert sum(span.count for span in found.density) == 700
    few = timeline(NOW, NOW + DAY, cron="* * * * *", maxRuns=7)
    assert (len(few.ticks), few.density) == (7, ())


def test_excluded_times_are_past_and_future() -> None:
    found = timeline(NOW - 2 * DAY, NOW + 2 * DAY, daily={"at": "09:00"}, exclude=["2026-11-29", "2026-12-01"])
    assert [f"{tick:%m-%d}" for tick in found.excluded] == ["11-29", "12-01"]
    assert [f"{tick:%m-%d}" for tick in found.ticks] == ["12-02"]
