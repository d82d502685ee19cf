"""Settings of the monitor in a cluster."""

from __future__ import annotations

import pytest

from process_operator.monitor.settings import read_monitor_settings
from process_operator.settings import SettingsError

NAME = "PROCESS_MONITOR_PUBLIC_URL"


@pytest.mark.parametrize(
    ("url", "origin", "host", "pasted"),
    [
        pytest.param("https://p.example.com/", "https://p.example.com", "p.example.com", True, id="TLS"),
        pytest.param(
            "https://P.example.com:8443", "https://p.example.com:8443", "p.example.com:8443", True, id="a port"
        ),
        pytest.param("http://localhost:8080", "http://localhost:8080", "localhost:8080", True, id="this machine"),
        pytest.param("http://p.example.com", "http://p.example.com", "p.example.com", False, id="no TLS"),
    ],
)
def test_public_address(monkeypatch: pytest.MonkeyPatch, url: str, origin: str, host: str, *, pasted: bool) -> None:
    monkeypatch.setenv(NAME, url)
    settings = read_monitor_settings()
    assert (settings.public_url, settings.public_host, settings.accepts_pasted_tokens) == (origin, host, pasted)


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
