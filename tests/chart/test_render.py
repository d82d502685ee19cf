"""Rendered templates of the chart for several values. Neighbour: `tests/cluster/test_install.py` installs the chart."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from tests.builders.objects import Object
from tests.chart.helm import CHART, REPOSITORY, program, rejection, render

from process_operator import __version__
from process_operator.settings import Settings

EVERYTHING: Object = {
    "replicaCount": 2,
    "podDisruptionBudget": {"enabled": True},
    "networkPolicy": {"enabled": True},
    "flowSchema": {"enabled": True},
    "metrics": {
        "serviceMonitor": {"enabled": True},
        "podMonitor": {"enabled": True},
        "prometheusRule": {"enabled": True, "alertLabels": {"team": "erp"}},
        "dashboard": {"enabled": True},
    },
    "imagePullSecrets": [{"name": "registry"}],
    "priorityClassName": "system-cluster-critical",
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"operator": "Exists"}],
    "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
    "receivers": [
        {
            "name": "ops",
            "url": "https://hooks.example/runs",
            "namespaces": ["erp"],
            "keySecret": {"name": "keys", "key": "ops"},
        }
    ],
    "podLabels": {"a": "b"},
    "podAnnotations": {"c": "d"},
    "commonLabels": {"owner": "erp"},
    "serviceAccount": {"annotations": {"e": "f"}},
}
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())


def container(manifest: Object) -> Object:
    (found,) = manifest["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def environment(values: Object | None = None) -> dict[str, str]:
    found = container(render(values).one("Deployment"))["env"]
    names = [variable["name"] for variable in found]
    assert len(names) == len(set(names)), "a variable that is there twice is rejected by server-side apply"
    return {variable["name"]: variable.get("value", "") for variable in found}


def sections(schema: Object, values: Any, path: str = "") -> Iterator[tuple[str, Object, Any]]:
    """Every object of the schema that knows its fields, with the default values of it."""
    if schema.get("additionalProperties") is False:
        yield path, schema, values
        for name, inner in schema["properties"].items():
            yield from sections(inner, (values or {}).get(name), f"{path}.{name}" if path else name)


SECTIONS = list(sections(SCHEMA, VALUES))


@pytest.mark.parametrize("path", [section[0] for section in SECTIONS], ids=lambda path: path or "top")
def test_a_typo_is_rejected(path: str) -> None:
    wrong: Any = {"replicasCount": 1}
    for name in reversed(path.split(".") if path else []):
        wrong = {name: wrong}
    if "imagePullSecrets" not in path:
        assert "replicasCount" in rejection(wrong)


def test_the_schema_knows_each_value_and_nothing_else() -> None:
    optional = {"global", "claims", "initialDelaySeconds", "successThreshold", "terminationGracePeriodSeconds"}
    for path, schema, values in SECTIONS:
        if isinstance(values, dict):
            assert set(values) <= set(schema["properties"]), path
            assert set(schema["properties"]) - set(values) <= optional, path


@pytest.mark.parametrize(
    ("values", "words"),
    [
        pytest.param({"replicaCount": "two"}, "replicaCount", id="a word for a number"),
        pytest.param({"image": {"pullPolicy": "Sometimes"}}, "pullPolicy", id="an unknown pull policy"),
        pytest.param({"image": {"digest": "abc"}}, "digest", id="a digest that is none"),
        pytest.param({"watchNamespaces": ["Erp"]}, "watchNamespaces", id="a namespace in capitals"),
        pytest.param({"operator": {"defaultEngine": "cronjob"}}, "defaultEngine", id="an unknown engine"),
        pytest.param({"http": {"port": 0}}, "port", id="a port that is none"),
        pytest.param({"logUrl": "javascript:alert(1)"}, "logUrl", id="a log URL of another scheme"),
        pytest.param({"logUrl": "https://{pod}.example.com/"}, "logUrl", id="a log URL with a field in the host"),
        pytest.param({"lease": {"seconds": 1}}, "seconds", id="a lease that is too short to renew"),
    ],
)
def test_a_bad_value_is_rejected_by_its_name(values: Object, words: str) -> None:
    assert words in rejection(values)


def test_each_value_has_a_comment() -> None:
    lines = (CHART / "values.yaml").read_text().splitlines()
    for path, _, values in SECTIONS:
        for name, value in (values or {}).items() if isinstance(values, dict) else ():
            is_section = f"{path}.{name}".lstrip(".") in {section[0] for section in SECTIONS}
            if is_section or path.startswith(("probes.", "resources", "monitor.resources", "updateStrategy")):
                continue
            found = [number for number, line in enumerate(lines) if re.match(rf"\s*{name}:", line)]
            assert any(_comment_above(lines, number) for number in found), f"{path}.{name} = {value}"


def _comment_above(lines: list[str], number: int) -> bool:
    while lines[number - 1].strip().startswith("#"):
        number -= 1
        if lines[number].strip().startswith("# --"):
            return True
    return False


def test_every_setting_of_the_chart_is_one_of_the_operator() -> None:
    variables = {name for name in environment(EVERYTHING) if name.startswith("PROCESS_OPERATOR_")}
    known = {f"PROCESS_OPERATOR_{name.upper()}" for name in Settings.model_fields}
    assert variables <= known
    assert known - variables <= {"PROCESS_OPERATOR_WATCH_SILENCE_SECONDS"}


def test_the_settings_of_the_chart_can_be_read_by_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment({"watchNamespaces": ["erp", "web"]}).items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.watch_namespaces == ("erp", "web")
    assert settings.model_copy(
        update={
            "watch_namespaces": (),
            "lease_namespace": "",
            "lease_name": "process-operator",
            "http_port": None,
            "verified_users": False,
        }
    ) == Settings.model_construct(
        **{name: field.default for name, field in Settings.model_fields.items()} | {"log_format": "json"}
    ), "the chart's defaults are the operator's"


def test_versions_agree() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == chart["version"] == __version__
    assert container(render().one("Deployment"))["image"] == f"process-operator:{__version__}"


def test_a_digest_wins_over_the_tag() -> None:
    digest = "sha256:" + "0" * 64
    deployment = render({"image": {"repository": "r/op", "tag": "1", "digest": digest}}).one("Deployment")
    assert container(deployment)["image"] == f"r/op@{digest}"


def test_the_pod_is_as_restricted_as_can_be() -> None:
    for pod in (render().one("Deployment")["spec"]["template"]["spec"], render().one("Pod")["spec"]):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        (only,) = pod["containers"]
        assert only["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_all_namespaces_need_a_cluster_role() -> None:
    chart = render()
    assert chart.one("ClusterRoleBinding")["subjects"][0]["namespace"] == "ops"
    assert {role["metadata"]["name"] for role in chart.of("Role")} == {
        "process-operator-test",
        "process-operator-lease",
    }


def test_some_namespaces_need_a_role_in_each_and_no_cluster_role() -> None:
    chart = render({"watchNamespaces": ["erp", "web"]})
    assert chart.of("ClusterRole") == chart.of("ClusterRoleBinding") == []
    in_each = [
        role["metadata"]["namespace"] for role in chart.of("Role") if role["metadata"]["name"] == "ops-process-operator"
    ]
    assert sorted(in_each) == ["erp", "web"]
    everywhere = render().one("ClusterRole", "ops-process-operator")["rules"]
    assert all(
        role["rules"] == everywhere for role in chart.of("Role") if role["metadata"]["name"] == "ops-process-operator"
    )


@pytest.mark.parametrize("namespaces", [[], ["erp"]], ids=["all namespaces", "some namespaces"])
@pytest.mark.parametrize("wanted", [None, True, False], ids=["unset", "wanted", "not wanted"])
def test_people_get_their_rights_by_cluster_roles_where_that_is_wanted(
    namespaces: list[str], *, wanted: bool | None
) -> None:
    chart = render({"watchNamespaces": namespaces, "rbac": {"aggregateClusterRoles": wanted}})
    aggregated = [role["metadata"]["name"] for role in chart.of("ClusterRole") if "view" in str(role["metadata"])]
    assert bool(aggregated) == (not namespaces if wanted is None else wanted)


def test_role_of_the_buttons_exists_only_with_the_policy_that_limits_it() -> None:
    name = "ops-process-operator-run"
    role = render().one("ClusterRole", name)
    assert role["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-admin"] == "true"
    off = render({"admissionPolicy": {"enabled": False}})
    assert name not in {other["metadata"]["name"] for other in off.of("ClusterRole")}


def test_the_test_looks_into_a_watched_namespace_from_that_of_the_release() -> None:
    chart = render({"watchNamespaces": ["erp", "web"]})
    pod, name = chart.one("Pod"), "process-operator-test"
    assert pod["metadata"]["namespace"] == "ops"
    assert "erp" in pod["spec"]["containers"][0]["args"]
    assert chart.one("ServiceAccount", name)["metadata"]["namespace"] == "ops"
    assert chart.one("Role", name)["metadata"]["namespace"] == "erp"
    binding = chart.one("RoleBinding", name)
    assert (binding["metadata"]["namespace"], binding["subjects"][0]["namespace"]) == ("erp", "ops")


def test_every_container_of_the_chart_has_resources() -> None:
    chart = render()
    pods = (chart.one("Deployment")["spec"]["template"]["spec"], chart.one("Pod")["spec"])
    assert [only["resources"]["requests"] for pod in pods for only in pod["containers"]] == [
        {"cpu": "50m", "memory": "128Mi"}
    ] * 2


def test_no_role_reads_secrets_or_takes_all() -> None:
    chart = render(EVERYTHING)
    for role in [*chart.of("ClusterRole"), *chart.of("Role")]:
        for rule in role["rules"]:
            assert "secrets" not in rule["resources"]
            assert "*" not in rule["resources"] + rule["verbs"] + rule["apiGroups"]


def test_the_aggregated_roles_give_no_right_to_the_status_of_our_kinds() -> None:
    for role in render().of("ClusterRole"):
        if any("aggregate-to" in label for label in role["metadata"]["labels"]):
            assert not [r for rule in role["rules"] for r in rule["resources"] if "/" in r]


@pytest.mark.parametrize(("keep", "annotated"), [(True, True), (False, False)], ids=["kept", "not kept"])
def test_crds_are_those_of_the_project(*, keep: bool, annotated: bool) -> None:
    committed = {crd["metadata"]["name"]: crd for crd in map(yaml.safe_load, _crd_files())}
    for crd in render({"crds": {"keep": keep}}).of("CustomResourceDefinition"):
        assert crd["spec"] == committed.pop(crd["metadata"]["name"])["spec"]
        assert ("helm.sh/resource-policy" in crd["metadata"].get("annotations", {})) is annotated
    assert committed == {}
    assert render({"crds": {"enabled": False}}).of("CustomResourceDefinition") == []


def _crd_files() -> list[str]:
    return [path.read_text() for path in (REPOSITORY / "crds").glob("*.yaml")]


def test_two_releases_share_no_name() -> None:
    def names(namespace: str, release: str) -> set[tuple[str, str, str]]:
        found = render(EVERYTHING, release=release, namespace=namespace).manifests
        return {
            (manifest["kind"], manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"])
            for manifest in found
            if manifest["kind"] != "CustomResourceDefinition"
        }

    assert not names("one", "process-operator") & names("two", "process-operator")
    assert not names("one", "a") & names("one", "b")


def test_labels_and_names_are_valid_however_long_the_release_is() -> None:
    for manifest in render(EVERYTHING, release="a" * 53).manifests:
        assert len(manifest["metadata"]["name"]) <= 63, manifest["kind"]
        for value in (manifest["metadata"].get("labels") or {}).values():
            assert re.fullmatch(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?", value), (manifest["kind"], value)
            assert len(value) <= 63


def test_everything_that_was_asked_for_is_there() -> None:
    chart = render(EVERYTHING)
    kinds = {manifest["kind"] for manifest in chart.manifests}
    assert kinds >= {
        "PodDisruptionBudget",
        "NetworkPolicy",
        "FlowSchema",
        "PriorityLevelConfiguration",
        "ServiceMonitor",
        "PodMonitor",
        "PrometheusRule",
        "ConfigMap",
        "Service",
    }
    deployment = chart.one("Deployment")
    pod = deployment["spec"]["template"]["spec"]
    assert deployment["spec"]["replicas"] == 2
    assert pod["priorityClassName"] == "system-cluster-critical"
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert {"name": "HTTPS_PROXY", "value": "http://proxy:3128"} in container(deployment)["env"]
    selector = deployment["spec"]["selector"]["matchLabels"]
    assert pod["topologySpreadConstraints"][0]["labelSelector"] == {"matchLabels": selector}
    assert chart.one("PodDisruptionBudget")["spec"]["selector"] == {"matchLabels": selector}
    assert chart.one("NetworkPolicy")["spec"]["podSelector"] == {"matchLabels": selector}
    rules = chart.one("PrometheusRule")["spec"]["groups"][0]["rules"]
    assert all(rule["labels"]["team"] == "erp" for rule in rules)


def test_what_was_not_asked_for_is_not_there() -> None:
    kinds = {manifest["kind"] for manifest in render().manifests}
    assert not kinds & {
        "PodDisruptionBudget",
        "NetworkPolicy",
        "FlowSchema",
        "ServiceMonitor",
        "PodMonitor",
        "PrometheusRule",
    }
    off = render(
        {"admissionPolicy": {"enabled": False}, "rbac": {"create": False}, "serviceAccount": {"create": False}}
    )
    left = {manifest["kind"] for manifest in off.manifests if "annotations" not in manifest["metadata"]}
    assert not left & {"ValidatingAdmissionPolicy", "ClusterRole", "Role", "ServiceAccount"}


def test_alerts_and_dashboard_ask_for_metrics_that_exist() -> None:
    documented = set(
        re.findall(r"`(process_operator_\w+)`", (REPOSITORY / "docs" / "reference" / "metrics.md").read_text())
    )
    chart = render(EVERYTHING)
    rules = chart.one("PrometheusRule")["spec"]["groups"][0]["rules"]
    dashboard = json.loads(chart.one("ConfigMap", "process-operator-dashboard")["data"]["process-operator.json"])
    asked = [rule["expr"] for rule in rules] + [t["expr"] for panel in dashboard["panels"] for t in panel["targets"]]
    used = {
        name.removesuffix("_bucket") for expression in asked for name in re.findall(r"process_operator_\w+", expression)
    }
    assert used <= documented
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_the_readme_is_that_of_the_values() -> None:
    arguments = ("--chart-search-root", str(CHART.parent), "--sort-values-order", "file", "--dry-run")
    made = subprocess.run((program("helm-docs"), *arguments), capture_output=True, text=True, check=True).stdout
    assert made.strip() == (CHART / "README.md").read_text().strip(), "run `make chart`"
