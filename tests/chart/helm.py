"""Helm, and the chart as it renders. Neighbours: `test_render.py`, `tests/cluster/account.py`,
`tests/cluster/test_install.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import yaml
from tests.builders.objects import Object

REPOSITORY: Final = Path(__file__).parents[2]
CHART: Final = REPOSITORY / "charts" / "process-operator"
RELEASE: Final = "process-operator"


@cache
def program(name: str) -> str:
    """Path of a program such as helm or kubectl. It is built first if it is missing."""
    command = (sys.executable, str(REPOSITORY / "hack" / "cluster"), "program", name)
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def helm(*arguments: str, stdin: str | None = None, kubeconfig: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run Helm; whether it worked is for the caller to say."""
    where = ("--kubeconfig", str(kubeconfig)) if kubeconfig is not None else ()
    command = (program("helm"), *arguments, *where)
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Rendered:
    """Manifests that the chart renders from some values."""

    manifests: tuple[Object, ...]

    def of(self, kind: str) -> list[Object]:
        """All objects of a kind."""
        return [manifest for manifest in self.manifests if manifest["kind"] == kind]

    def one(self, kind: str, name: str | None = None) -> Object:
        """The only object of a kind (and a name)."""
        (found,) = [manifest for manifest in self.of(kind) if name in (None, manifest["metadata"]["name"])]
        return found


def rejection(values: Object) -> str:
    """Helm's error output about values that it rejects."""
    answer = _template(values, RELEASE, "ops")
    assert answer.returncode != 0, f"taken: {values}"
    return answer.stderr


def render(values: Object | None = None, *, release: str = RELEASE, namespace: str = "ops") -> Rendered:
    """Render the chart. Raises AssertionError with Helm's words if that fails."""
    answer = _template(values or {}, release, namespace)
    assert answer.returncode == 0, answer.stderr
    return Rendered(tuple(filter(None, yaml.safe_load_all(answer.stdout))))


def _template(values: Object, release: str, namespace: str) -> subprocess.CompletedProcess[str]:
    arguments = ("template", release, str(CHART), "--namespace", namespace, "--values", "-")
    return helm(*arguments, stdin=json.dumps(values))
