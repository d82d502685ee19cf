"""ConfigMap for Argo CD: it is up to date, and holds each script under the key that Argo CD reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from argo_cd import FOLDER, GROUP, TARGET, config_map

KEYS: Final = f"resource.customizations.{{}}.{GROUP}_{{}}"


def _data() -> dict[str, str]:
    found: dict[str, Any] = yaml.safe_load(TARGET.read_text())
    assert (found["kind"], found["metadata"]["name"]) == ("ConfigMap", "argocd-cm")
    return dict(found["data"])


def _scripts(kind: Path) -> dict[str, str]:
    return {path.parent.name: path.read_text() for path in kind.glob("actions/*/action.lua")}


def test_it_is_up_to_date() -> None:
    assert TARGET.read_text() == config_map()


def test_each_script_is_under_its_key() -> None:
    data = _data()
    kinds = [folder for folder in (FOLDER / GROUP).iterdir() if folder.is_dir()]
    assert {kind.name for kind in kinds} == {"Process", "ProcessRequest", "ProcessRun", "ProcessBackfill"}
    for kind in kinds:
        assert data.pop(KEYS.format("health", kind.name)) == (kind / "health.lua").read_text()
        actions = yaml.safe_load(data.pop(KEYS.format("actions", kind.name), "{definitions: []}"))
        assert {each["name"]: each["action.lua"] for each in actions["definitions"]} == _scripts(kind)
        if actions["definitions"]:
            assert actions["discovery.lua"] == (kind / "actions" / "discovery.lua").read_text()
    assert data == {}
