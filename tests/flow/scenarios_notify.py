"""Scenarios of notifications: every end that was asked for is told at least once, and its run says so."""

from __future__ import annotations

from collections import Counter

from tests.flow.driver import Flow
from tests.flow.scenario import Collection
from tests.flow.scenarios_once import NOW
from tests.flow.scenarios_schedule import SUCCEEDED, every

from process_operator.cluster.errors import ServerError
from process_operator.resources.kinds import PROCESS_RUN
from process_operator.resources.process_run import ProcessRun

NOTIFY = Collection()
scenario = NOTIFY.scenario

FAILED = "Failed/ExitCode"
ALL = ["Succeeded", "Failed", "Missed", "Skipped", "Canceled", "Unknown"]


def hook(*phases: str, receiver: str = "hook") -> list[dict[str, object]]:
    return [{"receiver": receiver, "phases": list(phases)}]


def marks(flow: Flow, request: str = "job") -> list[str]:
    """Notification marks of all runs, oldest tick first; `-` for none."""
    return [mark(run) for run in flow.runs(request, pruned=True)]


def mark(run: ProcessRun) -> str:
    return next((f"{found.status}/{found.reason}" for found in run.status.conditions if found.type == "Notified"), "-")


def check_told(flow: Flow, *phases: str) -> None:
    """All runs that ended so were told, under one id each, and say it; no other is."""
    for run in flow.runs(pruned=True):
        is_told = ("hook", f"{run.metadata.uid}-finished") in flow.told
        assert is_told == (run.status.phase in phases)
        assert mark(run) == ("True/Delivered" if is_told else "-")


def check_once(flow: Flow) -> None:
    """Without trouble nothing is told twice."""
    flow.expect(lambda: [event for event, number in Counter(flow.told).items() if number > 1], [], undisturbed=True)


@scenario("a failure that is told", ends=[FAILED])
async def failure(flow: Flow) -> None:
    flow.work(exit_code=3, log="no such ledger")
    flow.apply(timing=NOW, notify=hook("Failed"))
    await flow.to(60)
    check_told(flow, "Failed")
    if flow.operators == 1:
        check_once(flow)


@scenario("a success that no receiver wants", ends=[SUCCEEDED])
async def success(flow: Flow) -> None:
    flow.apply(timing=NOW, notify=hook("Failed", "Missed"))
    await flow.to(60)
    check_told(flow)
    flow.expect(lambda: marks(flow), ["-"])


@scenario("a schedule of which every end is told", ends=[SUCCEEDED] * 2)
async def schedule(flow: Flow) -> None:
    flow.apply(timing=every(10, until=15), notify=hook(*ALL), history={"successful": 10})
    await flow.to(120)
    check_told(flow, *ALL)
    if flow.operators == 1:
        check_once(flow)


@scenario("ticks that are missed are told by the record that stands for them", ends=None, writes=(5, 20))
async def missed(flow: Flow) -> None:
    flow.apply(timing=every(5, until=62), history={"successful": 10, "other": 10}, notify=hook("Missed"))
    await flow.to(6)
    await flow.stop()
    await flow.to(61)
    await flow.start()
    await flow.to(150)
    check_told(flow, "Missed")
    flow.expect(lambda: len(flow.told) > 0, True)


@scenario("an operator that dies between the end and the delivery", ends=[FAILED])
async def died_before_delivery(flow: Flow) -> None:
    flow.work(exit_code=3)
    flow.apply(timing=NOW, notify=hook("Failed"))
    await flow.to(3)
    for process in flow.processes:
        process.notifier.deliver = lambda: False  # type: ignore[method-assign]
    await flow.to(60)
    flow.expect(lambda: (flow.told, marks(flow)), ([], ["-"]), undisturbed=True)
    await flow.crash()
    await flow.to(130)
    check_told(flow, "Failed")


@scenario("an end that is older than an hour when the next operator comes", ends=[FAILED], writes=(1, 0))
async def too_old(flow: Flow) -> None:
    flow.work(exit_code=3)
    flow.apply(timing=NOW, notify=hook("Failed"))
    await flow.to(3)
    for process in flow.processes:
        process.notifier.deliver = lambda: False  # type: ignore[method-assign]
    await flow.to(60)
    await flow.stop()
    await flow.to(3700)
    await flow.start()
    flow.expect(lambda: (flow.told, marks(flow)), ([], ["-"]))


@scenario("a receiver that the request must not use does not keep it from running", ends=[FAILED])
async def not_allowed(flow: Flow) -> None:
    flow.work(exit_code=3)
    flow.apply(timing=NOW, notify=hook("Failed", receiver="theirs"))
    await flow.to(60)
    flow.expect(lambda: (flow.told, marks(flow)), ([], ["False/ReceiverNotAllowed"]))
    flow.expect(lambda: flow.acceptance(), ("Failed", "Accepted"))


@scenario("a mark that cannot be written is written later, and runs continue", ends=[SUCCEEDED] * 2)
async def mark_fails(flow: Flow) -> None:
    def reject(body: dict[str, object]) -> ServerError | None:
        text = str(body.get("status"))
        return ServerError("etcdserver: request timed out", status=500) if "'Notified'" in text else None

    flow.apply(timing=every(10, until=15), notify=hook(*ALL), history={"successful": 10})
    flow.cluster.rejections["patch", PROCESS_RUN] = reject
    await flow.to(50)
    flow.expect(lambda: (flow.phases(), set(marks(flow))), ([SUCCEEDED] * 2, {"-"}), undisturbed=True)
    flow.cluster.rejections.clear()
    await flow.to(120)
    check_told(flow, *ALL)


@scenario("notifications about runs of a request that is deleted meanwhile", ends=None)
async def deleted(flow: Flow) -> None:
    flow.work(exit_code=3)
    flow.apply(timing=NOW, notify=hook("Failed"), ttlSecondsAfterFinished=0)
    await flow.to(60)
    flow.expect(lambda: len({event for _, event in flow.told}), 1, undisturbed=True)
