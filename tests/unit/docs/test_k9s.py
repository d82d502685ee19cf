"""k9s configuration in config/k9s: its commands are those of `kubectl process`, its columns those of the kinds.

Neighbours: `tests/oracles/test_k9s_schema.py` has the schemas of k9s, `test_guide_commands.py` the commands of the pages.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from tests.unit.docs.test_guide_commands import parse

REPOSITORY: Final = Path(__file__).resolve().parents[3]
PLUGINS: Final[dict[str, Any]] = yaml.safe_load((REPOSITORY / "config/k9s/plugins.yaml").read_text())["plugins"]
VIEWS: Final[dict[str, Any]] = yaml.safe_load((REPOSITORY / "config/k9s/views.yaml").read_text())["views"]
CRDS: Final[list[dict[str, Any]]] = [yaml.safe_load(path.read_text()) for path in (REPOSITORY / "crds").glob("*.yaml")]
ALWAYS_SHOWN: Final = {"NAMESPACE", "NAME"}
VARIABLES: Final = {"$NAME": "close-day", "$NAMESPACE": "erp", "$CONTEXT": "production"}


def _columns() -> dict[str, set[str]]:
    """The columns of each kind as k9s names them, by `group/version/plural`."""
    found = {}
    for crd in CRDS:
        spec = crd["spec"]
        for version in spec["versions"]:
            columns = {column["name"].upper() for column in version["additionalPrinterColumns"]}
            found[f"{spec['group']}/{version['name']}/{spec['names']['plural']}"] = columns
    return found


def _command(plugin: dict[str, Any]) -> str:
    """The command of `kubectl process` with the variables of k9s replaced, whether a shell runs it or not."""
    words = " ".join([plugin["command"], *plugin["args"]])
    for name, value in VARIABLES.items():
        words = re.sub(rf"{re.escape(name)}\b", value, words)
    found = re.search(r"kubectl process [^;|>]*?(?= *(?:;|\||2>|$))", words)
    assert found is not None, words
    return found.group()


@pytest.mark.parametrize("name", PLUGINS)
def test_each_command_can_be_read(name: str) -> None:
    command = _command(PLUGINS[name])
    assert "$" not in command
    assert command.endswith("--namespace erp --context production")
    parse(command)


@pytest.mark.parametrize("name", PLUGINS)
def test_each_change_asks_and_is_absent_when_k9s_is_read_only(name: str) -> None:
    plugin = PLUGINS[name]
    changes = _command(plugin).split()[2] in ("run", "unschedule", "schedule", "reschedule", "cancel")
    assert (plugin.get("confirm", False), plugin.get("dangerous", False)) == (changes, changes)


def test_no_two_plugins_of_a_kind_have_one_key() -> None:
    keys = [(scope, plugin["shortCut"]) for plugin in PLUGINS.values() for scope in plugin["scopes"]]
    assert len(keys) == len(set(keys))


def test_each_scope_is_a_kind() -> None:
    plurals = {crd["spec"]["names"]["plural"] for crd in CRDS}
    assert {scope for plugin in PLUGINS.values() for scope in plugin["scopes"]} <= plurals


def test_each_view_has_columns_of_its_kind() -> None:
    known = _columns()
    assert set(VIEWS) == set(known)
    for kind, view in VIEWS.items():
        columns = {column.partition("|")[0] for column in view["columns"]}
        assert columns - ALWAYS_SHOWN <= known[kind], kind
        column, _, direction = view["sortColumn"].partition(":")
        assert column in columns
        assert direction in ("asc", "desc")
