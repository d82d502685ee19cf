"""Prose checker: texts that it extracts from files, findings of the shipped word lists, and the list of paths to do."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Final

import pytest

from prose import cli
from prose.files import texts_of
from prose.rules import Rules
from prose.texts import Kind, Text, python_texts, without_code

RULES: Final = Rules.read(cli.WORDS)

SOURCE: Final = dedent(
    '''\
    """Work queue of requests."""

    LIMIT = 5
    """Upper limit."""

    # The first line
    # and the second.
    x = LIMIT  # a remark


    def name(key: str) -> str:
        """The name of a key."""
        # noqa: E501
        return f"the run {key} is not there any more"
    '''
)


def found(kind: Kind, text: str) -> list[tuple[int, str]]:
    """Line and first words of each finding about a text that begins on line 1."""
    findings = RULES.check(Text(kind, 1, without_code(text)))
    return [(finding.line, finding.message.split(":")[0]) for finding in findings]


def test_docstrings_comments_and_messages_of_python_are_texts() -> None:
    assert list(python_texts(SOURCE, "operator")) == [
        Text(Kind.MODULE, 1, "Work queue of requests."),
        Text(Kind.DOCSTRING, 4, "Upper limit."),
        Text(Kind.DOCSTRING, 12, "The name of a key."),
        Text(Kind.MESSAGE, 14, " is not there any more"),
        Text(Kind.COMMENT, 6, "The first line\nand the second."),
        Text(Kind.COMMENT, 8, "a remark"),
    ]


def test_a_message_is_exempt_with_a_reason() -> None:
    source = 'x = "it may not be so long"\ny = "it may not be so long"  # prose: words of the API server\n'
    assert [text for text in python_texts(source, "operator") if text.kind is Kind.MESSAGE] == [
        Text(Kind.MESSAGE, 1, "it may not be so long")  # prose: an example
    ]


def test_tests_have_the_texts_of_the_package_and_other_folders_no_messages() -> None:
    package = list(python_texts(SOURCE, "operator"))
    assert list(python_texts(SOURCE, "tests")) == package
    assert list(python_texts(SOURCE, "hack")) == [text for text in package if text.kind is not Kind.MESSAGE]


def test_comments_and_help_lines_of_other_files_are_texts(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text("# -- Name of the chart.\nname: x # no text\n\n# Two\n# lines.\n")
    (tmp_path / "Makefile.mk").write_text("#!/bin/sh\nhelp: ## this list\n\t@echo a## b\n")
    texts = [text for path in sorted(tmp_path.iterdir(), reverse=True) for text in texts_of(path, tmp_path)]
    assert texts == [
        Text(Kind.COMMENT, 1, "Name of the chart."),
        Text(Kind.COMMENT, 4, "Two\nlines."),
        Text(Kind.COMMENT, 2, "this list"),
    ]


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        pytest.param(Kind.PAGE, "The operator deletes the Job.", [], id="plain English has no finding"),
        pytest.param(Kind.PAGE, "one\n\nNobody\nknows.", [(3, '"Nobody"')], id="a word is found with its line"),
        pytest.param(Kind.COMMENT, "it goes\non", [(1, '"goes on"')], id="a phrase is found across lines"),
        pytest.param(Kind.PAGE, "Run `nobody` now.", [], id="code in backticks is no prose"),
        pytest.param(Kind.PAGE, "```\nnobody\n```\nanew", [(4, '"anew"')], id="a fence is no prose and keeps its lines"),
        pytest.param(Kind.PAGE, "[ends](anew.md)", [], id="the target of a link is no prose"),
        pytest.param(
            Kind.MODULE,
            "What is known.",
            [(1, 'a module docstring must not begin with "What"')],
            id="a module begins with its noun",
        ),
        pytest.param(Kind.DOCSTRING, "Whether it is due.", [], id="a docstring of a predicate may begin with Whether"),
        pytest.param(Kind.MODULE, "Whether it is due.", [(1, 'a module docstring must not begin with "Whether"')], id="no module may"),
        pytest.param(Kind.PAGE, "What is known.", [], id="a page has no rule for first words"),
    ],
)  # fmt: skip
def test_words_and_first_words(kind: Kind, text: str, expected: list[tuple[int, str]]) -> None:
    assert found(kind, text) == expected


LONG: Final = "Word" + " word" * 29


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        pytest.param(Kind.PAGE, f"A {LONG}.", [(1, "a sentence of 31 words, at most 30")], id="31 words are too many"),
        pytest.param(Kind.PAGE, f"{LONG}.", [], id="30 words are allowed"),
        pytest.param(Kind.PAGE, f"Short. {LONG}. Short.", [], id="each sentence is counted alone"),
        pytest.param(Kind.PAGE, f"In 12 s. {LONG}. It is 8. {LONG}", [], id="a sentence can end with a unit or a digit"),
        pytest.param(Kind.PAGE, f"See ([1](a.md)). {LONG}. **It is (b).** {LONG}", [], id="a sentence can end with a bracket"),
        pytest.param(Kind.PAGE, f"With e.g. a {LONG}.", [(1, "a sentence of 33 words, at most 30")], id="a sentence does not end with e.g."),
        pytest.param(Kind.PAGE, f"First.\n\nA {LONG}.", [(3, "a sentence of 31 words, at most 30")], id="with its line"),
        pytest.param(Kind.PAGE, f"- {LONG}\n- {LONG}", [], id="items of a list are counted alone"),
        pytest.param(Kind.PAGE, f"| a | {LONG} |\n| b | {LONG} |", [], id="a table has no sentences"),
        pytest.param(Kind.MODULE, f"A {LONG}.", [(1, "a sentence of 31 words, at most 30")], id="modules are counted"),
        pytest.param(Kind.COMMENT, f"A {LONG}.", [(1, "a sentence of 31 words, at most 30")], id="comments too"),
    ],
)  # fmt: skip
def test_long_sentences(kind: Kind, text: str, expected: list[tuple[int, str]]) -> None:
    assert found(kind, text) == expected


def test_paths_to_do_are_apart_from_clean_ones(tmp_path: Path) -> None:
    (tmp_path / "todo.txt").write_text("# not clean yet\noperator/a/*\n\ndocs/b.md\n")
    patterns = cli.read_todo(tmp_path / "todo.txt")
    names = ("operator/a/b/c.py", "operator/d.py", "docs/b.md")
    clean, todo = cli.split([cli.ROOT / name for name in names], patterns)
    assert clean == [cli.ROOT / "operator/d.py"]
    assert todo == {"operator/a/*": [cli.ROOT / "operator/a/b/c.py"], "docs/b.md": [cli.ROOT / "docs/b.md"]}


def test_the_checker_reads_this_checkout() -> None:
    names = {str(path.relative_to(cli.ROOT)) for path in cli.tracked_files()}
    assert {"README.md", "Makefile", "charts/process-operator/values.yaml", "hack/prose/cli.py"} <= names
    assert not {name for name in names if name.startswith("crds/")}
