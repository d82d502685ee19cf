"""Forms of an answer: the values of `--output`, which are kubectl's."""

from __future__ import annotations

from enum import StrEnum


class Form(StrEnum):
    """Values of `--output`."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"
