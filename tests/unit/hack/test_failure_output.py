"""A failing test prints at most 60 lines, and names the file that has the rest: `tests/conftest.py`, run by a pytest of
its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = (Path(__file__).parents[2] / "conftest.py").read_text()
MANY_LINES = """
import pytest

def wait():
    print("what there is: a thousand objects")
    pytest.fail("waited 240 s\\n" + "\\n".join(f"line {number}" for number in range(1000)))

def test_that_waits_in_vain():
    print("said before")
    wait()
"""
LONG_LINES = """
def test_of_long_lines():
    assert ["x" * 100_000] == []
"""
SHARED_FIXTURE = """
import pytest

@pytest.fixture(scope="module")
def broken():
    raise RuntimeError("\\n".join(f"line {number}" for number in range(1000)))

@pytest.mark.parametrize("number", range(20))
def test_that_needs_it(broken, number):
    pass
"""


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["in one process", "in a worker"])
def test_a_failure_prints_its_beginning_and_names_the_file(pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makeini("[pytest]\nverbosity_assertions = 2")
    pytester.makepyfile(test_waits=MANY_LINES, test_long=LONG_LINES, test_shared=SHARED_FIXTURE)
    printed = pytester.runpytest_subprocess("-q", *workers).stdout.str().partition("= short test summary")[0]
    _, *parts = re.split(r"^_{3,} (?:ERROR at setup of )?(?=test_)", printed, flags=re.MULTILINE)
    failures = {part.split(maxsplit=1)[0]: part.splitlines() for part in parts}
    assert len(failures) == 22
    assert max(len(lines) for lines in failures.values()) <= 60
    assert max(len(line) for lines in failures.values() for line in lines) < 300

    def whole(test: str, *, begins: str) -> str:
        """Content of a test's file. The printed lines contain the beginning of its error."""
        assert any(begins in line for line in failures[test])
        (named,) = [line.removeprefix("everything: ") for line in failures[test] if line.startswith("everything: ")]
        return (pytester.path / named).read_text()

    waited = whole("test_that_waits_in_vain", begins="Failed: waited 240 s")
    assert "line 999" in waited
    assert "said before\nwhat there is: a thousand objects" in waited
    assert "x" * 100_000 in whole("test_of_long_lines", begins="AssertionError: assert ['xxx")
    assert "line 999" in whole("test_that_needs_it[0]", begins="RuntimeError: line 0")
    assert "the same error of the same fixture as" in "".join(failures["test_that_needs_it[19]"])
    assert len(failures["test_that_needs_it[19]"]) < 5


def test_everything_can_be_printed_at_once(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(MANY_LINES)
    answer = pytester.runpytest_subprocess("-q", "--failure-lines=0")
    answer.stdout.fnmatch_lines(["E*line 999"])
    assert not (pytester.path / "build").exists()
