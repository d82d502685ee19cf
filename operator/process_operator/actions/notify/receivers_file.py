"""File with the administrator's receivers of notifications. The operator reads and checks it once, at its start.

Neighbours: `resources/receiver.py` is the form of the file, `webhook.py` sends to them.
"""

from __future__ import annotations

import base64
import binascii
import ssl
from pathlib import Path
from typing import Final

import yaml
from pydantic import ValidationError

from process_operator.resources.receiver import Receiver, Receivers
from process_operator.settings import ConfigurationError

_PREFIX: Final = "whsec_"
"""Prefix of a base64 key in the form of Standard Webhooks."""
MIN_KEY_BYTES: Final = 24
"""Minimum that Standard Webhooks recommends."""


def read_receivers(path: Path | None) -> tuple[Receiver, ...]:
    """Give the receivers of a file (YAML or JSON), or none if there is no file.

    Raises ConfigurationError, which names the file and the field, and repeats no value.
    """
    if path is None:
        return ()
    try:
        found = Receivers.model_validate(yaml.safe_load(path.read_text()) or {})
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: is not YAML{_place(error)}") from None
    except ValidationError as error:
        raise ConfigurationError(f"{path}: {_words(error)}") from None
    for number, receiver in enumerate(found.receivers):
        _check_files(f"{path}: receivers[{number}]", receiver)
    return found.receivers


def read_key(path: Path) -> bytes:
    """Give the key of a file: `whsec_` with base64, or the bytes without a line break at the end.

    Raises OSError or ValueError.
    """
    raw = path.read_bytes().strip()
    if raw.startswith(_PREFIX.encode()):
        try:
            raw = base64.b64decode(raw.removeprefix(_PREFIX.encode()), validate=True)
        except binascii.Error:
            raise ValueError(f"is not base64 after {_PREFIX}") from None
    if len(raw) < MIN_KEY_BYTES:
        raise ValueError(f"has a key of {len(raw)} bytes; it needs at least {MIN_KEY_BYTES}")
    return raw


def tls_context(receiver: Receiver) -> ssl.SSLContext:
    """Give the TLS context that checks the certificate of a receiver. Raises OSError (ssl.SSLError is one)."""
    return ssl.create_default_context(cafile=str(receiver.ca_file) if receiver.ca_file is not None else None)


def _check_files(where: str, receiver: Receiver) -> None:
    try:
        if receiver.key_file is not None:
            read_key(receiver.key_file)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(f"{where}.keyFile: {receiver.key_file}: {why}") from None
    try:
        tls_context(receiver)
    except OSError as error:
        raise ConfigurationError(f"{where}.caFile: {receiver.ca_file}: {error.strerror or 'is not PEM'}") from None


def _words(error: ValidationError) -> str:
    return "; ".join(
        f"{_field(found['loc'])}: {found['msg'].removeprefix('Value error, ')}"
        for found in error.errors(include_input=False, include_url=False, include_context=False)
    )


def _field(location: tuple[int | str, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.removeprefix(".") or "the file"


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f" (line {mark.line + 1})" if mark is not None else ""
