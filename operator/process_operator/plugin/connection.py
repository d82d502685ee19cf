"""Connection of one command: opened when the command needs it, because the client takes longer to import than `--help`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from process_operator.plugin.errors import CommandError, Exit

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.cluster.errors import ApiError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Connecting:
    """The options of a command that say where the cluster is, and as whom the user acts."""

    namespace: str | None = None
    kubeconfig: str | None = None
    context: str | None = None
    as_user: str | None = None
    as_groups: tuple[str, ...] = ()
    timeout_seconds: float = 30.0

    @property
    def namespace_in_words(self) -> str:
        """The namespace for messages."""
        return self.namespace or "of the context"

    def run(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """Do some work with a client, and close its connection. Raises CommandError in the API server's words."""
        # The client and its dependencies take 0.5 s to import.
        from process_operator.client.access import Access, open_client  # noqa: PLC0415
        from process_operator.cluster.errors import ApiError  # noqa: PLC0415
        from process_operator.settings import ConfigurationError  # noqa: PLC0415

        access = Access(
            self.kubeconfig, self.context, self.namespace, self.as_user, self.as_groups, self.timeout_seconds
        )

        async def connected() -> T:
            async with open_client(access) as client:
                return await work(client)

        try:
            return asyncio.run(connected())
        except ApiError as error:
            raise CommandError(_in_words(error)) from error
        except ConfigurationError as error:
            raise CommandError(f"{error}. Set KUBECONFIG, or use --kubeconfig", Exit.ERROR) from error


def _in_words(error: ApiError) -> str:
    """Describe an answer of the API server, and what the user can do."""
    from process_operator.cluster.errors import Forbidden, NotFound, Unreachable  # noqa: PLC0415

    message = error.message.rstrip(".")
    match error:
        case NotFound() if "the server could not find the requested resource" in message:
            return "this cluster has no CustomResourceDefinitions of process-operator: install the chart first"
        case Forbidden():
            return f"{message}. An administrator can grant that right by a RoleBinding"
        case Unreachable():
            return f"the API server does not answer ({message}): check the address in the kubeconfig and the network"
    return message
