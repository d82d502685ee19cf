"""kubectl process as users of one namespace type it, in pipes and on a terminal of 80 columns."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pexpect
import pytest
from tests.cluster.namespace_users import NamespaceUsers
from tests.cluster.workspace import Workspace

from process_operator.plugin.app import main

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM: Final = (
    sys.executable,
    "-c",
    "import sys; sys.argv[0] = 'kubectl-process'; from process_operator.plugin.app import main; main()",
)
PATIENCE_SECONDS: Final = 120
COLUMNS: Final = 80


@dataclass(frozen=True)
class Answer:
    """The exit status of a command, and the texts that it printed."""

    code: int
    out: str
    err: str


class Desk(NamespaceUsers):
    """kubectl process in one namespace, for users with roles there."""

    def __init__(self, space: Workspace, kubeconfig: Path) -> None:
        super().__init__(space)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "PYTHONPATH": os.pathsep.join(sys.path),
            "KUBECONFIG": str(kubeconfig),
            "TERM": "xterm",
            "LANG": "C.UTF-8",
        }

    def run(self, *arguments: str, user: str = "", has_cluster: bool = True) -> Answer:
        """Run a command in pipes, within this process: a program of its own takes a second to import the client.

        Without `has_cluster` it gets no namespace, because it has no options for a cluster.
        """
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        err = io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "sys.argv", ["kubectl-process", *(self._command(arguments, user) if has_cluster else arguments)]
            )
            patch.setattr("sys.stdin", io.StringIO())
            patch.setattr("sys.stdout", out)
            patch.setattr("sys.stderr", err)
            patch.setenv("KUBECONFIG", self.environment["KUBECONFIG"])
            with pytest.raises(SystemExit) as left:
                main()
        out.seek(0)
        return Answer(int(left.value.code or 0), out.read(), err.getvalue())

    def ok(self, *arguments: str, user: str = "") -> str:
        """Run a command that has to end with 0, and return its output."""
        answer = self.run(*arguments, user=user)
        assert answer.code == 0, answer
        return answer.out

    @contextmanager
    def terminal(self, *arguments: str) -> Iterator[pexpect.spawn[str]]:
        """Run a command on a terminal of 80 columns."""
        program, *rest = (*PROGRAM, *self._command(arguments, ""))
        child = pexpect.spawn(
            program,
            rest,
            env=self.environment,
            encoding="utf-8",
            timeout=PATIENCE_SECONDS,
            dimensions=(24, COLUMNS),
            # A process that was started in the background ignores SIGINT, and its children inherit that.
            preexec_fn=_accept_interrupts,
        )
        try:
            yield child
        finally:
            child.close(force=True)

    def _command(self, arguments: tuple[str, ...], user: str) -> list[str]:
        impersonated = ("--as", self.user(user)) if user else ()
        return [*arguments, "-n", self.space.namespace, *impersonated]


def _accept_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def ended(child: pexpect.spawn[str]) -> int | None:
    """Read to the end, and return the exit status."""
    child.expect(pexpect.EOF)
    child.close()
    status: int | None = child.exitstatus
    return status
