"""Receiver of notifications for the tutorial: prints one line for each CloudEvent. RECEIVER_PORT is its port (8900)."""

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Receiver(BaseHTTPRequestHandler):
    """Answers each POST with 204."""

    def do_POST(self) -> None:
        """Print the phase, the request and the message of a run."""
        run = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["data"]
        print(f"ALERT: {run['request']} {run['phase']}: {run.get('message', run.get('reason'))}", flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of http.server
        """Print nothing else."""


HTTPServer(("127.0.0.1", int(os.environ.get("RECEIVER_PORT", "8900"))), Receiver).serve_forever()
