"""Names in a request: only those that Kubernetes allows, so that no name can change the path of a call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from process_operator.monitor.failures import bad_field
from process_operator.resources.kinds import OUR_KINDS
from process_operator.resources.model import parse_instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from process_operator.resources.kinds import Kind

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_MAX_NAME: Final = 253
_KINDS: Final = {kind.plural: kind for kind in OUR_KINDS}


def namespace_of(given: Mapping[str, object]) -> str:
    """Read `namespace`. Raises RejectedError (400)."""
    return _checked("namespace", given.get("namespace"), _LABEL)


def scope_of(given: Mapping[str, str]) -> str | None:
    """Read `namespace`, which is empty for all namespaces; the result is None then. Raises RejectedError (400)."""
    return namespace_of(given) if given.get("namespace") else None


def name_of(given: Mapping[str, object], field: str = "name") -> str:
    """Read the name of an object (DNS-1123 subdomain). Raises RejectedError (400)."""
    return _checked(field, given.get(field), _SUBDOMAIN)


def kind_of(given: Mapping[str, object]) -> Kind:
    """Read `kind`, the plural of one of the four kinds. Raises RejectedError (400)."""
    kind = _KINDS.get(str(given.get("kind")))
    if kind is None:
        raise bad_field("kind", f"must be one of {', '.join(_KINDS)}")
    return kind


def instant_of(given: Mapping[str, object], field: str) -> datetime:
    """Read an instant (RFC 3339); the result is in UTC. Raises RejectedError (400)."""
    try:
        return parse_instant(str(given.get(field)))
    except ValueError as error:
        raise bad_field(field, "must be a time such as 2026-11-30T02:00:00Z") from error


def number_of(given: Mapping[str, object], field: str, *, default: int, most: int) -> int:
    """Read a whole number from 0 to `most`. Raises RejectedError (400)."""
    value = given.get(field, default)
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or len(text) > 18 or int(text) > most:
        raise bad_field(field, f"must be a whole number from 0 to {most}")
    return int(text)


def _checked(field: str, value: object, form: re.Pattern[str]) -> str:
    if not isinstance(value, str) or len(value) > _MAX_NAME or not form.fullmatch(value):
        raise bad_field(field, "must be a name of lower-case letters, digits and -")
    return value
