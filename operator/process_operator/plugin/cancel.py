"""`kubectl process cancel`: ends runs, and backfills with their runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from process_operator.client.states import why_not_canceled
from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.forms import DryRun
from process_operator.plugin.terminal import confirm, say
from process_operator.resources.kinds import PROCESS_BACKFILL, PROCESS_RUN, Kind

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.plugin.connection import Connecting

_KINDS: Final = {
    word: kind
    for kind, words in (
        (PROCESS_RUN, ("prun", "processrun", "processruns")),
        (PROCESS_BACKFILL, ("pbf", "processbackfill", "processbackfills")),
    )
    for word in words
}
"""Kinds by the words that kubectl takes in TYPE/NAME."""


def cancel(connecting: Connecting, names: list[str], *, yes: bool, dry_run: DryRun) -> None:
    """Cancel runs and backfills; one that has ended, or is canceled already, stays as it is.

    A name without a type is that of a run. Raises CommandError.
    """
    wanted = list(dict.fromkeys(map(_kind_and_name, names)))

    async def work(client: Client) -> None:
        found = [
            (kind, name, why_not_canceled(kind, await client.api.get(kind, client.namespace, name)))
            for kind, name in wanted
        ]
        if dry_run == DryRun.NONE:
            confirm("This cancels:", [name for _, name, why_not in found if not why_not], yes=yes)
        for kind, name, why_not in found:
            shown = f"{kind.kind.lower()}.{kind.group}/{name}"
            if why_not:
                say(f"{shown} unchanged: {why_not}")
                continue
            if dry_run != DryRun.CLIENT:
                await client.cancel(kind, name, dry_run=dry_run == DryRun.SERVER)
            say(f"{shown} canceled{dry_run.remark}")

    connecting.run(work)


def _kind_and_name(text: str) -> tuple[Kind, str]:
    word, slash, name = text.rpartition("/")
    if not slash:
        return PROCESS_RUN, text
    kind = _KINDS.get(word.lower())
    if kind is None or not name:
        raise CommandError(f"{text!r}: allowed are NAME of a run, prun/NAME and pbf/NAME", Exit.USAGE)
    return kind, name
