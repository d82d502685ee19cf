"""`kubectl process logs`: the log of a run, live or recorded."""

from __future__ import annotations

import asyncio
import codecs
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from process_operator.client.log_source import LiveLog, live_log, recorded_log, stream_log, why_unreadable
from process_operator.cluster.errors import ApiError, NotFound
from process_operator.plugin.errors import CommandError
from process_operator.plugin.terminal import note, printable_log
from process_operator.plugin.times import duration
from process_operator.plugin.waiting import POLL_SECONDS, finish, out_of_time, phase_of

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.plugin.connection import Connecting
    from process_operator.resources.types import Object


@dataclass(frozen=True, slots=True)
class LogQuestion:
    """The options of the command as the user gave them."""

    follow: bool = False
    tail: int | None = None
    container: str | None = None
    timestamps: bool = False
    raw: bool = False


def show_log(
    connecting: Connecting, name: str, question: LogQuestion, *, kind: str = "", timeout: str | None = None
) -> None:
    """Print the log of a run, or of the newest run of a request. With `follow` end as `wait` does."""
    limit = duration("--timeout", timeout)
    seconds = limit.total_seconds() if limit is not None else None

    async def work(client: Client) -> Object:
        async with asyncio.timeout(seconds):
            run = await _find(client, name, kind)
            return await _print(client, run, question)

    try:
        run = connecting.run(work)
    except TimeoutError:
        raise out_of_time(name, timeout) from None
    except KeyboardInterrupt:
        if question.follow:
            note("Stopped following. The run continues; kubectl process cancel ends it.")
        raise
    if question.follow:
        finish(run, pass_exit_code=False, quiet=True)


async def _find(client: Client, name: str, kind: str) -> Object:
    """Find a run by its name, else the newest run of the request of that name."""
    try:
        return await client.run(name)
    except NotFound:
        if kind == "run":
            raise
    runs = await client.runs_of(name)
    if not runs:
        await _say_what_is_missing(client, name)
    newest = runs[-1]
    note(f"Run {newest['metadata']['name']} is the newest of request {name}.")
    return newest


async def _say_what_is_missing(client: Client, name: str) -> None:
    try:
        await client.request(name)
    except NotFound:
        message = f"there is neither a ProcessRun nor a ProcessRequest {name} in namespace {client.namespace}"
        raise CommandError(message) from None
    raise CommandError(f"request {name} has no runs yet; kubectl process why {name} says why")


async def _print(client: Client, run: Object, question: LogQuestion) -> Object:
    """Print what there is, and return the run as it was last seen."""
    name = run["metadata"]["name"]
    printer = _Printer(raw=question.raw)
    pods: set[str] = set()  # a Job that tries again has a pod for each try
    said = ""
    while not phase_of(run).is_finished:
        source = await live_log(client, run, question.container)
        if source is not None and source.pod not in pods:
            if await _stream(client, run, source, printer, question):
                pods.add(source.pod)
                continue
        elif source is None and (why := _why_not_started(run)) != said:
            note(f"Run {name} {why}")
            said = why
        if not question.follow:
            break
        await asyncio.sleep(POLL_SECONDS)
        run = await client.run(name)
    if not pods and phase_of(run).is_finished:
        _print_record(run, printer, question)
    printer.close()
    return run


def _why_not_started(run: Object) -> str:
    status = run["status"]
    steps = [step["run"] for step in status.get("steps") or () if step.get("run")]
    if steps:
        return f"has steps, each with a log of its own: kubectl process logs {steps[-1]}"
    why = ": ".join(filter(None, (status.get("phase", "Pending"), status.get("reason"), status.get("message"))))
    return f"has no log yet: {why}"


async def _stream(client: Client, run: Object, source: LiveLog, printer: _Printer, question: LogQuestion) -> bool:
    """Print the log of a pod as it comes, and return whether there was one."""
    try:
        chunks = stream_log(
            client,
            run["metadata"]["namespace"],
            source,
            follow=question.follow,
            tail=question.tail,
            timestamps=question.timestamps,
        )
        async for chunk in chunks:
            printer.write(chunk)
    except NotFound:
        return False  # the pod is gone: the record has the log
    except ApiError as error:
        raise CommandError(f"the log of pod {source.pod} cannot be read: {why_unreadable(error)}") from error
    return True


def _print_record(run: Object, printer: _Printer, question: LogQuestion) -> None:
    text, remark = recorded_log(run)
    lines = text.splitlines(keepends=True)
    if question.tail is not None:
        lines = lines[len(lines) - min(question.tail, len(lines)) :]
    printer.write("".join(lines).encode())
    if question.timestamps:
        note("A recorded log has no timestamps.")
    if question.container and question.container != (run["status"].get("log") or {}).get("container"):
        note(f"The record is the log of container {(run['status'].get('log') or {}).get('container')}.")
    if remark:
        note(f"Run {run['metadata']['name']} is {run['status']['phase']}; {remark}.")


class _Printer:
    """Prints the bytes of a log: neutralized on a terminal, as they are with `raw` or into a pipe."""

    def __init__(self, *, raw: bool) -> None:
        self._is_raw = raw or not sys.stdout.isatty()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._ends_with_newline = True

    def write(self, data: bytes) -> None:
        """Print a part of the log."""
        if not data:
            return
        self._ends_with_newline = data.endswith(b"\n")
        if self._is_raw:
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            return
        sys.stdout.write(printable_log(self._decoder.decode(data).replace("\r\n", "\n")))
        sys.stdout.flush()

    def close(self) -> None:
        """End the last line on a terminal."""
        if self._is_raw:
            return
        sys.stdout.write(printable_log(self._decoder.decode(b"", final=True)))
        if not self._ends_with_newline:
            sys.stdout.write("\n")
