"""Receivers of notifications in the chart: the file is one that the operator reads, and changes restart it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml
from tests.builders.objects import Object
from tests.chart.helm import Rendered, rejection, render

from process_operator.resources.receiver import Receivers

PAGER: Object = {
    "name": "pager",
    "url": "https://alerts.example.com/x?y=z",
    "namespaces": ["*"],
    "keySecret": {"name": "pager-key", "key": "key"},
    "caConfigMap": {"name": "our-ca", "key": "ca.crt"},
}
LEDGER: Object = {"name": "ledger", "url": "http://ledger.erp.svc:8080", "namespaces": ["erp"], "allowHTTP": True}


def pod(rendered: Rendered) -> Object:
    template: Object = rendered.one("Deployment")["spec"]["template"]
    return template


def variables(rendered: Rendered) -> dict[str, str]:
    (container,) = pod(rendered)["spec"]["containers"]
    return {variable["name"]: variable.get("value", "") for variable in container["env"]}


def test_without_receivers_there_is_nothing_of_them() -> None:
    rendered = render()
    assert rendered.of("ConfigMap") == []
    assert "PROCESS_OPERATOR_RECEIVERS_FILE" not in variables(rendered)
    assert "volumes" not in pod(rendered)["spec"]


def test_the_file_is_what_the_operator_reads_and_names_what_is_mounted() -> None:
    rendered = render({"receivers": [PAGER, LEDGER]})
    config = rendered.one("ConfigMap")
    found = Receivers.model_validate(yaml.safe_load(config["data"]["receivers.yaml"])).receivers
    assert [(one.name, one.url, one.namespaces, one.allow_http) for one in found] == [
        ("pager", PAGER["url"], ("*",), False),
        ("ledger", LEDGER["url"], ("erp",), True),
    ]
    (container,) = pod(rendered)["spec"]["containers"]
    (mount,), (volume,) = container["volumeMounts"], pod(rendered)["spec"]["volumes"]
    folder = PurePosixPath(mount["mountPath"])
    assert (mount["name"], mount["readOnly"]) == (volume["name"], True)
    assert variables(rendered)["PROCESS_OPERATOR_RECEIVERS_FILE"] == str(folder / "receivers.yaml")
    file, key, ca = volume["projected"]["sources"]
    assert file["configMap"]["name"] == config["metadata"]["name"]
    assert (key["secret"]["name"], key["secret"]["items"][0]["key"]) == ("pager-key", "key")
    assert str(found[0].key_file) == str(folder / key["secret"]["items"][0]["path"])
    assert (ca["configMap"]["name"], ca["configMap"]["items"][0]["key"]) == ("our-ca", "ca.crt")
    assert str(found[0].ca_file) == str(folder / ca["configMap"]["items"][0]["path"])


def test_volumes_of_the_administrator_stay_beside_them() -> None:
    more = {"extraVolumes": [{"name": "a", "emptyDir": {}}], "extraVolumeMounts": [{"name": "a", "mountPath": "/a"}]}
    spec = pod(render({"receivers": [LEDGER], **more}))["spec"]
    assert [volume["name"] for volume in spec["volumes"]] == ["receivers", "a"]
    assert [mount["name"] for mount in spec["containers"][0]["volumeMounts"]] == ["receivers", "a"]


def test_a_change_restarts_the_pods_and_nothing_else_does() -> None:
    def checksum(*receivers: Object, **more: Any) -> str:
        return str(pod(render({"receivers": list(receivers), **more}))["metadata"]["annotations"]["checksum/receivers"])

    assert checksum(PAGER) != checksum({**PAGER, "namespaces": ["erp"]})
    assert checksum(PAGER) == checksum(PAGER, commonLabels={"a": "b"})


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"name": "Pager"}, id="a name in capitals"),
        pytest.param({"url": "alerts.example.com"}, id="a URL without a scheme"),
        pytest.param({"url": "https://me:secret@example.com"}, id="a password in the URL"),
        pytest.param({"url": "http://example.com"}, id="http without saying so"),
        pytest.param({"namespaces": []}, id="for no namespace"),
        pytest.param({"keySecret": {"name": "a"}}, id="a Secret without its key"),
        pytest.param({"namespace": "erp"}, id="a typo"),
    ],
)
def test_a_wrong_receiver_is_rejected(wrong: Object) -> None:
    assert "/receivers/0" in rejection({"receivers": [{**PAGER, **wrong}]})
