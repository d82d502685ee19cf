"""Scenarios of schedules whose ticks the operator itself starts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.flow.driver import BEGIN, Flow, Work, later, template
from tests.flow.scenario import Collection

from process_operator.cluster.errors import QuotaExceeded
from process_operator.resources.kinds import JOB, PROCESS_REQUEST
from process_operator.resources.schedule import Schedule

SCHEDULES = Collection()
scenario = SCHEDULES.scenario

SUCCEEDED, CANCELED = "Succeeded/Completed", "Canceled/Canceled"
SUPERSEDED, SKIPPED, TOO_LATE = "Missed/Superseded", "Skipped/Overlap", "Missed/DeadlinePassed"


def tick_run(seconds: int) -> str:
    """The name of the run of a tick, so many seconds after the beginning, of a request whose ticks are no whole
    minutes."""
    return f"job-f34a2bff-{int(BEGIN.timestamp()) + seconds}"


FIRST = tick_run(0)


def every(seconds: int, *, until: int | None = None, **bounds: Any) -> dict[str, Any]:
    """Timing with a tick every `seconds` from the beginning, up to a second."""
    if until is not None:
        bounds["finishTime"] = later(until)
    return {"schedule": {"secondly": {"every": seconds}, **bounds}}


def ticks(*seconds: int) -> list[datetime]:
    """Instants by their seconds after the beginning."""
    return [BEGIN.replace(microsecond=0) + timedelta(seconds=second) for second in seconds]


@scenario("every 5 seconds under Allow", ends=[SUCCEEDED] * 5)
async def allow(flow: Flow) -> None:
    flow.work(seconds=12)
    flow.apply(timing=every(5, until=22), history={"successful": 10})
    await flow.to(18)
    flow.expect(lambda: flow.request().status.active_count, 3, undisturbed=True)
    await flow.to(60)
    flow.expect(lambda: (flow.request().status.phase, flow.request().status.counts.succeeded), ("Finished", 5))


@scenario("every second, with runs of a minute", ends=[SUCCEEDED] * 20)
async def every_second(flow: Flow) -> None:
    flow.work(seconds=60)
    flow.apply(timing=every(1, until=19), history={"successful": 100})
    await flow.to(15)
    # However often something starts, what is known is written down now and then.
    flow.expect(lambda: flow.request().status.active_count > 0, True, undisturbed=True)
    flow.expect(lambda: {str(run.status.phase) for run in flow.runs()[:8]}, {"Running"}, undisturbed=True)
    await flow.to(120)


@scenario("the first Monday of the month as Quartz says it, by the second", ends=[SUCCEEDED] * 3)
async def quartz(flow: Flow) -> None:
    flow.apply(timing={"schedule": {"cron": "10/20 1 12 ? * MON#1 2027"}})
    await flow.to(120)
    flow.expect(lambda: flow.request().status.engine, "Operator")
    flow.expect(lambda: [run.spec.scheduled_time for run in flow.runs()], ticks(70, 90, 110))


@scenario("daily under Forbid, with a run that lasts into the next day", ends=[SUCCEEDED, SUCCEEDED], rest=3700)
async def daily(flow: Flow) -> None:
    flow.work(seconds=25 * 3600)
    daily = {"daily": {"at": "13:00"}, "finishTime": later(2 * 86400)}
    flow.apply(timing={"schedule": daily}, concurrencyPolicy="Forbid")
    await flow.to(86400 + 3600 + 1800)
    flow.expect(lambda: (flow.phases(), flow.request().status.waiting_count), (["Running"], 1), undisturbed=True)
    await flow.to(4 * 86400)


@scenario(
    "every 5 seconds, edited to hourly in the second of a tick, and rescheduled in that second",
    ends=None,
    due=lambda: ticks(0, 5, 10, 11),
)
async def edited_in_the_second_of_a_tick(flow: Flow) -> None:
    flow.apply(timing=every(5), history={"successful": 10})
    await flow.to(10)
    flow.edit(timing={"schedule": {"hourly": {"every": 1}}})
    await flow.settle()
    flow.reschedule("again")
    await flow.to(60)
    # The first run of an hourly schedule is due when it begins, which is in the second after that of the last tick.
    flow.expect(lambda: [run.spec.scheduled_time for run in flow.runs()], ticks(0, 5, 10, 11), undisturbed=True)


@scenario(
    "every second under Forbid, beside a run of half a minute",
    ends=[SUCCEEDED, *[SKIPPED] * 10, f"{SKIPPED} x20", *[SUCCEEDED] * 5],
    writes=(18, 40),
)
async def forbid(flow: Flow) -> None:
    flow.controllers.work = lambda name: Work(seconds=30 if name == FIRST else 0)
    flow.apply(timing=every(1, until=35), concurrencyPolicy="Forbid", history={"other": 100})
    await flow.to(20)
    flow.expect(lambda: flow.request().status.waiting_count, 1, undisturbed=True)
    await flow.to(60)


@scenario(
    "every second under Forbid, beside a run of three minutes",
    ends=None,
    writes=(34, 41),
)
async def forbid_long(flow: Flow) -> None:
    flow.controllers.work = lambda name: Work(seconds=180 if name == FIRST else 0)
    flow.apply(timing=every(1, until=170), concurrencyPolicy="Forbid", history={"other": 100})
    await flow.to(300)
    flow.expect(lambda: len([phase for phase in flow.phases() if phase.startswith("Skipped")]), 11)


@scenario("every 10 seconds under Replace, with runs of 25 seconds", ends=["Canceled/Replaced"] * 3 + [SUCCEEDED])
async def replace(flow: Flow) -> None:
    flow.work(seconds=25)
    flow.apply(timing=every(10, until=35), concurrencyPolicy="Replace")
    await flow.to(80)


@scenario("every 5 seconds under Queue, with runs of 12 seconds", ends=[SUCCEEDED] * 4)
async def queue(flow: Flow) -> None:
    flow.work(seconds=12)
    flow.apply(timing=every(5, until=17), concurrencyPolicy="Queue", history={"successful": 10})
    await flow.to(18)
    flow.expect(flow.phases, [SUCCEEDED, "Running", "Pending/Waiting", "Pending/Waiting"])
    flow.expect(lambda: flow.request().status.waiting_count, 2, undisturbed=True)
    await flow.to(90)


@scenario("every 5 seconds under Queue with a starting deadline", ends=[SUCCEEDED, SUCCEEDED, TOO_LATE, TOO_LATE])
async def queue_deadline(flow: Flow) -> None:
    flow.work(seconds=12)
    flow.apply(timing=every(5, until=17), concurrencyPolicy="Queue", startingDeadlineSeconds=10)
    await flow.to(22)
    # Nothing has happened since 15 s but the third tick's deadline, while the run of the second is open.
    flow.expect(flow.phases, [SUCCEEDED, "Running", TOO_LATE, "Pending/Waiting"], undisturbed=True)
    await flow.to(90)


@scenario(
    "an outage of an hour, every second",
    ends=[SUCCEEDED, *[SUPERSEDED] * 10, f"{SUPERSEDED} x3589", SUCCEEDED, SUCCEEDED],
)
async def outage(flow: Flow) -> None:
    flow.work(seconds=0)
    flow.apply(timing=every(1, until=3601), history={"other": 100})
    await flow.to(0.5)
    await flow.stop()
    await flow.to(3600.5)
    await flow.start()
    await flow.to(3630)


@scenario(
    "an outage of a minute, every second, with a starting deadline",
    ends=[SUCCEEDED, *[TOO_LATE] * 10, f"{TOO_LATE} x29", *[SUPERSEDED] * 10, f"{SUPERSEDED} x10", SUCCEEDED],
    loses=frozenset({"ends"}),
)
async def outage_deadline(flow: Flow) -> None:
    # After a crash later on more of them are too late.
    flow.work(seconds=0)
    flow.apply(timing=every(1, until=60), history={"other": 100}, startingDeadlineSeconds=20)
    await flow.to(0.5)
    await flow.stop()
    await flow.to(60.5)
    await flow.start()
    await flow.to(90)


@scenario("an outage after which every tick is too late", ends=[SUCCEEDED, TOO_LATE, TOO_LATE])
async def all_too_late(flow: Flow) -> None:
    flow.apply(timing=every(20, until=50), startingDeadlineSeconds=10)
    await flow.to(12)
    await flow.stop()
    await flow.to(100)
    await flow.start()
    await flow.to(120)
    flow.expect(lambda: flow.request().status.phase, "Finished")


@scenario("a starting deadline of 0 seconds", ends=[SUCCEEDED] * 3)
async def no_patience(flow: Flow) -> None:
    flow.apply(timing=every(10, until=25), startingDeadlineSeconds=0)
    await flow.to(60)


@scenario("a startTime in the future", ends=[SUCCEEDED] * 2)
async def starts_later(flow: Flow) -> None:
    flow.apply(timing=every(10, until=45, startTime=later(30)))
    await flow.to(20)
    flow.expect(lambda: flow.request().status.phase, "Scheduled")
    await flow.to(80)


# ---- suspend, edit, reschedule


@scenario("suspended with KeepRunning, then resumed", ends=[SUCCEEDED] * 4, due=lambda: ticks(0, 10, 60, 70))
async def keep_running(flow: Flow) -> None:
    flow.apply(timing=every(10, until=75))
    await flow.to(12)
    flow.edit(suspend=True)
    await flow.to(60)
    flow.expect(lambda: (flow.phases(), flow.request().status.phase), ([SUCCEEDED] * 2, "Suspended"))
    flow.edit(suspend=False)
    await flow.to(110)


@scenario("suspended with CancelRunning", ends=[SUCCEEDED, "Canceled/Unscheduled"], due=lambda: ticks(0, 10))
async def cancel_running(flow: Flow) -> None:
    flow.work(seconds=8)
    flow.apply(timing=every(10, until=75), onSuspend="CancelRunning")
    await flow.to(14)
    flow.edit(suspend=True)
    await flow.to(40)


@scenario("suspended with SuspendRunning, then resumed", ends=[SUCCEEDED] * 4, due=lambda: ticks(0, 10, 60, 70))
async def suspend_running(flow: Flow) -> None:
    flow.work(seconds=8)
    flow.apply(timing=every(10, until=75), onSuspend="SuspendRunning")
    await flow.to(14)
    flow.edit(suspend=True)
    await flow.to(40)
    flow.expect(flow.phases, [SUCCEEDED, "Pending/Suspended"])
    await flow.to(60)
    flow.edit(suspend=False)
    await flow.to(110)


@scenario(
    "queued runs are given up when it is suspended",
    ends=[SUCCEEDED, *["Canceled/Unscheduled"] * 2],
    due=lambda: ticks(0, 5, 10),
)
async def suspended_queue(flow: Flow) -> None:
    flow.work(seconds=30)
    flow.apply(timing=every(5, until=75), concurrencyPolicy="Queue")
    await flow.to(12)
    flow.edit(suspend=True)
    await flow.to(60)


@scenario(
    "a tick that waits under Forbid when it is suspended",
    ends=[SUCCEEDED, "Skipped/Overlap", "Missed/Suspended"],
    due=lambda: ticks(0, 5, 10),
)
async def suspended_waiting(flow: Flow) -> None:
    flow.work(seconds=30)
    flow.apply(timing=every(5, until=75), concurrencyPolicy="Forbid")
    await flow.to(12)
    flow.edit(suspend=True)
    await flow.to(60)


@scenario(
    "many ticks that wait when it is suspended",
    ends=[SUCCEEDED, *[SKIPPED] * 10, f"{SKIPPED} x1", "Missed/Suspended x9"],
    due=lambda: ticks(*range(21)),
)
async def suspended_many(flow: Flow) -> None:
    flow.work(seconds=30)
    flow.apply(timing=every(1, until=75), concurrencyPolicy="Forbid", history={"other": 100})
    await flow.to(20)
    flow.edit(suspend=True)
    await flow.to(60)


@scenario(
    "a tick that waits under Forbid when the timing is edited",
    ends=[SUCCEEDED, SKIPPED, "Missed/Edited", SKIPPED, SKIPPED, SUCCEEDED],
    due=lambda: ticks(0, 5, 10, 15, 22, 29),
)
async def edited_waiting(flow: Flow) -> None:
    flow.work(seconds=30)
    flow.apply(timing=every(5, until=100), concurrencyPolicy="Forbid")
    await flow.to(12)
    flow.expect(lambda: flow.request().status.waiting_count, 1, undisturbed=True)
    flow.calendars["job"] = [Schedule.model_validate(every(5)["schedule"])]
    flow.edit(timing=every(7, until=30, startTime=later(15)))
    await flow.to(100)


@scenario("an edit of the timing begins a new activation", ends=[SUCCEEDED] * 4, due=lambda: ticks(0, 10, 15, 25))
async def edited(flow: Flow) -> None:
    flow.apply(timing=every(10, until=100))
    await flow.to(15)
    flow.edit(timing=every(10, until=30))
    await flow.to(100)


@scenario(
    "an edit while the operator does not look, and ticks of the old timing have come due since",
    ends=[SUCCEEDED, SUCCEEDED, "Missed/Edited x3", SUCCEEDED, SUCCEEDED],
    due=lambda: ticks(0, 2, 4, 6, 8, 9, 19),
)
async def edited_unseen(flow: Flow) -> None:
    flow.work(seconds=0)
    flow.calendars["job"] = [Schedule.model_validate(every(2)["schedule"])]
    flow.apply(timing=every(2, until=100))
    await flow.to(3.5)
    flow.clock.now += timedelta(seconds=6)
    flow.edit(timing=every(10, until=25))
    await flow.to(100)


@scenario(
    "a timing that is edited and suspended together while the operator does not look",
    ends=[SUCCEEDED, SUCCEEDED, "Missed/Suspended x3"],
    due=lambda: ticks(0, 2, 4, 6, 8),
)
async def edited_and_suspended_unseen(flow: Flow) -> None:
    flow.work(seconds=0)
    flow.calendars["job"] = [Schedule.model_validate(every(2)["schedule"])]
    flow.apply(timing=every(2, until=100))
    await flow.to(3.5)
    flow.clock.now += timedelta(seconds=6)
    flow.edit(timing=every(1, until=25), suspend=True)
    await flow.to(100)


@scenario("an edit of the template begins no activation", ends=[SUCCEEDED] * 3)
async def template_edited(flow: Flow) -> None:
    flow.apply(timing=every(10, until=25))
    await flow.to(15)
    flow.edit(jobTemplate=template(image="busybox:2"))
    await flow.to(60)


@scenario("a schedule that is rescheduled", ends=[SUCCEEDED] * 4, due=lambda: ticks(0, 10, 15, 25))
async def rescheduled(flow: Flow) -> None:
    flow.apply(timing=every(10, until=30))
    await flow.to(15)
    flow.reschedule("again")
    await flow.to(80)


@scenario("a schedule that has finished is rescheduled within its bounds", ends=[SUCCEEDED] * 2)
async def finished_rescheduled(flow: Flow) -> None:
    flow.apply(timing=every(10, until=15))
    await flow.to(60)
    flow.expect(lambda: flow.request().status.phase, "Finished")


# ---- runs by hand, cancel, retention


@scenario(
    "a run by hand beside ticks under Forbid",
    ends=[SUCCEEDED, SUCCEEDED, SKIPPED, SKIPPED, SUCCEEDED, SUCCEEDED],
)
async def by_hand_forbid(flow: Flow) -> None:
    flow.work(seconds=3)
    flow.apply(timing=every(5, until=22), concurrencyPolicy="Forbid")
    await flow.to(4.5)
    flow.work(seconds=12)
    flow.run_now("by-hand")
    await flow.to(60)


@scenario("a run by hand under Replace", ends=["Canceled/Replaced", "Canceled/Replaced", SUCCEEDED])
async def by_hand_replace(flow: Flow) -> None:
    flow.work(seconds=12)
    flow.apply(timing=every(10, until=12), concurrencyPolicy="Replace")
    await flow.to(5)
    flow.run_now("by-hand")
    await flow.to(60)


@scenario(
    "a run by hand under Replace that is newer than the tick that waits", ends=["Canceled/Replaced"] * 2 + [SUCCEEDED]
)
async def by_hand_newer(flow: Flow) -> None:
    flow.work(seconds=15)
    flow.apply(timing=every(10, until=12), concurrencyPolicy="Replace")
    await flow.to(9)
    flow.controllers.jobs_away = True
    await flow.to(12.5)
    flow.run_now("by-hand")
    await flow.to(14)
    flow.controllers.jobs_away = False
    await flow.to(60)


@scenario("a queued run that is canceled", ends=[SUCCEEDED, CANCELED, SUCCEEDED])
async def queued_canceled(flow: Flow) -> None:
    flow.work(seconds=20)
    flow.apply(timing=every(5, until=12), concurrencyPolicy="Queue")
    await flow.to(7)
    flow.cancel_newest()
    await flow.to(80)


@scenario(
    "retention keeps the newest, and only removes what the written cursor covers",
    ends=[SUCCEEDED] * 20,
    writes=(58, 67),
)
async def retention(flow: Flow) -> None:
    flow.work(seconds=0)
    flow.apply(timing=every(3, until=58), history={"successful": 2})
    await flow.to(200)
    flow.expect(lambda: len(flow.runs()), 2)
    flow.expect(lambda: len(flow.jobs()), 2)


@scenario("retention by age", ends=[SUCCEEDED] * 3)
async def retention_by_age(flow: Flow) -> None:
    flow.work(seconds=0)
    flow.apply(timing=every(10, until=25), history={"maxAge": "60s"})
    await flow.to(200)
    flow.expect(flow.runs, [])


@scenario("a request that is deleted with its runs and made again", ends=[SUCCEEDED] * 4)
async def made_again(flow: Flow) -> None:
    flow.apply(timing=every(10, until=100))
    await flow.to(18)
    flow.cluster.delete(PROCESS_REQUEST, "job")
    await flow.to(20)
    flow.apply(timing=every(10, until=35))
    await flow.to(80)


# ---- obstacles


@scenario("a quota that is full for a tick and heals", ends=[SUCCEEDED, SUCCEEDED])
async def quota(flow: Flow) -> None:
    flow.apply(timing=every(20, until=30))
    await flow.to(15)
    flow.reject("create", JOB, QuotaExceeded("exceeded quota: q", status=403))
    await flow.to(40)
    flow.expect(flow.phases, [SUCCEEDED, "Pending/QuotaExceeded"])
    flow.reject("create", JOB, None)
    await flow.to(80)


@scenario("a quota that is full until it is too late", ends=[SUCCEEDED, TOO_LATE])
async def quota_too_late(flow: Flow) -> None:
    flow.apply(timing=every(20, until=30), startingDeadlineSeconds=20)
    await flow.to(15)
    flow.reject("create", JOB, QuotaExceeded("exceeded quota: q", status=403))
    await flow.to(60)
    flow.reject("create", JOB, None)
    await flow.to(100)


@scenario("a schedule whose Process is missing for a while", ends=["Missed/Superseded", SUCCEEDED, SUCCEEDED])
async def process_missing(flow: Flow) -> None:
    flow.apply(timing=every(10, until=25), process={"name": "close-day"})
    await flow.to(15)
    flow.expect(lambda: (flow.acceptance(), flow.runs()), (("Pending", "ProcessNotFound"), []))
    flow.apply_process("close-day")
    await flow.to(60)


@scenario("a clock that is set back", ends=[SUCCEEDED] * 4, writes=(1, 0))
async def clock_back(flow: Flow) -> None:
    flow.apply(timing=every(10, until=35))
    await flow.to(25)
    flow.set_clock(timedelta(seconds=-20))
    await flow.to(80)


@scenario("a clock that jumps ahead", ends=[SUCCEEDED, SUCCEEDED, *[SUPERSEDED] * 4, SUCCEEDED])
async def clock_ahead(flow: Flow) -> None:
    flow.apply(timing=every(10, until=65), history={"other": 10})
    await flow.to(15)
    flow.set_clock(timedelta(seconds=50))
    await flow.to(120)


@scenario(
    "a clock that was ahead, and is right after a restart, with ticks recorded that were not due yet",
    ends=None,
    due=lambda: ticks(*range(0, 96, 5)),
    writes=(1, 0),
)
async def clock_ahead_and_restart(flow: Flow) -> None:
    flow.work(seconds=0)
    flow.apply(timing=every(5, until=95), history={"successful": 100, "other": 100})
    await flow.to(8)
    written = flow.cluster.read(PROCESS_REQUEST, "job")["status"]
    flow.set_clock(timedelta(seconds=70))
    await flow.to(90)
    # The cursor of the wrong clock was never written, what it recorded was.
    await flow.stop()
    flow.clock.now -= timedelta(seconds=70)
    back = [{"op": "add", "path": "/status", "value": written}]
    flow.cluster.patch(PROCESS_REQUEST, "default", "job", back, subresource="status")
    await flow.start()
    await flow.to(180)


@scenario(
    "a cursor that is hours ahead, because an earlier clock was wrong",
    ends=[SUCCEEDED] * 4,
    due=lambda: ticks(0, 20, 40, 60),
    writes=(1, 0),
)
async def cursor_hours_ahead(flow: Flow) -> None:
    flow.work(seconds=0)
    flow.apply(timing=every(20, until=65))
    await flow.to(15)
    ahead = [{"op": "add", "path": "/status/lastScheduleTime", "value": later(3 * 3600)}]
    flow.cluster.patch(PROCESS_REQUEST, "default", "job", ahead, subresource="status")
    await flow.to(100)
    flow.expect(lambda: [reason for reason, _, _ in flow.processes[0].events.said].count("ClockWasAhead"), 1)


@scenario(
    "a stalled operator, while another runs, records and removes ticks that the first knows to be due",
    ends=[SUCCEEDED] * 60,
    writes=(1, 0),
)
async def stood_still(flow: Flow) -> None:
    flow.work(seconds=0)
    flow.apply(timing=every(3, until=178), history={"successful": 0})
    await flow.to(10)
    await flow.stand_still(120)
    await flow.to(260)


@scenario(
    "an operator that stalls between a run and its Job, for longer than the starting deadline",
    ends=[SUCCEEDED, TOO_LATE, SUCCEEDED],
    writes=(1, 0),
)
async def stalled_in_an_action(flow: Flow) -> None:
    flow.work(seconds=0)
    flow.apply(timing=every(20, until=45), startingDeadlineSeconds=3)
    await flow.to(15)
    flow.stall_after_the_next_run(10)
    await flow.to(80)


@scenario(
    "a finishTime that is set to the past ends a schedule, and the runs that were claimed before still start",
    ends=[SUCCEEDED] * 4,
    due=lambda: ticks(0, 10, 20, 30),
)
async def finish_in_the_past(flow: Flow) -> None:
    flow.work(seconds=25)
    flow.apply(timing=every(10), concurrencyPolicy="Queue", history={"successful": 100})
    await flow.to(35.5)
    flow.expect(lambda: flow.phases()[2:], ["Pending/Waiting"] * 2, undisturbed=True)
    flow.edit(timing=every(10, until=20))
    await flow.to(150)
    flow.expect(lambda: flow.acceptance(), ("Invalid", "NeverFires"))


@scenario(
    "so they do if other requests share the Process",
    ends=[SUCCEEDED] * 4,
    due=lambda: ticks(0, 10, 20, 30),
)
async def finish_in_the_past_of_a_shared_process(flow: Flow) -> None:
    flow.work(seconds=25)
    flow.apply_process("close", concurrencyPolicy="Queue")
    flow.apply(timing=every(10), process={"name": "close"}, history={"successful": 100})
    await flow.to(35.5)
    flow.edit(timing=every(10, until=20))
    await flow.to(150)
    flow.expect(lambda: flow.acceptance(), ("Invalid", "NeverFires"))
