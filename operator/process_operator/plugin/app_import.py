"""Command line of `kubectl process import`. Neighbour: `import_command.py` does the work."""

# ruff: noqa: PLC0415 - each command imports what it needs

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from process_operator.plugin.connection import Connecting
from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.options import Everywhere, Selector, Yes, cluster_command

import_app = typer.Typer(
    rich_markup_mode=None,
    help="Print schedules of other systems as manifests. Exit status: 0, or 3 if some cannot be imported.",
)

Zone = Annotated[str, typer.Option("--time-zone", help="IANA time zone of the host.", metavar="ZONE")]


@import_app.callback()
def import_() -> None:
    """Print schedules of other systems as manifests; nothing is changed. Exit status: 0, or 3 if some cannot be imported."""


@import_app.command()
@cluster_command
def cronjob(
    connecting: Connecting,
    names: Annotated[list[str] | None, typer.Argument(help="Names of CronJobs. Default: all.")] = None,
    selector: Selector = None,
    everywhere: Everywhere = False,
    filename: Annotated[
        str | None,
        typer.Option("-f", "--filename", help="File with CronJobs, or -, in place of the cluster.", metavar="FILE"),
    ] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(help="IANA zone of the kube-controller-manager, for CronJobs without one.", metavar="ZONE"),
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Write daily in place of cron, if it means the same.")] = False,
    owned: Annotated[bool, typer.Option("--owned", help="Also CronJobs that another controller owns.")] = False,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="Create the requests, which continue the CronJobs; these are suspended."),
    ] = False,
    yes: Yes = False,
) -> None:
    """Print CronJobs as ProcessRequests, with a comment for each difference.

    With --take-over each time of the schedule runs once, by the CronJob or by its request. An error and Ctrl-C undo it.

    Example: kubectl process import cronjob nightly --time-zone Europe/Madrid
    """
    from process_operator.plugin.import_command import show_cronjobs, take_over_cronjobs
    from process_operator.plugin.importing.cronjob import CronJobOptions

    options = CronJobOptions(datetime.now(UTC), time_zone, plain, owned)
    if take_over:
        if everywhere or filename is not None:
            raise CommandError("--take-over works in one namespace of the cluster, without -A and -f", Exit.USAGE)
        take_over_cronjobs(connecting, names or [], selector=selector, yes=yes, options=options)
        return
    show_cronjobs(connecting, names or [], selector=selector, everywhere=everywhere, file=filename, options=options)


@import_app.command()
def crontab(
    filename: Annotated[str, typer.Argument(help="The crontab, or - for standard input.")],
    image: Annotated[str, typer.Option(help="Image that has the commands.", metavar="IMAGE")],
    time_zone: Zone,
    system: Annotated[bool, typer.Option("--system", help="Lines name a user, as in /etc/crontab.")] = False,
) -> None:
    """Print the lines of a crontab as ProcessRequests.

    Example: kubectl process import crontab /etc/crontab --system --image registry.example.com/erp:1 --time-zone Europe/Madrid
    """
    from process_operator.plugin.import_command import show_crontab

    show_crontab(filename, image=image, time_zone=time_zone, system=system)


@import_app.command()
def etendo(
    time_zone: Zone,
    filename: Annotated[str | None, typer.Argument(help="CSV or JSON export of AD_PROCESS_REQUEST, or -.")] = None,
    from_database: Annotated[
        str | None,
        typer.Option(help="PostgreSQL database of the ERP, such as postgresql://erp@db/etendo.", metavar="URL"),
    ] = None,
    mapping: Annotated[
        str | None, typer.Option("--map", help="YAML file with a line for each process, VALUE: name.", metavar="FILE")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also complete and past requests, suspended.")] = False,
    repetitions: Annotated[
        str, typer.Option(help="n repetitions are n + 1 runs (documented) or n (code).", metavar="RULE")
    ] = "documented",
) -> None:
    """Print Process Requests of Etendo or Openbravo as ProcessRequests and Processes.

    A database is only read. Parts that its URL leaves out come from PGPASSWORD, PGSERVICE or the password file.

    Example: kubectl process import etendo requests.csv --time-zone Europe/Madrid --map processes.yaml
    """
    from process_operator.plugin.import_command import show_etendo

    show_etendo(
        filename,
        from_database,
        time_zone=time_zone,
        mapping=mapping,
        everything=everything,
        repetitions=repetitions,
    )
