"""The real oauth2-proxy before a monitor, with the settings that docs/how-to/oauth2-proxy.md recommends."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import yaml
from tests.cluster.operator_process import REPOSITORY, die_with_parent
from tests.monitor_cluster.oidc_issuer import CLIENT, CLIENT_SECRET, Issuer

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE_SECONDS: Final = 120
_HEADING: Final = "## oauth2-proxy in front of the monitor"


def program() -> str:
    """The path of the program, which is built if it is missing."""
    found = os.environ.get("OAUTH2_PROXY")
    if found:
        return found
    command = (sys.executable, str(REPOSITORY / "hack" / "cluster"), "program", "oauth2-proxy")
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def recommended() -> dict[str, str]:
    """The flags of the recipe in the documentation."""
    text = (REPOSITORY / "docs" / "how-to" / "oauth2-proxy.md").read_text().partition(_HEADING)[2]
    found = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert found
    values: dict[str, Any] = yaml.safe_load(found[1])
    return {name: str(value) for name, value in values["extraArgs"].items()}


@contextmanager
def running(port: int, upstream: str, issuer: Issuer, folder: Path, **more: str) -> Iterator[str]:
    """Run it at a port of the loopback interface; the address of browsers. `more` are other flags, with `_` for `-`."""
    address = f"http://localhost:{port}"
    flags = {
        **recommended(),
        "oidc-issuer-url": issuer.url,
        "upstream": upstream,
        "http-address": f"127.0.0.1:{port}",
        "redirect-url": f"{address}/oauth2/callback",
        "client-id": CLIENT,
        "client-secret": CLIENT_SECRET,
        "cookie-secret": secrets.token_hex(16),
        "provider-ca-file": str(issuer.ca),
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    command = (program(), *(f"--{name}={value}" for name, value in flags.items()))
    log = folder / f"oauth2-proxy-{port}.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing else forks here
        ) as process,
    ):
        try:
            _wait_until_ready(address, process, log)
            yield address
        finally:
            process.terminate()
            print(log.read_text(errors="replace")[-4000:])


def _wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(errors="replace")
        try:
            with urllib.request.urlopen(f"{address}/ping", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text(errors="replace"))
