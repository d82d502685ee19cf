"""Network of the browser: a network namespace of its own, with a loopback interface alone.

Chromium cancels its requests whenever an interface of the machine appears, as those of pods do. Ports of this machine are
forwarded into the namespace one by one. A laptop's sleep stops all processes there, and silences their connections.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.cluster.operator_process import die_with_parent

_CLONE_NEWNET: Final = 0x40000000
_PIECE_BYTES: Final = 65536


class BrowserNetwork:
    """The namespace lives until `close`. Needs root, as the node of the cluster does."""

    def __init__(self) -> None:
        hold = ("unshare", "--net", "sh", "-ec", "ip link set lo up; echo ready; exec sleep infinity")
        self._holder = subprocess.Popen(
            hold,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing else forks here
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "ready\n"
        self._listeners: dict[int, socket.socket] = {}
        self._links: list[_Link] = []
        self._is_away = False

    def program(self, chromium: str, path: Path) -> Path:
        """Write a program that starts the browser in this network; its path."""
        path.write_text(f'#!/bin/sh\nexec nsenter --net={self._namespace} {chromium} "$@"\n')
        path.chmod(0o755)
        return path

    def forward(self, port: int) -> None:
        """Forward a port of the namespace's loopback to the same port of this machine's."""
        if port in self._listeners:
            return
        listener = self._listeners[port] = self._listen(port)
        threading.Thread(target=self._accept, args=(listener, port), daemon=True).start()

    def cut(self) -> None:
        """Break all connections of the namespace. New connections work."""
        for link in self._links:
            link.close()
        self._links.clear()

    def leave(self) -> None:
        """Break all connections of the namespace. New connections break too, until `come_back`."""
        self._is_away = True
        self.cut()

    def come_back(self) -> None:
        """Forward new connections again."""
        self._is_away = False

    def sleep(self) -> None:
        """Stop all processes of the namespace. Their open connections stay open, and no byte passes any more."""
        for pid in self._pids():
            os.kill(pid, signal.SIGSTOP)
        for link in self._links:
            link.is_silent = True

    def wake(self) -> None:
        """Continue these processes. New connections work."""
        for pid in self._pids():
            os.kill(pid, signal.SIGCONT)

    def close(self) -> None:
        """End the forwarding and the namespace."""
        for listener in self._listeners.values():
            # Without the first call the thread would wait in accept() forever.
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.cut()
        # Its end waits for the process, and closes the pipe to it.
        with self._holder:
            self._holder.terminate()

    @property
    def _namespace(self) -> str:
        return f"/proc/{self._holder.pid}/ns/net"

    def _pids(self) -> list[int]:
        ours, found = Path(self._namespace).readlink(), []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (folder / "ns" / "net").readlink() == ours and int(folder.name) != self._holder.pid:
                    found.append(int(folder.name))
        return found

    def _listen(self, port: int) -> socket.socket:
        """Make a socket in the namespace, by a thread that enters it. A socket stays in the network of its birth."""
        made: list[socket.socket] = []

        def make() -> None:
            with Path(self._namespace).open("rb") as file:
                if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(socket.create_server(("127.0.0.1", port)))

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        (listener,) = made
        return listener

    def _accept(self, listener: socket.socket, port: int) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            if self._is_away:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", port))
            except OSError:
                near.close()
            else:
                self._links.append(_Link(near, far))


class _Link:
    """One forwarded connection. A silent one swallows its bytes and stays open."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.is_silent = False
        self._ends = (near, far)
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_PIECE_BYTES):
                if self.is_silent:
                    return
                sink.sendall(data)
        if not self.is_silent:
            with suppress(OSError):
                sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close both ends, also under a thread that reads from one."""
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
