"""Manifests from files, folders and standard input, read as kubectl reads them.

The usual Python loaders read another kind of YAML than kubectl. They read `at: 12:30` as a number in base 60, and a date
as a date. For kubectl both stay text. Neighbours: `manifest_set.py` converts the manifests to requests.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from process_operator.preview.manifest_nodes import node_problem
from process_operator.resources.types import Object

STANDARD_INPUT: Final = "-"
_SUFFIXES: Final = (".json", ".yaml", ".yml")  # of the files of a folder
_INTEGERS: Final = 2**63  # a whole number below is an integer for the API server, one beyond is a float


def read_manifests(sources: Sequence[str], problems: list[str]) -> Iterator[Object]:
    """Give every object of some files, folders (the files directly in it) or standard input (`-`), in order.

    Lists (`kind: List` and its kin) are taken apart. What cannot be read is added to `problems`, one line each.
    """
    for source in sources:
        for name, text in _texts(source, problems):
            yield from objects_of_text(name, text, problems)


def _texts(source: str, problems: list[str]) -> Iterator[tuple[str, str]]:
    if source == STANDARD_INPUT:
        yield from _read("standard input", None, problems)
        return
    path = Path(source)
    if not path.is_dir():
        yield from _read(source, path, problems)
        return
    files = sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES and file.is_file())
    if not files:
        problems.append(f"{source}: there is no file in it that ends in {', '.join(_SUFFIXES)}")
    for file in files:
        yield from _read(str(file), file, problems)


def _read(name: str, path: Path | None, problems: list[str]) -> Iterator[tuple[str, str]]:
    try:
        content = sys.stdin.buffer.read() if path is None else path.read_bytes()
        yield name, content.decode("utf-8-sig")
    except OSError as error:
        problems.append(f"{name}: cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        problems.append(f"{name}: cannot be read: byte {error.start} is not UTF-8")


def objects_of_text(name: str, text: str, problems: list[str]) -> Iterator[Object]:
    """Give every object of a text of YAML or JSON. `name` is its name in `problems`."""
    number = 0
    try:
        for number, document in enumerate(_documents(text), 1):
            if document is None:
                continue
            if isinstance(document, _Unreadable):
                problems.append(f"{name}: {document.why}")
            else:
                yield from _taken_apart(document, f"{name}: document {number}", problems)
    except yaml.YAMLError as error:
        problems.append(f"{name}: {_one_line(error)}")
    except RecursionError:
        problems.append(f"{name}: document {number + 1}: nested too deeply")


def _is_object(document: Any) -> bool:
    named = [document.get(field) for field in ("apiVersion", "kind")] if isinstance(document, Mapping) else [None]
    return all(isinstance(text, str) and text for text in named)


def _taken_apart(body: Any, where: str, problems: list[str]) -> Iterator[Object]:
    if not _is_object(body):
        problems.append(f"{where}: must be an object with apiVersion and kind, both text")
        return
    items, kind = body.get("items"), body["kind"]
    if not kind.endswith("List") or not isinstance(items, list):
        yield body
        return
    inherited = {"kind": kind.removesuffix("List"), "apiVersion": body["apiVersion"]}
    for number, item in enumerate(items):
        whole = {**inherited, **item} if isinstance(item, Mapping) else item
        yield from _taken_apart(whole, f"{where}, items[{number}]", problems)


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """A document that is passed over, and why."""

    why: str


class _KeyTwiceError(ValueError):
    """A key of a JSON object that stands twice."""


def _documents(text: str) -> Iterator[Any]:
    if text.lstrip()[:1] != "{":
        yield from _yaml_documents(text)
        return
    try:
        yield json.loads(text, parse_int=_integer, parse_float=_number, object_pairs_hook=_object_of)
    except _KeyTwiceError as twice:
        try:
            yield from list(_yaml_documents(text))  # which says in which line
        except yaml.YAMLError:  # such as half of a surrogate pair, which JSON may hold
            yield _Unreadable(f'key "{twice}" already set in map')
    except (ValueError, OverflowError):
        yield from _yaml_documents(text)  # YAML can begin so, too, and knows where the mistake is


def _yaml_documents(text: str) -> Iterator[Any]:
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            problem = node_problem(node) if node is not None else None
            yield loader.construct_document(node) if problem is None else _Unreadable(problem)
    finally:
        loader.dispose()


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise _KeyTwiceError(key)
        made[key] = value
    return made


def _one_line(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return " ".join(str(error).split())


class _Loader(yaml.CSafeLoader):
    """Resolves nulls, booleans, integers and floats of plain scalars, and nothing else."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own name

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        """Keys are text, as in JSON: `on: push` has the key `true`."""
        made = super().construct_mapping(node, deep=deep)
        if all(type(key) is str for key in made):
            return made
        return {key if isinstance(key, str) else json.dumps(key): value for key, value in made.items()}


def _construct_integer(loader: _Loader, node: yaml.ScalarNode) -> int | float:
    try:
        return _integer(loader.construct_scalar(node))
    except (ValueError, OverflowError):
        raise yaml.constructor.ConstructorError(None, None, "a number that cannot be read", node.start_mark) from None


def _integer(text: str) -> int | float:
    """Read a whole number. Raises ValueError or OverflowError for one that no float holds."""
    text = text.replace("_", "")
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-").lower()
    is_octal = digits.startswith("0") and digits.isdigit()  # as in Go: 010 is 8
    value = sign * int(digits, 8 if is_octal else 0)
    return value if -_INTEGERS <= value < _INTEGERS else float(value)


def _construct_float(loader: _Loader, node: yaml.ScalarNode) -> float | int:
    return _number(loader.construct_scalar(node).replace("_", ""))


def _number(text: str) -> float | int:
    value = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return int(value) if abs(value) < _INTEGERS and value == int(value) else value


def _construct_boolean(loader: _Loader, node: yaml.ScalarNode) -> bool:
    return loader.construct_scalar(node).lower() in ("y", "yes", "true", "on")


_BOOLEANS: Final = "y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF"
_WHOLE_NUMBERS: Final = "[-+]?(0[bB][01_]+|0[oO]?[0-7_]+|0[xX][0-9a-fA-F_]+|0|[1-9][0-9_]*)"
_FLOATS: Final = r"[-+]?([.][0-9_]+|[0-9][0-9_]*([.][0-9_]*)?)([eE][-+]?[0-9]+)?|[-+]?[.](inf|Inf|INF)|[.](nan|NaN|NAN)"

# In this order: the first that matches a whole scalar decides, so that a float is a scalar that is not an integer.
for _tag, _text, _first in (
    ("null", "~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", _BOOLEANS, list("yYnNtTfFoO")),
    ("int", _WHOLE_NUMBERS, list("-+0123456789")),
    ("float", _FLOATS, list("-+.0123456789")),
    ("merge", "<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"({_text})\\Z"), _first)
_Loader.add_constructor("tag:yaml.org,2002:bool", _construct_boolean)
_Loader.add_constructor("tag:yaml.org,2002:int", _construct_integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _construct_float)
