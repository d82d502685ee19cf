"""Failures as the page gets them: the API server's error as it is, or one of the monitor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from process_operator.cluster.errors import ApiError

if TYPE_CHECKING:
    from process_operator.resources.types import Object

_BAD_GATEWAY: Final = 502


@dataclass(frozen=True, slots=True)
class FieldFailure:
    """A field that is rejected, and why. `path` is such as spec.timing or parameters.NAME."""

    path: str
    message: str

    def as_json(self) -> Object:
        """Write it for the page."""
        return {"path": self.path, "message": self.message}


@dataclass
class RejectedError(Exception):
    """A rejection by the monitor itself. `status` is the HTTP status, `reason` a CamelCase word for it."""

    status: int
    reason: str
    message: str
    fields: tuple[FieldFailure, ...] = field(default=())

    def __post_init__(self) -> None:
        super().__init__(self.message)


class SignInError(RejectedError):
    """A request without credentials that can be used."""

    def __init__(self, message: str, reason: str = "Unauthorized") -> None:
        super().__init__(401, reason, message)


def bad_field(field: str, message: str) -> RejectedError:
    """Make the error for a field that cannot be used (400). `message` continues after the name of the field."""
    return RejectedError(400, "BadRequest", f"{field}: {message}", (FieldFailure(field, message),))


def as_failure(error: ApiError | RejectedError) -> Object:
    """Write a failure for the page: status, reason, message and fields."""
    if isinstance(error, RejectedError):
        return _failure(error.status, error.reason, error.message, error.fields)
    return _failure(error.status or _BAD_GATEWAY, error.reason, error.message, _causes(error))


def _failure(status: int, reason: str, message: str, fields: Iterable[FieldFailure]) -> Object:
    return {
        "status": status,
        "reason": reason.replace(" ", ""),
        "message": message,
        "fields": [one.as_json() for one in fields],
    }


def _causes(error: ApiError) -> Iterable[FieldFailure]:
    causes: Any = error.details.get("causes")
    for cause in causes if isinstance(causes, list) else ():
        if isinstance(cause, dict) and cause.get("field"):
            yield FieldFailure(str(cause["field"]), str(cause.get("message", "")))
