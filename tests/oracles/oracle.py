"""Oracle process, which answers many questions at once."""

from __future__ import annotations

import importlib.resources
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

REPOSITORY: Final = Path(__file__).resolve().parents[2]


class Question(NamedTuple):
    """Which ticks: as many as `wanted` after `start` (Unix seconds)."""

    text: str
    zone: str
    start: int
    wanted: int


class Answer(NamedTuple):
    """The ticks, or (where these are None) what was said instead."""

    ticks: tuple[int, ...] | None
    said: str = ""


def command_of(name: str) -> list[str]:
    """Build an oracle if need be; give the command that starts it."""
    built = subprocess.run(
        [sys.executable, str(REPOSITORY / "hack" / "oracles"), name], check=True, stdout=subprocess.PIPE
    )
    return [str(part) for part in json.loads(built.stdout)]


def ask(command: Sequence[str], questions: Sequence[Question]) -> list[Answer]:
    """Ask all questions at once."""
    lines = "".join("\t".join(map(str, question)) + "\n" for question in questions)
    # Go takes the zones that the operator takes; Java has its own.
    environment = {**os.environ, "ZONEINFO": str(importlib.resources.files("tzdata.zoneinfo"))}
    answered = subprocess.run(command, input=lines, text=True, check=True, stdout=subprocess.PIPE, env=environment)
    answers = [_answer(line) for line in answered.stdout.splitlines()]
    assert len(answers) == len(questions)
    return answers


def _answer(line: str) -> Answer:
    if line.startswith(("refused", "timeout")):
        return Answer(None, line)
    return Answer(tuple(int(tick) for tick in line.split()))
