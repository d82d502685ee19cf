"""`kubectl process run`: run a request, or a Process, now."""

from __future__ import annotations

import re
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from process_operator.client.inputs import InputError, check_request_inputs, check_run_inputs
from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.forms import DryRun
from process_operator.plugin.terminal import say
from process_operator.plugin.times import now
from process_operator.resources.kinds import PROCESS_REQUEST
from process_operator.resources.names import activation_run_name, child_stem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from process_operator.client.client import Client
    from process_operator.plugin.connection import Connecting
    from process_operator.resources.types import Object

_KEPT_SECONDS: Final = 3600
"""Time for which a request that `run --process` creates is kept after its run, so that the log can be read."""
_NAME_ROOM: Final = 40
_FIRST_ACTIVATION: Final = 1
_FIELD: Final = re.compile(r"^spec\.parameters(?:\[\d+\]\.(?:name|value)|\.(\w+))?: ")
"""The field with which a message of the operator begins. The user wrote an option and no field."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of the command as the user gave them."""

    wait: bool
    follow: bool
    timeout: str | None
    dry_run: DryRun


def run_request(connecting: Connecting, request: str, parameters: list[str], options: RunOptions) -> None:
    """Create a Manual run, print its name at once, and wait for it if the user asks for that.

    `parameters`, such as LEDGER=7, are for this run alone.
    """
    values = {one["name"]: one["value"] for one in parameter_values(parameters)}

    async def work(client: Client) -> str:
        # An unknown request is an error here, and not a run that waits forever.
        body = await client.request(request)
        if values:
            with _in_options():
                await check_run_inputs(client, body, values)
        if options.dry_run == DryRun.CLIENT:
            return f"{request}-"
        by = await client.user_name()
        is_dry = options.dry_run == DryRun.SERVER
        body = await client.start_run(request, parameters=values, by=by, dry_run=is_dry)
        return str(body["metadata"]["name"])

    _accompany(connecting, connecting.run(work), options)


def run_process(connecting: Connecting, process: str, parameters: list[str], options: RunOptions) -> None:
    """Create a request that runs a Process at once and deletes itself an hour after the end."""
    values = parameter_values(parameters)

    async def work(client: Client) -> tuple[str, str]:
        found = await client.process(process)
        if not found["spec"].get("steps"):
            _check_parameters(found, values)
        body = _immediate_request(process, values, client.namespace)
        with _in_options():
            await check_request_inputs(client, body, now())
        name = body["metadata"]["name"]
        if options.dry_run != DryRun.CLIENT:
            body = await client.create_request(body, dry_run=options.dry_run == DryRun.SERVER)
        say(f"processrequest.process-operator.io/{name} created{options.dry_run.remark}")
        uid = body["metadata"].get("uid", "")
        return name, activation_run_name(child_stem(name, uid), _FIRST_ACTIVATION)

    request, run = connecting.run(work)
    if options.dry_run == DryRun.NONE:
        _accompany(connecting, run, options, request=request)


def parameter_values(given: list[str]) -> list[dict[str, str]]:
    """Read parameters such as LEDGER=7. Raises CommandError."""
    values: dict[str, str] = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not name or not separator:
            raise CommandError(f"--param: {text!r} cannot be read; write NAME=VALUE", Exit.USAGE)
        if name in values:
            raise CommandError(f"--param: {name} is given twice", Exit.USAGE)
        values[name] = value
    return [{"name": name, "value": value} for name, value in values.items()]


@contextmanager
def _in_options() -> Iterator[None]:
    """Report inputs that do not fit as a wrong use of --param. Raises CommandError."""
    try:
        yield
    except InputError as error:
        words = _FIELD.sub(lambda field: f"--param{f' {field[1]}' if field[1] else ''}: ", error.message, count=1)
        raise CommandError(words, Exit.USAGE) from error


def _check_parameters(process: Object, values: list[dict[str, str]]) -> None:
    """Reject values that do not fit what a Process declares, before anything is created. Raises CommandError."""
    name = process["metadata"]["name"]
    declared: dict[str, Any] = {one["name"]: one for one in process["spec"].get("parameters") or ()}
    given = {one["name"] for one in values}
    if unknown := sorted(given - declared.keys()):
        allowed = ", ".join(declared) or "none"
        raise CommandError(f"process {name} has no parameter {', '.join(unknown)}; it declares: {allowed}", Exit.USAGE)
    if missing := [one for one, what in declared.items() if what.get("required") and one not in given]:
        raise CommandError(f"process {name} requires {', '.join(missing)}: add -p {missing[0]}=VALUE", Exit.USAGE)


def _immediate_request(process: str, values: list[dict[str, str]], namespace: str) -> Object:
    # The client chooses the name, so that a create that is tried again after a lost answer makes no second request.
    name = f"{process[:_NAME_ROOM].rstrip('-.')}-{secrets.token_hex(3)}"
    spec: dict[str, Any] = {
        "process": {"name": process},
        **({"parameters": values} if values else {}),
        "timing": {"runImmediately": {}},
        "ttlSecondsAfterFinished": _KEPT_SECONDS,
    }
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": PROCESS_REQUEST.api_version, "kind": PROCESS_REQUEST.kind, "metadata": metadata, "spec": spec}


def _accompany(connecting: Connecting, run: str, options: RunOptions, *, request: str | None = None) -> None:
    """Print the name of a run, and follow it as the user wants. The operator creates the run of a `request`."""
    done = "follows" if request is not None else "created"
    say(f"processrun.process-operator.io/{run} {done}{options.dry_run.remark}")
    if options.dry_run != DryRun.NONE or not (options.follow or options.wait):
        return
    if request is not None:
        from process_operator.plugin.waiting import wait_until_exists  # noqa: PLC0415

        wait_until_exists(connecting, run, request, options.timeout)
    if options.follow:
        from process_operator.plugin.logs import LogQuestion, show_log  # noqa: PLC0415

        show_log(connecting, run, LogQuestion(follow=True), kind="run", timeout=options.timeout)
    else:
        from process_operator.plugin.waiting import wait_for_run  # noqa: PLC0415

        wait_for_run(connecting, run, options.timeout, pass_exit_code=False, is_known=True)
