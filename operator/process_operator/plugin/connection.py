"""Connection of one command: opened when the command needs it, because the client takes longer to import than `--help`."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from process_operator.client.access import Access
from process_operator.plugin.errors import CommandError, Exit

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.cluster.errors import ApiError

T = TypeVar("T")

_PATIENCE_SECONDS: Final = 1.0
"""Time until a command that is still working shows it on the terminal."""


@dataclass(frozen=True, slots=True)
class Connecting(Access):
    """The options of a command that say where the cluster is, and as whom the user acts."""

    def run(self, work: Callable[[Client], Awaitable[T]], *, doing: str = "") -> T:
        """Do some work with a client, and close its connection.

        After a second a spinner shows the text `doing` on a terminal, so the work itself must not print then.
        Raises CommandError in the API server's words.
        """
        # The client and its dependencies take 0.5 s to import.
        import asyncio  # noqa: PLC0415

        from process_operator.client.opening import ImpersonationError, open_client  # noqa: PLC0415
        from process_operator.cluster.errors import ApiError  # noqa: PLC0415
        from process_operator.settings import ConfigurationError  # noqa: PLC0415

        async def connected() -> T:
            spinner = asyncio.create_task(_spin(doing)) if doing and sys.stderr.isatty() else None
            try:
                async with open_client(self) as client:
                    return await work(client)
            finally:
                if spinner is not None:
                    spinner.cancel()
                    await asyncio.gather(spinner, return_exceptions=True)

        try:
            return asyncio.run(connected())
        except ApiError as error:
            raise CommandError(in_words(error)) from error
        except ImpersonationError as error:
            raise CommandError(str(error), Exit.USAGE) from error
        except ConfigurationError as error:
            raise CommandError(f"{error}. Set KUBECONFIG, or use --kubeconfig", Exit.ERROR) from error


async def _spin(doing: str) -> None:
    """Show a spinner on standard error, once the work takes longer than a second."""
    import asyncio  # noqa: PLC0415

    await asyncio.sleep(_PATIENCE_SECONDS)
    from rich.console import Console  # noqa: PLC0415 - rich takes 0.1 s to import

    with Console(stderr=True).status(f"{doing} ...", spinner="line"):
        await asyncio.Event().wait()


def in_words(error: ApiError) -> str:
    """Describe an answer of the API server, and what the user can do."""
    from process_operator.cluster.errors import Forbidden, NotFound, Unreachable  # noqa: PLC0415
    from process_operator.plugin.missing_right import describe_missing_right  # noqa: PLC0415

    message = error.message.rstrip(".")
    match error:
        case NotFound() if "the server could not find the requested resource" in message:
            return "this cluster has no CustomResourceDefinitions of process-operator: install the chart first"
        case NotFound():
            return f"{message}. Check the name and the namespace (-n); kubectl process status -A lists what there is"
        case Forbidden():
            return describe_missing_right(message)
        case Unreachable():
            return f"the API server does not answer ({message}): check the address in the kubeconfig and the network"
    if error.status == 401:
        return "the API server does not know these credentials (401 Unauthorized): log in again"
    return message
