"""Answer of `kubectl apply` to a manifest that was applied before: `unchanged`, so that no user searches for a difference.

A default in an item of a list would be a difference, because kubectl compares lists of custom resources as a whole.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from tests.cluster.manifests import process, request, schedule

if TYPE_CHECKING:
    from tests.cluster.kubectl import Kubectl

EXAMPLES: Final = Path(__file__).parents[2] / "examples"


def suspended(manifest: dict[str, Any]) -> dict[str, Any]:
    """The same, starting nothing."""
    if manifest["kind"] != "ProcessRequest":
        return manifest
    return {**manifest, "spec": {**manifest["spec"], "suspend": True}}


def test_a_second_apply_says_unchanged(cluster: Kubectl, namespace: str) -> None:
    manifests = [
        suspended(manifest)
        for file in sorted(EXAMPLES.glob("*.yaml"))
        for manifest in yaml.safe_load_all(file.read_text())
    ]
    manifests += [
        process("shortest-items", parameters=[{"name": "LEDGER"}], concurrencyPolicy="Forbid"),
        suspended(
            request(
                "shortest-items",
                schedule(cron="0 3 * * *"),
                process={"name": "shortest-items"},
                notify=[{"receiver": "pager"}],
            )
        ),
    ]
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
    apply = ("apply", "--namespace", namespace, "--filename", "-")
    cluster.run(*apply, stdin=given)
    said = cluster.run(*apply, stdin=given).splitlines()
    assert len(said) == len(manifests)
    assert [line for line in said if not line.endswith(" unchanged")] == []
