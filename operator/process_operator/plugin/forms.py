"""Forms of an answer and of a change: the values of `--output` and `--dry-run`, which are kubectl's."""

from __future__ import annotations

from enum import StrEnum


class Form(StrEnum):
    """Values of `--output`."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"

    @property
    def is_structured(self) -> bool:
        """Whether programs read the answer."""
        return self in {Form.JSON, Form.YAML}


class DryRun(StrEnum):
    """Values of `--dry-run`."""

    NONE = "none"
    CLIENT = "client"
    SERVER = "server"

    @property
    def remark(self) -> str:
        """The words that kubectl adds to its messages."""
        return {DryRun.NONE: "", DryRun.CLIENT: " (dry run)", DryRun.SERVER: " (server dry run)"}[self]
