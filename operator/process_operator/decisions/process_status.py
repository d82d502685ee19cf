"""Whether a Process can be run by this release, and the status that says so.

Its requests repeat the verdict: `acceptance.py` asks here before anything else. Neighbours: `template_shape.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from process_operator.decisions.template_shape import TemplateError, check_shape
from process_operator.resources.conditions import Condition, ConditionStatus, ConditionType, Reason, merge_conditions
from process_operator.resources.process import ConcurrencyPolicy, Process, ProcessStatus


class Objection(NamedTuple):
    """Why a Process cannot be run: a reason of the condition Ready, and a message that names the field."""

    reason: Reason
    message: str


def objection(process: Process) -> Objection | None:
    """What stands in the way of running a Process; None where nothing does."""
    spec = process.spec
    if spec.steps is not None:
        message = "spec.steps: not supported by this release; set spec.jobTemplate"
        return Objection(Reason.UNSUPPORTED, message)
    if spec.concurrency_policy != ConcurrencyPolicy.ALLOW:
        policy = f"{spec.concurrency_policy} is not supported by this release"
        message = f"spec.concurrencyPolicy: {policy}; allowed: Allow (the policy of a request works)"
        return Objection(Reason.UNSUPPORTED, message)
    try:
        check_shape(spec.job_template or {}, "spec.jobTemplate")
    except TemplateError as error:
        return Objection(Reason.TEMPLATE_REFUSED, error.message)
    return None


def process_status(process: Process, now: datetime) -> ProcessStatus:
    """The status of a Process; equal to the one it has where nothing changed."""
    found = objection(process)
    reason, message = found if found is not None else (Reason.ACCEPTED, "")

    def condition(kind: ConditionType, *, holds: bool) -> Condition:
        status = ConditionStatus.TRUE if holds else ConditionStatus.FALSE
        generation = process.metadata.generation
        return Condition(type=kind, status=status, observed_generation=generation, reason=reason, message=message)

    wanted = (
        condition(ConditionType.READY, holds=found is None),
        condition(ConditionType.STALLED, holds=found is not None),
    )
    conditions = merge_conditions(process.status.conditions, wanted, now.replace(microsecond=0))
    return ProcessStatus(observed_generation=process.metadata.generation, conditions=conditions)
