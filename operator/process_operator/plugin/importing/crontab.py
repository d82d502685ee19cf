"""Lines of a crontab (crontab(5) of Vixie cron and cronie) as ProcessRequests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

from process_operator.plugin.importing.imported import Imported, Names, checked, manifest

_VARIABLE: Final = re.compile(r"""^\s*(["']?)([A-Za-z_][A-Za-z0-9_]*)\1\s*=\s*(.*?)\s*$""")
_WORDS: Final = {
    "@annually": "@yearly",
    "@midnight": "@daily",
    "@yearly": "@yearly",
    "@monthly": "@monthly",
    "@weekly": "@weekly",
    "@daily": "@daily",
    "@hourly": "@hourly",
}
_PERCENT: Final = re.compile(r"(?<!\\)%")
_END_OF_INPUT: Final = "END_OF_INPUT"
_SHELL: Final = "/bin/sh"
_FIELDS: Final = 5
_SUNDAY_AT_THE_END: Final = re.compile(r"^([1-6])-7$")


@dataclass(frozen=True, slots=True)
class CrontabOptions:
    """The options of `import crontab`. With `system` lines have a user after the times, as in /etc/crontab."""

    image: str
    time_zone: str
    system: bool = False


@dataclass(slots=True)
class _Environment:
    """Variables that are in force for the lines below them."""

    shell: str = _SHELL
    zone: str = ""
    jitter_minutes: int = 0
    mail: str = ""
    variables: dict[str, str] = field(default_factory=dict)

    def set(self, name: str, value: str) -> None:
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        match name:
            case "SHELL":
                self.shell = value
            case "CRON_TZ" | "TZ":
                self.zone = value
            case "MAILTO":
                self.mail = value
            case "RANDOM_DELAY" if value.isdecimal():
                self.jitter_minutes = int(value)
            case _:
                self.variables[name] = value


def import_crontab(text: str, options: CrontabOptions) -> Iterator[Imported]:
    """Make a ProcessRequest out of each line that runs a command."""
    environment, names = _Environment(), Names()
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if (variable := _VARIABLE.match(line)) and not line.startswith("@"):
            environment.set(variable[2], variable[3])
            continue
        yield _line(f"line {number}", line, environment, options, names)


def _line(source: str, line: str, environment: _Environment, options: CrontabOptions, names: Names) -> Imported:
    count = (1 if line.startswith("@") else _FIELDS) + options.system
    parts = line.split(None, count)
    if len(parts) <= count:
        return Imported(
            source, refused="it has no command after the times" + (" and the user" if options.system else "")
        )
    *times, command = parts
    user = times.pop() if options.system else ""
    if times[0].lower() == "@reboot":
        return Imported(
            source, refused="@reboot has no counterpart in a cluster; a Deployment runs while the cluster does"
        )
    cron = _WORDS.get(times[0].lower(), "") if times[0].startswith("@") else _cron(times)
    if not cron:
        return Imported(source, refused=f"{times[0]} is unknown; known: {', '.join(sorted(_WORDS))}")
    schedule: dict[str, Any] = {"cron": cron, "timeZone": environment.zone or options.time_zone}
    if environment.jitter_minutes:
        schedule["jitter"] = f"{environment.jitter_minutes}m"
    script = _script(command)
    container: dict[str, Any] = {"name": "main", "image": options.image, "command": [environment.shell, "-c", script]}
    if environment.variables:
        container["env"] = [{"name": name, "value": value} for name, value in environment.variables.items()]
    pod = {"restartPolicy": "Never", "containers": [container]}
    spec = {
        "jobTemplate": {"spec": {"backoffLimit": 0, "template": {"spec": pod}}},
        "timing": {"schedule": schedule},
    }
    made = manifest("ProcessRequest", names.unique(_program(command), fallback="command"), spec)
    return checked(Imported(source, (made,), tuple(_remarks(command, user, environment, cron))))


def _cron(times: list[str]) -> str:
    """Join the fields. Sunday is also 7 in a crontab, and only 0 in a CronJob."""
    *others, weekdays = times
    parts = []
    for part in weekdays.split(","):
        sunday_last = _SUNDAY_AT_THE_END.match(part)
        if sunday_last:
            first = sunday_last[1]
            parts += ["0", "6" if first == "6" else f"{first}-6"]
        else:
            parts.append("0" if part == "7" else part)
    return " ".join([*others, ",".join(parts)])


def _script(command: str) -> str:
    r"""Make the shell's script: the text after the first % is its input, with a line break for each other %."""
    script, *lines = _PERCENT.split(command)
    script = script.replace("\\%", "%").rstrip()
    if not lines:
        return script
    text = "\n".join(line.replace("\\%", "%") for line in lines)
    return f"{script} <<'{_END_OF_INPUT}'\n{text}\n{_END_OF_INPUT}\n"


def _program(command: str) -> str:
    """Return the name of the program that a command runs."""
    words = [word for word in command.split() if "=" not in word]
    if words and PurePosixPath(words[0]).name == "flock":
        words = [word for word in words[1:] if not word.startswith("-")][1:]
    return PurePosixPath(words[0].strip("\"'();&|")).stem if words else ""


def _remarks(command: str, user: str, environment: _Environment, cron: str) -> Iterator[str]:
    if user:
        yield f"it ran as the user {user}; set securityContext.runAsUser in the pod for that"
    if "flock" in command.split(maxsplit=1)[0]:
        yield "flock holds no lock between pods; concurrencyPolicy: Forbid, or Queue, does what it did"
    if environment.mail:
        yield f"its output went to {environment.mail} by mail; notify tells a receiver how runs end"
    if cron.startswith("@"):
        yield "@-words run at the beginning of the hour, day, week, month or year"
    if "%" in command:
        yield "its input after % stands in the script"
