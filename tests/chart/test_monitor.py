"""Objects of the Process Monitor in the chart. Neighbour: `test_render.py`."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from tests.builders.objects import Object
from tests.chart.helm import Rendered, rejection, render

from process_operator.monitor.settings import MonitorSettings, read_monitor_settings

NAME: Final = "process-operator-monitor"
URL: Final = "https://processes.example.com"
KINDS: Final = ("Deployment", "Service", "Ingress", "NetworkPolicy")


def rendered(values: Object | None = None, /, **monitor: Any) -> Rendered:
    return render({**(values or {}), "monitor": {"enabled": True, "publicURL": URL, **monitor}})


def pod(found: Rendered) -> Object:
    spec: Object = found.one("Deployment", NAME)["spec"]["template"]["spec"]
    return spec


def environment(found: Rendered) -> dict[str, str]:
    (container,) = pod(found)["containers"]
    return {variable["name"]: variable["value"] for variable in container["env"]}


def test_it_is_off_by_default() -> None:
    assert not [one for kind in KINDS for one in render().of(kind) if one["metadata"]["name"] == NAME]


def test_01_the_pod_has_no_token_and_no_account() -> None:
    spec = pod(rendered())
    assert spec["automountServiceAccountToken"] is False
    assert "serviceAccountName" not in spec
    assert spec["volumes"] == [
        {"name": "ca", "configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}
    ]
    rights = [one for kind in ("ClusterRole", "Role", "ServiceAccount") for one in rendered().of(kind)]
    assert len(rights) == sum(len(render().of(kind)) for kind in ("ClusterRole", "Role", "ServiceAccount"))


def test_13_the_pod_is_restricted() -> None:
    spec = pod(rendered())
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    security = container["securityContext"]
    assert security == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(container["resources"]) == {"requests", "limits"}


def test_13_only_dns_and_the_api_server_are_reached() -> None:
    peers = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}]
    policy = rendered(networkPolicy={"from": peers}).one("NetworkPolicy", NAME)["spec"]
    assert policy["ingress"] == [{"ports": [{"port": "http", "protocol": "TCP"}], "from": peers}]
    assert [{port["port"] for port in rule["ports"]} for rule in policy["egress"]] == [{53}, {443, 6443}]
    assert not rendered(networkPolicy={"enabled": False}).of("NetworkPolicy")


@pytest.mark.parametrize(
    "values", [{}, {"monitor": {"enabled": True, "publicURL": URL}}], ids=["without it", "with it"]
)
def test_no_selector_of_the_operator_finds_the_monitor(values: Object) -> None:
    found = render({"podDisruptionBudget": {"enabled": True}, "networkPolicy": {"enabled": True}, **values})
    labels = {one["metadata"]["name"]: one["spec"]["template"]["metadata"]["labels"] for one in found.of("Deployment")}
    for kind in ("Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"):
        for one in found.of(kind):
            spec = one["spec"]
            selector = spec.get("podSelector") or spec["selector"]
            wanted = selector.get("matchLabels", selector).items()
            chosen = {name for name, has in labels.items() if wanted <= has.items()}
            assert chosen == {NAME if one["metadata"]["name"] == NAME else "process-operator"}


def test_the_settings_can_be_read_by_the_monitor(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"watchNamespaces": ["erp", "sales"], "admissionPolicy": {"enabled": False}}
    given = environment(rendered(values, tokenSignIn=False, apiServer="https://oidc-proxy.example.com", port=9000))
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = read_monitor_settings()
    assert (settings.public_url, settings.api_server) == (URL, "https://oidc-proxy.example.com")
    assert (settings.token_sign_in, settings.names_vouched) == (False, False)
    assert (settings.namespaces, settings.http_port) == (("erp", "sales"), 9000)
    assert str(settings.ca_file) == "/etc/process-monitor/ca.crt"


def test_every_setting_of_the_chart_is_one_of_the_monitor() -> None:
    names = {f"PROCESS_MONITOR_{name.upper()}" for name in MonitorSettings.model_fields}
    assert set(environment(rendered())) <= names


def test_without_a_ca_the_system_is_trusted() -> None:
    found = rendered(caConfigMap={"name": ""})
    assert "PROCESS_MONITOR_CA_FILE" not in environment(found)
    assert "volumes" not in pod(found)


def test_ingress_serves_the_public_host() -> None:
    (ingress,) = rendered(
        ingress={"enabled": True, "className": "nginx", "tlsSecretName": "tls", "annotations": {"a": "b"}}
    ).of("Ingress")
    (rule,) = ingress["spec"]["rules"]
    assert rule["host"] == "processes.example.com"
    assert rule["http"]["paths"][0]["backend"] == {"service": {"name": NAME, "port": {"name": "http"}}}
    assert ingress["spec"]["tls"] == [{"hosts": ["processes.example.com"], "secretName": "tls"}]
    assert ingress["spec"]["ingressClassName"] == "nginx"
    assert ingress["metadata"]["annotations"] == {"a": "b"}


def test_service_leads_to_the_port_of_the_container() -> None:
    found = rendered()
    (port,) = found.one("Service", NAME)["spec"]["ports"]
    (container,) = pod(found)["containers"]
    assert (port["port"], port["targetPort"]) == (80, container["ports"][0]["name"])


@pytest.mark.parametrize(
    ("monitor", "word"),
    [
        pytest.param({"enabled": True}, "publicURL", id="no address"),
        pytest.param({"enabled": True, "publicURL": "processes.example.com"}, "publicURL", id="no scheme"),
        pytest.param({"enabled": True, "publicURL": f"{URL}/monitor"}, "publicURL", id="a path"),
        pytest.param({"enabled": True, "publicURL": URL, "port": 0}, "port", id="no port"),
    ],
)
def test_wrong_values_are_rejected(monitor: Object, word: str) -> None:
    assert re.search(word, rejection({"monitor": monitor}))
