"""One POST of one event to one receiver: what goes out, how it is signed, and what the answer means.

The session is its own: no credentials of the API server, no proxy of the environment, no cookie, no redirect followed.
Neighbours: `notifier.py` tries again, `receivers_file.py` reads keys and certificates.

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
_WORTH_ANOTHER_TRY: Final = frozenset({408, 425, 429})
_USER_AGENT: Final = "process-operator"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one try."""

    words: str
    """What happened, without the URL."""
    delivered: bool = False
    again: bool = False
    """Whether another try may do better."""
    retry_after: float = 0.0
    """Seconds that the receiver asked to be left alone for."""


class Webhook:
    """Sends to one receiver over a session of its own, opened at the first event.

    `timeout` is for one whole try, in seconds.
    """

    def __init__(self, receiver: Receiver, *, timeout: float, connections: int) -> None:
        self._receiver = receiver
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, 5.0))
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def post(self, event: Mapping[str, Any], now: datetime) -> Answer:
        """One try. Never raises for what a receiver or the network does."""
        body = orjson.dumps(event)
        try:
            headers = self._headers(str(event["id"]), body, now)
        except (OSError, ValueError) as error:
            # A Secret that is being replaced may be right a moment later.
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
            # Their texts hold the address, so only what kind of error it was is told.
            return Answer(f"not reachable ({type(error).__name__})", again=True)

    async def close(self) -> None:
        """End the session."""
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
    """The signature of Standard Webhooks, version 1: HMAC-SHA256 over `id.timestamp.body`, as base64."""
    digest = hmac.new(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _answer(status: int, retry_after: str | None, now: datetime) -> Answer:
    words = f"HTTP {status}"
    if 200 <= status < 300:
        return Answer(words, delivered=True)
    if 300 <= status < 400:
        return Answer(f"{words}: redirects are not followed")
    again = status >= 500 or status in _WORTH_ANOTHER_TRY
    return Answer(words, again=again, retry_after=_seconds(retry_after, now))


def _seconds(retry_after: str | None, now: datetime) -> float:
    """Retry-After in seconds, from its number or its date (RFC 9110, 10.2.3); 0 where it says neither."""
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
