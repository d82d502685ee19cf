"""Regular expressions of users: the syntax of the API server, in linear time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import pytest

from process_operator.resources.parameters import MAX_MATCHED_CHARACTERS
from process_operator.resources.regular_expression import (
    instructions,
    matches_part,
    matches_whole,
    pattern_problem,
)


@dataclass(frozen=True)
class Match:
    """A pattern and a text, and whether it matches the whole text or a part of it."""

    id: str
    pattern: str
    text: str
    whole: bool
    part: bool


MATCHES: Final = [
    Match("the longer choice", pattern="a|ab", text="ab", whole=True, part=True),
    Match("a part", pattern="b", text="abc", whole=False, part=True),
    Match("a line break at the end", pattern="^a$", text="a\n", whole=False, part=False),
    Match("a line of several", pattern="(?m)^a$", text="b\na", whole=False, part=True),
    Match("a digit of another script", pattern=r"\d", text="\u0661", whole=False, part=False),
    Match("a quoted text", pattern=r"\Qa.b\E", text="a.b", whole=True, part=True),
    Match("a character of three bytes", pattern=".", text="€", whole=True, part=True),
    Match("a byte that is not UTF-8, as the command line reads it", pattern=".", text="\udcff", whole=True, part=True),
    Match("nothing", pattern="", text="", whole=True, part=True),
]


@pytest.mark.parametrize("case", MATCHES, ids=lambda case: case.id)
def test_matches(case: Match) -> None:
    assert (matches_whole(case.pattern, case.text), matches_part(case.pattern, case.text)) == (case.whole, case.part)


@pytest.mark.parametrize("pattern", ["(", "(?=a)", r"(a)\1", "a{1001}", r"\pL{1,40}", "(?<!a)b", "a\\"])
def test_patterns_that_cannot_be_compiled_have_a_problem(pattern: str) -> None:
    assert pattern_problem(pattern)
    with pytest.raises(ValueError, match=r"\S"):
        matches_whole(pattern, "a")


@pytest.mark.parametrize("pattern", [r"\pL+", "[a-zA-Z0-9_.-]{1,255}", r"[\pL\pN]{1,2}", "20[0-9]{2}-(0[1-9]|1[0-2])"])
def test_patterns_as_people_write_them_are_small_enough(pattern: str) -> None:
    assert not pattern_problem(pattern)


@pytest.mark.parametrize(
    ("pattern", "is_small"),
    [
        pytest.param("(a*)*b", True, id="a repetition of a repetition"),
        pytest.param("(a|a)*b", True, id="two equal choices"),
        pytest.param("(a|aa)+$b", True, id="two choices that overlap"),
        pytest.param("(.*a){20}b", True, id="twenty parts of any length"),
        pytest.param(".*(.?.?.?){74}b", True, id="222 characters, each of which can be missing"),
        pytest.param("((a?){30}){30}c", False, id="900 letters, each of which can be missing"),
        pytest.param(".*a(.?.?.?.?.?.?.?.?.?.?){99}", False, id="990 characters, each of which can be missing"),
        pytest.param(f".*({'.?' * 20}){{40}}", False, id="800 characters, each of which can be missing"),
        pytest.param("(a?){1000}", False, id="a thousand letters, each of which can be missing"),
    ],
)
def test_no_pattern_takes_long(pattern: str, *, is_small: bool) -> None:
    assert (not pattern_problem(pattern)) == is_small
    assert instructions(pattern) * MAX_MATCHED_CHARACTERS <= 768_000
    if is_small:
        begun = time.process_time()
        assert not matches_whole(pattern, "a" * MAX_MATCHED_CHARACTERS)
        # A backtracking engine needs longer than the age of the universe.
        assert time.process_time() - begun < 5


def test_a_pattern_that_cannot_be_compiled_counts_as_the_largest() -> None:
    assert instructions("(") == 3000 > instructions("20[0-9]{2}")
