"""Bearer tokens of a request: from its Authorization header, or from the cookies of a pasted token.

The cookies have the prefix `__Host-`, so that browsers send them to this origin alone, and over TLS alone. A token of an
identity provider is larger than a cookie, so it is kept in pieces (as in Headlamp's pkg/auth).
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Mapping
from typing import Any, Final

import orjson
from aiohttp import web

from process_operator.monitor.failures import SignInError
from process_operator.monitor.limits import TOKEN_BYTES

_COOKIE: Final = "__Host-process-monitor-"
_PIECE_CHARACTERS: Final = 3800
_MAX_PIECES: Final = -(-TOKEN_BYTES // _PIECE_CHARACTERS)
_TOKEN: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
"""The form of a bearer token (RFC 6750, section 2.1)."""


def token_of_header(value: str | None) -> str | None:
    """Read an Authorization header; None if there is none. Raises SignInError for anything but a bearer token."""
    if value is None:
        return None
    scheme, _, token = value.partition(" ")
    if scheme.lower() != "bearer":
        raise SignInError("the Authorization header must have a bearer token")
    return checked_token(token.strip())


def token_of_cookies(cookies: Mapping[str, str]) -> str | None:
    """Join the pieces of a pasted token; None if there are none. Raises SignInError."""
    pieces: list[str] = []
    while len(pieces) < _MAX_PIECES and (piece := cookies.get(f"{_COOKIE}{len(pieces)}")):
        pieces.append(piece)
    return checked_token("".join(pieces)) if pieces else None


def checked_token(token: str) -> str:
    """Return a token that has the form of one. Raises SignInError, which never shows it."""
    if len(token) > TOKEN_BYTES or not _TOKEN.fullmatch(token):
        raise SignInError("the token does not have the form of a bearer token")
    return token


def keep_token(response: web.StreamResponse, token: str) -> None:
    """Set the cookies of a token. They last until the token expires, or until the browser is closed."""
    pieces = [token[start : start + _PIECE_CHARACTERS] for start in range(0, len(token), _PIECE_CHARACTERS)]
    for number in range(_MAX_PIECES):
        if number < len(pieces):
            _set(response, number, pieces[number], _seconds_left(token))
        else:
            _set(response, number, "", 0)


def forget_token(response: web.StreamResponse) -> None:
    """Remove the cookies of a token."""
    for number in range(_MAX_PIECES):
        _set(response, number, "", 0)


def _set(response: web.StreamResponse, number: int, value: str, max_age: int | None) -> None:
    name = f"{_COOKIE}{number}"
    response.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="Strict")


def _seconds_left(token: str) -> int | None:
    """Return the time until a JSON Web Token expires; None if the token has no such time.

    Nothing is trusted here: the API server judges the token, and this is the life of a cookie.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims: Any = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return max(0, int(claims["exp"] - time.time()))
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
