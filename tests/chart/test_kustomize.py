"""kustomize renames what our kinds name, with the file that the project ships for it (kubectl has kustomize in it)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml
from tests.chart.helm import REPOSITORY, program

API: Final = "process-operator.io/v1alpha1"
REFERENCES: Final = REPOSITORY / "config" / "kustomize" / "name-references.yaml"
PREFIX: Final = "acme-"
GENERATED: Final = ("settings", "holidays", "registry")
"""ConfigMaps and Secrets that kustomize generates: their names get a hash of their content."""
CONTAINER: Final = {
    "image": "busybox",
    "env": [
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "registry", "key": "key"}}},
        {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "mode"}}},
    ],
    "envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "registry"}}],
}
POD: Final = {
    "serviceAccountName": "worker",
    "imagePullSecrets": [{"name": "registry"}],
    "initContainers": [{"name": "first", **CONTAINER}],
    "containers": [{"name": "main", **CONTAINER}],
    "volumes": [
        {"name": "a", "configMap": {"name": "settings"}},
        {"name": "b", "secret": {"secretName": "registry"}},
        {
            "name": "c",
            "projected": {"sources": [{"configMap": {"name": "settings"}}, {"secret": {"name": "registry"}}]},
        },
        {"name": "d", "persistentVolumeClaim": {"claimName": "data"}},
    ],
}
TEMPLATE: Final = {"spec": {"template": {"spec": POD}}}
TIMING: Final = {
    "schedule": {"daily": {"at": "02:30"}, "excludeFrom": [{"configMap": {"name": "holidays", "key": "a.ics"}}]}
}
STEPS: Final = [{"name": "one", "process": {"name": "load"}}, {"name": "two", "process": {"name": "load"}}]
NAMED: Final = {"request": {"name": "nightly"}}
OBJECTS: Final[list[dict[str, Any]]] = [
    {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "worker"}},
    {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}},
    {"apiVersion": API, "kind": "Process", "metadata": {"name": "load"}, "spec": {"jobTemplate": TEMPLATE}},
    {"apiVersion": API, "kind": "Process", "metadata": {"name": "night"}, "spec": {"steps": STEPS}},
    {
        "apiVersion": API,
        "kind": "ProcessRequest",
        "metadata": {"name": "nightly"},
        "spec": {"process": {"name": "night"}, "timing": TIMING},
    },
    {
        "apiVersion": API,
        "kind": "ProcessRequest",
        "metadata": {"name": "inline"},
        "spec": {"jobTemplate": TEMPLATE, "timing": TIMING},
    },
    {"apiVersion": API, "kind": "ProcessRun", "metadata": {"name": "by-hand"}, "spec": NAMED},
    {"apiVersion": API, "kind": "ProcessBackfill", "metadata": {"name": "past"}, "spec": NAMED},
]
REFERENCE_KEYS: Final = {"name", "secretName", "claimName", "serviceAccountName"}
RENAMED: Final = {"load", "night", "nightly", "worker", "data", *GENERATED}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Objects that kustomize builds."""
    folder = tmp_path_factory.mktemp("kustomize")
    (folder / "objects.yaml").write_text(yaml.safe_dump_all(OBJECTS))
    shutil.copy(REFERENCES, folder)
    kustomization = {
        "namePrefix": PREFIX,
        "resources": ["objects.yaml"],
        "configurations": [REFERENCES.name],
        "configMapGenerator": [
            {"name": "settings", "literals": ["mode=fast"]},
            {"name": "holidays", "literals": ["a.ics=BEGIN:VCALENDAR"]},
        ],
        "secretGenerator": [{"name": "registry", "literals": ["key=value"]}],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    command = (program("kubectl"), "kustomize", str(folder))
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return list(yaml.safe_load_all(answer.stdout))


def references(node: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every name in a spec that is one of an object above, as it was or as it is now, by its path."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in REFERENCE_KEYS and isinstance(value, str) and _original(value) in RENAMED:
                yield f"{path}.{key}", value
            else:
                yield from references(value, f"{path}.{key}")
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from references(item, f"{path}[{index}]")


def _original(name: str) -> str:
    plain = name.removeprefix(PREFIX)
    return next((generated for generated in GENERATED if plain.startswith(f"{generated}-")), plain)


def test_every_reference_of_our_kinds_names_an_object_that_is_there(built: list[dict[str, Any]]) -> None:
    names = {found["metadata"]["name"] for found in built}
    assert len(names) == len(OBJECTS) + len(GENERATED)
    found = [
        (f"{each['kind']}/{each['metadata']['name']}{path}", name)
        for each in built
        if each["apiVersion"] == API
        for path, name in references(each["spec"], "")
    ]
    assert [path for path, name in found if name not in names] == []
    # Per template: two containers with four, a pull secret, an account, four volumes with five. Then the others.
    assert len(found) == 2 * (2 * 4 + 1 + 1 + 5) + len(STEPS) + 1 + 2 + 2


def test_the_hash_of_a_generated_config_map_is_in_the_calendar_reference(built: list[dict[str, Any]]) -> None:
    (request,) = [each for each in built if each["metadata"]["name"] == "acme-nightly"]
    name = request["spec"]["timing"]["schedule"]["excludeFrom"][0]["configMap"]["name"]
    assert name.startswith("acme-holidays-") and len(name) > len("acme-holidays-")
