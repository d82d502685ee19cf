"""Results of actions: what was done to an object, or why not, with the text that was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from process_operator.client.yaml_text import yaml_text
from process_operator.monitor.failures import RejectedError, as_failure

if TYPE_CHECKING:
    from process_operator.cluster.errors import ApiError
    from process_operator.resources.kinds import Kind
    from process_operator.resources.types import Object


@dataclass(frozen=True, slots=True)
class Outcome:
    """A word for what was done, and the object that was created, if one was."""

    word: str
    created: Object | None = None
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The body that was sent (None: none was), and a command line that does the same."""

    body: Object | list[Object] | None
    command: str


def result(namespace: str, name: str, sent: Sent, outcome: Outcome | RejectedError | ApiError) -> Object:
    """Write the result of an action on one object for the page."""
    is_done = isinstance(outcome, Outcome)
    return {
        "namespace": namespace,
        "name": name,
        "ok": is_done,
        "message": outcome.word if isinstance(outcome, Outcome) else "",
        "error": None if isinstance(outcome, Outcome) else as_failure(outcome),
        "created": _created(outcome) if isinstance(outcome, Outcome) else None,
        "yaml": "" if sent.body is None else yaml_text(sent.body),
        "command": sent.command,
    }


def _created(outcome: Outcome) -> Object | None:
    if outcome.created is None or outcome.kind is None:
        return None
    metadata = outcome.created["metadata"]
    return {"namespace": metadata["namespace"], "name": metadata["name"], "kind": outcome.kind.plural}
