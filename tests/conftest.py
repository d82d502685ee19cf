"""Output of a failing test: at most 60 lines, the last of which names the file that has everything.

That file, in `build/test-output`, has the whole traceback, and the output of the test, of its fixtures and of their
tools. If a wait of `tests/cluster/kubectl.py` failed, that includes kubectl's view of the namespace and the end of the
operator's log. `--failure-lines 0` prints everything at once.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

_LINES: Final = 60
_AROUND: Final = 4
"""Lines that pytest puts around an error: its title, and the worker that it happened in."""
_COLUMNS: Final = 240
"""A line is cut after so many characters: one that shows a whole object would fill the screen."""
_BEFORE_THE_ERROR: Final = 15
"""Lines of code that are shown before the first line of the error, where not everything can be."""
_FOLDER: Final = Path("build", "test-output")
_SHOWN: Final = pytest.StashKey[dict[int, tuple[BaseException, str]]]()

# Assertions in the modules beside the flow tests are shown with their values. Tests of other folders import them too,
# and a module that is imported already cannot be rewritten.
pytest.register_assert_rewrite("tests.flow")


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option of our own."""
    says = "print at most N lines of a failing test, and write the rest to a file (0: print all of them)"
    parser.addoption("--failure-lines", type=int, default=_LINES, metavar="N", help=says)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Fail where pytest-xdist does not group tests: those of a group share objects, and would delete each other's."""
    if not getattr(session.config.option, "loadgroup", False):
        return
    apart = [item.nodeid for item in session.items if item.get_closest_marker("xdist_group") and "@" not in item.nodeid]
    if apart:
        raise pytest.UsageError(f"--dist loadgroup has no effect on {len(apart)} tests, for instance {apart[0]}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write a failure to its file, and leave the end of it in the report."""
    report = yield
    most: int = item.config.getoption("failure_lines")
    if not report.failed or not most or call.excinfo is None:
        return report
    shown = item.config.stash.setdefault(_SHOWN, {})
    error = call.excinfo.value
    if id(error) in shown:
        # A fixture that several tests share has failed once; each of its tests gets that error.
        report.longrepr = f"{item.nodeid}: the same error of the same fixture as {shown[id(error)][1]}"
        report.sections = []
        return report
    shown[id(error)] = (error, item.nodeid)
    file = item.config.rootpath / _FOLDER / f"{file_name(item.nodeid)}.{report.when}.txt"
    parts = [report.longreprtext, *(f"----- {title} -----\n{text}" for title, text in report.sections)]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n\n".join(parts) + "\n", errors="replace")
    lines = shortened(report.longreprtext.splitlines(), most - _AROUND - 1)
    report.longrepr = "\n".join([*lines, f"everything: {file.relative_to(item.config.rootpath)}"])
    report.sections = []
    return report


def shortened(lines: list[str], most: int) -> list[str]:
    """At most so many of the lines of a traceback, from a little before its first line of an error."""
    cut = [line if len(line) <= _COLUMNS else f"{line[:_COLUMNS]}..." for line in lines]
    if len(cut) <= most:
        return cut
    error = next((index for index, line in enumerate(cut) if line.startswith("E ")), len(cut))
    begin = max(0, min(error - _BEFORE_THE_ERROR, len(cut) - most))
    return cut[begin : begin + most]


def file_name(nodeid: str) -> str:
    """A name for the file of a test: its node id, without what a file system does not take."""
    return re.sub(r"[^A-Za-z0-9]+", "-", nodeid.removeprefix("tests/")).strip("-")[:150]
