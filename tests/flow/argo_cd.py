"""Argo CD's Lua machine: runs the scripts of config/argo-cd on an object, in the sandbox that Argo CD gives to scripts.

That sandbox is Lua 5.1 with the base functions, `table`, and of `os` the time and the date. Strings have no methods, and
a script has a second (util/lua/lua.go of Argo CD 3). Neighbours: `stored_versions.py` has real objects for it,
`test_argo_cd.py` the tests.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from lupa.lua51 import LuaRuntime, lua_type
from tests.builders.objects import Object

from process_operator.resources.names import GROUP

SCRIPTS: Final = Path(__file__).parents[2] / "config" / "argo-cd" / GROUP
_SANDBOX: Final = """
debug.setmetatable("", nil)
local safe = {time = os.time, date = os.date}
local outside = {"string", "math", "io", "os", "debug", "coroutine", "python"}
for _, name in ipairs(outside) do _G[name], package.loaded[name] = nil, nil end
package.preload.os = function() return safe end
"""


class Health(NamedTuple):
    """A health status of Argo CD, such as Healthy, and its message."""

    status: str
    message: str


class Impact(NamedTuple):
    """One object that an action creates or patches."""

    operation: str
    resource: Object


def has_scripts(kind: str, *, of: str = "actions/discovery.lua") -> bool:
    """Check whether there is a script for a kind."""
    return (SCRIPTS / kind / of).exists()


def health_of(body: Object) -> Health:
    """The health of an object."""
    found = _run(f"{body['kind']}/health.lua", body)
    return Health(found["status"], found["message"])


def buttons_of(body: Object) -> dict[str, bool]:
    """The actions that Argo CD offers for an object, and whether each is enabled."""
    found = _run(f"{body['kind']}/actions/discovery.lua", body)
    return {name: not button["disabled"] for name, button in found.items()}


def act(body: Object, action: str) -> list[Impact]:
    """Run an action on an object. An action that gives an object patches it, as in Argo CD."""
    found = _run(f"{body['kind']}/actions/{action}/action.lua", body)
    if isinstance(found, list):
        return [Impact(each["operation"], each["resource"]) for each in found]
    return [Impact("patch", found)]


def merge_patch(before: Object, after: Object) -> Object:
    """The JSON merge patch (RFC 7396) that Argo CD sends after an action."""
    patch: Object = {key: None for key in before if key not in after}
    for key, value in after.items():
        if isinstance(value, dict) and isinstance(before.get(key), dict):
            inner = merge_patch(before[key], value)
            if inner:
                patch[key] = inner
        elif key not in before or before[key] != value:
            patch[key] = value
    return patch


@cache
def _text(script: str) -> str:
    return (SCRIPTS / script).read_text()


def _run(script: str, body: Object) -> Any:
    lua: Any = LuaRuntime(unpack_returned_tuples=True)
    lua.execute(_SANDBOX)
    lua.globals()["obj"] = lua.table_from(body, recursive=True)
    return _python(lua.execute(_text(script)), like=body)


def _python(value: Any, *, like: Any) -> Any:
    """A Lua value as JSON has it. An empty table is what it was before, as Argo CD repairs it, else an array."""
    if lua_type(value) != "table":
        return value
    keys = list(value)
    if not keys:
        return {} if isinstance(like, dict) else []
    if keys == list(range(1, len(keys) + 1)):
        before = like if isinstance(like, list) else []
        return [_python(value[key], like=before[key - 1] if key <= len(before) else None) for key in keys]
    return {key: _python(value[key], like=like.get(key) if isinstance(like, dict) else None) for key in keys}
