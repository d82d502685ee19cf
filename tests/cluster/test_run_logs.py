"""Captured logs: the end of the log, cleaned, in the requested length, and a reason if there is none.

All requests are applied at once and run side by side; each test waits for its own. Neighbour: `test_run_outcomes.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.builders.objects import Object
from tests.cluster.run_end import End, Like, OneOf, check, no_log
from tests.cluster.run_requests import Runs, request, slug

if TYPE_CHECKING:
    from tests.cluster.kubectl import Kubectl

pytestmark = pytest.mark.node

NOT_CAPTURED = no_log("NotCaptured", container=None)
TWELVE_MEGABYTES = "yes 'a line that stands for very many others' | head -c 12000000; "


def succeeded(log: str | Like | None, **fields: Any) -> End:
    return End(phase="Succeeded", reason="Completed", code=0, **{"log": log, **fields})


def failed(message: str | Like, log: str | Like | None, **fields: Any) -> End:
    return End(phase="Failed", reason="ExitCode", message=message, code=3, **{"log": log, **fields})


def case(says: str, script: str, end: End, *, size: int | range | None = None, **log: Any) -> Any:
    """`size`: how many bytes the text may have."""
    return pytest.param(request(slug(says), script, log=log), end, size, id=says)


CASES = [
    case("nothing was printed", "true", succeeded("")),
    case("carriage returns", r"printf 'one\r\ntwo\rthree\n'", succeeded("one\ntwo\\x0dthree")),
    case("NUL and ESC", r"printf 'a\000b\033[31mred\033[0m\n'", succeeded("a\\x00b\\x1b[31mred\\x1b[0m")),
    case("invalid UTF-8", r"printf 'caf\351 \342\202\254\n'", succeeded("caf� €")),
    case("tabs and trailing blanks", r"printf 'a\tb  \nc\n\n'", succeeded("a\tb\nc")),
    case("no newline at the end", "printf hello", succeeded("hello")),
    case("both streams", "echo out; sleep 3; echo err >&2; sleep 3; echo out", succeeded("out\nerr\nout")),
    case(
        "one line of 100 KB is many records of the runtime",
        "head -c 100000 /dev/zero | tr '\\0' x; echo; echo end",
        succeeded(Like("x*\nend"), truncated=True),
        size=range(8000, 8193),
    ),
    case(
        "one line of 100 KB fits into the largest tail",
        "head -c 100000 /dev/zero | tr '\\0' x; echo; echo end",
        succeeded(Like("x*\nend")),
        size=100_004,
        tailBytes=262_144,
    ),
    case(
        "short lines that the first window does not hold",
        "seq 1 20000",
        succeeded(Like("[0-9\n]*\n19999\n20000"), truncated=True),
        size=range(8180, 8193),
    ),
    case(
        "a small tail begins with a whole line", "seq 1 1000", succeeded("998\n999\n1000", truncated=True), tailBytes=14
    ),
    case(
        "the largest tail",
        "seq 1 60000",
        succeeded(Like(".*\n60000"), truncated=True),
        size=range(262_100, 262_145),
        tailBytes=262_144,
    ),
    case("a tail of nothing", "echo hello", succeeded(**NOT_CAPTURED), tailBytes=0),
    case("never captured after a success", "echo hello", succeeded(**NOT_CAPTURED), capture="Never"),
    case("captured on failure after a success", "echo hello", succeeded(**NOT_CAPTURED), capture="OnFailure"),
    case("captured on failure after a failure", "echo hello; exit 3", failed("hello", "hello"), capture="OnFailure"),
    case("never captured after a failure", "echo hello; exit 3", failed("hello", **NOT_CAPTURED), capture="Never"),
    case(
        "4 MB, which the kubelet does not rotate",
        "yes 'a line that stands for very many others' | head -c 4000000; echo; echo end",
        succeeded(Like("a line.*\nend"), truncated=True),
        size=range(7900, 8193),
    ),
    # The log API shows the newest file alone: what was printed since the kubelet looked, which may be in the middle.
    case(
        "12 MB and some words after the rotation",
        TWELVE_MEGABYTES + "echo; sleep 22; echo after the rotation",
        succeeded(Like("(a line.*\n)?after the rotation"), truncated=OneOf(0, 1)),
    ),
    case(
        "12 MB and not a word after the rotation",
        TWELVE_MEGABYTES + "echo; sleep 22; exit 3",
        failed(Like("a line.*|container main exited with code 3"), Like("(a line.*others)?"), truncated=OneOf(0, 1)),
    ),
]


@pytest.fixture(scope="module")
def runs(cluster: Kubectl, shared_namespace: str) -> Runs:
    runs = Runs(cluster, shared_namespace)
    runs.apply(*(param.values[0] for param in CASES))
    return runs


@pytest.mark.parametrize(("applied", "end", "size"), CASES)
def test_a_run_keeps_of_its_log(runs: Runs, applied: Object, end: End, size: int | range | None) -> None:
    run = runs.end(applied["metadata"]["name"])
    check(run, end)
    if size is not None:
        length = len(run["status"]["log"]["text"].encode())
        assert length in size if isinstance(size, range) else length == size
