"""Orders for open runs: which waiting runs name the run that blocks them now."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import job, process, request, run, schedule, snapshot, view

from process_operator.decisions.acceptance.acceptance import Acceptance
from process_operator.decisions.concurrency.eligibility import candidates_of
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.plan.actions import ReportRun
from process_operator.decisions.run.open_runs import plan_open_runs
from process_operator.decisions.template import run_templates
from process_operator.decisions.template.job_template import build_template

MESSAGE = "waits for run {} (concurrencyPolicy: Queue)"


def reported(message: str, *, waiting: int) -> dict[str, str | None]:
    """The messages that are written while run `a` works and all others wait with a message of before, by run."""
    of = request(schedule(60), concurrencyPolicy="Queue")
    status = {"phase": "Pending", "process": "close", "reason": "Waiting", "message": message}
    waits = [run(f"b-{number:02}", due=f"12:{number:02}", status=status) for number in range(1, waiting + 1)]
    working = run("a", status={"phase": "Running", "process": "close", "startTime": "2027-03-01T12:00:00Z"})
    found = snapshot(of, runs=(working, *waits), jobs={"a": job("a")}, history=())
    acceptance = Acceptance(template=build_template(of, None))
    context = DecisionContext(found, acceptance, tuple(view(found, each) for each in found.runs), at("12:30"))
    actions = plan_open_runs(context, candidates_of(context), None).actions
    return {action.run: action.status.message for action in actions if isinstance(action, ReportRun)}


def test_a_waiting_run_names_the_run_that_blocks_it_now() -> None:
    assert reported(MESSAGE.format("gone"), waiting=2) == dict.fromkeys(("b-01", "b-02"), MESSAGE.format("a"))


def test_an_unchanged_message_is_not_written_again() -> None:
    assert reported(MESSAGE.format("a"), waiting=2) == {}


def test_only_the_next_ten_of_a_long_queue_are_written_at_every_end() -> None:
    assert list(reported(MESSAGE.format("gone"), waiting=12)) == [f"b-{number:02}" for number in range(1, 11)]


COSTLY = ".*(.?.?.?){74}b"
"""A pattern of about 2,200 instructions."""


def decided(*, working: int, waiting: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Number of checks and templates after each of two decisions in a row about runs with values of their own."""
    asked: list[int] = []

    def count(name: str) -> None:
        real = getattr(run_templates, name)

        def counted(*given: Any) -> Any:
            asked.append(1)
            return real(*given)

        monkeypatch.setattr(run_templates, name, counted)

    count("check_run_parameters")
    count("build_template")
    own = process(parameters=[{"name": "YEAR", "pattern": "20[0-9]{2}"}])
    of = request(process={"name": "close-day"}, concurrencyPolicy="Queue")
    given: dict[str, Any] = {"trigger": "Manual", "spec": {"parameters": {"YEAR": "2026"}}}
    status = {"phase": "Running", "process": "close-day", "startTime": "2027-03-01T12:00:00Z"}
    working_runs = [run(f"a-{number}", status=status, **given) for number in range(working)]
    waits = [run(f"b-{number:02}", **given) for number in range(waiting)]
    jobs = {each.metadata.name: job(each.metadata.name) for each in working_runs}
    found = snapshot(of, process=own, runs=(*working_runs, *waits), jobs=jobs, history=())
    counts = []
    for _ in range(2):
        views = tuple(view(found, each) for each in found.runs)
        context = DecisionContext(found, Acceptance(template=found.compiled.template), views, at("12:30"))
        plan_open_runs(context, candidates_of(context), None)
        counts.append(len(asked))
    return counts


def test_a_run_that_works_needs_neither_a_check_nor_a_template(monkeypatch: pytest.MonkeyPatch) -> None:
    assert decided(working=3, waiting=0, monkeypatch=monkeypatch) == [0, 0]


def test_checks_of_all_and_templates_of_the_next_ten_are_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert decided(working=1, waiting=12, monkeypatch=monkeypatch) == [12 + 10, 12 + 10]


def test_values_with_costly_patterns_are_judged_in_the_order_of_their_runs() -> None:
    names = [f"PART_{number}" for number in range(10)]
    own = process(parameters=[{"name": name, "pattern": COSTLY} for name in names])
    of = request(process={"name": "close-day"}, concurrencyPolicy="Allow")
    values = [dict.fromkeys(names, "b"), dict.fromkeys(names, "wrong"), dict.fromkeys(names, "bb")]
    runs = [run(f"a-{n}", trigger="Manual", spec={"parameters": given}) for n, given in enumerate(values)]
    found = snapshot(of, process=own, runs=tuple(runs), history=())
    seen = []
    for _ in range(4):
        views = tuple(view(found, each) for each in found.runs)
        context = DecisionContext(found, Acceptance(template=found.compiled.template), views, at("12:30"))
        candidates = candidates_of(context)
        wake_at = plan_open_runs(context, candidates, None).wake_at
        seen.append(([each.name for each in candidates], list(context.objections), wake_at == at("12:30:00.1")))
    assert seen == [
        (["a-0"], [], True),
        (["a-0"], ["a-1"], True),
        (["a-0", "a-2"], ["a-1"], False),
        (["a-0", "a-2"], ["a-1"], False),
    ]
