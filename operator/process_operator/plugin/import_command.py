"""`kubectl process import`: schedules of other systems as manifests, printed as YAML.

Only `--take-over` changes something (`take_over.py`).
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.importing.cronjob import CronJobOptions, import_cronjob
from process_operator.plugin.importing.cronjob_shape import name_of
from process_operator.plugin.importing.crontab import CrontabOptions, import_crontab
from process_operator.plugin.importing.etendo import EtendoOptions, import_etendo
from process_operator.plugin.importing.etendo_database import open_tables
from process_operator.plugin.importing.etendo_tables import Tables, read_tables
from process_operator.plugin.importing.imported import Imported, as_yaml
from process_operator.plugin.terminal import confirm, note, say, spinning
from process_operator.resources.kinds import CRONJOB
from process_operator.timing.zone import zone_names
from process_operator.timing.zone_hints import zone_hint

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.plugin.connection import Connecting
    from process_operator.resources.types import Object

_MAX_LISTED_PER_REASON: Final = 20
"""Schedules that are left out for the same reason, and named. If there are more, they are counted."""


def show_cronjobs(
    connecting: Connecting,
    names: list[str],
    *,
    selector: str | None,
    everywhere: bool,
    file: str | None,
    options: CronJobOptions,
) -> None:
    """Print requests for the CronJobs of the cluster, or of a file. Raises CommandError."""
    _reject_ignored(names, selector=selector, everywhere=everywhere, file=file)
    _check_zone(options.time_zone)
    if file is not None:
        bodies = [
            body
            for body in _objects(file)
            if body.get("kind") == CRONJOB.kind and (not names or name_of(body) in names)
        ]
    else:
        bodies = _cronjobs(connecting, names, selector=selector, everywhere=everywhere)
    if not bodies:
        raise CommandError("there are no CronJobs there")
    _print(import_cronjob(body, options) for body in bodies)


def take_over_cronjobs(
    connecting: Connecting, names: list[str], *, selector: str | None, yes: bool, options: CronJobOptions
) -> None:
    """Let requests continue the schedules of CronJobs, one after the other. One that cannot be taken over stays as it is.

    Raises CommandError.
    """
    from process_operator.plugin.take_over import take_over  # noqa: PLC0415 - nothing else changes the cluster

    if bool(names) == bool(selector):
        raise CommandError("--take-over: name CronJobs, or select some with -l, and not both", Exit.USAGE)
    _check_zone(options.time_zone)
    bodies = _cronjobs(connecting, list(dict.fromkeys(names)), selector=selector, everywhere=False)
    if not bodies:
        raise CommandError(f"no CronJob has the labels {selector}")
    confirm("This takes over:", [name_of(body) for body in bodies], yes=yes)

    failed = 0
    for body in bodies:
        try:
            connecting.run(partial(take_over, cronjob=body, options=options))
        except CommandError as error:
            failed += 1
            note(f"error: {name_of(body)} is not taken over: {error}")
    if failed:
        raise CommandError(f"{failed} of {len(bodies)} are not taken over", Exit.NOT_SUCCEEDED)


def _reject_ignored(names: list[str], *, selector: str | None, everywhere: bool, file: str | None) -> None:
    """Reject options that would have no effect beside a file or names."""
    for option, is_given in (("-l", selector is not None), ("-A", everywhere)):
        if is_given and (names or file is not None):
            other = "-f" if file is not None else "names of CronJobs"
            raise CommandError(f"{option} has no effect with {other}: leave one of them out", Exit.USAGE)


def _cronjobs(connecting: Connecting, names: list[str], *, selector: str | None, everywhere: bool) -> list[Object]:
    async def work(client: Client) -> list[Object]:
        if names:
            return [await client.api.get(CRONJOB, client.namespace, name) for name in names]
        found = await client.api.list(CRONJOB, None if everywhere else client.namespace, label_selector=selector)
        return list(found.items)

    return connecting.run(work, doing="Reading CronJobs")


def show_crontab(file: str, *, image: str, time_zone: str, system: bool) -> None:
    """Print requests for the lines of a crontab. Raises CommandError."""
    _check_zone(time_zone)
    _print(import_crontab(_text(file), CrontabOptions(image, time_zone, datetime.now(UTC), system)))


def show_etendo(
    file: str | None,
    database: str | None,
    *,
    time_zone: str,
    mapping: str | None,
    everything: bool,
    repetitions: str,
) -> None:
    """Print requests and Processes for the ERP's tables: an export, or a database by its address.

    Raises CommandError.
    """
    _check_zone(time_zone)
    if (file is None) == (database is None):
        raise CommandError("name an export, or a database with --from-database, and not both", Exit.USAGE)
    if repetitions not in {"documented", "code"}:
        raise CommandError(f"--repetitions: {repetitions!r} is unknown; allowed: documented, code", Exit.USAGE)
    options = EtendoOptions(
        ZoneInfo(time_zone),
        datetime.now(UTC),
        _mapping(mapping),
        everything=everything,
        counts_first_run=repetitions == "documented",
    )
    if database is not None:
        with spinning("Reading the database"), open_tables(database) as tables:
            found = list(import_etendo(tables, options))
    else:
        assert file is not None
        found = list(import_etendo(_export(file), options))
    _print(found)


def _export(file: str) -> Tables:
    try:
        return read_tables(_text(file))
    except ValueError as error:
        raise CommandError(f"{file}: {error}") from error


def _print(imported: Iterable[Imported]) -> None:
    """Print what was imported. Raises CommandError (exit status 3) if something cannot be imported."""
    found = list(imported)
    for document in as_yaml(found):
        say(document)
    reasons = Counter(one.left_out for one in found if one.left_out)
    for reason, count in reasons.items():
        if count > _MAX_LISTED_PER_REASON:
            note(f"{count} are left out: {reason}")
    for one in found:
        if one.left_out and reasons[one.left_out] <= _MAX_LISTED_PER_REASON:
            note(f"{one.source} is left out: {one.left_out}")
        elif one.rejected:
            note(f"error: {one.source} cannot be imported: {one.rejected}")
    rejected = sum(bool(one.rejected) for one in found)
    if rejected:
        raise CommandError(f"{rejected} of {len(found)} cannot be imported; the others are printed", Exit.NOT_SUCCEEDED)


def _check_zone(name: str | None) -> None:
    if name is not None and name not in zone_names():
        hint = zone_hint(name, zone_names())
        raise CommandError(f"--time-zone: {name!r} is not an IANA time zone{f'; {hint}' if hint else ''}", Exit.USAGE)


def _text(file: str) -> str:
    """Read a file as it is: a carriage return does not end a line of a crontab."""
    try:
        return (sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}") from error


def _objects(file: str) -> list[Object]:
    """Read the objects of a file with YAML or JSON; a List counts as its items."""
    found: list[Object] = []
    for document in _yaml(file):
        if not isinstance(document, dict):
            continue
        if not str(document.get("kind", "")).endswith("List"):
            found.append(document)
            continue
        items = document.get("items") or []
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise CommandError(f"{file}: the items of the {document['kind']} are not objects")
        found += items
    return found


def _mapping(file: str | None) -> dict[str, str]:
    if file is None:
        return {}
    documents = _yaml(file)
    if (
        len(documents) != 1
        or not isinstance(documents[0], dict)
        or any(name is None or isinstance(name, dict | list) for name in documents[0].values())
    ):
        raise CommandError(f"{file}: write one line for each process, such as ImportOrders: import-orders", Exit.USAGE)
    return {str(value): str(name) for value, name in documents[0].items()}


def _yaml(file: str) -> list[Any]:
    import yaml  # noqa: PLC0415 - only commands with files need it

    try:
        return list(yaml.safe_load_all(_text(file)))
    except (yaml.YAMLError, ValueError) as error:
        # ValueError is about a date such as 2026-13-45.
        raise CommandError(f"{file} is not YAML: {' '.join(str(error).split())}") from error
