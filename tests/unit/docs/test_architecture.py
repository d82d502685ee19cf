"""Floors of docs/explanation/architecture.md: they are the layers that import-linter checks, in the same order."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]


def test_the_table_of_floors_is_that_of_the_import_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text()
    rows = re.findall(r"^\| (\d+) \| ([^|]*) \|", page, re.MULTILINE)
    rooms = [{name.removesuffix(".py") for name in re.findall(r"`([\w.]+)/?`", cell)} for _, cell in rows]
    assert rooms == [set(layer.split(" | ")) for layer in layers]
    assert [int(number) for number, _ in rows] == list(range(len(layers), 0, -1))
