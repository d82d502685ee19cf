"""Wheel: `uv tool` installs it in a fresh environment, and each of its programs starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]


def test_uv_tool_installs_programs_that_start() -> None:
    # pipx takes a minute: `make release-check` tries it too.
    environment = {**os.environ, "SKIP_PIPX": "1", "PYTHON": sys.executable}
    tried = subprocess.run(
        [str(REPOSITORY / "hack" / "release" / "try.sh")], env=environment, capture_output=True, text=True, check=False
    )
    assert tried.returncode == 0, tried.stderr
    assert tried.stdout == "uv tool: ok\n"
