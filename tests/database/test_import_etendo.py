"""kubectl process import etendo --from-database, against a real PostgreSQL server."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from tests.database.erp import READER_PASSWORD, Erp
from tests.unit.plugin.importing.worked_examples import BEFORE, EXAMPLES, instants, row

from process_operator.plugin.app import main
from process_operator.plugin.importing.etendo import EtendoOptions, import_etendo
from process_operator.plugin.importing.etendo_database import open_tables
from process_operator.plugin.importing.etendo_tables import read_tables
from process_operator.plugin.importing.imported import Imported

PROCESS = {"ad_process_id": "800170", "value": "ImportOrders", "name": "Import orders", "classname": "org.Import"}
STATEMENTS = re.compile(rb"statement: (.*)|execute [^:]*: (.*)")


@dataclass(frozen=True)
class Answer:
    """The exit status of a command, and the texts that it printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command with an address and further options."""

    def command(address: str, *options: str) -> Answer:
        arguments = ["import", "etendo", "--from-database", address, "--time-zone", "Etc/UTC", *options]
        monkeypatch.setattr("sys.argv", ["kubectl-process", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Answer(int(ended.value.code or 0), printed.out, printed.err)

    return command


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the settings of libpq that the developer may have."""
    for name in ("PGPASSWORD", "PGSERVICE", "PGSERVICEFILE", "PGPASSFILE", "PGHOST", "PGUSER", "PGDATABASE"):
        monkeypatch.delenv(name, raising=False)


def imported(address: str, **options: Any) -> list[Imported]:
    with open_tables(address) as tables:
        return list(import_etendo(tables, EtendoOptions(ZoneInfo("Etc/UTC"), BEFORE, **options)))


def processes(found: list[Imported]) -> Iterator[Any]:
    yield from (body for one in found for body in one.manifests if body["kind"] == "Process")


def test_worked_examples_have_the_same_instants_as_from_a_file(erp: Erp) -> None:
    erp.insert("ad_process", PROCESS)
    examples: list[Any] = [case.values for case in EXAMPLES]
    rows = [row(**columns, AD_PROCESS_REQUEST_ID=f"{number:032}") for number, (columns, _) in enumerate(examples)]
    erp.insert("ad_process_request", *rows)
    options = EtendoOptions(ZoneInfo("Etc/UTC"), BEFORE)
    from_file = list(
        import_etendo(read_tables(json.dumps({"AD_PROCESS_REQUEST": rows, "AD_PROCESS": [PROCESS]})), options)
    )
    found = imported(erp.address)
    assert found == from_file
    (made,) = processes(found)
    for (columns, wanted), one in zip(examples, found, strict=True):
        requests = tuple(body for body in one.manifests if body["kind"] == "ProcessRequest")
        assert instants(Imported(one.source, (*requests, made)), len(wanted)) == wanted, columns


def test_printed_manifests_pass_preview(erp: Erp, run: Any) -> None:
    erp.insert("ad_process", PROCESS)
    weekdays = {"FREQUENCY": "4", "DAILY_OPTION": "D", "START_DATE": "2019-09-27", "START_TIME": "17:45:29"}
    erp.insert("ad_process_request", row(**weekdays))
    printed = run(erp.address)
    assert printed.code == 0, printed.err
    command = [sys.executable, "-m", "process_operator", "preview", "-f", "-", "--from", "2027-01-01T00:00:00Z"]
    shown = subprocess.run([*command, "--count", "2"], input=printed.out, capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines() == ["2027-01-01T17:45:29Z", "2027-01-04T17:45:29Z"]


def test_groups_processes_and_parameters(erp: Erp) -> None:
    close = {"ad_process_id": "800171", "value": "CloseDay", "name": "Close day", "preventconcurrent": "Y"}
    erp.insert("ad_process", PROCESS, close)
    erp.insert("ad_process_group", {"ad_process_group_id": "G", "name": "Night work", "stopwhenfail": "Y"})
    members = [("a", "800170", 20), ("b", "800171", 10)]
    for number, process, sequence in members:
        member = {"ad_process_group_list_id": number, "ad_process_group_id": "G"}
        erp.insert("ad_process_group_list", {**member, "ad_process_id": process, "seqno": sequence})
    erp.insert(
        "ad_process_request",
        row(FREQUENCY="4", AD_PROCESS_ID=None, ISGROUP="Y", AD_PROCESS_GROUP_ID="G", PARAMS='{"Org": 7}', STATUS="UNS"),
    )
    ((request, *made),) = (one.manifests for one in imported(erp.address))
    assert request["spec"]["parameters"] == [{"name": "Org", "value": "7"}]
    assert request["spec"]["suspend"] is True
    close_day, _, group = made
    assert close_day["spec"]["concurrencyPolicy"] == "Forbid"
    assert [step["process"]["name"] for step in group["spec"]["steps"]] == ["closeday", "importorders"]
    assert group["spec"]["stopOnFailure"] is True


def test_release_without_groups(erp: Erp) -> None:
    erp.execute(
        "ALTER TABLE ad_process_request DROP ad_process_group_id CASCADE, DROP isgroup CASCADE;"
        "DROP TABLE ad_process_group_list, ad_process_group"
    )
    erp.insert("ad_process", PROCESS)
    older = {name: value for name, value in row(FREQUENCY="4").items() if name != "ISGROUP"}
    erp.insert("ad_process_request", older)
    (found,) = imported(erp.address)
    assert [body["kind"] for body in found.manifests] == ["ProcessRequest", "Process"]


def test_value_that_is_no_date_rejects_its_row_alone(erp: Erp, run: Any) -> None:
    erp.insert("ad_process", PROCESS)
    for number, date in enumerate(("infinity", "2019-09-27")):
        erp.insert("ad_process_request", row(FREQUENCY="4", START_DATE=date, AD_PROCESS_REQUEST_ID=str(number)))
    answer = run(erp.address)
    assert answer.code == 3
    assert "START_DATE 'infinity' is not a date" in answer.err
    assert answer.out.count("kind: ProcessRequest") == 1


def test_transaction_is_read_only_and_has_only_selects(erp: Erp) -> None:
    erp.insert("ad_process", PROCESS)
    erp.insert("ad_process_request", row(FREQUENCY="4"))
    size = erp.server.log.stat().st_size
    with open_tables(erp.address) as tables:
        assert len(list(tables.requests)) == 1
    with erp.server.log.open("rb") as log:
        log.seek(size)
        ran = [(simple or extended).decode() for simple, extended in STATEMENTS.findall(log.read())]
    begin, *statements, end = ran
    assert begin == "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    assert end in {"COMMIT", "ROLLBACK"}
    assert len(statements) >= 5
    assert {statement.split()[0] for statement in statements} == {"SELECT"}


def test_rows_are_read_while_the_server_sends_them(erp: Erp) -> None:
    """The ERP keeps a request for each run that a user started by hand, so there may be very many."""
    erp.insert("ad_process", PROCESS)
    erp.insert("ad_process_request", row(FREQUENCY="4", AD_PROCESS_REQUEST_ID="0"))
    erp.execute(
        "INSERT INTO ad_process_request (ad_process_request_id, ad_client_id, ad_org_id, createdby, updatedby, "
        "ad_process_id, status, timing_option, ob_context) "
        "SELECT 'x' || n, '0', '0', '0', '0', '800170', 'COM', 'I', repeat('context', 500) "
        "FROM generate_series(1, 5000) AS n"
    )
    with open_tables(erp.address) as tables:
        first = next(iter(tables.requests))
    assert first["AD_PROCESS_REQUEST_ID"] == "0"
    assert "OB_CONTEXT" not in first
    found = imported(erp.address)
    assert len(found) == 5001
    assert sum(bool(one.left_out) for one in found) == 5000


def test_many_that_are_left_out_take_one_line(erp: Erp, run: Any) -> None:
    erp.insert("ad_process", PROCESS)
    for number in range(30):
        erp.insert("ad_process_request", row(FREQUENCY="4", STATUS="COM", AD_PROCESS_REQUEST_ID=str(number)))
    answer = run(erp.address)
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == "30 are left out: it is complete; --all keeps it, suspended\n"


# ---- password


def test_password_from_the_environment_a_file_and_a_service(
    erp: Erp, run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rejected = run(erp.address_without_password)
    assert rejected.code == 1
    assert "no password supplied" in rejected.err
    with monkeypatch.context() as patch:
        patch.setenv("PGPASSWORD", READER_PASSWORD)
        assert run(erp.address_without_password).code == 0
    passwords = tmp_path / "passwords"
    passwords.write_text(f"*:*:*:reader:{READER_PASSWORD}\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    assert run(erp.address_without_password).code == 0
    services = tmp_path / "services"
    services.write_text(f"[erp]\nhost={erp.server.folder}\ndbname={erp.name}\nuser=reader\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    assert run("service=erp").code == 0
    monkeypatch.setenv("PGSERVICE", "erp")
    assert run("postgresql://").code == 0


@pytest.mark.parametrize(
    ("address", "status", "message"),
    [
        pytest.param("postgresql://reader:{escaped}@/nosuch?host={host}", 1, "nosuch", id="no such database"),
        pytest.param("postgresql://nosuch:{escaped}@/x?host={host}", 1, "authentication failed", id="no such user"),
        pytest.param("postgresql://reader:{escaped}@/x?host=%2Fnosuch", 1, "No such file", id="no such server"),
        pytest.param("postgresql://reader:{escaped}@/x?host={host}&nosuch=1", 2, "neither a URL", id="unknown option"),
        pytest.param("postgresql://reader:{raw}@/x?host={host}", 2, "write @ as %40", id="reserved characters"),
        pytest.param("postgresql://reader:s3cret", 2, "its port is not a number", id="a URL without a host"),
        pytest.param("postgresq://reader:{escaped}@/x", 2, "neither a URL", id="another scheme"),
        pytest.param(
            "host={folder} user=reader password={raw}", 2, "neither a URL", id="spaces in a connection string"
        ),
        pytest.param("postgresql://reader:{escaped}%@/x", 2, "neither a URL", id="half an escape"),
    ],
)
def test_password_is_never_printed(
    erp: Erp, run: Any, address: str, status: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCESS_OPERATOR_DEBUG", "1")
    folder = str(erp.server.folder)
    escaped = quote(READER_PASSWORD, safe="")
    given = address.format(escaped=escaped, raw=READER_PASSWORD, host=quote(folder, safe=""), folder=folder)
    answer = run(given)
    assert answer.code == status, answer
    assert message in answer.err
    assert answer.err.count("\n") == 1
    for part in (*re.split(r"[ @/?#]", READER_PASSWORD), escaped):
        assert len(part) < 4 or part not in answer.out + answer.err, part


def test_errors_name_the_database_and_what_it_lacks(erp: Erp, run: Any) -> None:
    erp.execute("DROP TABLE ad_process_request")
    answer = run(erp.address)
    assert answer.code == 1
    assert f"database {erp.name}" in answer.err
    assert "has no column AD_PROCESS_REQUEST_ID and no column TIMING_OPTION in a table AD_PROCESS_REQUEST" in answer.err


def test_missing_right(erp: Erp, run: Any) -> None:
    erp.execute("REVOKE SELECT ON ad_process_request FROM reader")
    answer = run(erp.address)
    assert answer.code == 1
    assert answer.err == "error: the database cannot be read: permission denied for table ad_process_request\n"
