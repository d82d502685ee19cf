"""Users of one namespace, whom an administrator impersonates. Their names are unique in the cluster."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cluster.kubectl import Answer
    from tests.cluster.workspace import Workspace


class NamespaceUsers:
    """Users of a namespace. They have the rights that `bind` gives them."""

    def __init__(self, space: Workspace) -> None:
        self.space = space

    def user(self, name: str) -> str:
        """Return the user name as the API server knows it."""
        return f"{name}-of-{self.space.namespace}"

    def ask(self, name: str, *arguments: str, stdin: str | None = None, namespace: str = "") -> Answer:
        """Run kubectl as one of the users, in their namespace unless another one is named."""
        where = ("--namespace", namespace or self.space.namespace, "--as", self.user(name))
        return self.space.cluster.ask(*arguments, *where, stdin=stdin)

    def bind(self, name: str, kind: str, role: str) -> None:
        """Give a user a role; `kind` is `--role` or `--clusterrole`."""
        where = ("--namespace", self.space.namespace)
        self.space.cluster.run("create", "rolebinding", name, *where, kind, role, "--user", self.user(name))

    def wait_until_may(self, name: str, verb: str, kind: str) -> None:
        """Wait until the API server has learned of a right."""
        self.space.wait(partial(self._may, name, verb, kind), f"{name} has the rights")

    def _may(self, name: str, verb: str, kind: str) -> bool:
        return self.ask(name, "auth", "can-i", verb, kind).ok
