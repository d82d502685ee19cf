"""Orders for open runs: which waiting runs name the run that blocks them now."""

from __future__ import annotations

from tests.unit.given import at, job, request, run, schedule, snapshot, view

from process_operator.decisions.acceptance.acceptance import Acceptance
from process_operator.decisions.concurrency.eligibility import candidates_of
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.plan.actions import ReportRun
from process_operator.decisions.run.open_runs import plan_open_runs
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
