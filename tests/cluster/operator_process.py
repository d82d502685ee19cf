"""The operator as a process of this machine: started, ended in order, killed, and its log.

Neighbours: `conftest.py` starts the one that all tests share, and hands it out as the fixture `operator`.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

REPOSITORY: Final = Path(__file__).parents[2]
_STOP_SECONDS: Final = 25
"""Less than the half minute that Kubernetes gives a pod."""
_PR_SET_PDEATHSIG: Final = 1
_READY_SECONDS: Final = 240


def die_with_parent() -> None:
    """Runs in the child: tests that were killed must leave no operator that works beside the next one's."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class OperatorProcess:
    """One operator for one cluster, started at most once at a time. Its log grows over restarts.

    Where another process has started it (`owned=False`, in the workers of xdist) only the log can be read.
    """

    def __init__(
        self,
        kubeconfig: Path,
        log_file: Path,
        *,
        owned: bool = True,
        environment: dict[str, str] | None = None,
        command: tuple[str, ...] = ("-m", "process_operator", "run"),
    ) -> None:
        self._command = command
        self.log_file = log_file
        self.owned = owned
        self._environment = {
            **os.environ,
            "KUBECONFIG": str(kubeconfig),
            "PYTHONPATH": str(REPOSITORY / "operator"),
            "PYTHONUNBUFFERED": "1",
            "PROCESS_OPERATOR_LOG_FORMAT": "json",
            "PROCESS_OPERATOR_VERIFIED_USERS": "true",
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the operator runs, as far as the process that started it knows."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id of the operator."""
        assert self._process is not None, "the operator was not started here"
        return self._process.pid

    def start(self, until: str = "ready") -> None:
        """Start it and wait until it has looked at every request (or said something else: `stand-by`).

        Raises RuntimeError with its log where it ends.
        """
        if not self.owned:
            raise RuntimeError(
                "the operator belongs to another process: mark the test `disruptive`, and run these with -p no:xdist"
            )
        before = self.log_file.stat().st_size if self.log_file.exists() else 0
        process = self.spawn()
        give_up_at = time.monotonic() + _READY_SECONDS
        while not any(record.get("event") == until for record in self.records(before)):
            if not self.running or time.monotonic() > give_up_at:
                state = "is not ready" if self.running else f"ended with {process.returncode}"
                self.kill()
                raise RuntimeError(f"the operator {state}; {self.log_file} ends with\n{self.tail()}")
            time.sleep(0.05)

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the operator, and wait for nothing."""
        assert not self.running, "the operator runs already"
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                (sys.executable, *self._command),
                env=self._environment,
                stdout=log,
                stderr=log,
                # Linux shares processor time between sessions: the operator must not starve beside all tests in one.
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing else forks here
            )
        return self._process

    def stop(self) -> int:
        """Send SIGTERM; the exit code. Raises RuntimeError if the operator does not end in time, after a SIGKILL."""
        assert self._process is not None, "the operator was not started here"
        self._process.terminate()
        try:
            return self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(
                f"the operator did not end within {_STOP_SECONDS} s; {self.log_file} ends with\n{self.tail()}"
            ) from None

    def kill(self) -> None:
        """Send SIGKILL, as if the machine were lost."""
        assert self._process is not None, "the operator was not started here"
        self._process.kill()
        self._process.wait()

    def suspend(self) -> None:
        """Send SIGSTOP: the process stalls, as on an overloaded machine."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Send SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def log(self, begin: int = 0) -> str:
        """The operator's log from a position in bytes."""
        if not self.log_file.exists():
            return ""
        with self.log_file.open("rb") as file:
            file.seek(begin)
            return file.read().decode(errors="replace")

    def tail(self, lines: int = 40) -> str:
        """Last lines of the operator's log."""
        return "\n".join(self.log().splitlines()[-lines:])

    def records(self, begin: int = 0) -> list[dict[str, Any]]:
        """The lines of its log that are JSON objects, which they are but for a traceback at its very end."""
        records = []
        for line in self.log(begin).splitlines():
            with contextlib.suppress(ValueError):
                record = json.loads(line)
                if isinstance(record, dict):
                    records.append(record)
        return records
