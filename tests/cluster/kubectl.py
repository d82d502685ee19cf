"""kubectl as the cluster tests use it: what people type, with typed answers. Neighbour: `conftest.py` makes one."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the API server took it, and what it said."""

    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class Kubectl:
    """One cluster, as its administrator. Calls without `Answer` raise CalledProcessError where kubectl fails."""

    binary: Path
    kubeconfig: Path

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl and give what it printed."""
        answer = self._call(arguments, stdin)
        if answer.returncode:
            raise subprocess.CalledProcessError(answer.returncode, answer.args, answer.stdout, answer.stderr)
        return answer.stdout

    def ask(self, *arguments: str, stdin: str | None = None) -> Answer:
        """Run kubectl and give whether it worked, and its words: those of stderr where it did not."""
        answer = self._call(arguments, stdin)
        return Answer(ok=answer.returncode == 0, message=answer.stderr if answer.returncode else answer.stdout)

    def apply(self, manifest: Manifest, namespace: str) -> Answer:
        """`kubectl apply` one object."""
        return self.ask("apply", "--namespace", namespace, "--filename", "-", stdin=json.dumps(manifest))

    def create(self, manifest: Manifest, namespace: str) -> Answer:
        """`kubectl create` one object; it may have a generateName, and no default is written by the client."""
        return self.ask("create", "--namespace", namespace, "--filename", "-", stdin=json.dumps(manifest))

    def get(self, kind: str, name: str, namespace: str) -> dict[str, Any]:
        """One object as the API server holds it."""
        found: dict[str, Any] = json.loads(self.run("get", kind, name, "--namespace", namespace, "--output", "json"))
        return found

    def objects(self, kind: str, namespace: str, *selectors: str) -> list[dict[str, Any]]:
        """All objects of a kind; selectors as kubectl takes them (`--selector=...`, `--field-selector=...`)."""
        found = self.run("get", kind, "--namespace", namespace, "--output", "json", *selectors)
        items: list[dict[str, Any]] = json.loads(found)["items"]
        return items

    def patch(self, kind: str, name: str, namespace: str, patch: Manifest, *, subresource: str = "") -> Answer:
        """JSON merge patch of one object, or of a subresource of it such as `status`."""
        where = ("--subresource", subresource) if subresource else ()
        what = ("--type", "merge", "--patch", json.dumps(patch))
        return self.ask("patch", kind, name, "--namespace", namespace, *where, *what)

    def delete(self, kind: str, name: str, namespace: str, *, wait: bool = True) -> None:
        """Delete one object; one that is not there is fine."""
        self.run("delete", kind, name, "--namespace", namespace, "--ignore-not-found", f"--wait={str(wait).lower()}")

    def wait(self, kind: str, name: str, namespace: str, condition: str, timeout_seconds: float = 60) -> Answer:
        """`kubectl wait --for=...`: `condition=Finished`, `jsonpath={.status.phase}=Succeeded`, `delete`."""
        until = (f"--for={condition}", f"--timeout={timeout_seconds}s")
        return self.ask("wait", f"{kind}/{name}", "--namespace", namespace, *until)

    @contextmanager
    def new_namespace(self) -> Iterator[str]:
        """A namespace of a random name, whose deletion nobody waits for."""
        name = f"t-{secrets.token_hex(4)}"
        self.run("create", "namespace", name)
        try:
            yield name
        finally:
            self.run("delete", "namespace", name, "--wait=false")

    def _call(self, arguments: tuple[str, ...], stdin: str | None) -> subprocess.CompletedProcess[str]:
        command = (str(self.binary), "--kubeconfig", str(self.kubeconfig), *arguments)
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
