"""`kubectl process create request`: a ProcessRequest from options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.forms import DryRun, Form
from process_operator.plugin.run import parameter_values
from process_operator.plugin.terminal import say, say_structured
from process_operator.plugin.times import duration
from process_operator.resources.kinds import PROCESS_REQUEST
from process_operator.resources.validation import object_errors

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.plugin.connection import Connecting
    from process_operator.resources.types import Object

_UNITS: Final = (("hourly", 3600), ("minutely", 60), ("secondly", 1))
_NEED_AT: Final = ("weekly", "monthly")


@dataclass(frozen=True, slots=True)
class TimingOptions:
    """The options for the timing as the user gave them."""

    immediately: bool = False
    later: str | None = None
    every: str | None = None
    daily: str | None = None
    days: str | None = None
    weekly: str | None = None
    monthly: str | None = None
    at: str | None = None
    cron: str | None = None
    time_zone: str | None = None
    start_time: str | None = None
    finish_time: str | None = None
    max_runs: int | None = None


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """The other options as the user gave them; `command` is that of the container, with `image`."""

    process: str | None
    image: str | None
    command: tuple[str, ...]
    parameters: tuple[str, ...]
    concurrency: str | None
    suspend: bool
    timing: TimingOptions
    description: str | None = None


def create_request(
    connecting: Connecting, name: str, options: RequestOptions, *, output: Form, dry_run: DryRun
) -> None:
    """Create a request, or print it. Raises CommandError."""
    body = request_body(name, options, connecting.namespace)
    if errors := object_errors(body):
        raise CommandError("; ".join(map(str, errors)), Exit.USAGE)

    async def work(client: Client) -> Object:
        placed = {**body, "metadata": {**body["metadata"], "namespace": client.namespace}}
        return await client.create_request(placed, dry_run=dry_run == DryRun.SERVER)

    made = body if dry_run == DryRun.CLIENT else connecting.run(work)
    if output.is_structured:
        say_structured(output, made)
    elif output == "name":
        say(f"processrequest.process-operator.io/{name}")
    else:
        say(f"processrequest.process-operator.io/{name} created{dry_run.remark}")


def request_body(name: str, options: RequestOptions, namespace: str | None) -> Object:
    """Build the manifest. Raises CommandError for options that do not go together."""
    if (options.process is None) == (options.image is None):
        raise CommandError("name a Process with --process, or an image with --image, and not both", Exit.USAGE)
    if options.command and options.image is None:
        raise CommandError("a command goes with --image; a Process has one of its own", Exit.USAGE)
    spec: dict[str, Any] = {"process": {"name": options.process}} if options.process else {}
    if options.description is not None:
        spec = {"description": options.description, **spec}
    if options.image is not None:
        spec["jobTemplate"] = _template(options.image, options.command)
    if options.parameters:
        spec["parameters"] = parameter_values(list(options.parameters))
    spec["timing"] = timing_of(options.timing)
    if options.suspend:
        spec["suspend"] = True
    if options.concurrency is not None:
        spec["concurrencyPolicy"] = options.concurrency
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": PROCESS_REQUEST.api_version, "kind": PROCESS_REQUEST.kind, "metadata": metadata, "spec": spec}


def _template(image: str, command: tuple[str, ...]) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "main", "image": image, **({"command": list(command)} if command else {})}
    pod = {"restartPolicy": "Never", "containers": [container]}
    return {"spec": {"backoffLimit": 0, "template": {"spec": pod}}}


def timing_of(options: TimingOptions) -> dict[str, Any]:
    """Build the timing. Raises CommandError unless exactly one is given."""
    given = {
        "--immediately": options.immediately,
        "--later": options.later,
        "--every": options.every,
        "--daily": options.daily,
        "--weekly": options.weekly,
        "--monthly": options.monthly,
        "--cron": options.cron,
    }
    chosen = [option for option, value in given.items() if value]
    if len(chosen) != 1:
        raise CommandError(f"give exactly one of {', '.join(given)}", Exit.USAGE)
    needs_at = chosen[0].removeprefix("--") in _NEED_AT
    if needs_at != (options.at is not None):
        verb = "needs" if needs_at else "has no use for"
        raise CommandError(f"{chosen[0]} {verb} --at", Exit.USAGE)
    if options.days is not None and options.daily is None:
        raise CommandError("--days goes with --daily", Exit.USAGE)
    if options.immediately or options.later:
        if any((options.time_zone, options.start_time, options.finish_time, options.max_runs)):
            raise CommandError(
                f"{chosen[0]} runs once: --time-zone, --start, --finish and --max-runs do not fit", Exit.USAGE
            )
        return {"runLater": _later(options.later)} if options.later else {"runImmediately": {}}
    bounds = {
        "timeZone": options.time_zone,
        "startTime": options.start_time,
        "finishTime": options.finish_time,
        "maxRuns": options.max_runs,
    }
    return {"schedule": {**_frequency(options), **{key: value for key, value in bounds.items() if value is not None}}}


def _later(text: str) -> dict[str, str]:
    """Read an instant (it has a date), else a duration."""
    return {"startTime": text} if "T" in text else {"after": text}


def _frequency(options: TimingOptions) -> dict[str, Any]:
    if options.every is not None:
        return _interval(options.every)
    if options.daily is not None:
        return {"daily": {"at": options.daily, **({"days": options.days} if options.days else {})}}
    if options.weekly is not None:
        return {"weekly": {"at": options.at, "days": [day.strip() for day in options.weekly.split(",")]}}
    if options.monthly is not None:
        return {"monthly": {"at": options.at, **_day_of_month(options.monthly)}}
    return {"cron": options.cron}


def _day_of_month(text: str) -> dict[str, Any]:
    """Read 15, Last, or a weekday by its position such as "First Monday"."""
    week, _, day = text.partition(" ")
    if day:
        return {"weekday": {"week": week, "day": day.strip()}}
    return {"day": int(text) if text.isdecimal() else text}


def _interval(text: str) -> dict[str, Any]:
    found = duration("--every", text)
    seconds = found.total_seconds() if found is not None else 0
    for word, unit in _UNITS:
        if seconds and seconds % unit == 0:
            return {word: {"every": int(seconds // unit)}}
    raise CommandError(f"--every: {text!r} is not an interval of whole seconds, such as 90s, 5m or 12h", Exit.USAGE)
