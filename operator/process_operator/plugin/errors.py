"""Errors of commands: one line for the user, and the exit status."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit statuses. 0 to 2 are kubectl's; 3 and 4 are those of `wait` and of commands that wait."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_SUCCEEDED = 3
    TIMEOUT = 4


class CommandError(Exception):
    """A command that cannot do what the user asked for. The message says what to do about it."""

    def __init__(self, message: str, status: Exit = Exit.ERROR) -> None:
        super().__init__(message)
        self.status = status
