"""Command of a crontab line as the script of a shell, and its literal form in the `command` and `env` of a container."""

from __future__ import annotations

import re
from typing import Final

_PERCENT: Final = re.compile(r"(?<!\\)%")
_END_OF_INPUT: Final = "END_OF_INPUT"
_EXPANDED: Final = re.compile(r"\${2,}|\$(?=\()")


def script_of(command: str) -> str:
    r"""Make the shell's script. The text after the first % is the input of the whole command.

    Each other % is a line break, and `\%` is a %. As in cron, the input ends with a line break.
    """
    script, *lines = _PERCENT.split(command)
    script = script.replace("\\%", "%")
    if not lines:
        return script.rstrip()
    text = "\n".join(line.replace("\\%", "%") for line in lines)
    if text and not text.endswith("\n"):
        text += "\n"
    end, number = _END_OF_INPUT, 2
    while end in text:
        end, number = f"{_END_OF_INPUT}_{number}", number + 1
    # The line break before the brace ends a comment of the command.
    return f"{{ {(script.strip() and script) or ':'}\n}} <<'{end}'\n{text}{end}\n"


def literal(text: str) -> str:
    """Double each $ that the kubelet would read as an expansion: in `$$` and before a parenthesis.

    https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
    """
    return _EXPANDED.sub(lambda found: found[0] * 2, text)
