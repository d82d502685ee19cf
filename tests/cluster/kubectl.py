"""kubectl as the cluster tests use it: commands of users, with typed answers, and waits for conditions.

Neighbours: `conftest.py` makes one, `api_reader.py` does the reads, `api_writer.py` some writes.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pytest
from tests.cluster.api_reader import ApiReader
from tests.cluster.api_writer import ApiWriter
from tests.cluster.manifests import RELEASED

from process_operator.resources.types import Object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

T = TypeVar("T")

PATIENCE: Final = 240.0
"""Longest wait in seconds for anything that waits for no clock, enough for a machine that is very busy. A wait
ends as soon as its condition is true."""
_POLL_SECONDS: Final = 0.1
_SLOW_POLL_SECONDS: Final = 0.25
_SLOW_POLL_AFTER_SECONDS: Final = 2
"""Slower polls, because each takes processor time from the cluster under test."""
_LOG_LINES: Final = 40


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the API server accepted a call, and its words."""

    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class Kubectl:
    """One cluster, as its administrator. Calls without `Answer` raise CalledProcessError where kubectl fails.

    `operator_log` is the log of the operator that works there; the end of it is part of every failed wait's message.
    """

    binary: Path
    kubeconfig: Path
    operator_log: Path | None = None
    reader: ApiReader = field(init=False, repr=False, compare=False)
    writer: ApiWriter = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reader", ApiReader(self.kubeconfig))
        object.__setattr__(self, "writer", ApiWriter(self.kubeconfig))

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl, and return its output."""
        answer = self._call(arguments, stdin)
        if answer.returncode:
            error = subprocess.CalledProcessError(answer.returncode, answer.args, answer.stdout, answer.stderr)
            # The message of the error has the command alone; pytest prints notes below it.
            error.add_note(answer.stderr.strip() or "kubectl wrote nothing to stderr")
            raise error
        return answer.stdout

    def ask(self, *arguments: str, stdin: str | None = None) -> Answer:
        """Run kubectl; whether it succeeded, and its output, or its stderr if it failed."""
        answer = self._call(arguments, stdin)
        return Answer(ok=answer.returncode == 0, message=answer.stderr if answer.returncode else answer.stdout)

    def apply(self, manifest: Object, namespace: str) -> Answer:
        """`kubectl apply` one object."""
        return self.ask("apply", "--namespace", namespace, "--filename", "-", stdin=json.dumps(manifest))

    def create(self, manifest: Object, namespace: str) -> Answer:
        """`kubectl create` one object; it may have a generateName, and no default is written by the client."""
        return self.ask("create", "--namespace", namespace, "--filename", "-", stdin=json.dumps(manifest))

    def get(self, kind: str, name: str, namespace: str) -> dict[str, Any]:
        """One object as the API server holds it; fails the test if it does not exist."""
        found = self.reader.get(kind, name, namespace)
        assert found is not None, f"there is no {kind} {name} in {namespace}"
        return found

    def find(self, kind: str, name: str, namespace: str) -> dict[str, Any] | None:
        """One object, or None if it does not exist."""
        return self.reader.get(kind, name, namespace)

    def objects(self, kind: str, namespace: str, *, labels: str = "", fields: str = "") -> list[dict[str, Any]]:
        """All objects of a kind, oldest first; `labels` and `fields` are selectors."""
        return self.reader.list(kind, namespace, labels=labels, fields=fields)

    def patch(self, kind: str, name: str, namespace: str, patch: Object, *, subresource: str = "") -> Answer:
        """JSON merge patch of one object, or of a subresource of it such as `status`."""
        where = ("--subresource", subresource) if subresource else ()
        what = ("--type", "merge", "--patch", json.dumps(patch))
        return self.ask("patch", kind, name, "--namespace", namespace, *where, *what)

    def delete(self, kind: str, name: str, namespace: str, *, wait: bool = True) -> None:
        """Delete one object; one that is not there is fine."""
        self.run("delete", kind, name, "--namespace", namespace, "--ignore-not-found", f"--wait={str(wait).lower()}")

    def release(self, pod: str, namespace: str) -> None:
        """Let a pod (or that of `job/NAME`) end whose script works until the file `RELEASED` is there."""
        answer = self.ask("exec", pod, "--namespace", namespace, "--", "touch", RELEASED)
        # The script ends as soon as it sees the file; `touch` is killed with its container when it has not returned yet.
        assert answer.ok or "exit code 137" in answer.message, answer.message

    def wait(self, kind: str, name: str, namespace: str, condition: str, timeout_seconds: float = PATIENCE) -> Answer:
        """`kubectl wait --for=...`: `condition=Finished`, `jsonpath={.status.phase}=Succeeded`, `delete`."""
        until = (f"--for={condition}", f"--timeout={timeout_seconds}s")
        return self.ask("wait", f"{kind}/{name}", "--namespace", namespace, *until)

    def wait_until(self, condition: Callable[[], T], timeout: float = PATIENCE, *, what: str, namespace: str = "") -> T:
        """Look every tenth of a second until `condition()` is true (or not empty), and give what it returned.

        From the third second on it looks every quarter of a second.
        After `timeout` seconds the test fails: with `what` was waited for and what it was instead. It prints the
        objects of `namespace` and the end of the operator's log. A condition may use get(): an object that is not there
        (yet) counts as false.
        """
        began = time.monotonic()
        while True:
            last: object
            try:
                value = condition()
            except AssertionError as error:
                last = error
            else:
                if value:
                    return value
                last = value
            waited = time.monotonic() - began
            if waited > timeout:
                break
            time.sleep(_POLL_SECONDS if waited < _SLOW_POLL_AFTER_SECONDS else _SLOW_POLL_SECONDS)
        # The output goes into the file of the failing test, see `tests/conftest.py`.
        print(f"waited {timeout} s for: {what}; last seen: {last!r}\n{self.story(namespace)}")
        pytest.fail(f"waited {timeout} s for: {what}\nlast seen: {last!r}")

    def story(self, namespace: str) -> str:
        """Objects of a namespace and the operator's latest log lines, printed when a test fails."""
        parts = []
        if namespace:
            kinds = "processes,processrequests,processbackfills,processruns,cronjobs,jobs,pods"
            parts = [
                self.ask("get", kinds, "--namespace", namespace, "--output", "wide").message,
                self.ask(
                    "describe", "processrequests,processbackfills,processruns,jobs,pods", "--namespace", namespace
                ).message,
            ]
        if self.operator_log is not None and self.operator_log.exists():
            lines = self.operator_log.read_text(errors="replace").splitlines()
            about = [line for line in lines if namespace and namespace in line]
            parts.append(f"the operator about {namespace}:\n" + "\n".join(about[-_LOG_LINES:]) if about else "")
            parts.append(f"the end of {self.operator_log}:\n" + "\n".join(lines[-_LOG_LINES:]))
        return "\n".join(parts)

    @contextmanager
    def new_namespace(self) -> Iterator[str]:
        """A namespace of a random name. The test does not wait for its deletion."""
        name = f"t-{secrets.token_hex(4)}"
        rejected = self.writer.create("namespace", {"metadata": {"name": name}}, "")
        assert not rejected, rejected
        try:
            # Without it no pod is made, and Jobs say that instead of what a test waits for.
            self.wait_until(lambda: self.find("serviceaccount", "default", name), what=f"{name} has its account")
            yield name
        finally:
            self.writer.delete("namespace", name, "")

    def _call(self, arguments: tuple[str, ...], stdin: str | None) -> subprocess.CompletedProcess[str]:
        command = (str(self.binary), "--kubeconfig", str(self.kubeconfig), *arguments)
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
