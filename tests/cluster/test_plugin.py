"""kubectl process on the real cluster, as an editor, a viewer and a stranger, in pipes and on a terminal of 80 columns."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.cluster.desk import COLUMNS, Desk, ended
from tests.cluster.manifests import held, immediately, process, request, schedule
from tests.cluster.workspace import Workspace, now

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.kubectl import Kubectl

pytestmark = pytest.mark.node

ROLES: Final = {"viewer": "view", "editor": "edit"}
HOSTILE: Final = (
    r"printf '\033]0;owned\007\342\200\256txt.exe\n'; head -c 200000 /dev/zero | tr '\0' x; echo; echo end-of-log"
)
DAILY: Final = schedule(daily={"at": "02:30"}, timeZone="Europe/Madrid")
CALENDAR: Final = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nEND:VCALENDAR\r\n"


@pytest.fixture(scope="module")
def desk(shared_space: Workspace, kubeconfig: Path) -> Desk:
    """A namespace with its users, a schedule, a Process, a run that has ended and one that works until it is released."""
    space = shared_space
    made = Desk(space, kubeconfig)
    where = ("--namespace", space.namespace)
    for name, role in ROLES.items():
        made.bind(name, "--clusterrole", role)
    ours = [f"--resource={kind}.process-operator.io" for kind in ("processes", "processrequests", "processruns")]
    space.cluster.run("create", "role", "reader", *where, "--verb=get,list", *ours)
    made.bind("reader", "--role", "reader")
    space.cluster.run("create", "configmap", "holidays", *where, f"--from-literal=company.ics={CALENDAR}")
    calendar = {"configMap": {"name": "holidays", "key": "company.ics"}}
    parameters = [{"name": "LEDGER", "required": True}]
    space.apply_all(
        process("close", "echo ledger $LEDGER", parameters=parameters),
        request("hostile", immediately(), HOSTILE, log={"tailBytes": 262144}),
        request("seven", immediately(), "exit 7"),
        request("working", immediately(), held()),
        request("daily", DAILY, "echo by hand"),
        request("other", DAILY),
        request("weekdays", schedule(daily={"at": "07:00"}, excludeFrom=[calendar])),
    )
    for name, verb, kind in (("viewer", "get", "processruns.process-operator.io"), ("editor", "create", "jobs")):
        asked = ("auth", "can-i", verb, kind, *where, "--as", made.user(name))
        space.wait(partial(_may, space.cluster, asked), f"{name} has the rights")
    space.wait_runs("hostile", 1, "Succeeded")
    space.wait_runs("seven", 1, "Failed")
    space.wait_phase("daily", "Scheduled")
    space.wait_phase("other", "Scheduled")
    space.wait_runs("working", 1, "Running")
    return made


def _may(cluster: Kubectl, asked: tuple[str, ...]) -> bool:
    return cluster.ask(*asked).ok


def newest(desk: Desk, of: str) -> str:
    return str(desk.space.runs(of)[-1]["metadata"]["name"])


# ---- users


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        pytest.param(["status"], "Requests:", id="status"),
        pytest.param(["status", "daily"], "daily at 02:30 Europe/Madrid", id="status of one"),
        pytest.param(["runs", "--failed"], "seven", id="runs"),
        pytest.param(["next", "daily"], "02:30:00+0", id="next"),
        pytest.param(["why", "seven"], "ExitCode", id="why"),
        pytest.param(["logs", "hostile"], "end-of-log", id="logs"),
    ],
)
def test_viewer_reads_and_stranger_does_not(desk: Desk, command: list[str], shown: str) -> None:
    assert shown in desk.ok(*command, user="viewer")
    rejected = desk.run(*command, user="stranger")
    assert rejected.code == 1
    assert not rejected.out
    (line,) = rejected.err.splitlines()
    assert line.startswith("error: ")
    assert "is forbidden" in line
    assert line.endswith("An administrator can grant that right by a RoleBinding")


@pytest.mark.parametrize(
    "command",
    [
        ["run", "daily"],
        ["run", "--process", "close", "-p", "LEDGER=1"],
        ["unschedule", "daily"],
        ["reschedule", "daily"],
        ["backfill", "daily", "--from", "48h", "--to", "1h", "-y"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_viewer_changes_nothing(desk: Desk, command: list[str]) -> None:
    before = desk.space.request("daily")["metadata"]["generation"], len(desk.space.runs("daily"))
    rejected = desk.run(*command, user="viewer")
    assert rejected.code == 1
    assert "is forbidden" in rejected.err
    assert (desk.space.request("daily")["metadata"]["generation"], len(desk.space.runs("daily"))) == before


def test_calendar_that_the_user_must_not_read(desk: Desk) -> None:
    (may,) = json.loads(desk.ok("next", "weekdays", "-o", "json", user="viewer"))
    assert (len(may["next"]), may["note"], may["hasMore"]) == (3, "", True)
    desk.space.wait(lambda: desk.run("runs", user="reader").code == 0, "the reader has the rights")
    (must_not,) = json.loads(desk.ok("next", "weekdays", "-o", "json", user="reader"))
    assert (len(must_not["next"]), must_not["note"]) == (3, "calendar not readable with your rights")
    assert "Calendar not readable with your rights." in desk.ok("why", "weekdays", user="reader")


# ---- reading


def test_runs_in_all_forms(desk: Desk) -> None:
    # The column AGE moves between the two calls.
    columns = [line.split()[:4] for line in desk.ok("runs", "seven").splitlines()]
    kubectl = ("get", "prun", "--namespace", desk.space.namespace, "--field-selector", "spec.request.name=seven")
    assert columns == [line.split()[:4] for line in desk.space.cluster.run(*kubectl).splitlines()]
    found = json.loads(desk.ok("runs", "--failed", "-o", "json"))
    assert [run["spec"]["request"]["name"] for run in found["items"]] == ["seven"]
    assert found["items"][0]["status"]["exitCode"] == 7
    assert desk.ok("runs", "seven", "-o", "name").strip() == f"processrun.process-operator.io/{newest(desk, 'seven')}"
    assert "NAME" not in desk.ok("runs", "--no-headers", "--field-selector", "status.phase=Failed")
    assert desk.run("runs", "--since", "1h", "--until", "30m").err.startswith("No runs found in namespace t-")


def test_next_equals_preview_of_the_same_objects(desk: Desk) -> None:
    until = (now() + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = json.loads(desk.ok("next", "daily", "--to", until, "-o", "json"))
    manifests = desk.space.cluster.run("get", "preq", "daily", "--namespace", desk.space.namespace, "-o", "yaml")
    preview = subprocess.run(
        [sys.executable, "-m", "process_operator", "preview", "-f", "-", "--to", until],
        input=manifests,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found[0]["next"] == preview.stdout.splitlines()
    assert len(found[0]["next"]) >= 29


def test_status_as_json_has_the_facts_of_the_page(desk: Desk) -> None:
    facts: dict[str, Any] = json.loads(desk.ok("status", "seven", "-o", "json"))
    assert facts["lastRuns"] == [{"name": newest(desk, "seven"), "phase": "Failed"}]
    everything = json.loads(desk.ok("status", "-o", "json"))
    assert "seven" in [one["name"] for one in everything["needAttention"]]


# ---- buttons, waits and logs


def test_run_and_wait_give_the_exit_status(desk: Desk) -> None:
    made = desk.ok("run", "daily", "--wait", "--timeout", "2m", user="editor")
    assert re.match(r"processrun\.process-operator\.io/daily-\w+ created\nrun daily-\w+: Succeeded", made)
    failed = newest(desk, "seven")
    assert desk.run("wait", failed).code == 3
    assert desk.run("wait", failed, "--pass-exit-code").code == 7
    too_short = desk.run("wait", newest(desk, "working"), "--timeout", "1s")
    assert too_short.code == 4
    assert "has not ended within 1s. It continues" in too_short.err
    missing = desk.run("wait", "nosuch")
    assert missing.code == 1
    assert "not found" in missing.err


def test_run_of_a_process_follows_its_log(desk: Desk) -> None:
    answer = desk.run("run", "--process", "close", "-p", "LEDGER=42", "--follow", user="editor")
    assert answer.code == 0, answer
    assert "ledger 42" in answer.out
    rejected = desk.run("run", "--process", "close", user="editor")
    assert rejected.code == 2
    assert "requires LEDGER" in rejected.err


def test_run_of_a_request_with_other_parameters(desk: Desk) -> None:
    given = [{"name": "LEDGER", "value": "7"}]
    desk.space.apply(request("books", DAILY, process={"name": "close"}, parameters=given, suspend=True))
    answer = desk.run("run", "books", "-p", "LEDGER=43", "--follow", user="editor")
    assert answer.code == 0, answer
    assert "ledger 43" in answer.out
    (made,) = desk.space.runs("books")
    assert made["status"]["parameters"] == [{"name": "LEDGER", "value": "43"}]
    rejected = desk.run("run", "books", "-p", "LEGDER=43", user="editor")
    assert rejected.code == 2
    assert 'declares no parameter "LEGDER"; allowed: LEDGER' in rejected.err
    assert len(desk.space.runs("books")) == 1, "nothing is created"


def test_unschedule_schedule_and_dry_run(desk: Desk) -> None:
    name = "processrequest.process-operator.io/daily"
    assert desk.ok("unschedule", "daily", "--dry-run=client") == f"{name} unscheduled (dry run)\n"
    assert desk.ok("unschedule", "daily", "--dry-run=server") == f"{name} unscheduled (server dry run)\n"
    assert not desk.space.request("daily")["spec"].get("suspend")
    assert desk.ok("schedule", "daily", user="editor") == f"{name} unchanged\n"
    assert desk.ok("unschedule", "daily", "--reason", "stock\x1b[2J", user="editor") == f"{name} unscheduled\n"
    assert desk.ok("unschedule", "daily", user="editor") == f"{name} unchanged\n"
    desk.space.wait_phase("daily", "Suspended")
    page = desk.ok("status", "daily")
    # The line is wrapped at 80 columns.
    assert f"by editor-of-{desk.space.namespace}: stock\\x1b[2J" in " ".join(page.split())
    assert "\x1b" not in page
    assert desk.ok("schedule", "daily", user="editor") == f"{name} scheduled\n"
    assert desk.ok("reschedule", "daily", user="editor") == f"{name} rescheduled\n"
    desk.space.wait_phase("daily", "Scheduled")
    several = desk.run("unschedule", "daily", "other", user="editor")
    assert several.code == 2
    assert "daily, other. There is no terminal to ask: add --yes" in several.err


def test_backfill_lists_the_times_first(desk: Desk) -> None:
    listed = desk.ok("backfill", "daily", "--from", "72h", "--to", "1h", "--dry-run=client").splitlines()
    assert len(listed) == 3
    made = desk.ok("backfill", "daily", "--from", "24h", "--to", "1m", user="editor").splitlines()
    assert len(made) == 2
    assert made[1].endswith(" created")
    named = made[1].removesuffix(" created")
    name = named.rpartition("/")[2]
    assert desk.run("cancel", f"cronjob/{name}", user="editor").code == 2
    # Perhaps it has ended already.
    canceled = desk.ok("cancel", f"pbf/{name}", user="editor")
    assert canceled in {f"{named} canceled\n", f"{named} unchanged: it is Succeeded\n"}
    assert "unchanged: it is" in desk.ok("cancel", f"pbf/{name}", user="editor")


def test_log_is_as_it_is_in_a_pipe_and_harmless_on_a_terminal(desk: Desk) -> None:
    # The operator escapes control characters when it records a log. Changes of direction stay.
    piped = desk.ok("logs", "hostile")
    assert piped.startswith("\\x1b]0;owned\\x07\N{RIGHT-TO-LEFT OVERRIDE}txt.exe\n")
    assert "x" * 200_000 in piped
    with desk.terminal("logs", "hostile") as child:
        assert ended(child) == 0
        shown = child.before
    assert shown is not None
    assert "\\x1b]0;owned\\x07\\u202etxt.exe" in shown
    assert "\x1b" not in shown
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in shown


# ---- create, import, completion


def test_create_request(desk: Desk) -> None:
    options = ("create", "request", "made", "--process", "close", "-p", "LEDGER=1", "--daily", "03:00")
    assert desk.run(*options, user="viewer").code == 1
    assert desk.ok(*options, user="editor") == "processrequest.process-operator.io/made created\n"
    desk.space.wait_phase("made", "Scheduled")
    again = desk.run(*options, user="editor")
    assert again.code == 1
    assert "already exists" in again.err
    bad = desk.run("create", "request", "bad", "--image", "x", "--daily", "3am")
    assert bad.code == 2
    assert "spec.timing.schedule.daily.at: must be a time of day" in bad.err


def test_imported_cronjob_is_accepted_by_the_api_server(desk: Desk) -> None:
    where = ("--namespace", desk.space.namespace)
    command = ("--image=localhost/busybox:1", "--schedule=0 2 * * *", "--", "true")
    desk.space.cluster.run("create", "cronjob", "nightly", *where, *command)
    manifests = desk.ok("import", "cronjob", "nightly", "--time-zone", "Asia/Tokyo", "--plain", user="viewer")
    assert "# nightly: it has no timeZone" in manifests
    answer = desk.space.cluster.ask("apply", *where, "--dry-run=server", "--filename", "-", stdin=manifests)
    assert answer.ok, answer.message
    assert answer.message == "processrequest.process-operator.io/nightly created (server dry run)\n"


def test_completion(desk: Desk, tmp_path: Path) -> None:
    code = "from process_operator.plugin.completion import main; main()"
    words = ("status", "-n", desk.space.namespace, "dai")
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env={**desk.environment, "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("daily\tdaily at 02:30 Europe/Madrid\n:4\n", "")


# ---- a terminal of 80 columns


@pytest.mark.parametrize("command", [["status"], ["status", "daily"], ["status", "seven"]], ids=" ".join)
def test_status_fits_80_columns(desk: Desk, command: list[str]) -> None:
    with desk.terminal(*command) as child:
        assert ended(child) == 0
        lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", child.before or "").replace("\r", "\n").split("\n")
    assert any("seven" in line or "Madrid" in line for line in lines)
    assert max(map(len, lines)) <= COLUMNS


def test_confirmation(desk: Desk) -> None:
    desk.ok("schedule", "daily", "other", "--yes")
    for typed, code, suspended in (("n", 1, False), ("y", 0, True)):
        with desk.terminal("unschedule", "daily", "other") as child:
            child.expect_exact("This suspends:\r\n  daily, other\r\nContinue? [y/N] ")
            child.sendline(typed)
            assert ended(child) == code
        found = [bool(desk.space.request(name)["spec"].get("suspend")) for name in ("daily", "other")]
        assert found == [suspended, suspended]
    desk.ok("schedule", "daily", "other", "--yes")


def test_watch_shows_a_new_run(desk: Desk) -> None:
    with desk.terminal("runs", "other", "-w", "-o", "name") as child:
        first = desk.ok("run", "other").split()[0]
        child.expect_exact(first)
        second = desk.ok("run", "other").split()[0]
        child.expect_exact(second)
        child.sendintr()
        assert ended(child) == 130


def test_follow_ctrl_c_cancel_and_end(desk: Desk) -> None:
    run = newest(desk, "working")
    with desk.terminal("logs", "working", "-f") as child:
        child.expect_exact(f"Run {run} is the newest of request working.")
        child.expect_exact("begun")
        child.sendintr()
        child.expect_exact("Stopped following. The run continues; kubectl process cancel ends it.")
        assert ended(child) == 130
    assert desk.space.phase(run) == "Running"
    with desk.terminal("logs", run, "-f") as child:
        child.expect_exact("begun")
        desk.space.release(run)
        child.expect_exact("ended")
        child.expect_exact(f"run {run}: Succeeded")
        assert ended(child) == 0
    assert desk.ok("cancel", run, user="editor") == f"processrun.process-operator.io/{run} unchanged: it is Succeeded\n"


def test_cancel(desk: Desk) -> None:
    desk.space.apply(request("canceled", immediately(), held()))
    (run,) = desk.space.wait_runs("canceled", 1, "Pending", "Running")
    name = run["metadata"]["name"]
    assert desk.ok("cancel", name, user="editor") == f"processrun.process-operator.io/{name} canceled\n"
    answer = desk.run("wait", name)
    assert answer.code == 3
    assert "Canceled" in answer.out
