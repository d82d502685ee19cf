"""The command `process-operator preview`: what it prints where, its exit status, and that it needs no kopf."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.builders.manifests import manifest
from tests.builders.objects import Object
from typer.testing import CliRunner

from process_operator.__main__ import app
from process_operator.resources.kinds import PROCESS, PROCESS_REQUEST

if TYPE_CHECKING:
    from typer.testing import Result

ROOT = Path(__file__).parents[3]

FROM = ("--from", "2027-03-27T00:00:00Z")
TEMPLATE: Object = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "busybox"}]}}}}


def request(name: str, schedule: Object | None = None, *, namespace: str | None = None, **spec: Any) -> Object:
    """Daily at 02:30 in Madrid, unless another schedule is given."""
    schedule = schedule or {"daily": {"at": "02:30"}, "timeZone": "Europe/Madrid"}
    own = {} if "process" in spec else {"jobTemplate": TEMPLATE}
    metadata = {"namespace": namespace} if namespace else {}
    return manifest(PROCESS_REQUEST, name, {"timing": {"schedule": schedule}, **own, **spec}, **metadata)


def process(name: str, **spec: Any) -> Object:
    return manifest(PROCESS, name, {"jobTemplate": TEMPLATE, **spec})


def ask(*bodies: Object, arguments: tuple[str, ...] = FROM, text: str = "") -> Result:
    """The answer to manifests on standard input; `text` comes after them."""
    given = yaml.safe_dump_all(bodies) + text
    return CliRunner().invoke(app, ["preview", "--filename", "-", *arguments], input=given)


def test_one_request_is_lines_of_instants_and_ten_of_them() -> None:
    answer = ask(request("a", {"cron": "@daily"}))
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert answer.stdout.splitlines() == [
        *(f"2027-03-{day}T00:00:00Z" for day in (28, 29, 30, 31)),
        *(f"2027-04-0{day}T00:00:00Z" for day in (1, 2, 3, 4, 5, 6)),
    ]


def test_several_requests_are_told_apart_by_their_names() -> None:
    answer = ask(request("a"), request("b", {"cron": "@daily"}), arguments=(*FROM, "--count", "2"))
    assert answer.stdout.splitlines() == [
        "a\t2027-03-27T01:30:00Z",
        "a\t2027-03-28T01:00:00Z",
        "b\t2027-03-28T00:00:00Z",
        "b\t2027-03-29T00:00:00Z",
    ]


@pytest.mark.parametrize("wanted", ["b", "erp/b"])
def test_one_of_several_is_asked_for_by_name(wanted: str) -> None:
    given = (request("a", {"cron": "61 * * * *"}), request("b", namespace="erp"))
    answer = ask(*given, arguments=(*FROM, "--count", "1", "--request", wanted))
    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, "2027-03-27T01:30:00Z\n", "")


def test_one_name_in_two_namespaces() -> None:
    given = (request("a", namespace="one"), request("a", namespace="two"), request("b"))
    answer = ask(*given, arguments=(*FROM, "--count", "1"))
    assert [line.split("\t")[0] for line in answer.stdout.splitlines()] == ["one/a", "two/a", "b"]


def test_to_is_a_bound_of_its_own() -> None:
    answer = ask(request("a", {"cron": "* * * * *"}), arguments=(*FROM, "--to", "2027-03-27T00:20:00Z"))
    assert len(answer.stdout.splitlines()) == 20


def test_without_from_it_is_now() -> None:
    answer = ask(request("a", {"cron": "* * * * * "}), arguments=("--count", "1"))
    assert answer.stdout > "2026"
    assert answer.exit_code == 0


def test_the_table_has_local_times_and_remarks() -> None:
    given = (request("night"), request("off", suspend=True), request("bad", {"cron": "x"}))
    answer = ask(*given, arguments=(*FROM, "--count", "2", "--output", "table"))
    assert answer.stdout.splitlines() == [
        "REQUEST   LOCAL TIME                OFFSET   ENGINE     REMARKS",
        "night     Sat 2027-03-27 02:30:00   +01:00   Operator",
        "night     Sun 2027-03-28 03:00:00   +02:00   Operator   moved by a clock change from 02:30:00",
        "off       -                         -        Operator   suspended: nothing runs until spec.suspend is false",
    ]
    assert answer.exit_code == 2


def test_json_is_a_list_with_every_request() -> None:
    given = (request("a", namespace="erp"), request("bad", {"cron": "x"}), request("worse", nonsense=1))
    answer = ask(*given, arguments=(*FROM, "--count", "2", "--output", "json"))
    a, bad, worse = json.loads(answer.stdout)
    assert a == {
        "request": "erp/a",
        "engine": "Operator",
        "schedule": "daily at 02:30 Europe/Madrid",
        "ticks": ["2027-03-27T01:30:00Z", "2027-03-28T01:00:00Z"],
        "error": None,
    }
    assert (bad["request"], bad["engine"], bad["ticks"]) == ("default/bad", None, [])
    assert bad["error"].startswith("spec.timing.schedule.cron: ")
    assert worse["error"].startswith("spec.nonsense: unknown field")
    assert answer.exit_code == 2


def test_json_of_nothing_is_an_empty_list() -> None:
    answer = ask(process("alone"), arguments=(*FROM, "--output", "json"))
    assert (json.loads(answer.stdout), answer.exit_code) == ([], 2)
    assert answer.stderr == "there is no ProcessRequest in -\n"


def test_a_bad_request_is_one_line_and_the_others_are_printed() -> None:
    given = (request("bad", {"daily": {"at": "25:00"}}), request("good"))
    answer = ask(*given, arguments=(*FROM, "--count", "1"))
    assert answer.exit_code == 2
    assert answer.stdout == "good\t2027-03-27T01:30:00Z\n"
    assert answer.stderr.startswith("bad: spec.timing.schedule.daily.at: must be a time of day with two digits")
    assert answer.stderr.count("\n") == 1


COMPLAINTS = [
    pytest.param((), "a: [1", "standard input: line 20, column 1: did not find", id="bad YAML"),
    pytest.param((), "- 1\n", "standard input: document 2: must be an object", id="no object"),
    pytest.param(
        ({**request("a"), "apiVersion": "process-operator.io/v1"},),
        "",
        "ProcessRequest a: there is no such kind in process-operator.io/v1; allowed: process-operator.io/v1alpha1",
        id="another version",
    ),
    pytest.param(
        ({**request("a"), "kind": "ProcesRequest"},), "", "ProcesRequest a: there is no such kind", id="another kind"
    ),
    pytest.param((process("p", jobTemplate=None),), "", "Process p: spec: exactly one of jobTemplate", id="a process"),
    pytest.param(({**request("a"), "metadata": {}},), "", "(without a name): metadata.name: Required", id="no name"),
    pytest.param(
        (request("a", {"cron": "\x1b[31m\n* * * *"}),), "", "a: spec.timing.schedule.cron: minute", id="an escape"
    ),
]


@pytest.mark.parametrize(("bodies", "text", "words"), COMPLAINTS)
def test_what_is_wrong_is_one_line_and_exit_2(bodies: tuple[Object, ...], text: str, words: str) -> None:
    answer = ask(*bodies, request("good"), text=f"---\n{text}", arguments=(*FROM, "--count", "1"))
    assert answer.exit_code == 2
    assert answer.stderr.startswith(words), answer.stderr
    assert answer.stderr.count("\n") == 1
    assert "\x1b" not in answer.stderr
    assert answer.stdout.endswith("2027-03-27T01:30:00Z\n")


OPTIONS = [
    pytest.param(("--from", "yesterday"), "--from: must be an RFC 3339 timestamp", id="a word for an instant"),
    pytest.param(("--to", "2027-01-01"), "--to: must be an RFC 3339 timestamp", id="a date for an instant"),
    pytest.param((*FROM, "--to", "2027-03-26T23:59:59Z"), "--to: must not be before --from", id="an end before it"),
    pytest.param(("--request", "none"), "there is no ProcessRequest named none in -", id="a name that is not there"),
]


@pytest.mark.parametrize(("arguments", "words"), OPTIONS)
def test_what_is_wrong_with_an_option(arguments: tuple[str, ...], words: str) -> None:
    answer = ask(request("a"), arguments=arguments)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr.startswith(words)
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [("--count", "0"), ("--output", "xml"), ("--from",)])
def test_a_wrong_use_is_exit_2(arguments: tuple[str, ...]) -> None:
    assert ask(request("a"), arguments=arguments).exit_code == 2


def test_a_process_that_is_not_there_is_a_warning() -> None:
    answer = ask(request("a", process={"name": "nowhere"}), arguments=(*FROM, "--count", "1"))
    assert (answer.exit_code, answer.stdout) == (0, "2027-03-27T01:30:00Z\n")
    assert answer.stderr == "a: spec.process.name: there is no Process nowhere here, so it is not checked\n"


def test_a_process_of_the_same_files_is_used_wherever_it_stands() -> None:
    given = request("a", process={"name": "p"}, parameters=[{"name": "A", "value": "1"}])
    answer = ask(given, process("p"))
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr.startswith("a: spec.parameters[0].name: Process p declares no parameter")
    assert ask(given, process("p", parameters=[{"name": "A"}])).exit_code == 0


def test_a_bad_process_is_told_of_the_requests_that_name_it() -> None:
    answer = ask(request("a", process={"name": "p"}), process("p", description=5))
    assert answer.stderr.splitlines() == [
        'Process p: spec.description: must be of type string: "integer"',
        'a: spec.process.name: Process p: spec.description: must be of type string: "integer"',
    ]


def test_a_process_that_would_replace_the_runs_of_all_requests_is_rejected_with_what_is_allowed() -> None:
    policy = 'spec.concurrencyPolicy: "Replace" is not allowed: supported values: "Allow", "Forbid", "Queue"'
    answer = ask(request("a", process={"name": "p"}), process("p", concurrencyPolicy="Replace"))
    assert answer.stderr.splitlines() == [f"Process p: {policy}", f"a: spec.process.name: Process p: {policy}"]


def test_the_namespace_is_an_option(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(request("a")))
    arguments = ["preview", "-f", str(tmp_path), "-f", str(ROOT / "examples"), "-n", "erp", "-o", "json"]
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == 0
    names = [entry["request"] for entry in json.loads(answer.stdout)]
    assert names[0] == "erp/a"
    assert "erp/run-later" in names


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "process_operator", "preview", *arguments]
    environment = {"PYTHONPATH": str(ROOT / "operator")}
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, env=environment)


def test_the_real_command_reads_a_file_and_stdin() -> None:
    example = ROOT / "examples" / "daily.yaml"
    wanted = "2027-03-27T01:30:00Z\n2027-03-28T01:00:00Z\n"
    of_file = run("-f", str(example), *FROM, "--count", "2")
    assert (of_file.returncode, of_file.stdout, of_file.stderr) == (0, wanted, "")
    of_stdin = run("-f", "-", *FROM, "--count", "2", stdin=example.read_text())
    assert (of_stdin.returncode, of_stdin.stdout, of_stdin.stderr) == (0, wanted, "")


def test_the_real_command_says_what_is_wrong() -> None:
    answer = run("-f", "/nowhere/a.yaml")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == "/nowhere/a.yaml: cannot be read: No such file or directory\n"


def test_kopf_and_the_client_are_not_imported() -> None:
    code = (
        "import sys; from process_operator.__main__ import app; app(['preview', '-f', sys.argv[1]], standalone_mode=False);"
        "print(sorted({'kopf', 'kubernetes', 'aiohttp'} & set(sys.modules)))"
    )
    environment = {"PYTHONPATH": str(ROOT / "operator")}
    example = str(ROOT / "examples" / "daily.yaml")
    found = subprocess.run(
        [sys.executable, "-c", code, example], capture_output=True, text=True, check=True, env=environment
    )
    assert found.stdout.splitlines()[-1] == "[]"


def test_binary_data_that_is_no_base64_is_named_and_the_others_are_shown() -> None:
    days = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "days"}, "binaryData": {"days.ics": "A"}}
    source = {"configMap": {"name": "days", "key": "days.ics"}}
    given = (days, request("a", {"daily": {"at": "09:00"}, "excludeFrom": [source]}), request("b"))
    answer = ask(*given, arguments=(*FROM, "--count", "1"))
    assert (answer.exit_code, answer.stdout) == (2, "b\t2027-03-27T01:30:00Z\n")
    lines = answer.stderr.splitlines()
    assert lines[0] == "ConfigMap days: binaryData.days.ics: is not base64"
    assert lines[1].startswith("a: spec.timing.schedule.excludeFrom[0].configMap: key")


@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("Romance Standard Time", "write Europe/Paris"),
        ("America/New York", "did you mean America/New_York?"),
        ("+05:30", "Asia/Kolkata"),
    ],
)
def test_a_zone_that_the_schema_rejects_has_a_hint_too(zone: str, hint: str) -> None:
    answer = ask(request("a", {"cron": "@daily", "timeZone": zone}))
    assert hint in answer.stderr
    assert answer.exit_code == 2


@pytest.mark.parametrize("count", ["0", "-1", "99999999999999999999", "many"])
def test_a_count_out_of_range_is_rejected(count: str) -> None:
    answer = ask(request("a"), arguments=(*FROM, "--count", count))
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "--count" in answer.stderr


def test_a_large_count_is_taken() -> None:
    answer = ask(
        request("a", {"cron": "@daily", "finishTime": "2027-03-29T00:00:00Z"}),
        arguments=(*FROM, "--count", "2000000000"),
    )
    assert (answer.exit_code, len(answer.stdout.splitlines())) == (0, 2)
