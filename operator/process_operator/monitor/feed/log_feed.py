"""Feed of a log: where it comes from, its text in pieces, and how it ended. It ends after 10 MiB, or after an hour."""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from process_operator.client.log_source import LiveLog, live_log, recorded_log, stream_log, why_unreadable
from process_operator.client.states import phase_of
from process_operator.cluster.errors import ApiError, NotFound
from process_operator.monitor.failures import as_failure
from process_operator.monitor.feed.event_stream import SlowReaderError
from process_operator.monitor.limits import LOG_BYTES, STREAM_SECONDS
from process_operator.resources.conditions import cause

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.monitor.feed.event_stream import EventStream
    from process_operator.resources.types import Object

_PIECE_CHARACTERS: Final = 16 * 1024
"""At most 64 KiB in UTF-8."""
_POLL_SECONDS: Final = 1.0
_KEEP_OPEN_SECONDS: Final = 10.0
_LINKS: Final = ("http://", "https://")
_END_POLLS: Final = 15
"""Polls after the end of a container in which the operator records the end of its run."""


class LogFeed:
    """The log of one run. `tail` is the number of last lines; with `follow` it waits for more until the run ends."""

    def __init__(self, client: Client, run: Object, *, tail: int, follow: bool, closing: asyncio.Event) -> None:
        self._client = client
        self._run = run
        self._tail = tail
        self._follow = follow
        self._closing = closing

    async def send_to(self, stream: EventStream) -> None:
        """Send all events. Raises ConnectionError if the page has gone."""
        work = asyncio.create_task(self._send(stream))
        closed = asyncio.create_task(self._closing.wait())
        kept_open = asyncio.create_task(_keep_open(stream))
        try:
            async with asyncio.timeout(STREAM_SECONDS):
                await asyncio.wait({work, closed}, return_when=asyncio.FIRST_COMPLETED)
            end = work.result() if work.done() else _end("Shutdown")
        except TimeoutError:
            end = _end("Changed")
        except ApiError as error:
            end = _end("Unauthorized" if error.status == 401 else "Failed", error)
        except SlowReaderError:
            return
        finally:
            for task in (work, closed, kept_open):
                task.cancel()
            await asyncio.gather(work, closed, kept_open, return_exceptions=True)
        await stream.send(end)
        await stream.end()

    async def _send(self, stream: EventStream) -> Object:
        """Send the log, and return the event that ends it."""
        is_over = phase_of(self._run).is_finished
        text, remark = recorded_log(self._run)
        if is_over and text:
            return await self._send_record(stream, text, remark)
        try:
            source = await live_log(self._client, self._run, None)
        except ApiError as error:
            if error.status == 401:
                raise
            await stream.send(
                self._info("none", remark=f"{remark}; {why_unreadable(error)}" if is_over else why_unreadable(error))
            )
            return _end("Finished" if is_over else "Failed", error)
        if source is None:
            await stream.send(self._info("none", remark=remark if is_over else self._why_none()))
            return _end("Finished") if is_over else await self._wait_for_change()
        return await self._send_live(stream, source)

    # ---- the record

    async def _send_record(self, stream: EventStream, text: str, remark: str) -> Object:
        lines = text.splitlines(keepends=True)
        shown = lines[-self._tail :] if self._tail else []
        is_part = bool((self._run["status"].get("log") or {}).get("truncated"))
        container = (self._run["status"].get("log") or {}).get("container")
        is_cut = is_part or len(shown) < len(lines)
        await stream.send(self._info("record", container=container, truncated=is_cut, remark=remark or None))
        for piece in _pieces("".join(shown)):
            await stream.send({"type": "text", "text": piece})
        return _end("Finished")

    # ---- the pod

    async def _send_live(self, stream: EventStream, source: LiveLog) -> Object:
        info = self._info("live", container=source.container, pod=source.pod, truncated=None)
        await stream.send(info)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        sent, rest = 0, ""
        try:
            async for chunk in stream_log(
                self._client,
                self._client.namespace,
                source,
                follow=self._follow,
                tail=self._tail,
                timestamps=False,
            ):
                sent += len(chunk)
                text = rest + decoder.decode(chunk)
                end = text.rfind("\n") + 1 if len(text) < _PIECE_CHARACTERS else len(text)
                for piece in _pieces(text[:end]):
                    await stream.send({"type": "text", "text": piece})
                rest = text[end:]
                if sent >= LOG_BYTES:
                    return _end("Limit")
        except NotFound:
            return _end("Changed")  # the pod is gone, and the record has the log
        if rest or (rest := decoder.decode(b"", final=True)):
            await stream.send({"type": "text", "text": rest})
        if not self._follow or phase_of(self._run).is_finished:
            return _end("Finished")
        return await self._wait_for_end(source)

    async def _wait_for_end(self, source: LiveLog) -> Object:
        """Wait for the end of the run, after its container has ended. A Job that tries again has another pod."""
        for _ in range(_END_POLLS):
            run = await self._client.run(self._run["metadata"]["name"])
            if phase_of(run).is_finished:
                return _end("Finished")
            newest = await live_log(self._client, run, None)
            if newest is None or newest.pod != source.pod:
                break
            await asyncio.sleep(_POLL_SECONDS)
        return _end("Changed")

    # ---- no log yet

    async def _wait_for_change(self) -> Object:
        """Wait until a run that has no log yet has one, or another reason for having none."""
        why = self._why_none()
        while self._follow:
            await asyncio.sleep(_POLL_SECONDS)
            self._run = await self._client.run(self._run["metadata"]["name"])
            is_news = phase_of(self._run).is_finished or self._why_none() != why
            if is_news or await live_log(self._client, self._run, None) is not None:
                break
        return _end("Changed")

    def _why_none(self) -> str:
        status = self._run.get("status") or {}
        steps = [step["run"] for step in status.get("steps") or () if step.get("run")]
        if steps:
            return f"The run has steps, each with a log of its own: {', '.join(steps)}."
        why = cause(status.get("reason"), status.get("message"))
        return f"There is no log yet. The run is {status.get('phase', 'Pending')}{f' ({why})' if why else ''}."

    def _info(
        self,
        source: str,
        *,
        container: str | None = None,
        pod: str | None = None,
        truncated: bool | None = False,
        remark: str | None = None,
    ) -> Object:
        url = str(((self._run.get("status") or {}).get("log") or {}).get("url") or "")
        return {
            "type": "info",
            "source": source,
            "container": container,
            "pod": pod,
            "truncated": truncated,
            "remark": remark,
            "url": url if url.startswith(_LINKS) else None,
        }


async def _keep_open(stream: EventStream) -> None:
    """Send comments, because a proxy closes a connection that is silent for a minute."""
    while True:
        await asyncio.sleep(_KEEP_OPEN_SECONDS)
        await stream.keep_open()


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), _PIECE_CHARACTERS):
        yield text[start : start + _PIECE_CHARACTERS]


def _end(reason: str, error: ApiError | None = None) -> Object:
    return {"type": "end", "reason": reason, "error": None if error is None else as_failure(error)}
