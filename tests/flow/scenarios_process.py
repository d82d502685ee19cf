"""Scenarios of requests that share a Process whose concurrencyPolicy is not Allow."""

from __future__ import annotations

from typing import Any

from tests.flow.driver import Flow, Work, later
from tests.flow.scenario import Collection
from tests.flow.scenarios_schedule import every, ticks

from process_operator.cluster.errors import QuotaExceeded
from process_operator.resources.kinds import JOB, PROCESS, PROCESS_REQUEST, PROCESS_RUN
from process_operator.resources.names import LABEL_PROCESS

PROCESSES = Collection(alone=frozenset({"shared"}))
scenario = PROCESSES.scenario

NOW: dict[str, object] = {"runImmediately": {}}
SUCCEEDED, CANCELED = "Succeeded/Completed", "Canceled/Canceled"
SKIPPED, SUPERSEDED, TOO_LATE = "Skipped/Overlap", "Missed/Superseded", "Missed/DeadlinePassed"
WAITS = "Pending/Waiting"
MISSING = [{"configMap": {"name": "missing", "key": "company.ics"}}]


def shared(flow: Flow, policy: str, *, seconds: float = 5) -> None:
    """The Process, and how long its runs take."""
    flow.work(seconds=seconds)
    flow.apply_process("shared", concurrencyPolicy=policy)


def ask(flow: Flow, name: str, timing: dict[str, Any] | None = None, **spec: Any) -> None:
    """Apply a request of the Process."""
    flow.apply(name, timing=timing or NOW, process={"name": "shared"}, **spec)


def edit_policy(flow: Flow, policy: str) -> None:
    """Change the policy of the Process."""
    flow.cluster.patch(PROCESS, "default", "shared", {"spec": {"concurrencyPolicy": policy}})


def phases(flow: Flow, *requests: str) -> list[list[str]]:
    """`Phase/Reason` of the runs of each request."""
    return [flow.phases(name) for name in requests]


def order(flow: Flow) -> str:
    """Names of the requests in the order in which their runs started."""
    started = [(run.status.start_time, run) for name in flow.requests_seen() for run in flow.runs(name)]
    return "".join(
        run.spec.request.name for start, run in sorted(started, key=lambda item: str(item[0])) if start is not None
    )


# ---- three at the same moment


@scenario("Process with Forbid: three that run immediately, one after the other by name", ends=[SUCCEEDED] * 3)
async def forbid_at_once(flow: Flow) -> None:
    shared(flow, "Forbid", seconds=10)
    for name in "cab":
        ask(flow, name)
    await flow.to(6)
    flow.expect(lambda: phases(flow, "a", "b", "c"), [["Running"], [WAITS], [WAITS]])
    flow.expect(lambda: "of request a (Process shared is shared: Forbid)" in (flow.newest("b").message or ""), True)
    flow.expect(lambda: flow.request("b").status.waiting_count, 1, undisturbed=True)
    await flow.to(60)
    flow.expect(lambda: order(flow), "abc")


@scenario("Process with Queue: who was due first is first, whatever the names", ends=[SUCCEEDED] * 3)
async def queue_by_due(flow: Flow) -> None:
    shared(flow, "Queue")
    ask(flow, "c")
    await flow.to(1.5)
    ask(flow, "b")
    await flow.to(3)
    ask(flow, "a")
    await flow.to(60)
    flow.expect(lambda: order(flow), "cba")


@scenario("Process with Forbid: a run by hand waits for the run of another request", ends=[SUCCEEDED] * 3)
async def by_hand(flow: Flow) -> None:
    shared(flow, "Forbid", seconds=0)
    ask(flow, "a")
    await flow.to(5)
    flow.work(seconds=20)
    ask(flow, "b")
    await flow.to(10)
    flow.run_now("by-hand", "a")
    await flow.to(15)
    flow.expect(lambda: flow.run("by-hand").status.reason, "Waiting")
    await flow.to(80)


# ---- schedules


@scenario(
    "Process with Forbid: two schedules, and the skipped tick names the run of the other",
    ends=[SKIPPED, SUCCEEDED, SUCCEEDED, SUCCEEDED],
)
async def forbid_schedules(flow: Flow) -> None:
    shared(flow, "Forbid", seconds=25)
    ask(flow, "b", every(100, until=50))
    await flow.to(5)
    ask(flow, "a", every(10, startTime=later(8), until=30), history={"other": 10})
    await flow.to(22)
    flow.expect(lambda: flow.request("a").status.waiting_count, 1, undisturbed=True)
    flow.expect(
        lambda: [run.status.message for run in flow.runs("a")],
        [f"blocked by run {flow.runs('b')[0].metadata.name} (concurrencyPolicy: Forbid)"],
    )
    await flow.to(150)


@scenario(
    "Process with Forbid: a newer tick supersedes one after the run that blocked it is over",
    ends=[SKIPPED, SUCCEEDED, SUCCEEDED, SUCCEEDED],
)
async def forbid_past(flow: Flow) -> None:
    shared(flow, "Forbid", seconds=20)
    ask(flow, "b")
    await flow.to(2)
    ask(flow, "c")
    await flow.to(3)
    ask(flow, "a", every(25, startTime=later(5), until=30), history={"other": 10})
    await flow.to(150)
    flow.expect(lambda: flow.runs("b")[0].metadata.name in (flow.runs("a")[0].status.message or ""), True)


@scenario("Process with Queue: ticks of two schedules in the order in which they are due", ends=[SUCCEEDED] * 6)
async def queue_schedules(flow: Flow) -> None:
    shared(flow, "Queue", seconds=8)
    ask(flow, "b", every(10, startTime=later(3), until=25), history={"successful": 10})
    ask(flow, "a", every(10, startTime=later(5), until=27), history={"successful": 10})
    await flow.to(150)
    flow.expect(lambda: order(flow), "bababa")


@scenario(
    "Process with Forbid: a fast schedule keeps its place beside a slow one", ends=None, loses=frozenset({"ends"})
)
async def forbid_fair(flow: Flow) -> None:
    shared(flow, "Forbid", seconds=5)
    ask(flow, "a", every(1, until=60), history={"other": 100, "successful": 100})
    ask(flow, "b", every(5, until=60), history={"other": 100, "successful": 100})
    await flow.to(120)
    counts = [sum(1 for run in flow.runs(name) if run.status.phase == "Succeeded") for name in "ab"]
    flow.expect(lambda: min(counts) >= 4, True, undisturbed=True)


@scenario("Process with Queue: a deadline passes in line", ends=[TOO_LATE, SUCCEEDED])
async def queue_deadline(flow: Flow) -> None:
    shared(flow, "Queue", seconds=30)
    ask(flow, "b")
    await flow.to(3)
    ask(flow, "a", startingDeadlineSeconds=10)
    await flow.to(80)


@scenario("Process with Forbid: a tick that waits too long is skipped", ends=[SKIPPED, SUCCEEDED])
async def forbid_deadline(flow: Flow) -> None:
    shared(flow, "Forbid", seconds=30)
    ask(flow, "b")
    await flow.to(3)
    ask(flow, "a", every(100, startTime=later(5), until=6), startingDeadlineSeconds=10)
    await flow.to(100)


@scenario(
    "Process with Queue: an outage, and all that came due meanwhile", ends=[SUPERSEDED, SUCCEEDED, SUCCEEDED, SUCCEEDED]
)
async def outage(flow: Flow) -> None:
    shared(flow, "Queue", seconds=5)
    ask(flow, "a", every(20, startTime=later(10), until=31), history={"other": 10})
    ask(flow, "b", every(20, startTime=later(20), until=21))
    await flow.to(5)
    await flow.stop()
    await flow.to(35)
    flow.apply("c", timing=NOW, process={"name": "shared"})
    await flow.to(36)
    await flow.start()
    await flow.to(100)
    flow.expect(lambda: order(flow), "bac")


@scenario("Process with Queue: an outage that a schedule makes up as a whole", ends=[SUCCEEDED] * 5)
async def outage_all(flow: Flow) -> None:
    shared(flow, "Queue", seconds=5)
    ask(flow, "a", every(10, startTime=later(10), until=41), catchUp="All", history={"successful": 10})
    ask(flow, "b", every(20, startTime=later(25), until=26))
    await flow.to(5)
    await flow.stop()
    await flow.to(45)
    await flow.start()
    await flow.to(120)
    flow.expect(lambda: order(flow), "aabaa")


@scenario("Process with Forbid: two schedules that make up all", ends=[SUCCEEDED] * 6)
async def forbid_all(flow: Flow) -> None:
    shared(flow, "Forbid", seconds=12)
    ask(flow, "a", every(10, startTime=later(5), until=26), catchUp="All", history={"successful": 10})
    ask(flow, "b", every(10, startTime=later(5), until=26), catchUp="All", history={"successful": 10})
    await flow.to(150)
    flow.expect(lambda: order(flow), "ababab")


# ---- policies of both


@scenario("Process with Queue, a request with Replace: the stricter one holds", ends=[SUCCEEDED, SUCCEEDED])
async def stricter_process(flow: Flow) -> None:
    shared(flow, "Queue", seconds=20)
    ask(flow, "b")
    await flow.to(5)
    ask(flow, "a", concurrencyPolicy="Replace")
    await flow.to(90)


@scenario(
    "Process with Queue, a request with Forbid: its next tick supersedes its waiting one",
    ends=[SKIPPED, SUCCEEDED, SUCCEEDED],
)
async def forbid_in_queue(flow: Flow) -> None:
    shared(flow, "Queue", seconds=20)
    ask(flow, "b")
    await flow.to(3)
    ask(flow, "a", every(10, startTime=later(5), until=16), concurrencyPolicy="Forbid")
    await flow.to(90)


# ---- Run Later


@scenario("Process with Queue: two that run later at the same moment", ends=[SUCCEEDED, TOO_LATE])
async def later_together(flow: Flow) -> None:
    shared(flow, "Queue", seconds=20)
    ask(flow, "b", {"runLater": {"startTime": later(10), "within": "5s"}})
    ask(flow, "a", {"runLater": {"startTime": later(10)}})
    await flow.to(8)
    flow.expect(lambda: phases(flow, "a", "b"), [["Pending/Suspended"], ["Pending/Suspended"]])
    await flow.to(80)


# ---- unschedule, cancel, delete


@scenario("Process with Forbid: the first in line is canceled", ends=[SUCCEEDED, CANCELED, SUCCEEDED])
async def waiting_canceled(flow: Flow) -> None:
    shared(flow, "Forbid", seconds=20)
    ask(flow, "a")
    await flow.to(5)
    ask(flow, "b")
    ask(flow, "c")
    await flow.to(10)
    flow.cancel_newest("b")
    await flow.to(80)


@scenario("Process with Forbid: the blocking run is canceled", ends=[CANCELED, SUCCEEDED])
async def blocker_canceled(flow: Flow) -> None:
    shared(flow, "Forbid")
    flow.controllers.work = lambda name: Work(seconds=300 if name.startswith("a-") else 5)
    ask(flow, "a")
    await flow.to(5)
    ask(flow, "b")
    await flow.to(10)
    flow.cancel_newest("a")
    await flow.to(80)


@scenario("Process with Forbid: the request whose run blocks is deleted", ends=["Running", SUCCEEDED])
async def blocker_deleted(flow: Flow) -> None:
    shared(flow, "Forbid", seconds=300)
    ask(flow, "a")
    await flow.to(5)
    ask(flow, "b")
    await flow.to(10)
    flow.work(seconds=5)
    flow.cluster.delete(PROCESS_REQUEST, "a")
    await flow.to(80)


@scenario("Process with Queue: the first in line is unscheduled", ends=[SUCCEEDED, "Canceled/Unscheduled", SUCCEEDED])
async def first_suspended(flow: Flow) -> None:
    shared(flow, "Queue", seconds=20)
    ask(flow, "a")
    await flow.to(5)
    ask(flow, "b")
    ask(flow, "c")
    await flow.to(10)
    flow.edit("b", suspend=True)
    await flow.to(80)


@scenario("Process with Forbid: a suspended run lets the others go, and waits for its turn again", ends=[SUCCEEDED] * 2)
async def suspended_running(flow: Flow) -> None:
    shared(flow, "Forbid", seconds=20)
    ask(flow, "a", onSuspend="SuspendRunning")
    await flow.to(5)
    ask(flow, "b")
    await flow.to(8)
    flow.edit("a", suspend=True)
    await flow.to(14)  # a restart has seen it run by then, too
    flow.expect(lambda: phases(flow, "b"), [["Running"]])
    flow.edit("a", suspend=False)
    await flow.to(20)
    flow.expect(lambda: phases(flow, "a", "b"), [["Pending/Suspended"], ["Running"]])
    await flow.to(90)


# ---- steps and backfills


def shared_group(flow: Flow, policy: str, *, seconds: float = 5) -> None:
    """The Process as one of two steps, each of a Process of its own."""
    flow.work(seconds=seconds)
    names = ("extract", "load")
    for name in names:
        flow.apply_process(name)
    steps = [{"name": name, "process": {"name": name}} for name in names]
    flow.cluster.create(
        PROCESS, {"metadata": {"name": "shared"}, "spec": {"steps": steps, "concurrencyPolicy": policy}}
    )


@scenario(
    "Process with steps and Forbid: two requests, all steps of one before those of the other", ends=[SUCCEEDED] * 6
)
async def steps_forbid(flow: Flow) -> None:
    shared_group(flow, "Forbid")
    ask(flow, "b")
    ask(flow, "a")
    await flow.to(4)
    flow.expect(lambda: sum(phase == WAITS for phase in flow.phases("b")), 1)
    await flow.to(8)
    flow.expect(lambda: len(flow.runs("b")), 1)
    await flow.to(90)
    flow.expect(lambda: order(flow), "aaabbb")


@scenario("Process with steps and Forbid: a suspended run keeps its place", ends=[SUCCEEDED] * 6)
async def steps_suspended(flow: Flow) -> None:
    shared_group(flow, "Forbid", seconds=10)
    ask(flow, "a", onSuspend="SuspendRunning")
    await flow.to(5)
    ask(flow, "b")
    flow.edit("a", suspend=True)
    await flow.to(30)
    flow.expect(lambda: phases(flow, "b"), [[WAITS]])
    flow.edit("a", suspend=False)
    await flow.to(120)


@scenario(
    "Process whose name a step has: the runs of that step carry its label", ends=[SUCCEEDED] * 4, alone=frozenset()
)
async def step_label(flow: Flow) -> None:
    shared_group(flow, "Queue", seconds=5)
    ask(flow, "a")
    flow.apply("b", timing=NOW, process={"name": "load"})
    await flow.to(60)
    labels = sorted(body["metadata"]["labels"][LABEL_PROCESS] for body in flow.cluster.all(PROCESS_RUN))
    assert labels == ["extract", "load", "load", "shared"]


@scenario(
    "Process with Queue: runs of a backfill and of another request wait for each other", ends=[SUCCEEDED] * 4, rest=3700
)
async def backfilled(flow: Flow) -> None:
    shared(flow, "Queue", seconds=10)
    ask(flow, "a", {"schedule": {"cron": "* 11 * * *"}}, history={"successful": 10})
    await flow.to(2)
    flow.backfill("before", -180.25, -60, request="a")
    await flow.to(5)
    ask(flow, "b")
    await flow.to(150)
    flow.expect(lambda: order(flow), "abaa")


@scenario(
    "Process with Forbid: ticks that maxRuns or a calendar leaves out block no other request",
    ends=[SUCCEEDED] * 2,
    due=lambda: ticks(5),
)
async def asks_for_nothing(flow: Flow) -> None:
    shared(flow, "Forbid", seconds=2)
    ask(flow, "a", every(10, startTime=later(5), until=45, maxRuns=1))
    await flow.to(20)
    ask(flow, "c", every(10, startTime=later(5), until=45, excludeFrom=MISSING))
    await flow.to(24.9)
    ask(flow, "d")
    await flow.to(28)
    flow.expect(lambda: phases(flow, "d"), [[SUCCEEDED]])
    flow.cluster.delete(PROCESS_REQUEST, "c")
    await flow.to(100)


# ---- what else may happen


@scenario("Process with Forbid: a quota holds the first in line, and the next passes", ends=[SUCCEEDED] * 3)
async def quota(flow: Flow) -> None:
    shared(flow, "Forbid", seconds=5)
    ask(flow, "a")
    ask(flow, "b", suspend=True)
    ask(flow, "c", suspend=True)
    await flow.to(20)
    flow.reject("create", JOB, QuotaExceeded("exceeded quota: q", status=403))
    flow.edit("b", suspend=False)
    await flow.to(22)
    flow.reject("create", JOB, None)
    flow.edit("c", suspend=False)
    await flow.to(26)
    flow.expect(lambda: phases(flow, "b", "c"), [["Pending/QuotaExceeded"], ["Running"]], undisturbed=True)
    await flow.to(90)


@scenario("Process whose policy becomes Forbid while two runs are on", ends=[SUCCEEDED] * 3, alone=frozenset())
async def becomes_forbid(flow: Flow) -> None:
    shared(flow, "Allow", seconds=20)
    ask(flow, "a")
    ask(flow, "b")
    await flow.to(5)
    edit_policy(flow, "Forbid")
    await flow.to(8)
    ask(flow, "c")
    await flow.to(15)
    flow.expect(lambda: phases(flow, "a", "b", "c"), [["Running"], ["Running"], [WAITS]])
    await flow.to(90)


@scenario("Process whose policy becomes Allow while a run waits", ends=[SUCCEEDED] * 2, alone=frozenset())
async def becomes_allow(flow: Flow) -> None:
    shared(flow, "Queue", seconds=30)
    ask(flow, "a")
    await flow.to(5)
    ask(flow, "b")
    await flow.to(10)
    edit_policy(flow, "Allow")
    await flow.to(15)
    flow.expect(lambda: phases(flow, "a", "b"), [["Running"], ["Running"]])
    await flow.to(90)


@scenario("Process that is deleted while a run waits, and created again", ends=[SUCCEEDED] * 2)
async def process_deleted(flow: Flow) -> None:
    shared(flow, "Forbid", seconds=10)
    ask(flow, "a")
    await flow.to(5)
    ask(flow, "b")
    await flow.to(8)
    flow.cluster.delete(PROCESS, "shared")
    await flow.to(30)
    flow.expect(lambda: phases(flow, "a", "b"), [[SUCCEEDED], ["Pending/ProcessNotFound"]])
    shared(flow, "Forbid", seconds=10)
    await flow.to(90)


@scenario("Process with Forbid: a request changes to another Process while its run blocks", ends=[SUCCEEDED] * 3)
async def changes_process(flow: Flow) -> None:
    shared(flow, "Forbid", seconds=20)
    flow.apply_process("other", concurrencyPolicy="Forbid")
    ask(flow, "a")
    await flow.to(5)
    flow.edit("a", process={"name": "other"})
    ask(flow, "b")
    await flow.to(10)
    flow.expect(lambda: phases(flow, "a", "b"), [["Running"], [WAITS]])
    flow.reschedule("again", "a")
    await flow.to(90)


@scenario(
    "Process with Forbid: cron that a CronJob could do is done by the operator",
    ends=[SUCCEEDED],
    rest=130,
    due=lambda: ticks(60),
)
async def no_cronjob(flow: Flow) -> None:
    shared(flow, "Forbid", seconds=5)
    ask(flow, "a", {"schedule": {"cron": "* * * * *"}})
    await flow.to(70)
    flow.expect(lambda: flow.request("a").status.engine, "Operator")
    flow.edit("a", suspend=True)
    await flow.to(100)


@scenario("Processes of other names do not wait for each other", ends=[SUCCEEDED] * 2)
async def other_names(flow: Flow) -> None:
    shared(flow, "Forbid", seconds=20)
    flow.apply_process("other", concurrencyPolicy="Forbid")
    ask(flow, "a")
    flow.apply("b", timing=NOW, process={"name": "other"})
    await flow.to(10)
    flow.expect(lambda: phases(flow, "a", "b"), [["Running"], ["Running"]])
    await flow.to(60)
