"""`kubectl process logs`: the log of a run, live or recorded."""

from __future__ import annotations

import asyncio
import codecs
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from process_operator.client.log_source import LiveLog, live_log, recorded_log, stream_log, why_unreadable
from process_operator.client.seen_lines import SeenLines
from process_operator.client.states import phase_of
from process_operator.cluster.errors import ApiError, NotFound, ServerError, TooManyRequests, Unreachable
from process_operator.plugin.errors import CommandError
from process_operator.plugin.terminal import note, printable_log
from process_operator.plugin.times import duration
from process_operator.plugin.waiting import POLL_SECONDS, finish, out_of_time, patiently

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
            run = await _find(client, name, kind, is_patient=seconds is not None or kind == "run")
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


async def _find(client: Client, name: str, kind: str, *, is_patient: bool) -> Object:
    """Find a run by its name, else the newest run of the request of that name.

    Unless `is_patient`, an outage of the API server is an error, because the address may be wrong.
    """
    try:
        return await (patiently(lambda: client.run(name)) if is_patient else client.run(name))
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
    log = _Log(client, run["metadata"]["namespace"], question)
    said = ""
    while not phase_of(run).is_finished:
        source = await log.find(run)
        if source is not None:
            await log.stream(source)
        elif (why := _why_not_started(run)) != said:
            note(f"Run {name} {why}")
            said = why
        if not question.follow:
            break
        await asyncio.sleep(POLL_SECONDS)
        run = await patiently(lambda: client.run(name))
    if phase_of(run).is_finished:
        await log.finish(run)
    log.printer.close()
    return run


def _why_not_started(run: Object) -> str:
    status = run["status"]
    steps = [step["run"] for step in status.get("steps") or () if step.get("run")]
    if steps:
        return f"has steps, each with a log of its own: kubectl process logs {steps[-1]}"
    why = ": ".join(filter(None, (status.get("phase", "Pending"), status.get("reason"), status.get("message"))))
    return f"has no log yet: {why}"


class _Log:
    """The log of a run over all its pods: a Job that tries again has a pod for each try."""

    def __init__(self, client: Client, namespace: str, question: LogQuestion) -> None:
        self._client = client
        self._namespace = namespace
        self._question = question
        self._seen: dict[str, SeenLines] = {}
        self._complete: set[str] = set()
        self._newest = ""
        self._is_broken = False
        self.printer = _Printer(raw=question.raw)

    async def find(self, run: Object) -> LiveLog | None:
        """Find the newest pod that has started."""
        if not self._question.follow:
            return await live_log(self._client, run, self._question.container)
        return await patiently(lambda: live_log(self._client, run, self._question.container))

    async def stream(self, source: LiveLog) -> None:
        """Print the log of a pod as it comes, without the lines of earlier streams.

        A stream that breaks is opened again by the next call, and so is one that ends before its container. Raises
        CommandError if the log cannot be read.
        """
        if source.pod in self._complete:
            return
        is_over = source.is_over or not self._question.follow
        try:
            await self._copy(source)
        except NotFound:
            return  # the pod is gone: the record has the log
        except (ServerError, TooManyRequests, Unreachable) as error:
            if not self._question.follow:
                raise CommandError(_unreadable(source, error)) from error
            self._is_broken = True
            return
        except ApiError as error:
            raise CommandError(_unreadable(source, error)) from error
        self._is_broken = False
        if is_over:
            self._complete.add(source.pod)

    async def _copy(self, source: LiveLog) -> None:
        question = self._question
        known = self._seen.get(source.pod)
        seen = known or SeenLines(keeps_timestamps=question.timestamps)
        chunks = stream_log(
            self._client,
            self._namespace,
            source,
            follow=question.follow,
            tail=question.tail if seen.since is None else None,
            timestamps=question.timestamps or question.follow,
            since=seen.since,
        )
        is_open = False
        async for chunk in chunks:
            self._show(source.pod, seen)
            if not is_open:
                seen.reopen()
                is_open = True
            self.printer.write(seen.feed(chunk) if question.follow else chunk)
        self._show(source.pod, seen)
        if source.is_over:
            self.printer.write(seen.flush())

    def _show(self, pod: str, seen: SeenLines) -> None:
        self._seen[pod], self._newest = seen, pod

    async def finish(self, run: Object) -> None:
        """Print what is missing of the log of a run that has ended: from its pod, else from the record."""
        if self._seen and self._question.follow and self._newest not in self._complete:
            source = await self.find(run)
            if source is not None:
                await self.stream(source)
        if not self._seen:
            _print_record(run, self.printer, self._question)
        elif self._is_broken:
            self.printer.write(rest_of_record(run, self._seen[self._newest].last))
        else:
            self.printer.write(self._seen[self._newest].flush())


def _unreadable(source: LiveLog, error: ApiError) -> str:
    return f"the log of pod {source.pod} cannot be read: {why_unreadable(error)}"


def rest_of_record(run: Object, last: bytes) -> bytes:
    """Return the recorded log behind its last occurrence of a line; all of it if it has no such line."""
    text = recorded_log(run)[0].encode()
    lines = text.splitlines(keepends=True)
    same = [index for index, line in enumerate(lines) if line.rstrip(b"\r\n") == last.rstrip(b"\r\n")]
    return b"".join(lines[same[-1] + 1 :]) if same else text


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
    url = (run["status"].get("log") or {}).get("url")
    if url:
        note(f"The whole log: {url}")
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
