"""Message of the API server about the dry run of a Job, with the paths of the template that a user wrote.

The operator inserts variables before the `env` of each container, so an index in `env` means another entry there than
in the template. `template/job_template.py` builds the Job, `acceptance.py` shows the message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

_ENTRY: Final = re.compile(r"spec\.template\.spec\.(initContainers|containers)\[(\d+)\]\.env\[(\d+)\]")


def in_the_template(message: str, sent: Mapping[str, Any], written: Mapping[str, Any]) -> str:
    """The message with indexes of the written template. `sent` and `written` are a Job and a Job template.

    An entry of the operator has no index there, so its name replaces the index.
    """

    def place(found: re.Match[str]) -> str:
        kind, container, entry = found[1], int(found[2]), int(found[3])
        env = _env(sent, kind, container)
        path = f"spec.template.spec.{kind}[{container}]"
        if entry >= len(env):
            return found[0]
        index = _written_index(env, _env(written, kind, container), entry)
        return f"{path}.env[{index}]" if index is not None else f"{path}.env (variable {env[entry]['name']})"

    return _ENTRY.sub(place, message)


def _written_index(sent: Sequence[Any], written: Sequence[Any], entry: int) -> int | None:
    """Index in `written` of an entry of `sent`. The end of `sent` is `written`, except entries that were replaced."""
    position = len(sent) - 1
    for index in reversed(range(len(written))):
        if position < 0 or sent[position] != written[index]:
            continue
        if position == entry:
            return index
        position -= 1
    return None


def _env(job: Mapping[str, Any], kind: str, container: int) -> Sequence[Any]:
    containers = job["spec"]["template"]["spec"].get(kind) or ()
    return (containers[container].get("env") or ()) if container < len(containers) else ()
