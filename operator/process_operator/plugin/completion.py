"""Shell completion: the programs that kubectl calls for the words after `kubectl process`.

kubectl runs `kubectl_complete-process` with the words so far, of which the last one is incomplete (kubernetes PR
105867). It prints a candidate a line, with a tab and a description, and a directive of cobra in the last line.
Completion never prints an error. Neighbour: `completion_names.py` reads names from the cluster.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

if TYPE_CHECKING:
    import typer

_NO_FILES: Final = ":4"
"""cobra's directive ShellCompDirectiveNoFileComp."""
_NO_FILES_NO_SPACE: Final = ":6"
"""The same with ShellCompDirectiveNoSpace, because the user continues the word."""
_FILES: Final = ":0"
_FILE_OPTIONS: Final = frozenset({"--kubeconfig", "-f", "--filename", "--map"})
_FILE_COMMANDS: Final = frozenset({("import", "crontab"), ("import", "etendo")})
_WORDS: Final = {
    "-o": ("table", "wide", "json", "yaml", "name"),
    "--output": ("table", "wide", "json", "yaml", "name"),
    "--dry-run": ("none", "client", "server"),
    "--phase": ("Pending", "Running", "Succeeded", "Failed", "Missed", "Skipped", "Canceled", "Unknown"),
    "--trigger": ("Immediate", "Later", "Schedule", "CatchUp", "Backfill", "Manual", "Step"),
    "--rerun": ("Never", "Failed", "Always"),
    "--show-zone": ("schedule", "local", "utc"),
    "--concurrency": ("Allow", "Forbid", "Replace", "Queue"),
    "--days": ("Weekdays", "Weekends"),
    "--repetitions": ("documented", "code"),
}
_PARAMETER_OPTIONS: Final = frozenset({"-p", "--param"})
_NAMES_OF_OPTIONS: Final = {"-n": "namespaces", "--namespace": "namespaces", "--process": "processes"}
_NAMES_OF_ARGUMENTS: Final[dict[tuple[str, ...], str]] = {
    ("cancel",): "runs",
    ("wait",): "runs",
    ("logs",): "runs",
    ("import", "cronjob"): "cronjobs",
    **{(name,): "requests" for name in ("status", "runs", "next", "why", "run", "backfill")},
    **{(name,): "requests" for name in ("schedule", "unschedule", "reschedule")},
}


@dataclass(frozen=True, slots=True)
class _Option:
    """An option of a command: its spellings, its help, and whether a value follows it."""

    names: tuple[str, ...]
    help: str
    takes_value: bool


def main() -> None:
    """Entry point of the console scripts."""
    with Path(os.devnull).open("w", encoding="utf-8") as nothing, contextlib.redirect_stderr(nothing):
        try:
            lines, directive = complete(sys.argv[1:])
        except (Exception, SystemExit):  # noqa: BLE001 - a broken completion is silent
            lines, directive = [], _NO_FILES
    from process_operator.plugin.terminal import write_any_character  # noqa: PLC0415 - as above

    write_any_character()
    print("\n".join([*lines, directive]))


def complete(words: Sequence[str]) -> tuple[list[str], str]:
    """Return candidates with descriptions, and the directive. The last word is incomplete, and may be empty."""
    from process_operator.plugin.app import app  # noqa: PLC0415 - main() stays silent if this fails

    *done, last = words or [""]
    path: tuple[str, ...] = ()
    rest, commands = list(done), dict(_commands(app))
    while rest and rest[0] in commands:
        path = (*path, rest.pop(0))
        found = commands[path[-1]]
        if isinstance(found, tuple):
            return _in_command(path, found[0], rest, last)
        commands = dict(_commands(found))
    if rest:
        return [], _NO_FILES
    return list(_starting(last, ((name, _help(found)) for name, found in commands.items()))), _NO_FILES


def _commands(group: typer.Typer) -> Iterator[tuple[str, Any]]:
    """Names of a group's commands: each a function in a tuple, or another group."""
    for command in group.registered_commands:
        function = command.callback
        assert function is not None
        yield command.name or function.__name__.rstrip("_"), (function,)
    for below in group.registered_groups:
        yield str(below.name), below.typer_instance


def _help(found: Any) -> str:
    text = found[0].__doc__ if isinstance(found, tuple) else found.info.help
    return str(text or "").strip().partition("\n")[0]


def _in_command(
    path: tuple[str, ...], function: Callable[..., Any], done: list[str], last: str
) -> tuple[list[str], str]:
    options = list(_options(function))
    takers = {name for option in options if option.takes_value for name in option.names}
    option, separator, value = last.partition("=")
    if separator and option in takers:
        lines, directive = _values_in(path, option, value, done, takers)
        return [f"{option}={line}" for line in lines], directive
    if done and done[-1] in takers:
        return _values_in(path, done[-1], last, done, takers)
    if last.startswith("-"):
        pairs = ((name, one.help) for one in options for name in one.names if name.startswith("--") or last == "-")
        return list(_starting(last, pairs)), _NO_FILES
    if path in _FILE_COMMANDS:
        return [], _FILES
    kind = _NAMES_OF_ARGUMENTS.get(path)
    return (_names(kind, last, done) if kind else []), _NO_FILES


def _options(function: Callable[..., Any]) -> Iterator[_Option]:
    """Read the options of a command from its signature, as typer does, but without its parser."""
    for parameter in inspect.signature(function).parameters.values():
        kind, *details = get_args(parameter.annotation) or (None,)
        info = next((one for one in details if hasattr(one, "param_decls")), None)
        if info is None or type(info).__name__ != "OptionInfo":
            continue
        # In Annotated, typer takes the first spelling for the default until it builds the command.
        spellings = (info.default, *(info.param_decls or ()))
        given = [name for name in spellings if isinstance(name, str) and name.startswith("-")]
        names = given or [f"--{parameter.name.replace('_', '-')}"]
        yield _Option(tuple(names), info.help or "", takes_value=kind is not bool)


def _values_in(
    path: tuple[str, ...], option: str, last: str, done: list[str], takers: set[str]
) -> tuple[list[str], str]:
    if option in _PARAMETER_OPTIONS:
        return _parameters(path, last, done, takers)
    return _values(option, last, done)


def _parameters(path: tuple[str, ...], last: str, done: list[str], takers: set[str]) -> tuple[list[str], str]:
    """Complete NAME= or NAME=VALUE for the Process or the request that the words name."""
    process = _given(done, "--process")
    request = next(_arguments(done, takers), None) if path == ("run",) else None
    if process is None and request is None:
        return [], _NO_FILES
    kind = f"process-parameters/{process}" if process is not None else f"request-parameters/{request}"
    lines = _names(kind, last, done)
    is_open = any(line.partition("\t")[0].endswith("=") for line in lines)
    return lines, _NO_FILES_NO_SPACE if is_open else _NO_FILES


def _arguments(done: list[str], takers: set[str]) -> Iterator[str]:
    """Yield the words that are neither options nor their values."""
    before = ""
    for word in done:
        if before not in takers and not word.startswith("-"):
            yield word
        before = word


def _values(option: str, last: str, done: list[str]) -> tuple[list[str], str]:
    if option in _FILE_OPTIONS:
        return [], _FILES
    if option == "--context":
        from process_operator.plugin.completion_names import context_names  # noqa: PLC0415

        return list(_starting(last, ((name, "") for name in context_names(_given(done, "--kubeconfig"))))), _NO_FILES
    if kind := _NAMES_OF_OPTIONS.get(option):
        return _names(kind, last, done), _NO_FILES
    return list(_starting(last, ((word, "") for word in _WORDS.get(option, ())))), _NO_FILES


def _names(kind: str, last: str, done: list[str]) -> list[str]:
    from process_operator.plugin.completion_names import TIMEOUT_SECONDS, names  # noqa: PLC0415
    from process_operator.plugin.connection import Connecting  # noqa: PLC0415

    connecting = Connecting(
        namespace=_given(done, "-n") or _given(done, "--namespace"),
        kubeconfig=_given(done, "--kubeconfig"),
        context=_given(done, "--context"),
        as_user=_given(done, "--as"),
        as_groups=tuple(_all_given(done, "--as-group")),
        timeout_seconds=TIMEOUT_SECONDS,
    )
    return list(_starting(last, names(kind, connecting)))


def _given(done: list[str], option: str) -> str | None:
    """Return the first value of an option among the words."""
    return next(_all_given(done, option), None)


def _all_given(done: list[str], option: str) -> Iterator[str]:
    """Yield the values of an option among the words, written with a space or with `=`."""
    for index, word in enumerate(done):
        if word == option and index + 1 < len(done):
            yield done[index + 1]
        if word.startswith(f"{option}="):
            yield word.partition("=")[2]


def _starting(last: str, pairs: Any) -> Iterator[str]:
    for name, text in pairs:
        if name.startswith(last):
            yield f"{name}\t{text}" if text else name
