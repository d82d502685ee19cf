"""Link to the whole log: the runs that get one, and its values."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import STEM, job, request, run, snapshot

from process_operator.decisions.inputs.run_view import view_of
from process_operator.decisions.inputs.snapshot import Defaults
from process_operator.decisions.run.log_link import with_link
from process_operator.decisions.run.outcome import RunOutcome
from process_operator.resources.conditions import LogReason
from process_operator.resources.log_url import FIELDS, LogUrl
from process_operator.resources.process_run import RunLog, RunPhase

NAME = f"{STEM}-s1"
ALL = LogUrl.parse("https://logs.example.com/?" + "&".join(f"{name}={{{name}}}" for name in FIELDS))
ENDED = RunOutcome(
    phase=RunPhase.FAILED,
    start_time=at("12:00:01"),
    end_time=at("12:00:09"),
    pod=f"{NAME}-x5k2t",
    node="node-1.example.com",
)
LOG = RunLog(text="done", container="main")


def link(outcome: RunOutcome = ENDED, log: RunLog = LOG, template: LogUrl | None = ALL, **status: Any) -> str | None:
    of = run(NAME, status=status)
    known = snapshot(request(), runs=(of,), jobs={NAME: job(NAME)}, defaults=Defaults(log_url=template))
    return with_link(view_of(known, of), outcome, log, process="close-day", now=at("12:30:00")).url


def values(url: str | None) -> dict[str, str]:
    assert url is not None
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


def test_all_values() -> None:
    assert values(link()) == {
        "namespace": "erp",
        "run": NAME,
        "request": "close",
        "process": "close-day",
        "job": NAME,
        "pod": f"{NAME}-x5k2t",
        "container": "main",
        "node": "node-1.example.com",
        "start_ms": "1803902401000",
        "end_ms": "1803902410000",
        "start_rfc3339": "2027-03-01T12:00:01Z",
        "end_rfc3339": "2027-03-01T12:00:10Z",
    }


def test_times_that_are_not_known() -> None:
    found = values(link(RunOutcome(phase=RunPhase.UNKNOWN)))
    assert (found["start_rfc3339"], found["end_rfc3339"]) == ("2027-03-01T12:00:00Z", "2027-03-01T12:30:01Z")


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"template": None}, id="no template"),
        pytest.param({"log": RunLog(reason=LogReason.NEVER_STARTED)}, id="no container ran"),
        pytest.param({"steps": [{"name": "load", "process": "load"}]}, id="the steps have their own"),
    ],
)
def test_run_without_a_link(more: dict[str, Any]) -> None:
    assert link(**more) is None


def test_log_that_is_not_captured_has_a_link() -> None:
    assert link(log=RunLog(reason=LogReason.NOT_CAPTURED))


def test_run_without_a_job_has_no_link() -> None:
    of = run(NAME)
    view = view_of(snapshot(request(), runs=(of,), defaults=Defaults(log_url=ALL)), of)
    assert with_link(view, ENDED, LOG, process="close-day", now=at("12:30")) == LOG


def test_hostile_values_cannot_change_the_query() -> None:
    hostile = '"}&x='
    template = LogUrl.parse("https://logs.example.com/?q=%7Bpod%3D%22{pod}%22%2Cnode%3D%22{node}%22%7D")
    found = values(link(RunOutcome(phase=RunPhase.FAILED, pod=hostile, node=hostile), template=template))
    assert found == {"q": '{pod="",node=""}'}
