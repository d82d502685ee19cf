"""Relay before the API server at an address that pods reach: TLS on both sides, and no byte changed.

The API server of a test cluster listens on loopback, which pods do not share. Pods reach this machine's end of their
links. The relay stands for what `monitor.apiServer` is for: a server before the API server, with a CA of its own.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml
from tests.monitor_cluster.oidc_issuer import self_signed

_PIECE_BYTES: Final = 65536


class TlsRelay:
    """The relay listens on `url` until `close`; `ca` is its authority (PEM)."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        config: dict[str, Any] = yaml.safe_load(kubeconfig.read_text())
        self._server = urlsplit(config["clusters"][0]["cluster"]["server"])
        # The first address of the pods' range is that of each link's end on this machine.
        slot = json.loads((kubeconfig.parent / "settings.json").read_text())["slot"]
        address = f"10.{200 + slot}.0.1"
        certificate, key = folder / "relay.crt", folder / "relay.key"
        self_signed(certificate, key, f"IP:{address}")
        self.ca = certificate.read_text()
        self._near = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._near.load_cert_chain(certificate, key)
        self._far = ssl.create_default_context(cafile=str(kubeconfig.parent / "pki" / "ca.crt"))
        self._listener = socket.create_server(("0.0.0.0", 0))
        self.url = f"https://{address}:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening. The connections of pods end with the pods."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        host, port = str(self._server.hostname), self._server.port or 443
        with suppress(OSError), near, self._near.wrap_socket(near, server_side=True) as inner:
            far = socket.create_connection((host, port))
            with far, self._far.wrap_socket(far, server_hostname=host) as outer:
                back = threading.Thread(target=_copy, args=(outer, inner), daemon=True)
                back.start()
                _copy(inner, outer)
                back.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_PIECE_BYTES):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
