"""YAML text that PyYAML (YAML 1.1) and the YAML readers of Kubernetes (Go) read alike."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import yaml

_AMBIGUOUS: Final = re.compile(
    r"[-+]?[.0-9][-+.:_0-9a-fox]*|[-+]?\.(?:inf|nan)|y|n|yes|no|on|off|true|false|null|~|=|<<", re.IGNORECASE
)
"""Matches texts that a YAML 1.1 or 1.2 reader may read as a number, a time, a boolean or null: 1e3, 0o17, 1_000, y."""
_TEXT: Final = "tag:yaml.org,2002:str"


def yaml_text(value: Any, *, width: int | None = None) -> str:
    """Write a value as one YAML document that ends with a line break.

    If the document would hold control or format characters, all characters other than ASCII are escaped. `width` is the
    preferred length of a line in characters; None means that of PyYAML.
    """
    text = _dump(value, width, allow_unicode=True)
    if all(char == "\n" or char.isprintable() for char in text):
        return text
    return _dump(value, width, allow_unicode=False)


def _dump(value: Any, width: int | None, *, allow_unicode: bool) -> str:
    import yaml  # noqa: PLC0415 - only the commands that write YAML need it

    options: dict[str, Any] = {} if width is None else {"width": width}
    return str(yaml.dump(value, Dumper=_dumper(), sort_keys=False, allow_unicode=allow_unicode, **options))


@cache
def _dumper() -> type[yaml.SafeDumper]:
    """Make PyYAML's safe dumper quote ambiguous texts."""
    import yaml  # noqa: PLC0415 - only the commands that write YAML need it

    class Dumper(yaml.SafeDumper):
        pass

    def represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        return dumper.represent_scalar(_TEXT, text, style="'" if _AMBIGUOUS.fullmatch(text) else None)

    Dumper.add_representer(str, represent)
    return Dumper
