"""Selections: which objects of each kind the operator lists and watches."""

from __future__ import annotations

from typing import Final, NamedTuple

from process_operator.resources import names
from process_operator.resources.kinds import (
    CRONJOB,
    JOB,
    POD,
    PROCESS,
    PROCESS_BACKFILL,
    PROCESS_REQUEST,
    PROCESS_RUN,
    Kind,
)
from process_operator.resources.process_run import RunPhase


class Selection(NamedTuple):
    """Which objects of a kind concern the operator: the same for lists and for watches."""

    kind: Kind
    labels: str | None = None
    fields: str | None = None


NOTHING: Final = f"{names.LABEL_REQUEST_UID},!{names.LABEL_REQUEST_UID}"
"""A label selector that no object meets. A client that lists with it learns whether it has the right, and the present version."""
_UNFINISHED: Final = ",".join(f"status.phase!={phase}" for phase in RunPhase if phase.is_finished)
SELECTIONS: Final = (
    Selection(PROCESS),
    Selection(PROCESS_REQUEST),
    Selection(PROCESS_BACKFILL),
    Selection(PROCESS_RUN, fields=_UNFINISHED),
    Selection(CRONJOB, labels=names.LABEL_REQUEST_UID),
    Selection(JOB, labels=names.LABEL_REQUEST_UID),
    # The watch has only ended pods. The operator lists the others when a run is late to start.
    Selection(POD, labels=names.LABEL_REQUEST_UID, fields="status.phase!=Pending,status.phase!=Running"),
)
"""The order of the lists, so that an object never precedes its owner."""
