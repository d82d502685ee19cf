"""`kubectl process import cronjob --take-over`: a ProcessRequest continues the schedule of a CronJob.

Each tick has one run: those before the switch-over from the CronJob, those after it from the request. An error,
Ctrl-C and SIGTERM undo the steps in reverse. Neighbours: `importing/cronjob.py` makes the request,
`importing/switch_window.py` finds the time for it, `undo.py` catches the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from process_operator.cluster.errors import AlreadyExists, ApiError, Conflict, NotFound
from process_operator.plugin.connection import in_words
from process_operator.plugin.errors import CommandError
from process_operator.plugin.importing.cronjob import import_cronjob, is_deployed, is_every
from process_operator.plugin.importing.switch_window import SwitchWindow, switch_window
from process_operator.plugin.terminal import note, say
from process_operator.plugin.undo import work_or_undo
from process_operator.plugin.waiting import POLL_SECONDS, check_valid, exists, patiently
from process_operator.resources.kinds import CRONJOB, JOB, PROCESS_REQUEST
from process_operator.resources.model import format_instant, parse_instant
from process_operator.resources.process_request_status import RequestPhase
from process_operator.resources.schedule import Schedule
from process_operator.timing.recurrence import compile_schedule

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.plugin.importing.cronjob import CronJobOptions
    from process_operator.resources.types import Object

_CLOCK_TOLERANCE: Final = timedelta(seconds=5)
_UNDO_SECONDS: Final = 60.0


async def take_over(client: Client, cronjob: Object, options: CronJobOptions) -> None:
    """Take over one CronJob. Raises CommandError and ApiError; the CronJob then works as before, without a request."""
    name = cronjob["metadata"]["name"]
    found = import_cronjob(cronjob, options)
    if found.rejected or found.left_out:
        raise CommandError(found.rejected or found.left_out)
    if is_every(cronjob):
        raise CommandError("its intervals count from its own last run, so that the times of the two differ")
    for remark in found.remarks:
        note(f"{name}: {remark}")
    if is_deployed(cronjob):
        note(f"{name}: a deployment tool manages the CronJob, and may resume it: suspend it there too")
    (request,) = found.manifests
    if await exists(client.request(name)):
        raise CommandError(f"there is a ProcessRequest {name} already")
    switch = _Switch(client, cronjob, request)
    if cronjob["spec"].get("suspend"):
        await client.create_request(request)
        say(f"{switch.request_name} created, suspended as the CronJob is")
        return
    await work_or_undo(switch.run, switch.undo)
    say(f"{switch.cronjob_name} stays, suspended; delete it when you do not need it any more")


@dataclass(frozen=True, slots=True)
class _Step:
    """A step that may have been done: how it is undone, and the words for that."""

    undo: Callable[[], Awaitable[Any]]
    words: str


@dataclass(slots=True)
class _Switch:
    """One switch-over: the CronJob as it was read, the manifest of the request, and the steps so far."""

    client: Client
    cronjob: Object
    request: Object
    steps: list[_Step] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Name of both objects."""
        return str(self.cronjob["metadata"]["name"])

    @property
    def request_name(self) -> str:
        """Request as kubectl names it."""
        return f"processrequest.process-operator.io/{self.name}"

    @property
    def cronjob_name(self) -> str:
        """CronJob as kubectl names it."""
        return f"cronjob.batch/{self.name}"

    async def run(self) -> None:
        """Do the steps. Each is recorded before it is tried, because an answer can be lost."""
        window = self._window()
        await self._create_request()
        say(f"{self.request_name} created, suspended")
        await self._until(self._is_accepted, window.idle_by, "no operator has accepted the request")
        await self._suspend_cronjob(window)
        say(f"{self.cronjob_name} suspended")
        if not await self._is_idle():
            note("Waiting until its active Jobs have ended. Ctrl-C undoes what was done.")
        await self._until(self._is_idle, window.idle_by, "a Job of the CronJob is still active")
        say("No Job of it is active.")
        self.steps.append(_Step(self._suspend_request, f"{self.request_name} suspended"))
        await self.client.resume(self.name)
        await self._until(self._is_scheduled, window.done_by, "the operator has not scheduled the request")
        say(f"{self.request_name} scheduled, first for {format_instant(window.following)}")

    async def undo(self) -> None:
        """Undo the steps in reverse, also while the API server is away for a moment. A failure names what is left."""
        for step in reversed(self.steps):
            try:
                async with asyncio.timeout(_UNDO_SECONDS):
                    await patiently(step.undo)
            except (ApiError, TimeoutError) as error:
                why = in_words(error) if isinstance(error, ApiError) else "the API server does not answer"
                note(f"Not undone, so do it by hand: {step.words} ({why})")
            else:
                say(f"Undone: {step.words}")

    def _window(self) -> SwitchWindow:
        """Find the time between two ticks. Raises CommandError if a tick is near."""
        schedule = Schedule.model_validate(self.request["spec"]["timing"]["schedule"])
        namespace, present = self.client.namespace, _now()
        recurrence = compile_schedule(schedule, since=_created(self.cronjob), key=f"{namespace}/{self.name}")
        window = switch_window(recurrence, present)
        if window is None:
            raise CommandError("its schedule has no time left")
        if why := window.why_closed(present):
            raise CommandError(why)
        return window

    async def _create_request(self) -> None:
        suspended = {**self.request, "spec": {**self.request["spec"], "suspend": True}}
        self.steps.append(_Step(self._delete_request, f"{self.request_name} deleted"))
        began = _now()
        try:
            made = await self.client.create_request(suspended)
        except AlreadyExists:
            self.steps.pop()  # another user has created it meanwhile
            raise
        _check_clock(made, began, _now())

    async def _suspend_cronjob(self, window: SwitchWindow) -> None:
        """Suspend the CronJob as it is now, once its controller has started the newest tick."""
        found = await self.client.api.get(CRONJOB, self.client.namespace, self.name)
        if found["metadata"]["uid"] != self.cronjob["metadata"]["uid"] or found["spec"] != self.cronjob["spec"]:
            raise CommandError("the CronJob was changed meanwhile: try again")
        if window.latest is not None and _last_schedule(found) < window.latest:
            raise CommandError(f"the CronJob has not started its run of {format_instant(window.latest)} yet")
        self.steps.append(_Step(self._resume_cronjob, f"{self.cronjob_name} resumed"))
        patch = {"metadata": {"resourceVersion": found["metadata"]["resourceVersion"]}, "spec": {"suspend": True}}
        try:
            await self.client.api.patch(CRONJOB, self.client.namespace, self.name, patch)
        except Conflict as error:
            if not error.maybe_done:
                self.steps.pop()
            raise CommandError("the CronJob was changed meanwhile: try again") from error

    async def _until(self, holds: Callable[[], Awaitable[bool]], deadline: datetime, otherwise: str) -> None:
        """Wait until something holds. Raises CommandError at the deadline (UTC)."""
        while True:
            is_so = await patiently(holds)
            if _now() >= deadline:
                raise CommandError(f"{otherwise}, and the next time of the schedule is near")
            if is_so:
                return
            await asyncio.sleep(POLL_SECONDS)

    async def _is_accepted(self) -> bool:
        body = await self.client.request(self.name)
        check_valid(body)
        return _is_seen(body) and _condition(body, "Accepted") == "True"

    async def _is_scheduled(self) -> bool:
        body = await self.client.request(self.name)
        check_valid(body)
        return _is_seen(body) and body["status"].get("phase") == RequestPhase.SCHEDULED

    async def _is_idle(self) -> bool:
        uid = self.cronjob["metadata"]["uid"]
        jobs = await self.client.api.list(JOB, self.client.namespace)
        return not any(_is_of(job, uid) and not _has_ended(job) for job in jobs.items)

    # ---- undo

    async def _delete_request(self) -> None:
        """Delete the request. There was none of its name before."""
        try:
            found = await self.client.request(self.name)
        except NotFound:
            return
        uid = found["metadata"]["uid"]
        await self.client.api.delete(PROCESS_REQUEST, self.client.namespace, self.name, uid=uid)

    async def _resume_cronjob(self) -> None:
        await self.client.api.patch(CRONJOB, self.client.namespace, self.name, {"spec": {"suspend": False}})

    async def _suspend_request(self) -> None:
        await self.client.suspend(self.name, None)


def _check_clock(made: Object, began: datetime, ended: datetime) -> None:
    """Compare the clock of this machine with that of the API server, because the ticks are those of the cluster.

    A creationTimestamp has whole seconds. Raises CommandError.
    """
    created = _created(made)
    difference = max(began - created - timedelta(seconds=1), created - ended)
    if difference > _CLOCK_TOLERANCE:
        seconds = int(difference.total_seconds())
        raise CommandError(f"the clocks of this machine and of the API server differ by {seconds} s: set them first")


def _is_of(job: Object, uid: str) -> bool:
    return any(owner["uid"] == uid for owner in job["metadata"].get("ownerReferences") or ())


def _has_ended(job: Object) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(one["type"] in {"Complete", "Failed"} and one["status"] == "True" for one in conditions)


def _is_seen(body: Object) -> bool:
    """Check whether the operator has seen the newest spec."""
    return bool((body.get("status") or {}).get("observedGeneration") == body["metadata"]["generation"])


def _condition(body: Object, kind: str) -> str:
    return next((str(one["status"]) for one in body["status"].get("conditions") or () if one["type"] == kind), "")


def _created(body: Object) -> datetime:
    return parse_instant(body["metadata"]["creationTimestamp"])


def _last_schedule(cronjob: Object) -> datetime:
    """Return the newest tick that the CronJob controller has started; the beginning of time if there is none."""
    text = (cronjob.get("status") or {}).get("lastScheduleTime")
    return parse_instant(text) if text else datetime.min.replace(tzinfo=UTC)


def _now() -> datetime:
    return datetime.now(UTC)
