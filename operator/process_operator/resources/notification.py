"""Who is told how a run ended: what a request asks for. Neighbour: `receiver.py` is what the administrator offers."""

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
    """Who is told of which ends."""

    receiver: ReceiverName = Field(description="Name of the receiver, as the administrator of the operator gave it.")
    phases: tuple[End, ...] = Field(
        (RunPhase.FAILED, RunPhase.MISSED, RunPhase.UNKNOWN),
        min_length=1,
        max_length=6,
        description="The phases of runs that it is told of. Unset: Failed, Missed and Unknown.",
        json_schema_extra=SET_LIST,
    )
