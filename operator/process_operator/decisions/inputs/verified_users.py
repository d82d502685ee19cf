"""Verified users: names in annotations that the chart's admission policy vouches for.

Without the policy any user could write any name. The operator then copies none into a status
(`PROCESS_OPERATOR_VERIFIED_USERS`, which the chart sets). Readers therefore trust the status, and never the annotation.
"""

from __future__ import annotations

from process_operator.decisions.inputs.snapshot import Defaults, Snapshot
from process_operator.resources import names
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import ProcessRun
from process_operator.resources.user_names import MAX_USER_NAME, user_of_reschedule


def with_requester(run: ProcessRun, defaults: Defaults) -> ProcessRun:
    """Return the run with the verified name of its creator in its status."""
    user = _verified(run.metadata.annotations.get(names.ANNOTATION_REQUESTED_BY), defaults)
    if user is None or run.status.requested_by is not None:
        return run
    return run.model_copy(update={"status": run.status.model_copy(update={"requested_by": user})})


def suspended_by(snapshot: Snapshot) -> str | None:
    """Return the verified name of the user who suspended a request; None unless it is suspended."""
    request = snapshot.request
    if request is None or not request.spec.suspend:
        return None
    return _verified(request.metadata.annotations.get(names.ANNOTATION_SUSPENDED_BY), snapshot.defaults)


def rescheduled_by(status: ProcessRequestStatus, defaults: Defaults) -> str | None:
    """Return the verified name of the user of the last reschedule that the operator handled."""
    return _verified(user_of_reschedule(status.last_handled_reschedule or ""), defaults)


def _verified(user: str | None, defaults: Defaults) -> str | None:
    return user if user and defaults.are_users_verified and len(user) <= MAX_USER_NAME else None
