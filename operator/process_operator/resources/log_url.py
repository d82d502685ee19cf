"""URL of a log: an administrator's template for the cluster's log store, and its fields for one run.

The operator reads the template when it starts, and rejects one that cannot be used. `decisions/run/log_link.py` fills it
in. Only names of Kubernetes and times are put in, and each is percent-encoded (RFC 3986).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

FIELDS: Final = (
    *("namespace", "run", "request", "process", "job", "pod", "container", "node"),
    *("start_ms", "end_ms", "start_rfc3339", "end_rfc3339"),
)
MAX_LOG_URL: Final = 8192
"""Highest length of a URL of a log, in characters."""
_MAX_TEMPLATE: Final = 4096
_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_FOREIGN: Final = re.compile(r"[^!-~]|[\"<>\\^`|]")
"""Characters that a URL must not have: all outside printable ASCII, and those that RFC 3986 leaves out."""
_VALUE: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9.:]*[A-Za-z0-9])?")
"""Form of the names of Kubernetes, of milliseconds and of RFC 3339. The form has no quotes of JSON
or of a query language. So a value cannot end the string that it is in, also after the log store has decoded it."""


class LogUrlError(ValueError):
    """A template that cannot be used. The message says what is allowed."""


@dataclass(frozen=True, slots=True)
class LogUrl:
    """A template that `parse` has checked."""

    template: str

    @classmethod
    def parse(cls, template: str) -> LogUrl:
        """Check a template. Raises LogUrlError."""
        if len(template) > _MAX_TEMPLATE:
            raise LogUrlError(f"must have at most {_MAX_TEMPLATE} characters")
        if foreign := _FOREIGN.search(template):
            raise LogUrlError(
                f"must not have the character {foreign[0]!r}; write {quote(foreign[0], safe='')} in its place"
            )
        allowed = ", ".join(f"{{{field}}}" for field in FIELDS)
        for name in _FIELD.findall(template):
            if name not in FIELDS:
                raise LogUrlError(f"has the unknown field {{{name}}}; allowed are {allowed}")
        if re.search(r"[{}]", _FIELD.sub("", template)):
            raise LogUrlError("has a single brace; write %7B and %7D for braces that are not around a field")
        _check_server(template)
        return cls(template)

    def fill(self, values: Mapping[str, str]) -> str | None:
        """Put in the values. A value that is not a name or time of Kubernetes is left out. None if the URL is too long."""

        def encoded(found: re.Match[str]) -> str:
            value = values.get(found[1], "")
            return quote(value, safe="") if _VALUE.fullmatch(value) else ""

        url = _FIELD.sub(encoded, self.template)
        return url if len(url) <= MAX_LOG_URL else None


def _check_server(template: str) -> None:
    """Check scheme and server. No field may be in them, because a run must not choose where a link leads."""
    scheme, separator, rest = template.partition("://")
    if not separator or scheme.lower() not in ("http", "https"):
        raise LogUrlError("must start with http:// or https://")
    server = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "{" in server:
        raise LogUrlError("must not have a field in its host; fields are allowed after the first / behind it")
    if "@" in server:
        raise LogUrlError("must not have a user or password, because users who read runs would read them")
    try:
        parts = urlsplit(template)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        has_host = False
    if not has_host:
        raise LogUrlError("must have a host, and optionally a port, after http:// or https://")
