"""`kubectl process monitor`: the monitor on the user's machine, from the kubeconfig to its end."""

from __future__ import annotations

import html
import os
import tempfile
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from process_operator.client.opening import open_connection
from process_operator.monitor.idle import IdleTime
from process_operator.monitor.local_mode import ADDRESS, CONNECTIONS, LocalMode
from process_operator.monitor.pages import Pages
from process_operator.monitor.routes import application
from process_operator.monitor.server import serving, until_stopped
from process_operator.settings import ConfigurationError

if TYPE_CHECKING:
    from process_operator.client.access import Access

_REDIRECT: Final = """<!doctype html>
<meta charset="utf-8"><meta http-equiv="refresh" content="0; url={}"><title>Process Monitor</title>
"""


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """The options of the command. Port 0 is a free one; `idle_seconds` None means no end by itself."""

    port: int
    opens_browser: bool
    idle_seconds: float | None


async def run_local_monitor(access: Access, options: LocalOptions, announce: Callable[[str], None]) -> None:
    """Serve until Ctrl-C, or until no page has been open for long enough. Raises ConfigurationError.

    `announce` gets the address to open, with its secret.
    """
    async with open_connection(access, max_connections=CONNECTIONS) as opened:
        mode, idle = LocalMode(opened), IdleTime()
        app = application(mode, Pages())
        app.middlewares.insert(0, idle.middleware)
        try:
            async with serving(app, ADDRESS, options.port) as mode.port:
                announce(mode.address)
                with _browser(mode.address, opens=options.opens_browser):
                    limit = options.idle_seconds
                    await until_stopped(None if limit is None else lambda: idle.seconds > limit)
        except OSError as error:
            raise ConfigurationError(f"cannot listen on {ADDRESS}:{options.port}: {error}") from error


@contextmanager
def _browser(address: str, *, opens: bool) -> Iterator[None]:
    """Open the address in the browser, by a file that only the user can read.

    The command line of a browser can be read by other users of the machine, so it must not have the secret.
    """
    if not opens:
        yield
        return
    number, path = tempfile.mkstemp(prefix="process-monitor-", suffix=".html")  # mode 0600
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(_REDIRECT.format(html.escape(address)))
    try:
        with suppress(webbrowser.Error):
            webbrowser.open(Path(path).as_uri())
        yield
    finally:
        Path(path).unlink(missing_ok=True)
