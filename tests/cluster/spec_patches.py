"""Objects of the four kinds with a patch on their shortest spec, and checks of how the API server rejects them.

Neighbours: `test_*_rejected_at_apply.py` have the tables.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from process_operator.resources.names import API_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cluster.kubectl import Kubectl

Patch = dict[str, Any]

CONTAINER = {"name": "main", "image": "busybox"}
TEMPLATE: Patch = {"spec": {"template": {"spec": {"containers": [CONTAINER]}}}}
SHORTEST: Mapping[str, Patch] = {
    "Process": {"jobTemplate": TEMPLATE},
    "ProcessRequest": {"process": {"name": "close-day"}, "timing": {"runImmediately": {}}},
    "ProcessRun": {"request": {"name": "nightly-close"}},
    "ProcessBackfill": {
        "request": {"name": "nightly-close"},
        "from": "2027-01-01T00:00:00Z",
        "to": "2027-01-31T23:59:59Z",
    },
}


def merged(base: Patch, patch: Patch) -> Patch:
    """JSON merge patch (RFC 7386): a null removes."""
    result = {key: value for key, value in base.items() if key not in patch}
    for key, value in patch.items():
        before = base.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            result[key] = merged(before, value)
        elif value is not None:
            result[key] = value
    return result


def manifest(kind: str, patch: Patch) -> Patch:
    """The shortest object of the kind with the patch on its spec, under a name of its own."""
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": f"{kind.lower()}-{secrets.token_hex(4)}"},
        "spec": merged(SHORTEST[kind], patch),
    }


def timing(**value: object) -> Patch:
    return {"timing": {"runImmediately": None, **value}}


def later(**value: object) -> Patch:
    return timing(runLater=value)


def schedule(**value: object) -> Patch:
    return timing(schedule=value)


def daily(**value: object) -> Patch:
    """A daily schedule with more beside it."""
    return schedule(daily={"at": "02:30"}, **value)


def monthly(**value: object) -> Patch:
    return schedule(monthly={"at": "02:30", **value})


def weekly(**value: object) -> Patch:
    return schedule(weekly={"at": "02:30", **value})


def template(pod: object) -> Patch:
    """A Job template in place of a Process."""
    return {"process": None, "jobTemplate": {"spec": {"template": {"spec": pod}}}}


def parameter(**value: object) -> Patch:
    return {"parameters": [value]}


def step(name: str = "first") -> Patch:
    return {"name": name, "process": {"name": "close-day"}}


AN_AT = "must be a time of day with two digits for each part"
A_DURATION = "must be up to four whole numbers with the units h, m, s or ms, such as 90s or 1h30m; a day is 24h"
AN_INSTANT = "must be an RFC 3339 timestamp with a zone, from 1970 to 2199, such as 2027-01-31T02:30:00Z"
A_ZONE = "must be a name of the IANA time zone database, such as Europe/Madrid or America/New_York"
ONE_TIMING = "exactly one of runImmediately (written as runImmediately: {}), runLater and schedule must be set"
ONE_FREQUENCY = "exactly one of secondly, minutely, hourly, daily, weekly, monthly and cron must be set"
ONE_SOURCE = "exactly one of process and jobTemplate must be set"


def assert_names(message: str, field: str, words: str) -> None:
    """The message has a line that names the field and says what is allowed."""
    lines = [line for line in message.splitlines() if words in line]
    assert any(f"{field}:" in line or f'"{field}"' in line for line in lines), message


def assert_kubectl_rejects(cluster: Kubectl, namespace: str, wrong: Patch, *, field: str, words: str) -> None:
    answer = cluster.apply(wrong, namespace)
    assert not answer.ok, answer.message
    assert_names(answer.message, field, words)


def assert_rejected(cluster: Kubectl, namespace: str, wrong: Patch, *, field: str, words: str) -> None:
    message = cluster.writer.create(wrong["kind"], wrong, namespace)
    assert message, "the server takes it"
    assert_names(message, field, words)
