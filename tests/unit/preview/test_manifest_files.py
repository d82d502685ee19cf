"""Manifests are read as kubectl reads them: what its YAML reader makes of plain scalars, lists, folders, and bad
files."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import pytest

from process_operator.preview.manifest_files import read_manifests

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "apiVersion: v1\nkind: Thing\n"


def read(tmp_path: Path, text: str | bytes, name: str = "file.yaml") -> tuple[list[Any], list[str]]:
    (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    problems: list[str] = []
    found = list(read_manifests([str(tmp_path / name)], problems))
    return found, [problem.removeprefix(f"{tmp_path}/") for problem in problems]


SCALARS = [
    pytest.param("12:30", "12:30", id="a time of day is text, not 750"),
    pytest.param("02:30:15", "02:30:15", id="with seconds too"),
    pytest.param("2026-11-22", "2026-11-22", id="a date is text"),
    pytest.param("2026-11-22T08:00:00Z", "2026-11-22T08:00:00Z", id="an instant is text"),
    pytest.param("1h30m", "1h30m", id="a duration is text"),
    pytest.param("5", 5, id="a number"),
    pytest.param("'5'", "5", id="a number in quotes is text"),
    pytest.param("-5", -5, id="a negative number"),
    pytest.param("1_000", 1000, id="a number with underscores"),
    pytest.param("010", 8, id="a leading zero means base 8"),
    pytest.param("0o10", 8, id="0o means base 8"),
    pytest.param("0x10", 16, id="base 16"),
    pytest.param("0b11", 3, id="base 2"),
    pytest.param("089", 89, id="a number that cannot be base 8 is a whole float"),
    pytest.param("9223372036854775807", 2**63 - 1, id="the largest whole number"),
    pytest.param("9223372036854775808", float(2**63), id="beyond it is a float"),
    pytest.param("1.5", 1.5, id="a fraction"),
    pytest.param("5.0", 5, id="a whole float is a whole number, as JSON of Go has it"),
    pytest.param("1e3", 1000, id="with an exponent too"),
    pytest.param(".5", 0.5, id="a fraction without a zero"),
    pytest.param("yes", True, id="yes is a boolean"),
    pytest.param("On", True, id="On is a boolean"),
    pytest.param("no", False, id="no is a boolean"),
    pytest.param("false", False, id="false is a boolean"),
    pytest.param("yEs", "yEs", id="mixed case is no boolean"),
    pytest.param("~", None, id="a tilde is null"),
    pytest.param("", None, id="nothing is null"),
    pytest.param("null", None, id="null is null"),
    pytest.param("[2026-12-25, 12:30]", ["2026-12-25", "12:30"], id="dates and times are text within lists"),
    pytest.param("{on: 1, 5: x}", {"true": 1, "5": "x"}, id="keys are text"),
]


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_a_plain_scalar_is_what_kubectl_takes_it_for(tmp_path: Path, text: str, value: object) -> None:
    found, problems = read(tmp_path, f"{HEAD}value: {text}\n")
    assert (found, problems) == ([{"apiVersion": "v1", "kind": "Thing", "value": value}], [])
    assert type(found[0]["value"]) is type(value)


FILES = [
    pytest.param("", [], id="an empty file"),
    pytest.param("---\n---\n# nothing\n", [], id="empty documents"),
    pytest.param(f"{HEAD}number: 1\n---\n{HEAD}number: 2\n", [1, 2], id="two documents"),
    pytest.param(f"\ufeff{HEAD}number: 1\n", [1], id="a byte order mark"),
    pytest.param(
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A, number: 1}\n- {apiVersion: v1, kind: A, number: 2}\n",
        [1, 2],
        id="a List",
    ),
    pytest.param(
        "apiVersion: v1\nkind: ThingList\nitems: [{number: 1}]\n", [1], id="a list of one kind, which items omit"
    ),
    pytest.param(f"{HEAD}base: &b {{number: 1}}\n<<: *b\n", [1], id="a merge key"),
]


@pytest.mark.parametrize(("text", "numbers"), FILES)
def test_files_with(tmp_path: Path, text: str, numbers: list[int]) -> None:
    found, problems = read(tmp_path, text)
    assert ([body["number"] for body in found], problems) == (numbers, [])


def test_json_may_be_indented_by_tabs(tmp_path: Path) -> None:
    found, problems = read(tmp_path, '{\n\t"apiVersion": "v1",\n\t"kind": "A",\n\t"number": 5.0\n}', "file.json")
    assert (found, problems) == ([{"apiVersion": "v1", "kind": "A", "number": 5}], [])


BAD = [
    pytest.param(f"{HEAD}a: [1\n", "file.yaml: line 4, column 1: did not find expected", id="a bracket left open"),
    pytest.param(f"{HEAD}\ta: 1\n", "file.yaml: line 3, column 1: found a tab", id="a tab"),
    pytest.param("- 1\n", "file.yaml: document 1: must be an object with apiVersion and kind", id="a list"),
    pytest.param("---\n---\na: 1\n", "file.yaml: document 2: must be an object", id="an object without a kind"),
    pytest.param(b"\xff\xfe", "file.yaml: cannot be read: byte 0 is not UTF-8", id="another encoding"),
    pytest.param(f"{HEAD}a: !!python/name:os.system\n", "file.yaml: line 3, column 4: could not", id="a Python tag"),
    pytest.param(f"{HEAD}a: {'[' * 5000}", "file.yaml: ", id="five thousand brackets"),
    pytest.param(f"{HEAD}a: \0", "file.yaml: ", id="a NUL character"),
    pytest.param(f"{HEAD}a: *b\n", "file.yaml: line 3, column 4: found undefined alias", id="an alias of nothing"),
    pytest.param(
        f"{HEAD}a: 1\nb: 2\na: 3\n",
        'file.yaml: line 5, column 1: key "a" already set in map (in line 3)',
        id="a key twice",
    ),
    pytest.param(
        '{\n "apiVersion": "v1", "kind": "A",\n "spec": {"a": 1,\n "a": 2}}',
        'file.yaml: line 4, column 2: key "a" already set in map (in line 3)',
        id="a key twice, in JSON",
    ),
    pytest.param(
        r'{"apiVersion": "v1", "kind": "A", "kind": "\ud83d\ude00"}',
        'file.yaml: key "kind" already set in map',
        id="a key twice, in JSON that is no YAML",
    ),
    pytest.param(
        f"{HEAD}a: &a [*a]\n", "file.yaml: line 3, column 4: an anchor that contains itself", id="an endless alias"
    ),
    pytest.param(
        HEAD + "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)),
        "file.yaml: its aliases, written out, are too large",
        id="aliases of aliases",
    ),
    pytest.param(
        f"{HEAD}a: {'9' * 5000}\n", "file.yaml: line 3, column 4: a number that cannot be read", id="5000 digits"
    ),
    pytest.param(
        f"{HEAD}a: 0o_\n", "file.yaml: line 3, column 4: a number that cannot be read", id="base 8 without digits"
    ),
    pytest.param(
        "apiVersion: v1\nkind: [A]\n", "file.yaml: document 1: must be an object with", id="a list for a kind"
    ),
    pytest.param(
        "apiVersion: {v: 1}\nkind: A\n", "file.yaml: document 1: must be an object", id="an object for a version"
    ),
    pytest.param("apiVersion: v1\nkind: 5\n", "file.yaml: document 1: must be an object", id="a number for a kind"),
    pytest.param(
        "apiVersion: v1\nkind: List\nitems: [5]\n",
        "file.yaml: document 1, items[0]: must be an object",
        id="a number in a List",
    ),
    pytest.param(
        "apiVersion: v1\nkind: List\nitems: [{kind: [A]}]\n",
        "file.yaml: document 1, items[0]: must be an object",
        id="a list for a kind in a List",
    ),
]


@pytest.mark.parametrize(("text", "words"), BAD)
def test_what_cannot_be_read_is_one_line(tmp_path: Path, text: str | bytes, words: str) -> None:
    found, problems = read(tmp_path, text)
    assert found == []
    assert [problem.startswith(words) for problem in problems] == [True], problems
    assert "\n" not in problems[0]


def test_a_document_with_a_key_twice_is_passed_over_and_the_others_are_read(tmp_path: Path) -> None:
    found, problems = read(tmp_path, f"{HEAD}number: 1\n---\n{HEAD}kind: A\n---\n{HEAD}number: 3\n")
    assert [body["number"] for body in found] == [1, 3]
    assert problems == ['file.yaml: line 7, column 1: key "kind" already set in map (in line 6)']


def test_a_key_beside_a_merge_that_has_it_too_is_no_key_twice(tmp_path: Path) -> None:
    text = f"{HEAD}deep: {{base: &b {{<<: &c {{number: 1}}, number: 2}}}}\nuses: {{<<: *b, number: 3}}\n"
    found, problems = read(tmp_path, text)
    assert (found[0]["uses"], problems) == ({"number": 3}, [])


def test_what_stands_before_a_mistake_is_read(tmp_path: Path) -> None:
    found, problems = read(tmp_path, f"{HEAD}number: 1\n---\na: [1\n")
    assert ([body["number"] for body in found], len(problems)) == ([1], 1)


def test_a_folder_is_the_files_directly_in_it(tmp_path: Path) -> None:
    for name in ("b.yml", "a.yaml", "c.json"):
        (tmp_path / name).write_text(f'{{"apiVersion": "v1", "kind": "A", "number": "{name}"}}')
    (tmp_path / "notes.txt").write_text("a: [1")
    (tmp_path / "deeper").mkdir()
    problems: list[str] = []
    found = list(read_manifests([str(tmp_path)], problems))
    assert ([body["number"] for body in found], problems) == (["a.yaml", "b.yml", "c.json"], [])
    assert list(read_manifests([str(tmp_path / "deeper")], problems)) == []
    assert problems == [f"{tmp_path}/deeper: there is no file in it that ends in .json, .yaml, .yml"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    problems: list[str] = []
    assert list(read_manifests([str(tmp_path / "none.yaml")], problems)) == []
    assert problems == [f"{tmp_path}/none.yaml: cannot be read: No such file or directory"]


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{HEAD}number: 1\n---\na: [1".encode())))
    problems: list[str] = []
    assert [body["number"] for body in read_manifests(["-"], problems)] == [1]
    assert [problem.partition(":")[0] for problem in problems] == ["standard input"]
