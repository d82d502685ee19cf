"""Address of a PostgreSQL database: a URL or a connection string of libpq, checked before libpq reads it.

An error of libpq repeats the part of an address that it cannot read, which may be a part of the password.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from process_operator.plugin.errors import CommandError, Exit

if TYPE_CHECKING:
    from psycopg import ConnectionInfo

_RESERVED: Final = {"@": "%40", "/": "%2F", "?": "%3F", "#": "%23"}
_EXAMPLE: Final = "postgresql://erp@db.example.com/etendo"


def check_address(address: str) -> None:
    """Check an address. Raises CommandError, which repeats no part of it."""
    import psycopg  # noqa: PLC0415 - an extra, which only this import needs
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    _check_user(address)
    try:
        given = conninfo_to_dict(address)
    except psycopg.Error:
        raise _unreadable(f"it is neither a URL, such as {_EXAMPLE}, nor a connection string of libpq") from None
    if not _is_ports(given.get("port")):
        raise _unreadable(f"its port is not a number; a URL is like {_EXAMPLE}")


def _check_user(address: str) -> None:
    """Reject reserved characters in user and password of a URL (RFC 3986): libpq would take them for another part."""
    _, separator, rest = address.partition("://")
    user, at, _ = rest.rpartition("@")
    if separator and at and any(char in user for char in _RESERVED):
        escapes = ", ".join(f"{char} as {escape}" for char, escape in _RESERVED.items())
        raise _unreadable(f"in the user and the password of a URL, write {escapes}")


def _is_ports(port: Any) -> bool:
    return port is None or all(part.isdecimal() or not part for part in str(port).split(","))


def _unreadable(why: str) -> CommandError:
    return CommandError(f"--from-database: {why}", Exit.USAGE)


def place_of(info: ConnectionInfo) -> str:
    """Name a database for the user, without the password."""
    return f"database {info.dbname} on {info.host}"
