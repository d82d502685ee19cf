"""Prose checker: texts that it extracts from TypeScript, CSS, Lua and templates of Helm."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Final

import pytest

from prose import cli
from prose.delimited import delimited_texts
from prose.files import texts_of
from prose.texts import Kind, Text

TYPESCRIPT: Final = dedent(
    """\
    /**
     * Store of rows.
     *
     * It keeps `rows`.
     */

    import { signal } from "@preact/signals";

    /** Limit of rows. */
    const LIMIT = 5; // a remark
    const ADDRESS = "https://example.com/a//b";

    // The first line
    // and the second.
    const text = "No row matches these filters.";
    const count = `There are ${rows.length} rows in all.`;
    """
)


def test_docstrings_comments_and_messages_of_typescript_are_texts() -> None:
    assert list(delimited_texts(TYPESCRIPT, ".ts")) == [
        Text(Kind.MODULE, 1, "\nStore of rows.\n\nIt keeps xxxxxx."),
        Text(Kind.DOCSTRING, 9, "Limit of rows."),
        Text(Kind.COMMENT, 10, "a remark"),
        Text(Kind.COMMENT, 13, "The first line\nand the second."),
        Text(Kind.MESSAGE, 15, "No row matches these filters."),
        Text(Kind.MESSAGE, 16, "There are x rows in all."),
    ]


@pytest.mark.parametrize(
    ("suffix", "content", "expected"),
    [
        pytest.param(".ts", "import x;\n/** Later. */\n", [(Kind.DOCSTRING, 2, "Later.")], id="a later docstring is not the module's"),
        pytest.param(".tsx", 'const a = "b"; // "c"\n', [(Kind.COMMENT, 1, '"c"')], id="a quote in a comment begins no string"),
        pytest.param(".css", "a {}\n/* Two\n   lines. */\n", [(Kind.COMMENT, 2, "Two\nlines.")], id="a comment of CSS"),
        pytest.param(
            ".tpl",
            '{{- /* Name. */}}\n{{ .Files.Glob "crds/*.yaml" }}\n  # Two\n  # lines.\n',
            [(Kind.COMMENT, 1, "Name."), (Kind.COMMENT, 3, "Two\nlines.")],
            id="both kinds of comments of a template, and no pattern of paths",
        ),
        pytest.param(".lua", "-- Health\n-- of a run.\nx = 1\n", [(Kind.COMMENT, 1, "Health\nof a run.")], id="a comment of Lua"),
    ],
)  # fmt: skip
def test_comments_of_other_languages(suffix: str, content: str, expected: list[tuple[Kind, int, str]]) -> None:
    assert [tuple(text) for text in delimited_texts(content, suffix)] == expected


def test_a_dockerfile_has_hash_comments(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("# The operator.\nFROM base\n")
    assert list(texts_of(tmp_path / "Dockerfile", tmp_path)) == [Text(Kind.COMMENT, 1, "The operator.")]


def test_the_checker_reads_the_front_end_and_the_chart() -> None:
    names = {str(path.relative_to(cli.ROOT)) for path in cli.tracked_files()}
    templates = "charts/process-operator/templates"
    assert {"Dockerfile", "web/src/texts.ts", "web/src/shell.tsx", f"{templates}/_rules.tpl"} <= names
    assert not {name for name in names if "node_modules" in name}
