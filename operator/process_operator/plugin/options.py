"""Options that every command has: kubectl's own flags for the cluster, the user and the namespace.

`cluster_command` adds them to the function of a command, which receives them as one `Access`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from process_operator.plugin.connection import Connecting

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
    float, typer.Option("--request-timeout", help="Seconds for one request to the API server.", metavar="SECONDS")
]

Everywhere = Annotated[bool, typer.Option("-A", "--all-namespaces", help="All namespaces.")]
Selector = Annotated[str | None, typer.Option("-l", "--selector", help="Label selector.", metavar="LABELS")]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask before a change of several objects.")]


def _shared(
    namespace: Namespace = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    as_user: AsUser = None,
    as_group: AsGroup = None,
    request_timeout: RequestTimeout = 30.0,
) -> Connecting:
    """Collect the shared options."""
    return Connecting(namespace, kubeconfig, context, as_user, tuple(as_group or ()), request_timeout)


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
