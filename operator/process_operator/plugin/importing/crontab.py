"""Lines of a crontab (crontab(5) of Vixie cron and cronie) as ProcessRequests.

Neighbours: `crontab_times.py` translates the times, `crontab_script.py` the command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from process_operator.plugin.importing.crontab_script import has_input, literal, script_of
from process_operator.plugin.importing.crontab_times import crontab_times
from process_operator.plugin.importing.imported import Imported, Names, checked, manifest
from process_operator.resources.kinds import PROCESS_REQUEST

if TYPE_CHECKING:
    from datetime import datetime

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
_BLANKS: Final = " \t\r"
_GAP: Final = re.compile(r"[ \t]+")
_SHELL: Final = "/bin/sh"
_FIELDS: Final = 5


@dataclass(frozen=True, slots=True)
class CrontabOptions:
    """The options of `import crontab`. With `system` lines have a user after the times, as in /etc/crontab.

    Schedules are judged as of `now` (UTC).
    """

    image: str
    time_zone: str
    now: datetime
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
            case "CRON_TZ":
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
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip(_BLANKS)
        if not line or line.startswith("#"):
            continue
        if (variable := _VARIABLE.match(line)) and not line.startswith("@"):
            environment.set(variable[2], variable[3])
            continue
        yield _line(f"line {number}", line, environment, options, names)


def _line(source: str, line: str, environment: _Environment, options: CrontabOptions, names: Names) -> Imported:
    is_quiet, line = line.startswith("-"), line.removeprefix("-")
    count = (1 if line.startswith("@") else _FIELDS) + options.system
    parts = _GAP.split(line, maxsplit=count)
    if len(parts) <= count:
        return Imported(
            source, rejected="it has no command after the times" + (" and the user" if options.system else "")
        )
    *times, command = parts
    user = times.pop() if options.system else ""
    try:
        cron = _cron(times)
    except ValueError as error:
        return Imported(source, rejected=str(error))
    schedule: dict[str, Any] = {"cron": cron, "timeZone": environment.zone or options.time_zone}
    if environment.jitter_minutes:
        schedule["jitter"] = f"{environment.jitter_minutes}m"
    words = [environment.shell, "-c", script_of(command)]
    container: dict[str, Any] = {"name": "main", "image": options.image, "command": [literal(word) for word in words]}
    if environment.variables:
        container["env"] = [{"name": name, "value": literal(value)} for name, value in environment.variables.items()]
    pod = {"restartPolicy": "Never", "containers": [container]}
    spec = {
        "jobTemplate": {"spec": {"backoffLimit": 0, "template": {"spec": pod}}},
        "timing": {"schedule": schedule},
    }
    made = manifest(PROCESS_REQUEST, names.unique(_program(command), fallback="command"), spec)
    remarks = [*_remarks(command, user, environment), *_remarks_on_times(schedule, environment, is_quiet=is_quiet)]
    return checked(Imported(source, (made,), tuple(remarks)), now=options.now)


def _cron(times: list[str]) -> str:
    """Translate the times. Raises ValueError."""
    if not times[0].startswith("@"):
        return crontab_times(times)
    word = times[0].lower()
    if word == "@reboot":
        raise ValueError("@reboot has no counterpart in a cluster; a Deployment runs while the cluster does")
    if word not in _WORDS:
        raise ValueError(f"{times[0]} is unknown; known: {', '.join(sorted(_WORDS))}")
    return _WORDS[word]


def _program(command: str) -> str:
    """Return the name of the program that a command runs."""
    words = [word for word in command.split() if "=" not in word]
    if words and PurePosixPath(words[0]).name == "flock":
        words = [word for word in words[1:] if not word.startswith("-")][1:]
    return PurePosixPath(words[0].strip("\"'();&|")).stem if words else ""


def _remarks(command: str, user: str, environment: _Environment) -> Iterator[str]:
    if user:
        yield f"it ran as the user {user}; set securityContext.runAsUser in the pod for that"
    if "flock" in command.split(maxsplit=1)[0]:
        yield "flock holds no lock between pods; concurrencyPolicy: Forbid, or Queue, does what it did"
    if environment.mail:
        yield f"its output went to {environment.mail} by mail; notify tells a receiver how runs end"
    if has_input(command):
        yield "its input after % stands in the script"


def _remarks_on_times(schedule: dict[str, Any], environment: _Environment, *, is_quiet: bool) -> Iterator[str]:
    cron, zone = schedule["cron"], schedule["timeZone"]
    if cron.startswith("@"):
        yield "@-words run at the beginning of the hour, day, week, month or year"
    if "H(" in cron:
        yield "cron chose a random value in the range of ~; H chooses one by the name of the request"
    if environment.variables.get("TZ", zone) != zone:
        yield f"TZ is a variable of the command, and the times are in {zone}; only CRON_TZ changes them"
    if is_quiet:
        yield "the dash before the times kept the command out of the system log, and is dropped"
