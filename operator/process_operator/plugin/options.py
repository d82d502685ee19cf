"""Options that every command has: kubectl's own flags for the cluster, the user and the namespace.

`cluster_command` adds them to the function of a command, which receives them as one `Connecting`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from process_operator.plugin.connection import Connecting
from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.forms import DryRun

_DAY_SECONDS: Final = 86_400

Namespace = Annotated[
    str | None, typer.Option("-n", "--namespace", help="Namespace. Default: that of the context.", metavar="NAME")
]
Kubeconfig = Annotated[str | None, typer.Option("--kubeconfig", help="Path of the kubeconfig.", metavar="FILE")]
Context = Annotated[str | None, typer.Option("--context", help="Context of the kubeconfig.", metavar="NAME")]
AsUser = Annotated[str | None, typer.Option("--as", help="User to impersonate.", metavar="USER")]
AsGroup = Annotated[
    list[str] | None, typer.Option("--as-group", help="Group to impersonate. May be repeated.", metavar="GROUP")
]
RequestTimeout = Annotated[
    str, typer.Option("--request-timeout", help="Time for one request to the API server, such as 10s.", metavar="T")
]

Everywhere = Annotated[bool, typer.Option("-A", "--all-namespaces", help="All namespaces.")]
Selector = Annotated[str | None, typer.Option("-l", "--selector", help="Label selector.", metavar="LABELS")]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask before a change of several objects.")]
DryRunOption = Annotated[
    DryRun, typer.Option("--dry-run", help="Only show the change (client), or let the API server check it (server).")
]


def not_empty(value: Any) -> Any:
    """Reject an empty name: its URL would be that of the whole collection. Raises CommandError."""
    if value == "" or (isinstance(value, list | tuple) and "" in value):
        raise CommandError("a name must not be empty", Exit.USAGE)
    return value


def _shared(
    namespace: Namespace = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    as_user: AsUser = None,
    as_group: AsGroup = None,
    request_timeout: RequestTimeout = "30s",
) -> Connecting:
    """Collect the shared options."""
    return Connecting(
        kubeconfig=kubeconfig,
        context=context,
        namespace=namespace,
        as_user=as_user,
        as_groups=tuple(as_group or ()),
        timeout_seconds=_seconds(request_timeout),
    )


def _seconds(text: str) -> float:
    """Read seconds, or a duration with units, as kubectl does; 0 means no limit."""
    if text.isdecimal():
        return float(text) or float(_DAY_SECONDS)
    from process_operator.plugin.times import duration  # noqa: PLC0415 - `--help` needs no durations

    found = duration("--request-timeout", text)
    return found.total_seconds() if found else float(_DAY_SECONDS)


_SHARED = inspect.signature(_shared, eval_str=True).parameters


def cluster_command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the shared options to a command, whose first parameter receives them as `Connecting`."""
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]

    @functools.wraps(function)
    def command(**given: Any) -> Any:
        shared = {name: given.pop(name) for name in _SHARED}
        return function(_shared(**shared), **given)

    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*own, *_SHARED.values())]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command
