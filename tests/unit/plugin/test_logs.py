"""Followed logs: streams that end early or break, and the record behind them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, cast

import pytest
from tests.builders.objects import Object

from process_operator.client.client import Client
from process_operator.client.log_source import LiveLog
from process_operator.cluster.errors import ApiError, NotFound, Unreachable
from process_operator.plugin import logs
from process_operator.plugin.logs import LogQuestion, rest_of_record

Stream = tuple[bytes | ApiError, ...]


def line(second: int, text: str) -> bytes:
    return f"2026-11-30T12:00:{second:02}.000000001Z {text}\n".encode()


def run(phase: str, text: str = "") -> Object:
    return {"metadata": {"name": "r", "namespace": "erp"}, "status": {"phase": phase, "log": {"text": text}}}


def followed(
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    streams: list[Stream],
    runs: list[Object],
    question: LogQuestion | None = None,
) -> tuple[bytes, list[str | None]]:
    """Output, and the time from which each stream continues. The container is over at the last stream."""
    since: list[str | None] = []

    async def live_log(*_: object) -> LiveLog:
        return LiveLog("p", "main", is_over=len(since) >= len(streams) - 1)

    async def stream_log(*_: object, **options: Any) -> AsyncIterator[bytes]:
        since.append(options["since"])
        for part in streams[len(since) - 1]:
            if isinstance(part, ApiError):
                raise part
            yield part

    class Runs:
        answers = iter(runs)

        async def run(self, _name: str) -> Object:
            return next(self.answers)

    monkeypatch.setattr(logs, "live_log", live_log)
    monkeypatch.setattr(logs, "stream_log", stream_log)
    monkeypatch.setattr(logs, "POLL_SECONDS", 0.0)
    client = cast("Client", Runs())
    asyncio.run(logs._print(client, run("Running"), question or LogQuestion(follow=True)))
    return capfdbinary.readouterr().out, since


AGAIN = "2026-11-30T12:00:02Z"
PART = line(1, "a") + line(2, "b")


@dataclass(frozen=True)
class Followed:
    """Streams of a log and states of its run, with the output."""

    id: str
    streams: list[Stream]
    runs: list[Object]
    since: list[str | None]
    printed: bytes


FOLLOWED: Final = [
    Followed(
        "it ends before the container",
        streams=[(PART,), (line(2, "b"), line(3, "c"))],
        runs=[run("Running"), run("Succeeded")],
        since=[None, AGAIN],
        printed=b"a\nb\nc\n",
    ),
    Followed(
        "it breaks",
        streams=[(PART, Unreachable("cut")), (line(2, "b"), line(3, "c"))],
        runs=[run("Running"), run("Succeeded")],
        since=[None, AGAIN],
        printed=b"a\nb\nc\n",
    ),
    Followed(
        "it breaks, and the run ends meanwhile",
        streams=[(PART, Unreachable("cut")), (line(2, "b"), line(3, "c"))],
        runs=[run("Succeeded")],
        since=[None, AGAIN],
        printed=b"a\nb\nc\n",
    ),
    Followed(
        "the pod is gone and the record has the rest",
        streams=[(PART, Unreachable("cut")), (NotFound("no pod"),)],
        runs=[run("Succeeded", "x\na\nb\nc\n")],
        since=[None, AGAIN],
        printed=b"a\nb\nc\n",
    ),
    Followed(
        "the pod is gone after a whole stream",
        streams=[(PART,), (NotFound("no pod"),)],
        runs=[run("Succeeded", "another text\n")],
        since=[None, AGAIN],
        printed=b"a\nb\n",
    ),
    Followed(
        "there was no stream",
        streams=[(NotFound("no pod"),)],
        runs=[run("Succeeded", "a\n")],
        since=[None],
        printed=b"a\n",
    ),
    Followed(
        "it is complete at once",
        streams=[(PART,)],
        runs=[run("Running"), run("Succeeded")],
        since=[None],
        printed=b"a\nb\n",
    ),
]


@pytest.mark.parametrize("case", FOLLOWED, ids=lambda case: case.id)
def test_follow(
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    case: Followed,
) -> None:
    assert followed(monkeypatch, capfdbinary, case.streams, case.runs) == (case.printed, case.since)


def test_timestamps_are_printed_if_the_user_wants_them(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    question = LogQuestion(follow=True, timestamps=True)
    assert followed(monkeypatch, capfdbinary, [(PART,)], [run("Succeeded")], question)[0] == PART


@pytest.mark.parametrize(
    ("last", "rest"),
    [(b"a\n", b"b\n"), (b"b", b""), (b"z\n", b"a\nb\n")],
    ids=["between", "the last one", "not recorded"],
)
def test_rest_of_record(last: bytes, rest: bytes) -> None:
    assert rest_of_record(run("Succeeded", "a\nb\n"), last) == rest


@pytest.mark.parametrize(
    ("url", "noted"),
    [
        pytest.param("https://logs.example.com/r", True, id="a link"),
        pytest.param(None, False, id="no link"),
    ],
)
def test_record_names_the_whole_log(capsys: pytest.CaptureFixture[str], url: str | None, *, noted: bool) -> None:
    ended = run("Succeeded", "done\n")
    ended["status"]["log"] |= {"truncated": True, **({"url": url} if url else {})}
    logs._print_record(ended, logs._Printer(raw=True), LogQuestion())
    assert ("The whole log: https://logs.example.com/r\n" in capsys.readouterr().err) == noted
