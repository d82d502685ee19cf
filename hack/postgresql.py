"""PostgreSQL server for tests: Debian's package, installed if it is missing, in a temporary folder.

The server listens on a Unix socket alone, so it needs no port. PostgreSQL does not run as root, so root
starts it as the package's user `postgres`.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))

from cluster.packages import install

OWNER: Final = "owner"
"""Superuser of the server, who has a password as all users have."""

_PACKAGE: Final = "postgresql"
_VERSIONS: Final = Path("/usr/lib/postgresql")
_NO_MAIN_CLUSTER: Final = Path("/etc/postgresql-common/createcluster.d/no-main-cluster.conf")
_SYSTEM_USER: Final = "postgres"
_START_SECONDS: Final = 120
_STOP_SECONDS: Final = 60


class PostgresqlServer:
    """A running server. `folder` has its socket; `log` is the file of its messages."""

    def __init__(self, folder: Path, password: str) -> None:
        self.folder = folder
        self.log = folder / "server.log"
        self._password = password

    def url(self, database: str = "postgres", *, user: str = OWNER, password: str | None = None) -> str:
        """Return the URL of a database. Without `password` it has that of the owner; with an empty one it has none."""
        given = self._password if password is None else password
        secret = f":{quote(given, safe='')}" if given else ""
        return f"postgresql://{user}{secret}@/{database}?host={quote(str(self.folder), safe='')}"


def programs() -> Path:
    """Return the folder with `initdb` and `postgres`. Installs the package if it is missing, or says so."""
    if _newest() is None:
        # The package would start a server of its own.
        if os.geteuid() == 0 and not _NO_MAIN_CLUSTER.exists():
            _NO_MAIN_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
            _NO_MAIN_CLUSTER.write_text("create_main_cluster = false\n")
        install([_PACKAGE])
    found = _newest()
    assert found is not None, f"{_PACKAGE} is installed, but {_VERSIONS} has no programs"
    return found


def _newest() -> Path | None:
    found = [path.parent for path in _VERSIONS.glob("*/bin/postgres")]
    return max(found, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0), default=None)


@contextmanager
def running_server(password: str, **settings: str) -> Iterator[PostgresqlServer]:
    """Start a server with an empty cluster, and stop it in the end. `settings` are those of postgresql.conf."""
    binaries = programs()
    user = _SYSTEM_USER if os.geteuid() == 0 else None
    # The path of a Unix socket is short, so the folder of the test may be too long.
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        server = PostgresqlServer(folder, password)
        data, secret = folder / "data", folder / "password"
        secret.write_text(password, encoding="utf-8")
        if user is not None:
            shutil.chown(secret, user)
        options = (
            "--username",
            OWNER,
            "--auth",
            "scram-sha-256",
            "--encoding",
            "UTF8",
            "--locale",
            "C.UTF-8",
            "--no-sync",
        )
        _run([str(binaries / "initdb"), "--pgdata", str(data), "--pwfile", str(secret), *options], user, folder)
        chosen = {"listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "off", **settings}
        yield from _served(server, _command(binaries / "postgres", data, chosen), user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _command(postgres: Path, data: Path, settings: Mapping[str, str]) -> list[str]:
    chosen = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [str(postgres), "-D", str(data), *chosen]


def _served(server: PostgresqlServer, command: list[str], user: str | None) -> Iterator[PostgresqlServer]:
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            cwd=server.folder,
            start_new_session=True,
            **_identity(user),
        )
        try:
            _wait_until_ready(server, process)
            yield server
        finally:
            process.send_signal(
                signal.SIGINT
            )  # "fast shutdown" (PostgreSQL manual, section "Shutting Down the Server")
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(server: PostgresqlServer, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server accepts connections, as its own PID file reports."""
    deadline = time.monotonic() + _START_SECONDS
    status = server.folder / "data" / "postmaster.pid"
    while not (status.exists() and status.read_text().rstrip().endswith("ready")):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start:\n{server.log.read_text(errors='replace')}")
        time.sleep(0.1)


def _identity(user: str | None) -> dict[str, Any]:
    """Arguments of Popen for a program of another user, without the groups of root."""
    return {} if user is None else {"user": user, "group": user, "extra_groups": ()}


def _run(command: list[str], user: str | None, folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **_identity(user))
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    print(programs())
