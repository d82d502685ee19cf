"""Annotations for Artifact Hub: those of the chart agree with the CRDs, those of a release with the changelog.

https://artifacthub.io/docs/topics/annotations/helm/
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
import yaml
from tests.chart.helm import CHART, REPOSITORY, helm

from process_operator.resources.process import Process
from process_operator.resources.process_backfill import ProcessBackfill
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import ProcessRun

SCRIPT: Final = REPOSITORY / "hack" / "release" / "artifact_hub.py"
PREFIX: Final = "artifacthub.io/"
HOMEPAGE: Final = "https://git.example/erp/process-operator"
IMAGE: Final = "registry.example/process-operator:0.1.0"
CATEGORIES: Final = {
    "ai-machine-learning",
    "database",
    "integration-delivery",
    "monitoring-logging",
    "networking",
    "security",
    "storage",
    "streaming-messaging",
    "skip-prediction",
}
CAPABILITIES: Final = {"Basic Install", "Seamless Upgrades", "Full Lifecycle", "Deep Insights", "Auto Pilot"}
MODELS: Final = {model.__name__: model for model in (Process, ProcessRequest, ProcessRun, ProcessBackfill)}


def annotations_of(chart: Path) -> dict[str, Any]:
    found = yaml.safe_load((chart / "Chart.yaml").read_text())["annotations"]
    return {name.removeprefix(PREFIX): value for name, value in found.items() if name.startswith(PREFIX)}


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A copy of the chart as a release packages it."""
    folder = tmp_path / "process-operator"
    shutil.copytree(CHART, folder)
    command = (sys.executable, str(SCRIPT), str(folder), "--homepage", f"{HOMEPAGE}/", "--image", IMAGE)
    subprocess.run(command, check=True)
    return folder


@pytest.fixture(scope="module")
def module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("artifact_hub", SCRIPT)
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_words_are_those_of_artifact_hub() -> None:
    found = annotations_of(CHART)
    assert found["category"] in CATEGORIES
    assert found["operatorCapabilities"] in CAPABILITIES
    assert found["license"] == "Apache-2.0"
    assert "Apache License" in (REPOSITORY / "LICENSE").read_text()
    assert {found["operator"], found["prerelease"]} <= {"true", "false"}


def test_crds_are_those_of_the_chart() -> None:
    crds = [yaml.safe_load(path.read_text()) for path in (CHART / "files" / "crds").glob("*.yaml")]
    known = {
        (crd["spec"]["names"]["kind"], crd["spec"]["versions"][0]["name"], crd["metadata"]["name"]) for crd in crds
    }
    listed = yaml.safe_load(annotations_of(CHART)["crds"])
    assert {(crd["kind"], crd["version"], crd["name"]) for crd in listed} == known
    assert all(crd["displayName"] and crd["description"] for crd in listed)


def test_each_kind_has_an_example_that_its_model_takes() -> None:
    examples = yaml.safe_load(annotations_of(CHART)["crdsExamples"])
    assert {example["kind"] for example in examples} == set(MODELS)
    for example in examples:
        parsed = MODELS[example["kind"]].model_validate(example)
        assert parsed.kind == example["kind"]


def test_a_release_adds_changes_images_links_and_screenshots(released: Path) -> None:
    before, after = annotations_of(CHART), annotations_of(released)
    assert {name: after[name] for name in before} == before
    added = {name: yaml.safe_load(after[name]) for name in after.keys() - before.keys()}
    assert set(added) == {"changes", "images", "links", "screenshots"}
    assert added["images"] == [{"name": "process-operator", "image": IMAGE}]
    assert all(link["name"] and link["url"].startswith(f"{HOMEPAGE}") for link in added["links"])
    assert {"source", "support"} <= {link["name"] for link in added["links"]}
    for page in [*added["links"], *added["screenshots"]]:
        _, _, path = page["url"].partition("/v0.1.0/")
        assert (REPOSITORY / path).exists()
    assert {change["kind"] for change in added["changes"]} >= {"added"}
    assert all(change["description"] for change in added["changes"])
    answer = helm("lint", str(released))
    assert answer.returncode == 0, answer.stdout


def test_a_chart_is_stamped_once(released: Path, module: ModuleType) -> None:
    with pytest.raises(ValueError, match="must not have changes"):
        module.stamp(released / "Chart.yaml", HOMEPAGE, IMAGE)


CHANGELOG: Final = """# Changelog

## [Unreleased]

### Added

- Not yet.

## [0.2.0] - 2027-01-01

### Added

- The page of [runs](docs/runs.md) has filters
  and `counts`. They are new.

### Fixed

- A run ends once.
"""


def test_changes_are_the_first_sentences_of_the_version(module: ModuleType) -> None:
    assert module.changes(CHANGELOG, "0.2.0") == [
        {"kind": "added", "description": "The page of runs has filters and counts"},
        {"kind": "fixed", "description": "A run ends once"},
    ]
    assert module.changes(CHANGELOG, "0.3.0") == [{"kind": "added", "description": "Not yet"}]
    with pytest.raises(ValueError, match=r"no changes of 0\.1\.0"):
        module.changes("# Changelog\n", "0.1.0")
