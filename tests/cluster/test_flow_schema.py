"""The chart's FlowSchema on a real API server: it covers the operator's requests and no other ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pytest
from kubernetes import config
from tests.chart.helm import render
from tests.cluster.account import NAMESPACE

from process_operator.resources.kinds import JOB, LEASE, POD, PROCESS_REQUEST, PROCESS_RUN, Kind

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.kubectl import Kubectl

# The objects are of the whole cluster: with several processes one would delete what another one has just applied.
pytestmark = pytest.mark.xdist_group("flow_schema")

KINDS: Final = ("PriorityLevelConfiguration", "FlowSchema")
FLOW: Final = "X-Kubernetes-PF-FlowSchema-UID"
LEVEL: Final = "X-Kubernetes-PF-PriorityLevel-UID"


@pytest.fixture(scope="module")
def uids(cluster: Kubectl) -> Iterator[dict[str, str]]:
    """UIDs by kind of the objects that `flowSchema.enabled` of the chart adds, applied to the server."""
    chart = render({"flowSchema": {"enabled": True}}, namespace=NAMESPACE)
    objects = [chart.one(kind) for kind in KINDS]
    cluster.run("apply", "--filename", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    made = {}
    for found in objects:
        answer = cluster.run("get", found["kind"], found["metadata"]["name"], "--output", "json")
        made[found["kind"]] = json.loads(answer)["metadata"]["uid"]
    yield made
    for found in reversed(objects):
        cluster.run("delete", found["kind"], found["metadata"]["name"])


def flow_of(kubeconfig: Path, path: str) -> tuple[str, str]:
    """UIDs of the FlowSchema and priority level of an account's request, from the headers of the answer."""
    api = config.new_client_from_config(str(kubeconfig))  # type: ignore[no-untyped-call]
    call = api.param_serialize("GET", path, header_params={"Accept": "*/*"}, auth_settings=["BearerToken"])
    headers = api.call_api(*call, _request_timeout=30).getheaders()
    return headers[FLOW], headers[LEVEL]


@pytest.mark.parametrize("kind", [PROCESS_REQUEST, PROCESS_RUN, JOB, POD], ids=lambda kind: kind.plural)
def test_the_operators_requests_are_of_its_flow(
    cluster: Kubectl, account: Path, uids: dict[str, str], kind: Kind
) -> None:
    wanted = (uids["FlowSchema"], uids["PriorityLevelConfiguration"])
    # The server knows a new schema a moment later.
    cluster.wait_until(lambda: flow_of(account, kind.path(None)) == wanted, what="all namespaces")
    assert flow_of(account, kind.path("default")) == wanted


def test_requests_of_other_accounts_are_not_of_its_flow(kubeconfig: Path, uids: dict[str, str]) -> None:
    assert uids["FlowSchema"] not in flow_of(kubeconfig, LEASE.path("default"))
