"""Rejections: turn an action that fails into an observation with its reason, its time and the next try.

Every failure of an action passes here, so that users see it in a status and not only in the log. Neighbours: the
controller and the actions report failures, `decisions/inputs/blocked.py` says what follows from them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from process_operator.cluster.backoff import backoff
from process_operator.cluster.errors import (
    TIMEOUT,
    AlreadyExists,
    ApiError,
    Forbidden,
    Invalid,
    NamespaceTerminating,
    QuotaExceeded,
    TooManyRequests,
    Unreachable,
)
from process_operator.decisions.inputs.blocked import Blocked, Need
from process_operator.decisions.plan import actions
from process_operator.decisions.plan.action import Action
from process_operator.resources.conditions import Reason
from process_operator.resources.status_text import MAX_MESSAGE, cut

MAX_PAUSE: Final = timedelta(seconds=20)
"""Longest pause between two tries. Work continues within 30 seconds after the cause is removed."""
_FIRST_PAUSE_SECONDS: Final = 1.0
_WEBHOOK: Final = "failed calling webhook"
_POLICY: Final = re.compile(r"denied (the )?request")
_ABOUT_THE_OBJECT: Final = re.compile(
    r'^(?:\S+ "[^"]*" is (?:invalid|forbidden): |\w+ in version "\w+" cannot be handled as a \w+: )'
)
"""Start of a message of the API server that names an object which was not stored."""


def reason_of(error: ApiError) -> Reason:
    """Give the reason of a rejection in one word."""
    if isinstance(error, QuotaExceeded):
        return Reason.QUOTA_EXCEEDED
    if _WEBHOOK in error.message:
        return Reason.WEBHOOK_FAILED
    if isinstance(error, AlreadyExists):
        return Reason.NAME_TAKEN
    return Reason.REJECTED if isinstance(error, Forbidden | Invalid) else Reason.API_ERROR


def words_of(error: ApiError) -> str:
    """Give the message of the API server without the name of the rejected object."""
    return cut(_ABOUT_THE_OBJECT.sub("", error.message), MAX_MESSAGE) or str(error)


def is_by_policy(error: ApiError) -> bool:
    """Whether an admission policy or webhook rejected the object. Either can change without an edit of the object."""
    return isinstance(error, Forbidden) or _POLICY.search(error.message) is not None


def is_rejection(error: ApiError) -> bool:
    """Whether the API server rejected this very object, so that the same change of another object may work."""
    return isinstance(error, Invalid | Forbidden) and not isinstance(error, NamespaceTerminating)


def is_observation(error: ApiError) -> bool:
    """Whether users can see the failure in a status.

    An API server that cannot be reached cannot store a status. A namespace that is being deleted needs none.
    """
    if isinstance(error, TooManyRequests | NamespaceTerminating):
        return False
    return not isinstance(error, Unreachable) or error.reason == TIMEOUT


def blocked_by(
    what: str,
    error: ApiError,
    before: Blocked | None,
    now: datetime,
    *,
    chance: Callable[[], float] = random.random,
) -> Blocked:
    """Give the observation about a failure; `before` is the observation about the failure before it."""
    tries = 1 if before is None else before.tries + 1
    pause = backoff(tries, error, first=_FIRST_PAUSE_SECONDS, longest=MAX_PAUSE.total_seconds(), chance=chance)
    is_certain = isinstance(error, Forbidden | Invalid)
    return Blocked(
        what=what if before is None else before.what,
        reason=reason_of(error),
        message=words_of(error),
        since=now if before is None else before.since,
        again_at=now + timedelta(seconds=pause),
        tries=tries,
        certain=is_certain,
        was_quota_full=not is_certain and before is not None and _met_full_quota(before),
        room_made_at=None if before is None else before.room_made_at,
    )


def _met_full_quota(before: Blocked) -> bool:
    return before.reason == Reason.QUOTA_EXCEEDED or before.was_quota_full


def need_of(action: Action) -> Need:
    """Give the need that an action serves."""
    if isinstance(action, actions.CreateRun):
        return Need.RUN
    return Need.CRON_JOB if isinstance(action, actions.CreateCronJob | actions.PatchCronJob) else Need.OTHER


def what_fails(action: Action) -> str:
    """Describe an action that fails, for users."""
    words = WORDS.get(type(action), f"{type(action).__name__} fails")
    return words.format(action.subject)


_STATUS_OF_RUN: Final = "the status of ProcessRun {} cannot be written"
WORDS: Final[dict[type[Any], str]] = {
    actions.BeginActivation: "the status cannot be written",
    actions.DryRunJob: "the Job cannot be tried",
    actions.FollowConfigMap: "a ConfigMap cannot be read",
    actions.LoadHistory: "ProcessRuns cannot be listed",
    actions.LoadProcessRuns: "ProcessRuns cannot be listed",
    actions.CreateRun: "ProcessRun {} cannot be created",
    actions.WithdrawRun: "ProcessRun {} cannot be deleted",
    actions.AdoptRun: "ProcessRun {} cannot be changed",
    actions.ReportRun: _STATUS_OF_RUN,
    actions.FinishRun: _STATUS_OF_RUN,
    actions.GrowSummary: _STATUS_OF_RUN,
    actions.CreateJob: "Job {} cannot be created",
    actions.PatchJob: "Job {} cannot be changed",
    actions.KillJob: "Job {} cannot be changed",
    actions.DeleteJob: "Job {} cannot be deleted",
    actions.LookUpStep: "ProcessRun {} cannot be read",
    actions.FindRejectedPods: "the Events of Job {} cannot be listed",
    actions.FindPodEvent: "the Events of a pod of {} cannot be listed",
    actions.FindKubeletEvents: "the Events of a pod of {} cannot be listed",
    actions.ListPods: "the pods of {} cannot be listed",
    actions.LookUpJob: "Job {} cannot be read",
    actions.CreateCronJob: "CronJob {} cannot be created",
    actions.PatchCronJob: "CronJob {} cannot be changed",
    actions.TakeOverTick: "CronJob {} cannot be changed",
    actions.DeleteRuns: "finished ProcessRuns cannot be deleted",
    actions.DeleteRequest: "the request cannot be deleted",
}
