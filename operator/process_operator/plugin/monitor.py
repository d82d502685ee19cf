"""`kubectl process monitor`: the page of the Process Monitor on this machine."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from process_operator.client.opening import ImpersonationError
from process_operator.monitor.on_this_machine import LocalOptions, run_local_monitor
from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.terminal import note, say
from process_operator.plugin.times import duration
from process_operator.settings import ConfigurationError

if TYPE_CHECKING:
    from process_operator.plugin.connection import Connecting


def serve_monitor(connecting: Connecting, *, port: int, opens_browser: bool, idle_exit: str | None) -> None:
    """Serve the page until Ctrl-C. The address goes to standard output, so that a script can read it.

    Raises CommandError.
    """
    limit = duration("--idle-exit", idle_exit)
    options = LocalOptions(port, opens_browser, limit.total_seconds() if limit is not None else None)

    def announce(address: str) -> None:
        say(address)
        # A pipe keeps the line back until the program ends.
        sys.stdout.flush()
        note("This address has a key: it is for you alone. Ctrl-C ends the monitor.")

    try:
        asyncio.run(run_local_monitor(connecting, options, announce))
    except ImpersonationError as error:
        raise CommandError(str(error), Exit.USAGE) from error
    except ConfigurationError as error:
        raise CommandError(str(error)) from error
