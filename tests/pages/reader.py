"""Reader who types the commands of a page: one shell for the whole page, in a folder that looks like the repository."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import pytest
from tests.pages.shell_blocks import Command, SavedFile, blocks, is_like

if TYPE_CHECKING:
    from tests.cluster.kubectl import Kubectl

ROOT: Final = Path(__file__).parents[2]
_LINKED: Final = ("hack", "examples", "config", "charts", "crds")
_SECONDS: Final = 1200


def _run_shell(folder: Path, environment: dict[str, str], output: IO[str]) -> int:
    """Run the script of a page, and return its status. What the page started in the background ends with it."""
    shell = subprocess.Popen(
        ("bash", ".page.sh"),
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    try:
        return shell.wait(_SECONDS)
    except subprocess.TimeoutExpired:
        output.write(f"the page has not ended within {_SECONDS} s\n")
        return 1
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader with a namespace in a cluster, and a folder for files."""

    cluster: Kubectl
    kubeconfig: Path
    helm: Path
    folder: Path
    namespace: str

    def set_up(self) -> dict[str, str]:
        """Link the folders of the repository, select the namespace, and give the environment of the shell."""
        for name in _LINKED:
            (self.folder / name).symlink_to(ROOT / name)
        own = self.folder / ".kubeconfig"
        own.write_text(self.kubeconfig.read_text())
        (self.folder / ".home").mkdir()
        # The settings of the user who runs the test stay as they are.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "K9S_"))}
        environment = {
            **inherited,
            "HOME": str(self.folder / ".home"),
            "KUBECONFIG": str(own),
            "PATH": f"{self.cluster.binary.parent}:{self.helm.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "NO_COLOR": "1",
        }
        select = ("config", "set-context", "--current", "--namespace", self.namespace)
        subprocess.run((str(self.cluster.binary), *select), env=environment, check=True, capture_output=True)
        return environment

    def follow(self, page: Path) -> None:
        """Save the files and run the commands of a page. Fails at the first command that fails or prints something else."""
        environment = self.set_up()
        done: list[Command] = []
        script = ["set -euo pipefail"]
        for block in blocks(page.read_text()):
            if isinstance(block, SavedFile):
                script.append(f"cp {shlex.quote(self._save(block))} {shlex.quote(block.name)}")
            elif not block.reason:
                # The output of each command is a file of its own; the shell is one for all, so variables and jobs stay.
                script.append(f"echo {block.line} > .line\n{{ {block.shell.rstrip()}\n}} > .out-{len(done)}")
                done.append(block)
        (self.folder / ".page.sh").write_text("\n".join(script) + "\n")
        with (self.folder / ".errors").open("w") as errors:
            status = _run_shell(self.folder, environment, errors)
        if status:
            line = (self.folder / ".line").read_text().strip()
            pytest.fail(f"{page.name}, line {line}: {(self.folder / '.errors').read_text()[-2000:]}")
        for index, command in enumerate(done):
            self._compare(page, command, (self.folder / f".out-{index}").read_text())

    def _save(self, file: SavedFile) -> str:
        """Write a file beside the page's own, and give its name."""
        path = self.folder / f".saved-{file.name}"
        path.write_text(file.content)
        return path.name

    def _compare(self, page: Path, command: Command, output: str) -> None:
        lines = output.splitlines()
        for expected in command.expected:
            shown = "\n".join(lines)
            assert any(is_like(expected, line) for line in lines), (
                f"{page.name}, line {command.line}, `{command.shell.strip()}` prints no line like\n{expected}\nbut\n{shown}"
            )
