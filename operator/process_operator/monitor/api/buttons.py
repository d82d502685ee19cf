"""Buttons: for each action its kinds, its options, what it does, and the same as a command line."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from process_operator.client.backfill_range import RangeError, backfill_ticks
from process_operator.client.inputs import check_run_inputs
from process_operator.client.judged import judged_requests
from process_operator.client.states import is_suspended, why_not_canceled
from process_operator.monitor.failures import FieldFailure, RejectedError, bad_field
from process_operator.monitor.names import instant_of, number_of
from process_operator.monitor.rejected_inputs import rejected_inputs
from process_operator.monitor.results import Outcome
from process_operator.resources.kinds import PROCESS_BACKFILL, PROCESS_REQUEST, PROCESS_RUN
from process_operator.resources.model import format_instant
from process_operator.resources.process_backfill import Rerun

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.resources.kinds import Kind
    from process_operator.resources.types import Object

Options = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Press:
    """One target of an action. `options` are those of the button, `by` is the name of the user."""

    kind: Kind
    namespace: str
    name: str
    options: Options
    is_dry: bool
    by: str


def _no_options(body: Object) -> Options:  # noqa: ARG001 - as the others
    return {}


@dataclass(frozen=True, slots=True)
class Button:
    """One action. `read` takes the options from the body, `act` does it for one target, `words` are of a command line."""

    kinds: tuple[Kind, ...]
    act: Callable[[Client, Press], Awaitable[Outcome]]
    words: Callable[[Press], list[str]]
    read: Callable[[Object], Options] = field(default=_no_options)

    def command(self, press: Press) -> str:
        """Write what it does as a command line."""
        return shlex.join(self.words(press))


def _process(verb: str) -> Callable[[Press], list[str]]:
    return lambda press: ["kubectl", "process", verb, press.name, "-n", press.namespace]


# ---- run


def _read_run(body: Object) -> Options:
    given = body.get("parameters") or {}
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise bad_field("parameters", "must be texts by their names")
    return {"parameters": given}


async def _run(client: Client, press: Press) -> Outcome:
    request, parameters = await client.request(press.name), press.options["parameters"]
    if parameters:
        with rejected_inputs():
            await check_run_inputs(client, request, parameters)
    run = await client.start_run(press.name, parameters=parameters, by=press.by, dry_run=press.is_dry)
    return Outcome("created", run, PROCESS_RUN)


def _run_words(press: Press) -> list[str]:
    given = press.options["parameters"].items()
    return [*_process("run")(press), *(word for name, value in given for word in ("-p", f"{name}={value}"))]


# ---- cancel and delete


async def _cancel(client: Client, press: Press) -> Outcome:
    if why_not := why_not_canceled(press.kind, await client.api.get(press.kind, client.namespace, press.name)):
        return Outcome(f"unchanged: {why_not}")
    await client.cancel(press.kind, press.name, dry_run=press.is_dry)
    return Outcome("canceled")


def _cancel_words(press: Press) -> list[str]:
    name = press.name if press.kind == PROCESS_RUN else f"pbf/{press.name}"
    return ["kubectl", "process", "cancel", name, "-n", press.namespace]


async def _delete(client: Client, press: Press) -> Outcome:
    await client.api.get(press.kind, client.namespace, press.name)
    await client.api.delete(press.kind, client.namespace, press.name, dry_run=press.is_dry)
    return Outcome("deleted")


def _delete_words(press: Press) -> list[str]:
    return ["kubectl", "delete", press.kind.kind.lower(), press.name, "-n", press.namespace]


# ---- schedule, unschedule, reschedule


async def _schedule(client: Client, press: Press) -> Outcome:
    if not (await client.request(press.name))["spec"].get("suspend"):
        return Outcome("unchanged: it is scheduled")
    await client.resume(press.name, dry_run=press.is_dry)
    return Outcome("scheduled")


def _read_unschedule(body: Object) -> Options:
    reason = body.get("reason")
    if reason is not None and not isinstance(reason, str):
        raise bad_field("reason", "must be a text")
    return {"reason": reason or None}


async def _unschedule(client: Client, press: Press) -> Outcome:
    reason: str | None = press.options["reason"]
    if is_suspended(await client.request(press.name), reason):
        return Outcome("unchanged: it is unscheduled")
    await client.suspend(press.name, reason, by=press.by, dry_run=press.is_dry)
    return Outcome("unscheduled")


def _unschedule_words(press: Press) -> list[str]:
    reason: str | None = press.options["reason"]
    return [*_process("unschedule")(press), *(["--reason", reason] if reason else [])]


async def _reschedule(client: Client, press: Press) -> Outcome:
    await client.reschedule(press.name, datetime.now(UTC), by=press.by, dry_run=press.is_dry)
    return Outcome("rescheduled")


# ---- backfill


def _read_backfill(body: Object) -> Options:
    given = body.get("backfill")
    if not isinstance(given, dict):
        raise bad_field("backfill", "must be an object with from, to, maxActiveRuns and rerun")
    start, end = instant_of(given, "from"), instant_of(given, "to")
    rerun = given.get("rerun", Rerun.NEVER)
    if rerun not in set(Rerun):
        raise bad_field("backfill.rerun", f"must be one of {', '.join(Rerun)}")
    if end < start:
        raise bad_field("backfill.to", "must not be before from")
    at_once = number_of(given, "maxActiveRuns", default=1, most=100)
    return {"from": start, "to": end, "rerun": rerun, "maxActiveRuns": at_once}


async def _backfill(client: Client, press: Press) -> Outcome:
    options = press.options
    start, end = options["from"], options["to"]
    ((given, _),) = await judged_requests(client, [await client.request(press.name)])
    try:
        _, count = backfill_ticks(given, start, end, datetime.now(UTC))
    except RangeError as error:
        raise RejectedError(422, "Invalid", str(error), (FieldFailure("backfill.from", str(error)),)) from error
    made = await client.backfill(
        press.name,
        start,
        end,
        rerun=options["rerun"],
        max_active_runs=options["maxActiveRuns"],
        by=press.by,
        dry_run=press.is_dry,
    )
    return Outcome(f"created, for {count} time{'s' if count != 1 else ''}", made, PROCESS_BACKFILL)


def _backfill_words(press: Press) -> list[str]:
    options = press.options
    span = ["--from", format_instant(options["from"]), "--to", format_instant(options["to"])]
    return [*_process("backfill")(press), *span, "--rerun", str(options["rerun"])]


_REQUESTS: Final = (PROCESS_REQUEST,)

BUTTONS: Final = {
    "run": Button(_REQUESTS, _run, _run_words, _read_run),
    "cancel": Button((PROCESS_RUN, PROCESS_BACKFILL), _cancel, _cancel_words),
    "schedule": Button(_REQUESTS, _schedule, _process("schedule")),
    "unschedule": Button(_REQUESTS, _unschedule, _unschedule_words, _read_unschedule),
    "reschedule": Button(_REQUESTS, _reschedule, _process("reschedule")),
    "backfill": Button(_REQUESTS, _backfill, _backfill_words, _read_backfill),
    "delete": Button((PROCESS_RUN, PROCESS_REQUEST, PROCESS_BACKFILL), _delete, _delete_words),
}
