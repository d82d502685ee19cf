"""Lines of a crontab."""

from __future__ import annotations

from typing import Any

import pytest

from process_operator.plugin.importing.crontab import CrontabOptions, import_crontab
from process_operator.plugin.importing.imported import Imported

OPTIONS = CrontabOptions("erp:1", "Europe/Madrid")


def imported(text: str, *, system: bool = False) -> list[Imported]:
    return list(import_crontab(text, CrontabOptions("erp:1", "Europe/Madrid", system)))


def schedule(found: Imported) -> dict[str, Any]:
    assert not found.refused
    made: dict[str, Any] = found.manifests[0]["spec"]["timing"]["schedule"]
    return made


def container(found: Imported) -> dict[str, Any]:
    (made,) = found.manifests[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    return dict(made)


@pytest.mark.parametrize(
    ("times", "cron"),
    [
        pytest.param("30 2 * * *", "30 2 * * *", id="five fields"),
        pytest.param("0 0 * * 7", "0 0 * * 0", id="Sunday as 7"),
        pytest.param("0 0 * * 5-7", "0 0 * * 0,5-6", id="a range to Sunday"),
        pytest.param("0 0 * * 6-7", "0 0 * * 0,6", id="the weekend"),
        pytest.param("0 0 * * mon,7", "0 0 * * mon,0", id="names stay"),
        pytest.param("@midnight", "@daily", id="a word"),
        pytest.param("@annually", "@yearly", id="another word"),
    ],
)
def test_times(times: str, cron: str) -> None:
    (found,) = imported(f"{times} /opt/close-day.sh --all")
    assert schedule(found) == {"cron": cron, "timeZone": "Europe/Madrid"}
    assert found.manifests[0]["metadata"]["name"] == "close-day"
    assert container(found)["command"] == ["/bin/sh", "-c", "/opt/close-day.sh --all"]


def test_environment_is_in_force_below_it() -> None:
    text = """
# a comment
0 1 * * * before
SHELL=/bin/bash
CRON_TZ = America/New_York
RANDOM_DELAY=15
MAILTO="admin@example.com"
LEDGER='main one'
0 2 * * * after
"""
    before, after = imported(text)
    assert schedule(before) == {"cron": "0 1 * * *", "timeZone": "Europe/Madrid"}
    assert schedule(after) == {"cron": "0 2 * * *", "timeZone": "America/New_York", "jitter": "15m"}
    assert container(after)["command"][0] == "/bin/bash"
    assert container(after)["env"] == [{"name": "LEDGER", "value": "main one"}]
    assert "admin@example.com" in after.remarks[0]
    assert "env" not in container(before)


def test_input_after_percent() -> None:
    (found,) = imported(r"0 1 * * * mail -s 100\% boss%Hello,%it is \% late")
    assert container(found)["command"][2] == "mail -s 100% boss <<'END_OF_INPUT'\nHello,\nit is % late\nEND_OF_INPUT\n"


def test_system_crontab_and_flock() -> None:
    (found,) = imported("*/5 * * * * erp /usr/bin/flock -n /run/x.lock /opt/poll.py", system=True)
    assert found.manifests[0]["metadata"]["name"] == "poll"
    assert "the user erp" in found.remarks[0]
    assert "Forbid" in found.remarks[1]


def test_names_are_unique_and_stable() -> None:
    found = imported("0 1 * * * /a/sync\n0 2 * * * /b/sync\n0 3 * * * '('\n")
    assert [one.manifests[0]["metadata"]["name"] for one in found] == ["sync", "sync-2", "command"]


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        pytest.param("@reboot /opt/start", "@reboot has no counterpart", id="reboot"),
        pytest.param("@sometimes /opt/start", "@sometimes is unknown; known: @annually", id="unknown word"),
        pytest.param("0 1 * * *", "no command", id="no command"),
    ],
)
def test_refused(line: str, refused: str) -> None:
    (found,) = imported(line)
    assert refused in found.refused
