"""Names from the cluster for shell completion, kept in a file for half a minute.

The client takes longer to import than a user waits for a key, so that only the first completion pays for it.
"""

# ruff: noqa: PLC0415 - each import is paid for only when it is needed

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import astuple
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.plugin.connection import Connecting
    from process_operator.resources.types import Object

Names = list[tuple[str, str]]
"""Names with a description, which may be empty."""

_KEPT_SECONDS: Final = 30
TIMEOUT_SECONDS: Final = 3.0
"""A user does not wait longer for candidates."""
_MAX_NAMES: Final = 500
_SPLIT: Final = re.compile(r"""[\s"'`$\\&|;<>()*?#~!]""")
"""Characters with a meaning for shells, which completion does not quote."""
_SPACE: Final = str.maketrans("\t\n\r", "   ")


def names(kind: str, connecting: Connecting) -> Names:
    """Return the names of a kind: requests, runs, processes, cronjobs or namespaces.

    `request-parameters/NAME` and `process-parameters/NAME` are the parameters of one object, as NAME= or NAME=VALUE.
    """
    file = _folder() / f"{_key(kind, connecting)}.json"
    try:
        if time.time() - file.stat().st_mtime < _KEPT_SECONDS:
            return [(name, text) for name, text in json.loads(file.read_text(encoding="utf-8"))]
    except (OSError, ValueError):
        pass
    found = _read(kind, connecting)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = file.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps(found), encoding="utf-8")
        partial.replace(file)
    except OSError:
        pass  # without the file the next completion is slower
    return found


def context_names(kubeconfig: str | None) -> list[str]:
    """Return the contexts of a kubeconfig."""
    import yaml

    found: list[str] = []
    for part in _kubeconfig(kubeconfig).split(os.pathsep):
        path = Path(part)
        config = yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader)) if path.is_file() else {}  # noqa: S506
        found += [str(context["name"]) for context in config.get("contexts") or ()]
    return found


def _read(kind: str, connecting: Connecting) -> Names:
    from process_operator.plugin.terminal import printable

    group, _, name = kind.partition("/")
    found = connecting.run(partial(_READERS[group], name=name) if name else _READERS[group])
    return [(name, printable(text.translate(_SPACE))) for name, text in found[:_MAX_NAMES]]


async def _requests(client: Client) -> Names:
    def words(body: Object) -> str:
        schedule, description = (body.get("status") or {}).get("schedule"), body["spec"].get("description")
        return "; ".join(str(text) for text in (schedule, description) if text)

    return [(_name(body), words(body)) for body in await client.requests()]


async def _processes(client: Client) -> Names:
    return [(_name(body), str(body["spec"].get("description") or "")) for body in await client.processes()]


async def _runs(client: Client) -> Names:
    from process_operator.client.run_table import RunFilter, run_table

    found = await run_table(client, RunFilter(), everywhere=False)
    return [(row.name, f"{row.phase} {row.due}") for row in found.rows]


async def _cronjobs(client: Client) -> Names:
    from process_operator.resources.kinds import CRONJOB

    found = await client.api.list(CRONJOB, client.namespace)
    return [(_name(body), str(body["spec"].get("schedule", ""))) for body in found.items]


async def _namespaces(client: Client) -> Names:
    from process_operator.resources.kinds import NAMESPACE

    found = await client.api.list(NAMESPACE, None)
    return [(_name(body), "") for body in found.items]


async def _request_parameters(client: Client, name: str) -> Names:
    spec = (await client.request(name))["spec"]
    if "process" in spec:
        return await _process_parameters(client, spec["process"]["name"])
    return [(f"{one['name']}=", "") for one in spec.get("parameters") or ()]


async def _process_parameters(client: Client, name: str) -> Names:
    processes = {_name(body): body["spec"] for body in await client.processes()}
    spec = processes.get(name, {})
    steps = (processes.get(step["process"]["name"], {}) for step in spec.get("steps") or ())
    declared = {one["name"]: one for each in (*steps, spec) for one in each.get("parameters") or ()}
    return [pair for one in declared.values() for pair in _choices(one)]


def _choices(parameter: Object) -> Names:
    """Return NAME=VALUE for each value of an enum that a shell does not split, else NAME=."""
    name, text = parameter["name"], str(parameter.get("description") or "")
    values = [value for value in parameter.get("enum") or () if value.isprintable() and not _SPLIT.search(value)]
    return [(f"{name}={value}", text) for value in values] or [(f"{name}=", text)]


_READERS: Final[dict[str, Callable[..., Any]]] = {
    "requests": _requests,
    "processes": _processes,
    "runs": _runs,
    "cronjobs": _cronjobs,
    "namespaces": _namespaces,
    "request-parameters": _request_parameters,
    "process-parameters": _process_parameters,
}


def _name(body: Object) -> str:
    return str(body["metadata"]["name"])


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "process-operator" / "completion"


def _kubeconfig(given: str | None) -> str:
    return given or os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())


def _key(kind: str, connecting: Connecting) -> str:
    """Make the file's name from all that the answer depends on; a change of context changes the kubeconfig's time."""
    files = _kubeconfig(connecting.kubeconfig)
    times = [Path(part).stat().st_mtime_ns for part in files.split(os.pathsep) if Path(part).is_file()]
    return hashlib.sha256(json.dumps([kind, astuple(connecting), files, times]).encode()).hexdigest()[:32]
