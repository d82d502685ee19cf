"""Receivers of events about runs, with an operator that knows them: what arrives, and what runs and requests say of it.

Neighbour: `tests/contract/test_notifier.py` has receivers that misbehave.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.cluster.manifests import immediately, request
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.workspace import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.workspace import Workspace

pytestmark = [pytest.mark.node, pytest.mark.disruptive]

KEY = "a key that only these two know"
FAILS = "echo no such ledger; exit 3"


@dataclass
class Hook:
    """A receiver of events: says `status` to each, and keeps them."""

    status: int = 200
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(hook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.close()


@pytest.fixture
def notifying(
    account: Path, tmp_path: Path, space: Workspace, operator: OperatorProcess, hook: Hook
) -> Iterator[OperatorProcess]:
    """An operator for one namespace that knows the receiver; that of the other tests is away."""
    operator.stop()
    (tmp_path / "key").write_text(KEY)
    pager = {"name": "pager", "url": hook.url, "allowHTTP": True, "keyFile": str(tmp_path / "key")}
    theirs = {"name": "theirs", "url": hook.url, "allowHTTP": True, "namespaces": ["elsewhere"]}
    file = tmp_path / "receivers.yaml"
    file.write_text(yaml.safe_dump({"receivers": [{**pager, "namespaces": [space.namespace]}, theirs]}))
    environment = {
        "PROCESS_OPERATOR_RECEIVERS_FILE": str(file),
        "PROCESS_OPERATOR_WATCH_NAMESPACES": space.namespace,
        "PROCESS_OPERATOR_LOG_URL": "https://logs.example.com/{namespace}/{pod}?container={container}",
    }
    made = OperatorProcess(account, tmp_path / "operator.log", environment=environment)
    try:
        made.start()
        yield made
    finally:
        if made.running:
            made.kill()


def conditions(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["type"]: (one["status"], one["reason"]) for one in found["status"].get("conditions", ())}


def wait_notified(space: Workspace, of: str) -> dict[str, Any]:
    """Wait until the only run of a request says what became of its notifications; the run."""

    def look() -> list[dict[str, Any]]:
        return [run for run in space.runs(of) if "Notified" in conditions(run)]

    (run,) = space.wait(look, f"the run of {of} says Notified")
    return run


@pytest.mark.usefixtures("notifying")
def test_a_failure_is_told_and_a_receiver_that_must_not_be_used_stops_nothing(space: Workspace, hook: Hook) -> None:
    space.apply(request("close", immediately(), FAILS, notify=[{"receiver": "pager"}]))
    space.apply(request("import", immediately(), FAILS, notify=[{"receiver": "theirs"}]))
    space.apply(request("report", immediately(), notify=[{"receiver": "pager"}]))
    run = wait_notified(space, "close")
    assert conditions(run)["Notified"] == ("True", "Delivered")
    assert space.cluster.wait("prun", name_of(run), space.namespace, "condition=Finished").ok
    assert conditions(space.request("close"))["NotificationsReady"] == ("True", "ReceiversFound")

    other = wait_notified(space, "import")
    assert (other["status"]["phase"], conditions(other)["Notified"]) == ("Failed", ("False", "ReceiverNotAllowed"))
    assert conditions(space.request("import"))["NotificationsReady"] == ("False", "ReceiverNotAllowed")
    space.wait(lambda: "ReceiverNotAllowed" in space.event_types("import"), "an Event says so")

    (report,) = space.wait_runs("report", 1, "Succeeded")
    assert "Notified" not in conditions(report)
    # At least once: what a busy receiver answered too late comes again, under the same id.
    assert len({headers["webhook-id"] for headers, _ in hook.came}) == 1
    headers, body = hook.came[0]
    event = json.loads(body)
    assert (event["id"], event["type"]) == (f"{run['metadata']['uid']}-finished", "io.process-operator.run.failed")
    assert event["data"] | {"exitCode": 3, "reason": "ExitCode", "run": name_of(run)} == event["data"]
    url = f"https://logs.example.com/{space.namespace}/{run['status']['pod']}?container=main"
    assert (run["status"]["log"]["url"], event["data"]["logUrl"]) == (url, url)
    assert "ledger" not in body.decode()
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(KEY.encode(), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_an_end_that_was_not_delivered_is_told_by_the_next_operator(
    space: Workspace, hook: Hook, notifying: OperatorProcess
) -> None:
    hook.status = 503
    space.apply(request("close", immediately(), FAILS, notify=[{"receiver": "pager"}]))
    space.wait(lambda: hook.came, "the first try")
    notifying.kill()
    (run,) = space.runs("close")
    assert conditions(run)["Finished"][0] == "True"
    assert "Notified" not in conditions(run)
    hook.status = 200
    notifying.start()
    assert conditions(wait_notified(space, "close"))["Notified"] == ("True", "Delivered")
    assert {headers["webhook-id"] for headers, _ in hook.came} == {f"{run['metadata']['uid']}-finished"}
