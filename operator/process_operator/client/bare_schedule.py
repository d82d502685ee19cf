"""Bare schedule: the times of a request as they would be without exclude and excludeFrom. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from process_operator.preview.preview import judge

if TYPE_CHECKING:
    from datetime import datetime

    from process_operator.preview.manifest_set import GivenRequest
    from process_operator.timing.recurrence import Recurrence

_NO_EXCLUSIONS: Final = {"exclude": (), "exclude_from": ()}


def bare_recurrence(given: GivenRequest, now: datetime) -> Recurrence | None:
    """Return the times without exclusions; None if the request excludes nothing, or has no schedule."""
    request = given.request
    schedule = request.spec.timing.schedule if request is not None else None
    if request is None or schedule is None or not (schedule.exclude or schedule.exclude_from):
        return None
    timing = request.spec.timing.model_copy(update={"schedule": schedule.model_copy(update=_NO_EXCLUSIONS)})
    bare = request.model_copy(update={"spec": request.spec.model_copy(update={"timing": timing})})
    return judge(bare, given.process, now, None, given.step_processes).recurrence
