"""Command line of `kubectl process create`. Neighbour: `create_request.py` does the work."""

# ruff: noqa: PLC0415 - each command imports what it needs

from __future__ import annotations

from typing import Annotated

import typer

from process_operator.plugin.connection import Connecting
from process_operator.plugin.forms import DryRun, Form
from process_operator.plugin.options import DryRunOption, cluster_command

create_app = typer.Typer(rich_markup_mode=None, help="Create objects from options.")


@create_app.callback()
def create() -> None:
    """Create objects from options."""


@create_app.command("request")
@cluster_command
def request(
    connecting: Connecting,
    name: Annotated[str, typer.Argument(help="Name of the new ProcessRequest.")],
    command: Annotated[
        list[str] | None, typer.Argument(help="With --image, after --: the command of the container.")
    ] = None,
    process: Annotated[str | None, typer.Option(help="Process to run.", metavar="NAME")] = None,
    image: Annotated[str | None, typer.Option(help="Image to run, in place of a Process.", metavar="IMAGE")] = None,
    param: Annotated[
        list[str] | None, typer.Option("-p", "--param", help="Parameter. May be repeated.", metavar="NAME=VALUE")
    ] = None,
    immediately: Annotated[bool, typer.Option("--immediately", help="Run once, at once.")] = False,
    later: Annotated[
        str | None, typer.Option(help="Run once: after 1h30m, or at an RFC 3339 time.", metavar="T")
    ] = None,
    every: Annotated[str | None, typer.Option(help="Interval: 90s, 5m, 12h.", metavar="T")] = None,
    daily: Annotated[str | None, typer.Option(help="Every day at HH:MM.", metavar="HH:MM")] = None,
    days: Annotated[str | None, typer.Option(help="With --daily: Weekdays or Weekends.", metavar="DAYS")] = None,
    weekly: Annotated[str | None, typer.Option(help="Days such as Monday,Thursday.", metavar="DAYS")] = None,
    monthly: Annotated[str | None, typer.Option(help='Day: 15, Last, or "First Monday".', metavar="DAY")] = None,
    at: Annotated[str | None, typer.Option(help="With --weekly and --monthly: time of day.", metavar="HH:MM")] = None,
    cron: Annotated[str | None, typer.Option(help="Cron expression.", metavar="EXPRESSION")] = None,
    time_zone: Annotated[str | None, typer.Option(help="IANA time zone. Default: Etc/UTC.", metavar="ZONE")] = None,
    start: Annotated[str | None, typer.Option(help="No run before this RFC 3339 time.", metavar="T")] = None,
    finish: Annotated[str | None, typer.Option(help="No run after this RFC 3339 time.", metavar="T")] = None,
    max_runs: Annotated[int | None, typer.Option(min=1, help="Stop after N runs.", metavar="N")] = None,
    concurrency: Annotated[str | None, typer.Option(help="Allow, Forbid, Replace or Queue.", metavar="POLICY")] = None,
    suspend: Annotated[bool, typer.Option("--suspend", help="Create it unscheduled.")] = False,
    description: Annotated[str | None, typer.Option(help="Purpose of the request.", metavar="TEXT")] = None,
    output: Annotated[
        Form, typer.Option("-o", "--output", help="Form of the answer.", show_default=False)
    ] = Form.TABLE,
    dry_run: DryRunOption = DryRun.NONE,
) -> None:
    """Create a ProcessRequest; with --dry-run=client -o yaml only print its manifest.

    Example: kubectl process create request close-day --process close --daily 02:30 --time-zone Europe/Madrid
    """
    from process_operator.plugin.create_request import RequestOptions, TimingOptions, create_request

    timing = TimingOptions(
        immediately, later, every, daily, days, weekly, monthly, at, cron, time_zone, start, finish, max_runs
    )
    options = RequestOptions(
        process, image, tuple(command or ()), tuple(param or ()), concurrency, suspend, timing, description
    )
    create_request(connecting, name, options, output=output, dry_run=dry_run)
