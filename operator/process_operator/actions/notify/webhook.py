"""Webhook: one signed POST of one event to one receiver, and the meaning of the answer.

The session has no credentials of the API server, uses no proxy of the environment, keeps no cookie and follows no
redirect. Neighbours: `notifier.py` retries, `receivers_file.py` reads keys and certificates.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md (structured mode)
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (the headers)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp
import orjson

from process_operator.actions.notify.receivers_file import read_key, tls_context
from process_operator.resources.receiver import Receiver

CONTENT_TYPE: Final = "application/cloudevents+json"
_RETRIED_STATUSES: Final = frozenset({408, 425, 429})
_USER_AGENT: Final = "process-operator"


@dataclass(frozen=True, slots=True)
class Answer:
    """Result of one try."""

    words: str
    """Description for users, without the URL."""
    delivered: bool = False
    again: bool = False
    """Whether another try may succeed."""
    retry_after: float = 0.0
    """Retry-After of the receiver in seconds."""


class Webhook:
    """Client of one receiver. Its session opens at the first event.

    `timeout` limits one try, in seconds.
    """

    def __init__(self, receiver: Receiver, *, timeout: float, connections: int) -> None:
        self._receiver = receiver
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, 5.0))
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def post(self, event: Mapping[str, Any], now: datetime) -> Answer:
        """Make one try. Failures of the receiver and of the network are results, not exceptions."""
        body = orjson.dumps(event)
        try:
            headers = self._headers(str(event["id"]), body, now)
        except (OSError, ValueError) as error:
            # The Secret may be replaced at this moment.
            return Answer(f"its key cannot be used: {_why(error)}", again=True)
        try:
            session = self._open()
            async with session.post(self._receiver.url, data=body, headers=headers, allow_redirects=False) as response:
                return _answer(response.status, response.headers.get("Retry-After"), now)
        except TimeoutError:
            return Answer("no answer in time", again=True)
        except aiohttp.ClientConnectorCertificateError:
            return Answer("its certificate is not trusted", again=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Their texts contain the address, so only the class of the error is shown.
            return Answer(f"not reachable ({type(error).__name__})", again=True)

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections, ssl=tls_context(self._receiver))
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=self._timeout,
                trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": _USER_AGENT},
            )
        return self._session

    def _headers(self, event_id: str, body: bytes, now: datetime) -> dict[str, str]:
        timestamp = str(int(now.timestamp()))
        headers = {"Content-Type": CONTENT_TYPE, "webhook-id": event_id, "webhook-timestamp": timestamp}
        if self._receiver.key_file is not None:
            headers["webhook-signature"] = signature(read_key(self._receiver.key_file), event_id, timestamp, body)
        return headers


def signature(key: bytes, event_id: str, timestamp: str, body: bytes) -> str:
    """Give the signature of Standard Webhooks, version 1: HMAC-SHA256 over `id.timestamp.body`, as base64."""
    digest = hmac.new(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _answer(status: int, retry_after: str | None, now: datetime) -> Answer:
    words = f"HTTP {status}"
    if 200 <= status < 300:
        return Answer(words, delivered=True)
    if 300 <= status < 400:
        return Answer(f"{words}: redirects are not followed")
    again = status >= 500 or status in _RETRIED_STATUSES
    return Answer(words, again=again, retry_after=_seconds(retry_after, now))


def _seconds(retry_after: str | None, now: datetime) -> float:
    """Read a Retry-After in seconds, a number or a date (RFC 9110, 10.2.3); 0 if it is neither."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return 0.0
    return max(0.0, ((at if at.tzinfo is not None else at.replace(tzinfo=UTC)) - now).total_seconds())


def _why(error: OSError | ValueError) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
