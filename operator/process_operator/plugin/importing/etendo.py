"""Process Requests of Etendo and Openbravo (AD_PROCESS_REQUEST) as ProcessRequests and Processes.

Neighbours: `etendo_tables.py` reads an export, `etendo_database.py` the database, `etendo_timing.py` translates the
timing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from process_operator.plugin.importing.etendo_tables import GROUPS, MEMBERS, Tables
from process_operator.plugin.importing.etendo_timing import Row, timing_of
from process_operator.plugin.importing.imported import Imported, Names, checked, manifest
from process_operator.resources.kinds import PROCESS, PROCESS_REQUEST
from process_operator.resources.model import parse_instant

if TYPE_CHECKING:
    from process_operator.resources.types import Object

_PLACEHOLDER_IMAGE: Final = "example.invalid/replace-this-image"
_MAX_STEP_NAME: Final = 20
_NOT_OF_VARIABLES: Final = re.compile(r"[^A-Za-z0-9_]+")


@dataclass(frozen=True, slots=True)
class EtendoOptions:
    """The options of `import etendo`.

    `processes` maps an ERP process (its VALUE or id) to the name of a Process. `everything` keeps complete requests
    and past one-shot timings, suspended. `now` is UTC.
    """

    zone: ZoneInfo
    now: datetime
    processes: Mapping[str, str] = field(default_factory=dict)
    everything: bool = False
    counts_first_run: bool = True


def import_etendo(tables: Tables, options: EtendoOptions) -> Iterator[Imported]:
    """Make a ProcessRequest out of each request, and a Process out of each process that has no counterpart yet."""
    processes = _Processes(tables, options.processes)
    names = Names()
    for row in tables.requests:
        source = row.get("DESCRIPTION") or row.get("AD_PROCESS_REQUEST_ID", "")
        try:
            found = _request(source, row, options, processes, names)
        except ValueError as error:
            yield Imported(source, rejected=str(error))
            continue
        # Later requests refer to the Processes of a rejected one.
        kept = tuple(body for body in found.manifests if body["kind"] == PROCESS.kind)
        judged = checked(found, now=options.now)
        yield replace(judged, manifests=kept) if judged.rejected else judged


def _request(source: str, row: Row, options: EtendoOptions, processes: _Processes, names: Names) -> Imported:
    if row.get("ISACTIVE") == "N":
        return Imported(source, left_out="it is not active")
    remarks: list[str] = []
    timing = timing_of(row, options.zone, counts_first_run=options.counts_first_run, remarks=remarks)
    why_over = _why_over(row, timing, options.now)
    if why_over and not options.everything:
        return Imported(source, left_out=f"{why_over}; --all keeps it, suspended")
    parameters = _parameters(row.get("PARAMS", ""), remarks)
    process, made = processes.of_request(row, remarks)
    is_suspended = bool(why_over) or row.get("STATUS") == "UNS"
    spec = {
        "process": {"name": process},
        **({"parameters": parameters} if parameters else {}),
        "timing": timing,
        **({"suspend": True} if is_suspended else {}),
    }
    number = row.get("AD_PROCESS_REQUEST_ID", "")[:8]
    name = names.unique(f"{process}-{number}" if number else process, fallback="request")
    return Imported(source, (manifest(PROCESS_REQUEST, name, spec), *made), tuple(remarks))


def _why_over(row: Row, timing: dict[str, Any], now: datetime) -> str:
    """Say why a request has nothing left to run."""
    if row.get("STATUS") == "COM":
        return "it is complete"
    if "runImmediately" in timing:
        return "it ran at once when it was scheduled"
    last = timing.get("runLater", {}).get("startTime") or timing.get("schedule", {}).get("finishTime")
    return "its time has passed" if last and parse_instant(last) <= now else ""


def _parameters(text: str, remarks: list[str]) -> list[dict[str, str]]:
    """Read PARAMS, a JSON object, as environment variables. Raises ValueError."""
    if not text.strip():
        return []
    try:
        given = json.loads(text)
    except ValueError as error:
        raise ValueError(f"PARAMS is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise ValueError("PARAMS is not a JSON object")  # noqa: TRY004 - it is about the row, as all errors here
    found = {}
    for name, value in given.items():
        variable = _NOT_OF_VARIABLES.sub("_", name)
        variable = f"_{variable}" if variable[:1].isdigit() else variable
        if variable != name:
            remarks.append(f"parameter {name} became {variable}, as an environment variable needs it")
        found[variable] = value if isinstance(value, str) else json.dumps(value)
    return [{"name": name, "value": value} for name, value in found.items()]


class _Processes:
    """The Processes for the ERP's processes and groups. Each is made once, with the first request that needs it."""

    def __init__(self, tables: Tables, known: Mapping[str, str]) -> None:
        self._known = known
        self._processes = {row.get("AD_PROCESS_ID", ""): row for row in tables.processes}
        self._groups = {row.get("AD_PROCESS_GROUP_ID", ""): row for row in tables.groups}
        self._members = tables.members
        self._names = Names(set(known.values()))
        self._made: dict[str, str] = {}

    def of_request(self, row: Row, remarks: list[str]) -> tuple[str, list[Object]]:
        """Return the name of the Process for a request, and the manifests that it needs. Raises ValueError."""
        if row.get("ISGROUP") == "Y" or not row.get("AD_PROCESS_ID"):
            return self._group(row.get("AD_PROCESS_GROUP_ID", ""), remarks)
        return self._process(row["AD_PROCESS_ID"], remarks)

    def _process(self, number: str, remarks: list[str]) -> tuple[str, list[Object]]:
        row = self._processes.get(number, {})
        value = row.get("VALUE") or number
        known = self._known.get(value) or self._known.get(number) or self._made.get(number)
        if known:
            return known, []
        name = self._made[number] = self._names.unique(
            row.get("VALUE") or row.get("NAME") or number, fallback="process"
        )
        java = f" (class {row['CLASSNAME']})" if row.get("CLASSNAME") else ""
        remarks.append(f"process {value}{java} has no counterpart: give Process {name} an image that does its work")
        container = {"name": "main", "image": _PLACEHOLDER_IMAGE}
        spec: dict[str, Any] = {
            **({"description": row["NAME"]} if row.get("NAME") else {}),
            "jobTemplate": {
                "spec": {"backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}
            },
            **_policy(row),
        }
        return name, [manifest(PROCESS, name, spec)]

    def _group(self, number: str, remarks: list[str]) -> tuple[str, list[Object]]:
        row = self._groups.get(number)
        if made := self._made.get(number):
            return made, []
        members = [
            one for one in self._members if one.get("AD_PROCESS_GROUP_ID") == number and one.get("ISACTIVE") != "N"
        ]
        if row is None or not members:
            raise ValueError(f"process group {number or '(none)'}: export {GROUPS} and {MEMBERS} with its members too")
        manifests: list[Object] = []
        steps: list[dict[str, Any]] = []
        step_names = Names()
        for member in sorted(members, key=lambda one: float(one.get("SEQNO") or 0)):
            process, made_now = self._process(member.get("AD_PROCESS_ID", ""), remarks)
            manifests += made_now
            step = step_names.unique(process[: _MAX_STEP_NAME - 3], fallback="step")
            steps.append({"name": step, "process": {"name": process}})
        name = self._made[number] = self._names.unique(row.get("NAME", "") or number, fallback="group")
        spec = {
            **({"description": row["DESCRIPTION"]} if row.get("DESCRIPTION") else {}),
            "steps": steps,
            "stopOnFailure": row.get("STOPWHENFAIL") == "Y",
            **_policy(row),
        }
        return name, [*manifests, manifest(PROCESS, name, spec)]


def _policy(row: Row) -> dict[str, str]:
    return {"concurrencyPolicy": "Forbid"} if row.get("PREVENTCONCURRENT") == "Y" else {}
