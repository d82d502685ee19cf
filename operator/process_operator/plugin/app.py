"""Command line of `kubectl process`: its commands, their options and help texts.

A command imports its own module when it runs, so that help and completion start in a moment. Neighbours: `options.py`
has the options that all commands share, `errors.py` the exit statuses.
"""

# ruff: noqa: PLC0415 - each command imports what it needs

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Final

import typer

from process_operator.plugin.app_create import create_app
from process_operator.plugin.app_import import import_app
from process_operator.plugin.connection import Connecting
from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.forms import DryRun, Form
from process_operator.plugin.options import DryRunOption, Everywhere, Selector, Yes, cluster_command, not_empty
from process_operator.plugin.terminal import note, write_any_character

_INTERRUPTED: Final = 130
"""Exit status after Ctrl-C: 128 and the number of SIGINT, as shells have it."""

_DEBUG: Final = "PROCESS_OPERATOR_DEBUG"
"""Environment variable with which an unexpected error prints its traceback."""

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Process requests and their runs: what an ERP calls Process Request and Process Monitor.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

Request = Annotated[str, typer.Argument(help="Name of a ProcessRequest.", callback=not_empty)]
OptionalRequest = Annotated[str | None, typer.Argument(help="Name of a ProcessRequest.", callback=not_empty)]
Requests = Annotated[list[str] | None, typer.Argument(help="Names of ProcessRequests.", callback=not_empty)]
Run = Annotated[str, typer.Argument(help="Name of a ProcessRun.", callback=not_empty)]
Timeout = Annotated[str | None, typer.Option("--timeout", help="Give up after this time, such as 10m.", metavar="T")]


Output = Annotated[Form, typer.Option("-o", "--output", help="Form of the answer.", show_default=False)]


@app.command()
@cluster_command
def status(
    connecting: Connecting, request: OptionalRequest = None, everywhere: Everywhere = False, output: Output = Form.TABLE
) -> None:
    """Show how things are: of everything, or of one request.

    Example: kubectl process status close-day
    """
    from process_operator.plugin.status import show_all, show_request

    if request is None:
        show_all(connecting, everywhere=everywhere, output=output)
    else:
        show_request(connecting, request, output=output)


@app.command()
@cluster_command
def runs(
    connecting: Connecting,
    request: OptionalRequest = None,
    everywhere: Everywhere = False,
    selector: Selector = None,
    field_selector: Annotated[
        str | None, typer.Option(help="Field selector of the API server.", metavar="FIELDS")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Due since: 24h, or an RFC 3339 time.", metavar="T")] = None,
    until: Annotated[str | None, typer.Option(help="Due until: 1h, or an RFC 3339 time.", metavar="T")] = None,
    phase: Annotated[
        list[str] | None, typer.Option(help="Phase, such as Failed. May be repeated.", metavar="PHASE")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Failed, Missed and Unknown runs.")] = False,
    process: Annotated[str | None, typer.Option(help="Name of the Process that ran.", metavar="NAME")] = None,
    trigger: Annotated[str | None, typer.Option(help="Trigger, such as Manual or Schedule.", metavar="TRIGGER")] = None,
    watch: Annotated[
        bool, typer.Option("-w", "--watch", help="Print changes too, the oldest first, until you stop it.")
    ] = False,
    no_headers: Annotated[bool, typer.Option("--no-headers", help="Print no header line.")] = False,
    output: Output = Form.TABLE,
) -> None:
    """List runs, the newest first.

    Example: kubectl process runs --failed --since 24h
    """
    from process_operator.plugin.runs import RunQuestion, show_runs

    question = RunQuestion(
        request, everywhere, selector, field_selector, since, until, tuple(phase or ()), failed, process, trigger
    )
    show_runs(connecting, question, output=output, has_header=not no_headers, watch=watch)


@app.command("next")
@cluster_command
def next_(
    connecting: Connecting,
    request: OptionalRequest = None,
    everywhere: Everywhere = False,
    selector: Selector = None,
    end: Annotated[str | None, typer.Option("--to", help="Until then: 24h, or an RFC 3339 time.", metavar="T")] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="At most N times of each request. Default: 3, with --to all.", metavar="N")
    ] = None,
    show_zone: Annotated[
        str, typer.Option(help="Zones of the times: schedule, local, utc; several with commas.", metavar="ZONES")
    ] = "schedule",
    output: Output = Form.TABLE,
) -> None:
    """Show when requests run next.

    Example: kubectl process next --to 24h
    """
    from process_operator.plugin.upcoming import UpcomingQuestion, show_upcoming

    show_upcoming(connecting, UpcomingQuestion(request, everywhere, selector, end, count, show_zone), output=output)


@app.command()
@cluster_command
def why(
    connecting: Connecting,
    request: Request,
    at: Annotated[
        str | None, typer.Option("--at", help="The time in question: RFC 3339, or 2h for two hours ago.", metavar="T")
    ] = None,
) -> None:
    """Say why a request ran, or did not run, at some time.

    Example: kubectl process why close-day --at 2026-11-30T02:00:00Z
    """
    from process_operator.plugin.why import show_why

    show_why(connecting, request, at)


@app.command()
@cluster_command
def run(
    connecting: Connecting,
    request: OptionalRequest = None,
    process: Annotated[
        str | None,
        typer.Option(help="Run this Process, by a request that removes itself.", metavar="NAME", callback=not_empty),
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("-p", "--param", help="Parameter of this run. May be repeated.", metavar="NAME=VALUE"),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end of the run.")] = False,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Print its log until it ends.")] = False,
    timeout: Timeout = None,
    dry_run: DryRunOption = DryRun.NONE,
) -> None:
    """Run a request now, beside its schedule; or a Process.

    A parameter of a run replaces that of the request, whose other values stay.
    With --wait and --follow the exit status is that of kubectl process wait.

    Example: kubectl process run close-day --follow
    """
    from process_operator.plugin.run import RunOptions, run_process, run_request

    options = RunOptions(wait, follow, timeout, dry_run)
    if (request is None) == (process is None):
        raise CommandError("name a request, or a Process with --process, and not both", Exit.USAGE)
    if process is not None:
        run_process(connecting, process, param or [], options)
    else:
        assert request is not None
        run_request(connecting, request, param or [], options)


@app.command()
@cluster_command
def cancel(
    connecting: Connecting,
    names: Annotated[
        list[str], typer.Argument(help="Names of ProcessRuns, or pbf/NAME for a ProcessBackfill.", callback=not_empty)
    ],
    yes: Yes = False,
    dry_run: DryRunOption = DryRun.NONE,
) -> None:
    """End runs that are waiting or running, and backfills with their runs.

    Example: kubectl process cancel close-day-x2z9k
    """
    from process_operator.plugin.cancel import cancel as cancel_all

    cancel_all(connecting, names, yes=yes, dry_run=dry_run)


@app.command()
@cluster_command
def schedule(
    connecting: Connecting,
    names: Requests = None,
    selector: Selector = None,
    yes: Yes = False,
    dry_run: DryRunOption = DryRun.NONE,
) -> None:
    """Resume suspended requests.

    Example: kubectl process schedule close-day
    """
    from process_operator.plugin.buttons import Selection, resume_requests

    resume_requests(connecting, Selection(names or [], selector, yes, dry_run))


@app.command()
@cluster_command
def unschedule(
    connecting: Connecting,
    names: Requests = None,
    selector: Selector = None,
    reason: Annotated[
        str | None, typer.Option(help="Reason, for those who wonder why nothing runs.", metavar="TEXT")
    ] = None,
    yes: Yes = False,
    dry_run: DryRunOption = DryRun.NONE,
) -> None:
    """Suspend requests.

    Example: kubectl process unschedule close-day --reason "stocktaking"
    """
    from process_operator.plugin.buttons import Selection, suspend_requests

    suspend_requests(connecting, Selection(names or [], selector, yes, dry_run), reason)


@app.command()
@cluster_command
def reschedule(
    connecting: Connecting,
    names: Requests = None,
    selector: Selector = None,
    yes: Yes = False,
    dry_run: DryRunOption = DryRun.NONE,
) -> None:
    """Start the timing of requests again from now; a request that has run once runs again.

    Example: kubectl process reschedule import-orders
    """
    from process_operator.plugin.buttons import Selection, reschedule_requests

    reschedule_requests(connecting, Selection(names or [], selector, yes, dry_run))


@app.command()
@cluster_command
def logs(
    connecting: Connecting,
    name: Annotated[
        str,
        typer.Argument(help="Name of a ProcessRun, or of a ProcessRequest for its newest run.", callback=not_empty),
    ],
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Print new lines until the run ends.")] = False,
    tail: Annotated[int | None, typer.Option(min=0, help="Print only so many of the last lines.", metavar="N")] = None,
    container: Annotated[
        str | None, typer.Option("-c", "--container", help="Container of the pod.", metavar="NAME")
    ] = None,
    timestamps: Annotated[bool, typer.Option("--timestamps", help="Print the time of each line.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Print escape sequences of the log as they are.")] = False,
    timeout: Timeout = None,
) -> None:
    """Print the log of a run: from its pod while it runs, from the record afterwards.

    Example: kubectl process logs close-day --follow
    """
    from process_operator.plugin.logs import LogQuestion, show_log

    show_log(connecting, name, LogQuestion(follow, tail, container, timestamps, raw), timeout=timeout)


@app.command("wait")
@cluster_command
def wait_(
    connecting: Connecting,
    name: Run,
    timeout: Timeout = None,
    pass_exit_code: Annotated[
        bool, typer.Option("--pass-exit-code", help="Exit with the container's code, if it has one.")
    ] = False,
) -> None:
    """Wait for the end of a run. Exit status: 0 Succeeded, 3 ended otherwise, 4 timeout, 1 error, 2 usage.

    Example: kubectl process wait close-day-x2z9k --timeout 10m
    """
    from process_operator.plugin.waiting import wait_for_run

    wait_for_run(connecting, name, timeout, pass_exit_code=pass_exit_code)


@app.command()
@cluster_command
def backfill(
    connecting: Connecting,
    request: Request,
    start: Annotated[str, typer.Option("--from", help="First time: RFC 3339, or 48h for two days ago.", metavar="T")],
    end: Annotated[str, typer.Option("--to", help="Last time: RFC 3339, or 1h for an hour ago.", metavar="T")],
    rerun: Annotated[
        str, typer.Option(help="Times that have a run already: Never, Failed or Always.", metavar="WHICH")
    ] = "Never",
    yes: Yes = False,
    dry_run: DryRunOption = DryRun.NONE,
) -> None:
    """Run a request for times of the past.

    Example: kubectl process backfill close-day --from 2026-11-01T00:00:00Z --to 2026-11-07T23:59:59Z --dry-run=client
    """
    from process_operator.plugin.backfill import BackfillQuestion, make_backfill

    make_backfill(connecting, BackfillQuestion(request, start, end, rerun, dry_run, yes))


@app.command()
@cluster_command
def monitor(
    connecting: Connecting,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 is a free one.", metavar="N")] = 0,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    idle_exit: Annotated[
        str | None, typer.Option("--idle-exit", help="End after this time without an open page.", metavar="T")
    ] = "8h",
) -> None:
    """Show the Process Monitor as a page in the browser, with your own rights, until Ctrl-C.

    Example: kubectl process monitor
    """
    from process_operator.plugin.monitor import serve_monitor

    serve_monitor(connecting, port=port, opens_browser=open_browser, idle_exit=idle_exit)


app.add_typer(create_app, name="create")
app.add_typer(import_app, name="import")


def main() -> None:
    """Entry point of the console scripts."""
    program = Path(sys.argv[0]).name
    name = program.replace("kubectl-", "kubectl ").replace("_", "-") if program.startswith("kubectl-") else program
    write_any_character()
    try:
        status = _status_of(name)
    except CommandError as error:
        note(f"error: {error}")
        raise SystemExit(int(error.status)) from None
    except typer.TyperException as error:
        note(f"error: {error.format_message().rstrip('.')}. {name} --help shows the usage")
        raise SystemExit(int(Exit.USAGE)) from None
    except typer.Abort:
        raise SystemExit(_INTERRUPTED) from None
    except KeyboardInterrupt:
        raise SystemExit(_INTERRUPTED) from None
    except BrokenPipeError:
        # The interpreter flushes standard output at its end, which must not fail again (Python's documentation of SIGPIPE).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(int(Exit.OK)) from None
    except Exception as error:  # noqa: BLE001 - a mistake in the program is one line too
        if os.environ.get(_DEBUG):
            traceback.print_exc()
        note(f"error: unexpected {type(error).__name__}: {error}. With {_DEBUG}=1 the program prints a traceback")
        raise SystemExit(int(Exit.ERROR)) from None
    raise SystemExit(status or int(Exit.OK))


def _status_of(name: str) -> int | None:
    """Run the command. The status is None after a command, and a number after --help.

    A closed pipe raises BrokenPipeError, in the command or in the flush.
    """
    try:
        status: int | None = app(sys.argv[1:] or ["--help"], prog_name=name, standalone_mode=False)
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # typer ends with status 1 then
            raise end.__context__ from None
        sys.stdout.flush()
        raise
    sys.stdout.flush()
    return status
