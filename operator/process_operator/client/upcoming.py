"""Coming times of one live request, as `preview` computes them for manifests."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from process_operator.preview.preview import Period, Preview, PreviewTick, preview

if TYPE_CHECKING:
    from datetime import datetime

    from process_operator.preview.manifest_set import GivenRequest


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The coming times of one request; `note` says why there are none, or what is uncertain about them."""

    namespace: str
    name: str
    schedule: str
    ticks: tuple[PreviewTick, ...]
    note: str
    has_more: bool
    """There are more times than `--count` asked for."""
    description: str = ""


def upcoming_of(given: GivenRequest, unread: str, start: datetime, end: datetime | None, count: int) -> Upcoming:
    """Compute the times after `start`, and not after `end`, of one request."""
    name = given.namespace, given.name
    if given.request is None:
        return Upcoming(*name, "", (), given.error or "", has_more=False)
    shown: Preview = preview(given.request, given.process, Period(start, end), given.calendars, given.step_processes)
    if shown.error is not None:
        description = given.request.spec.description or ""
        return Upcoming(*name, shown.schedule, (), shown.error, has_more=False, description=description)
    ticks = tuple(islice(shown.ticks, count + 1))
    remark = "; ".join(filter(None, (shown.note, unread)))
    has_more, description = len(ticks) > count, given.request.spec.description or ""
    return Upcoming(*name, shown.schedule, ticks[:count], remark, has_more, description)
