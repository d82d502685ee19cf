"""Start-up of an operator that cannot work: it logs the reason and a remedy in one line, and is not ready meanwhile.

Neighbour: `tests/unit/service/test_health.py` has the probes.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cluster.kubectl import Kubectl
from tests.cluster.operator_process import OperatorProcess

pytestmark = pytest.mark.node


def wrong_address(config: dict[str, Any], _: Kubectl) -> None:
    for cluster in config["clusters"]:
        cluster["cluster"]["server"] = "https://127.0.0.1:1"


def unknown_token(config: dict[str, Any], _: Kubectl) -> None:
    for user in config["users"]:
        user["user"] = {"token": "of-another-cluster"}


def no_rights(config: dict[str, Any], cluster: Kubectl) -> None:
    token = cluster.run("create", "token", "default", "--namespace", "default").strip()
    for user in config["users"]:
        user["user"] = {"token": token}


def another_authority(config: dict[str, Any], _: Kubectl) -> None:
    for cluster in config["clusters"]:
        cluster["cluster"].pop("certificate-authority-data", None)
        cluster["cluster"].pop("certificate-authority", None)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(
            wrong_address,
            "waiting for the API server at https://127.0.0.1:1: no answer (is the address right",
            id="a wrong address",
        ),
        pytest.param(
            unknown_token,
            "does not accept this account's credentials (is the token expired",
            id="a token that is not known",
        ),
        pytest.param(
            no_rights, "waiting for rights: this account has no right to list what the operator watches", id="no rights"
        ),
        pytest.param(another_authority, "waiting for the API server at", id="a certificate of an unknown authority"),
    ],
)
def test_it_says_what_is_wrong(
    spoil: Callable[[dict[str, Any], Kubectl], None], said: str, cluster: Kubectl, tmp_path: Path
) -> None:
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    spoil(config, cluster)
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    environment = {"PROCESS_OPERATOR_HTTP_HOST": "127.0.0.1", "PROCESS_OPERATOR_HTTP_PORT": "0"}
    operator = OperatorProcess(kubeconfig, tmp_path / "log", environment=environment)
    operator.spawn()
    try:
        complaints = cluster.wait_until(
            lambda: [str(record["event"]) for record in operator.records() if record["level"] == "error"], what=said
        )
        assert len(complaints) == 1
        assert said in complaints[0]
        (port,) = {record["port"] for record in operator.records() if record.get("event") == "probes and metrics"}
        assert answer(port, "/readyz") == (503, "not ready: the first list has not succeeded yet; the log says why\n")
        assert answer(port, "/livez") == (200, "live\n"), "a new process would meet the same"
        assert operator.stop() == 0
    finally:
        operator.kill()


def answer(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_without_any_configuration_it_ends_and_says_where_it_looked(tmp_path: Path) -> None:
    operator = OperatorProcess(tmp_path / "absent", tmp_path / "log")
    assert operator.spawn().wait(120) == 2
    assert f"there is no kubeconfig at {tmp_path / 'absent'}" in operator.log()
