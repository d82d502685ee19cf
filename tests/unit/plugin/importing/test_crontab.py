"""Lines of a crontab."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest

from process_operator.plugin.importing.crontab import CrontabOptions, import_crontab
from process_operator.plugin.importing.imported import Imported

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def imported(text: str, *, system: bool = False) -> list[Imported]:
    return list(import_crontab(text, CrontabOptions("erp:1", "Europe/Madrid", NOW, system)))


def schedule(found: Imported) -> dict[str, Any]:
    assert not found.rejected
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
        pytest.param("0 4 * * 0-7", "0 4 * * 0-6", id="Sunday to Sunday"),
        pytest.param("0 4 * * 1-7/2", "0 4 * * 0-1,3,5", id="a stepped range to Sunday"),
        pytest.param("0 4 * * fri-7", "0 4 * * 0,5-6", id="a range from a name to 7"),
        pytest.param("-*/15 * * * *", "*/15 * * * *", id="a dash, which turns logging off"),
        pytest.param("0~5 ~ * * *", "H(0-5) H(0-23) * * *", id="random values of cronie"),
        pytest.param("0 3 */2 * *", "0 3 */2 * *", id="a stepped day alone"),
        pytest.param("0 3 1,15 * 1", "0 3 1,15 * 1", id="either day field"),
        pytest.param("0 3 * * */2", "0 3 * * */2", id="a stepped weekday alone"),
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
    assert (
        container(found)["command"][2]
        == "{ mail -s 100% boss\n} <<'END_OF_INPUT'\nHello,\nit is % late\nEND_OF_INPUT\n"
    )


def test_system_crontab_and_flock() -> None:
    (found,) = imported("*/5 * * * * erp /usr/bin/flock -n /run/x.lock /opt/poll.py", system=True)
    assert found.manifests[0]["metadata"]["name"] == "poll"
    assert "the user erp" in found.remarks[0]
    assert "Forbid" in found.remarks[1]


def test_names_are_unique_and_stable() -> None:
    found = imported("0 1 * * * /a/sync\n0 2 * * * /b/sync\n0 3 * * * '('\n")
    assert [one.manifests[0]["metadata"]["name"] for one in found] == ["sync", "sync-2", "command"]


@pytest.mark.parametrize(
    ("line", "rejected"),
    [
        pytest.param("@reboot /opt/start", "@reboot has no counterpart", id="reboot"),
        pytest.param("@sometimes /opt/start", "@sometimes is unknown; known: @annually", id="unknown word"),
        pytest.param("0 1 * * *", "no command", id="no command"),
        pytest.param("0 3 */2 * 1 x", "days that meet both of these", id="a stepped day and a weekday"),
        pytest.param("0 3 13 * */2 x", "days that meet both of these", id="a day and a stepped weekday"),
        pytest.param("0 3 1,* * 1 x", "days that meet one of these", id="a star that is not the first"),
        pytest.param("0 12 31 2 * x", "no such time", id="a day that never comes"),
        pytest.param("61 * * * * x", "61 is out of range", id="out of range"),
        pytest.param("5/10 * * * * x", "'5/10' is not a value, range or step", id="a step without a range"),
        pytest.param("H * * * * x", "'H' is not a value", id="H of Jenkins"),
        pytest.param("0 0 L * * x", "'L' is not a value", id="L of Quartz"),
        pytest.param("0 0 1W * * x", "'1W' is not a value", id="W of Quartz"),
        pytest.param("0 0 ? * 1 x", "'?' is not a value", id="? of Quartz"),
        pytest.param("0 0 * * 1#2 x", "'1#2' is not a value", id="# of Quartz"),
        pytest.param("0 0 * * 7-2 x", "backwards", id="a range that goes backwards"),
        pytest.param("CRON_TZ=Foo/Bar\n0 1 * * * x", "Foo/Bar", id="unknown zone"),
    ],
)
def test_rejected(line: str, rejected: str) -> None:
    (found,) = imported(line)
    assert rejected in found.rejected


def test_only_cron_tz_moves_the_schedule() -> None:
    (found,) = imported("TZ=America/New_York\n0 2 * * * x")
    assert schedule(found)["timeZone"] == "Europe/Madrid"
    assert container(found)["env"] == [{"name": "TZ", "value": "America/New_York"}]
    assert any("only CRON_TZ" in remark for remark in found.remarks)


@pytest.mark.parametrize("char", ["\f", "\v", "\x1c", "\x85", "\u2028"])
def test_only_a_line_feed_ends_a_line(char: str) -> None:
    (found,) = imported(f"0 2 * * * echo a{char}0 3 * * * b\r\n")
    assert container(found)["command"][2] == f"echo a{char}0 3 * * * b"


@pytest.mark.parametrize(
    ("command", "output"),
    [
        pytest.param("cat | tr a-z A-Z%hello", "HELLO\n", id="a pipe"),
        pytest.param("cat # all of it%hello", "hello\n", id="a comment"),
        pytest.param("read x; cat%first%second", "second\n", id="two commands"),
        pytest.param("cat%END_OF_INPUT%END_OF_INPUT_2%", "END_OF_INPUT\nEND_OF_INPUT_2\n", id="the word of the end"),
        pytest.param("cat%$HOME `x`", "$HOME `x`\n", id="no expansion"),
        pytest.param("cat%", "", id="no input"),
        pytest.param(r"cat%a\%b\c", "a%b\\c\n", id="escaped"),
    ],
)
def test_input_belongs_to_the_whole_command(command: str, output: str) -> None:
    (found,) = imported(f"0 1 * * * {command}")
    words = [expanded(word) for word in container(found)["command"]]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == output


def expanded(text: str, known: dict[str, str] | None = None) -> str:
    """Expand as the kubelet does (third_party/forked/golang/expansion)."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        return (known or {}).get(found[1], found[0])

    return re.sub(r"\$\$|\$\(([^)]*)\)", value, text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("kill $$", "kill $$$$", id="two"),
        pytest.param("echo $(HOME) $HOME", "echo $$(HOME) $HOME", id="a reference"),
        pytest.param("echo $$(HOME)", "echo $$$$(HOME)", id="two and a parenthesis"),
        pytest.param("echo $$$ $", "echo $$$$$$ $", id="three, and one alone"),
    ],
)
def test_dollars_are_literal(text: str, written: str) -> None:
    (found,) = imported(f"PRICE={text}\n0 1 * * * {text}")
    assert container(found)["command"][2] == container(found)["env"][0]["value"] == written
    assert expanded(written, {"HOME": "/root"}) == text


@pytest.mark.parametrize(
    ("command", "script", "has_input"),
    [
        pytest.param(r"date +\%F", "date +%F", False, id="escaped"),
        pytest.param(r"x \\%in", "{ x \\\\\n} <<'END_OF_INPUT'\nin\nEND_OF_INPUT\n", True, id="a backslash before %"),
        pytest.param("x \\", "x \\", False, id="a backslash at the end"),
    ],
)
def test_backslashes(command: str, script: str, *, has_input: bool) -> None:
    (found,) = imported(f"0 1 * * * {command}")
    assert container(found)["command"][2] == script
    assert any("its input" in remark for remark in found.remarks) is has_input
