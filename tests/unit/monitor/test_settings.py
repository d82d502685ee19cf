"""Settings of the monitor in a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pytest

from process_operator.monitor.settings import read_monitor_settings
from process_operator.settings import SettingsError

NAME = "PROCESS_MONITOR_PUBLIC_URL"


@dataclass(frozen=True)
class Address:
    """A public address, and the settings that follow from it."""

    id: str
    url: str
    origin: str
    host: str
    accepts_pasted: bool


ADDRESSES: Final = [
    Address(
        "TLS",
        url="https://p.example.com/",
        origin="https://p.example.com",
        host="p.example.com",
        accepts_pasted=True,
    ),
    Address(
        "a port",
        url="https://P.example.com:8443",
        origin="https://p.example.com:8443",
        host="p.example.com:8443",
        accepts_pasted=True,
    ),
    Address(
        "this machine",
        url="http://localhost:8080",
        origin="http://localhost:8080",
        host="localhost:8080",
        accepts_pasted=True,
    ),
    Address(
        "no TLS",
        url="http://p.example.com",
        origin="http://p.example.com",
        host="p.example.com",
        accepts_pasted=False,
    ),
]


@pytest.mark.parametrize("case", ADDRESSES, ids=lambda case: case.id)
def test_public_address(monkeypatch: pytest.MonkeyPatch, case: Address) -> None:
    monkeypatch.setenv(NAME, case.url)
    settings = read_monitor_settings()
    assert (settings.public_url, settings.public_host, settings.accepts_pasted_tokens) == (
        case.origin,
        case.host,
        case.accepts_pasted,
    )


@pytest.mark.parametrize(
    "url", ["", "p.example.com", "https://p.example.com/monitor", "ftp://p", "https://a@p", "https://p?x"]
)
def test_wrong_public_address_is_named(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv(NAME, url)
    with pytest.raises(SettingsError, match=NAME):
        read_monitor_settings()


def test_public_address_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    with pytest.raises(SettingsError, match=NAME):
        read_monitor_settings()
