"""Access to a cluster: the values of kubectl's flags for it. They import nothing, so that `--help` starts at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Access:
    """The address of the cluster, and the user as whom the client acts there.

    `timeout_seconds` limits one request. `as_user` and `as_groups` ask the API server to impersonate.
    """

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    as_user: str | None = None
    as_groups: tuple[str, ...] = ()
    timeout_seconds: float = 30.0
