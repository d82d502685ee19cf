"""Rejected inputs as a failure for the page, with the field of each parameter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from process_operator.client.inputs import InputError
from process_operator.monitor.failures import FieldFailure, RejectedError


@contextmanager
def rejected_inputs() -> Iterator[None]:
    """Turn an InputError into an answer. Raises RejectedError (422)."""
    try:
        yield
    except InputError as error:
        paths = [f"parameters.{name}" for name in error.names] or ["parameters"]
        fields = tuple(FieldFailure(path, error.message) for path in paths)
        raise RejectedError(422, error.reason, error.message, fields) from error
