"""Manifests for the tests of this folder: small processes, requests and runs of shell scripts in busybox.

Neighbours: `kubectl.py` applies them.
"""

from __future__ import annotations

from tests.builders.manifests import manifest
from tests.builders.objects import Object

from process_operator.resources.kinds import PROCESS, PROCESS_BACKFILL, PROCESS_REQUEST, PROCESS_RUN

IMAGE = "localhost/busybox:1"
GRACE_SECONDS = 2
RELEASED = "/released"
"""The file in a container that `held` works up to."""


def job_template(script: str = "echo done", *, grace_seconds: int = GRACE_SECONDS, **job: object) -> Object:
    """A Job template whose one container, `main`, runs a shell script; `job` are further fields of the Job's spec."""
    pod = {
        "terminationGracePeriodSeconds": grace_seconds,
        "containers": [{"name": "main", "image": IMAGE, "command": ["sh", "-c", script]}],
    }
    return {"spec": {"backoffLimit": 0, "template": {"spec": pod}, **job}}


def sleeper(seconds: int) -> str:
    """A script that works for `seconds` and prints so. On SIGTERM it prints last words and ends at once."""
    return f"trap 'echo last words; exit 7' TERM; echo begun; sleep {seconds} & wait $!; echo ended"


def held(*, last_words_seconds: int = 0) -> str:
    """A script that works until `Workspace.release`, and prints so. On SIGTERM it prints last words and ends.

    Its runs are still at work when a test reaches them, however long that takes.
    """
    work = f"until [ -e {RELEASED} ]; do sleep 0.2 & wait $!; done"
    last_words = f"echo last words; sleep {last_words_seconds}; exit 7"
    return f"trap '{last_words}' TERM; echo begun; {work}; echo ended"


def slow_to_go(seconds: int) -> Object:
    """The template of a held script that takes some seconds to end, in which a busy operator can read its log."""
    return job_template(held(last_words_seconds=seconds), grace_seconds=30)


def process(name: str, script: str = "echo done", **spec: object) -> Object:
    """A Process; `spec` are further fields of its spec, and `jobTemplate` replaces the one of the script."""
    return manifest(PROCESS, name, {"jobTemplate": job_template(script), **spec})


def request(name: str, timing: Object, script: str = "echo done", **spec: object) -> Object:
    """A ProcessRequest with a template of its own, unless `process` or `jobTemplate` is among the further fields."""
    own = {} if spec.keys() & {"process", "jobTemplate"} else {"jobTemplate": job_template(script)}
    return manifest(PROCESS_REQUEST, name, {"timing": timing, **own, **spec})


def immediately() -> Object:
    """The timing Run Immediately."""
    return {"runImmediately": {}}


def later(**fields: object) -> Object:
    """The timing Run Later."""
    return {"runLater": fields}


def schedule(**fields: object) -> Object:
    """The timing Schedule: `schedule(secondly={"every": 2}, finishTime=...)`."""
    return {"schedule": fields}


def backfill(name: str, of: str, begin: str, end: str, **spec: object) -> Object:
    """A ProcessBackfill of a request, from and to instants as the API server writes them."""
    return manifest(PROCESS_BACKFILL, name, {"request": {"name": of}, "from": begin, "to": end, **spec})


def manual_run(request_name: str, name: str = "", **spec: object) -> Object:
    """A ProcessRun as a person makes it; without a name it gets one that is generated."""
    metadata = {"name": name} if name else {"generateName": f"{request_name}-"}
    return {
        "apiVersion": PROCESS_RUN.api_version,
        "kind": PROCESS_RUN.kind,
        "metadata": metadata,
        "spec": {"request": {"name": request_name}, **spec},
    }
