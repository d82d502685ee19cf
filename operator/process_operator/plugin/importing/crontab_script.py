"""Command of a crontab line as the script of a shell, and its literal form in the `command` and `env` of a container."""

from __future__ import annotations

import re
from typing import Final

_COMMAND: Final = re.compile(r"(?P<script>(?:\\.|[^\\%]|\\$)*)(?:%(?P<input>.*))?", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_PERCENT_OF_INPUT: Final = re.compile(r"(?<!\\)%")
_END_OF_INPUT: Final = "END_OF_INPUT"
_EXPANDED: Final = re.compile(r"\${2,}|\$(?=\()")


def has_input(command: str) -> bool:
    """Check whether a command has a % that begins its input."""
    return _parts(command)[1] is not None


def script_of(command: str) -> str:
    r"""Make the shell's script. The text after the first % is the input of the whole command.

    Each other % is a line break, and `\%` is a %. As in cron, the input ends with a line break.
    """
    script, given = _parts(command)
    if given is None:
        return script.rstrip()
    text = _PERCENT_OF_INPUT.sub("\n", given).replace("\\%", "%")
    if text and not text.endswith("\n"):
        text += "\n"
    end, number = _END_OF_INPUT, 2
    while end in text:
        end, number = f"{_END_OF_INPUT}_{number}", number + 1
    # The line break before the brace ends a comment of the command.
    return f"{{ {(script.strip() and script) or ':'}\n}} <<'{end}'\n{text}{end}\n"


def _parts(command: str) -> tuple[str, str | None]:
    r"""Split a command at its first %. As in cron, `\\` before it is a backslash and escapes no %."""
    found = _COMMAND.fullmatch(command)
    if found is None:
        raise AssertionError(command)
    return _ESCAPED.sub(lambda pair: "%" if pair[1] == "%" else pair[0], found["script"]), found["input"]


def literal(text: str) -> str:
    """Double each $ that the kubelet would read as an expansion: in `$$` and before a parenthesis.

    https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
    """
    return _EXPANDED.sub(lambda found: found[0] * 2, text)
