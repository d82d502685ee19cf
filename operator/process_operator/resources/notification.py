"""Notifications that a request orders for the end of its runs. `receiver.py` has the configured receivers."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from process_operator.resources.model import SET_LIST, Model
from process_operator.resources.process_run import RunPhase
from process_operator.resources.text_form import LABEL, TextForm

End = Literal[
    RunPhase.SUCCEEDED, RunPhase.FAILED, RunPhase.MISSED, RunPhase.SKIPPED, RunPhase.CANCELED, RunPhase.UNKNOWN
]
MAX_RECEIVERS: Final = 8

_RECEIVER_NAME: Final = TextForm(
    LABEL, "must be lower-case letters, digits and -, with a letter or digit at both ends, such as on-call"
)
ReceiverName = Annotated[
    str, Field(min_length=1, max_length=63, json_schema_extra=_RECEIVER_NAME.schema()), _RECEIVER_NAME.validator
]


class Notification(Model):
    """A receiver, and the phases that it is notified of."""

    receiver: ReceiverName = Field(
        description="Name of the receiver, as the administrator of the operator configured it."
    )
    phases: tuple[End, ...] = Field(
        (RunPhase.FAILED, RunPhase.MISSED, RunPhase.UNKNOWN),
        min_length=1,
        max_length=6,
        description="Final phases of runs that cause an event. Unset means Failed, Missed and Unknown.",
        json_schema_extra=SET_LIST,
    )
