"""Errors of the API server, or of the way to it.

There is one class for each answer that callers treat differently. `error_from` chooses it by HTTP status, and by the
reason and the causes of the `Status` object in the body. `api.py` raises them after its own retries.
"""

# ruff: noqa: N818 - the API uses these names

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_TEXT_CHARACTERS: Final = 1024
"""Highest number of characters in the message from a body without a Status (such as a page of a proxy)."""


class ApiError(Exception):
    """An answer other than success.

    `status` is the HTTP status (0 without an answer), and `reason` the API's word for it. `message` has the server's own
    words, and `details` those of the Status object. `retry_after` is in seconds. `maybe_done` is true if a write may have
    happened despite this error: in the last try, or in an earlier one of the same call.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        reason: str = "",
        details: dict[str, Any] | None = None,
        retry_after: float | None = None,
        maybe_done: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.details = details or {}
        self.retry_after = retry_after
        self.maybe_done = maybe_done

    def __str__(self) -> str:
        return f"{self.status or 'no answer'} {self.reason}: {self.message}"


class Conflict(ApiError):
    """409: the object has changed meanwhile, or a precondition does not hold."""


class AlreadyExists(Conflict):
    """409 on create: the name exists. With `maybe_done` an earlier try of the same call may have created it."""


class NotFound(ApiError):
    """404: the object, its namespace or its kind is not there."""


class Gone(ApiError):
    """410: a resourceVersion or a continue token is too old."""


class Invalid(ApiError):
    """422 or 400: the server rejected the object. A retry has the same result."""


class Forbidden(ApiError):
    """403: missing rights, an admission policy, or one of the subclasses."""


class QuotaExceeded(Forbidden):
    """403 of a ResourceQuota; may heal by itself."""


class NamespaceTerminating(Forbidden):
    """403 because the namespace is being deleted: nothing new can be made there any more."""


class TooManyRequests(ApiError):
    """429: the server did nothing. The client can retry after `retry_after` seconds."""


class ServerError(ApiError):
    """5xx: the server failed, before or after it performed the request."""


TIMEOUT: Final = "Timeout"
"""The `reason` of Unreachable if the request was sent and the answer did not arrive in time."""


class Unreachable(ApiError):
    """No complete answer: the connection was rejected, cut or too slow. `maybe_done` is false if nothing was sent."""


_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: Invalid,
    404: NotFound,
    409: Conflict,
    410: Gone,
    422: Invalid,
    429: TooManyRequests,
}


def error_from(status: int, body: bytes, headers: Mapping[str, str], *, http_reason: str = "") -> ApiError:
    """Build the error for an HTTP answer of 400 and above, with any body.

    `headers` must be a case-insensitive mapping, or have `Retry-After` in this spelling.
    """
    answer = _status_object(body)
    details = answer.get("details")
    details = details if isinstance(details, dict) else {}
    message = answer.get("message") or body[:_MAX_TEXT_CHARACTERS].decode("utf-8", "replace").strip() or http_reason
    reason = str(answer.get("reason") or http_reason)
    kind = _error_class(status, reason, str(message), details)
    return kind(
        str(message),
        status=status,
        reason=reason,
        details=details,
        retry_after=_seconds(headers.get("Retry-After", details.get("retryAfterSeconds"))),
        maybe_done=status >= 500,
    )


def _error_class(status: int, reason: str, message: str, details: dict[str, Any]) -> type[ApiError]:
    if status >= 500:
        return ServerError
    if status == 409 and reason == "AlreadyExists":
        return AlreadyExists
    if status == 403:
        causes = details.get("causes") or []
        # Only the cause distinguishes a terminating namespace from missing rights. The texts differ between versions.
        if any(isinstance(cause, dict) and cause.get("reason") == "NamespaceTerminating" for cause in causes):
            return NamespaceTerminating
        return QuotaExceeded if "exceeded quota" in message else Forbidden
    return _BY_STATUS.get(status, ApiError)


def _status_object(body: bytes) -> dict[str, Any]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _seconds(value: object) -> float | None:
    """Read Retry-After in seconds. The date form of HTTP is ignored, because API servers never send it."""
    try:
        seconds = float(str(value))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
