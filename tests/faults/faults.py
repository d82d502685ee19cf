"""Faults of a battle: each is one function, with its title and the minimum duration of the load.

`SHORT` has those of `make test`: the same faults, fewer at a time. Neighbours: `battle.py`, `proxy.py`; `servers.py`
has those that need a cluster of their own.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tests.faults.load import each_minute, every_seconds, of_policy, once, whole_second
from tests.faults.proxy import Answer, CutAfter, CutBefore, Delay, GoneInStream, Late, Twice

from process_operator.resources.kinds import CRONJOB, JOB, POD, PROCESS_REQUEST, PROCESS_RUN
from process_operator.resources.model import parse_instant

if TYPE_CHECKING:
    from tests.faults.battle import Battle, Contestant

Deed = Callable[["Battle"], Awaitable[None]]
WRITES: Final = ("POST", "PATCH", "DELETE")


@dataclass(frozen=True)
class FaultCase:
    """Fault with its title. `seconds`: duration of the load."""

    title: str
    seconds: int
    do: Deed
    off_clock: bool = False
    lease: bool = False
    """Whether one of several operators leads."""
    settle: float = 240


@dataclass
class Collection:
    all: list[FaultCase] = field(default_factory=list)

    def fault(self, title: str, seconds: int, **options: Any) -> Callable[[Deed], Deed]:
        """Add a fault."""

        def add(deed: Deed) -> Deed:
            self.all.append(FaultCase(title, seconds, deed, **options))
            return deed

        return add

    def named(self, *titles: str) -> list[FaultCase]:
        """Faults whose title has one of these beginnings."""
        return [case for case in self.all if case.title.startswith(titles)]


FAULTS: Final = Collection()
SHORT: Final = Collection()
fault, short = FAULTS.fault, SHORT.fault

KILLS: Final[tuple[tuple[str, str, str], ...]] = (
    ("a run", "POST", r"/processruns$"),
    ("a Job", "POST", r"/jobs$"),
    ("the status of a run", "PATCH", r"/processruns/[^/]+/status$"),
    ("the status of a request", "PATCH", r"/processrequests/[^/]+/status$"),
    ("a change of a Job", "PATCH", r"/jobs/[^/]+$"),
    ("a removal of runs", "DELETE", r"/processruns$"),
    ("an Event", "POST", r"/events$"),
    ("a change of an Event", "PATCH", r"/events/[^/]+$"),
    ("a CronJob", "POST", r"/cronjobs$"),
    ("a change of a CronJob", "PATCH", r"/cronjobs/[^/]+$"),
    ("the status of a CronJob", "PATCH", r"/cronjobs/[^/]+/status$"),
)
"""Every kind of write, as the proxy sees it."""


async def kill_at(battle: Battle, method: str, path: str, *, after: bool, seconds: float = 12) -> bool:
    """SIGKILL at the next write of that kind, before or after the server has done it, and another start. Whether one
    came."""
    cut = CutAfter(battle.operator.kill) if after else CutBefore(battle.operator.kill)
    rule = battle.proxy.add(cut, method, path=path, times=1, dry_run=False)

    async def dead() -> bool:
        return not battle.operator.process.running

    came = await battle.until(dead, seconds)
    await battle.proxy.remove(rule)
    battle.faults += came
    battle.operator.start()
    return came


@fault("no fault", 20)
async def no_fault(_: Battle) -> None:
    await asyncio.sleep(0)


@fault("SIGKILL before and after every kind of write", 75)
async def killed_at_writes(battle: Battle) -> None:
    await asyncio.sleep(6)
    points = [(kind, after) for kind in KILLS for after in (False, True)]
    battle.chance.shuffle(points)
    for number, ((_, method, path), after) in enumerate(points):
        if "cronjobs" in path:
            await _provoke_cronjob(battle, number)
        await kill_at(battle, method, path, after=after, seconds=15)


async def _provoke_cronjob(battle: Battle, number: int) -> None:
    """A CronJob is made, and changed."""
    name, minute = f"cronjob-{number}", whole_second(3600).minute
    made = once(name, {"schedule": {"cron": f"{minute} 3 1 1 *"}}, whole_second())
    made.manifest["spec"]["engine"] = "CronJob"
    await battle.retry(lambda: battle.api.create(PROCESS_REQUEST, battle.namespace, made.manifest))

    async def edit_later() -> None:
        async def there() -> bool:
            return any(found["metadata"]["name"].startswith(name) for found in await battle.all(CRONJOB))

        await battle.until(there)
        body = {"spec": {"timing": {"schedule": {"cron": f"{minute} 4 1 1 *"}}}}
        await battle.edit(name, body)

    task = asyncio.create_task(edit_later())
    task.add_done_callback(lambda _: None)
    battle.besides.append(task)


@fault("SIGKILL at any moment", 45)
async def killed_at_any_moment(battle: Battle) -> None:
    end = asyncio.get_running_loop().time() + 42
    while asyncio.get_running_loop().time() < end:
        await asyncio.sleep(battle.chance.uniform(2.2, 5))
        battle.operator.kill()
        battle.faults += 1
        await asyncio.sleep(battle.chance.uniform(0, 1))
        battle.operator.start()


@fault("SIGTERM and another start", 30)
async def ended_in_order(battle: Battle) -> None:
    for _ in range(4):
        await asyncio.sleep(battle.chance.uniform(4, 7))
        battle.operator.signal(signal.SIGTERM)
        battle.faults += 1

        async def ended() -> bool:
            return not battle.operator.process.running

        await battle.until(ended, 10)
        battle.operator.start()


@fault("SIGSTOP for 30 s", 45)
async def stopped(battle: Battle) -> None:
    await asyncio.sleep(8)
    await _stop_for(battle, battle.operator, 30)


async def _stop_for(battle: Battle, operator: Contestant, seconds: float) -> None:
    operator.signal(signal.SIGSTOP)
    battle.faults += 1
    await asyncio.sleep(seconds)
    operator.signal(signal.SIGCONT)


@fault("two operators at once", 30)
async def two_at_once(battle: Battle) -> None:
    await asyncio.sleep(3)
    await battle.second_operator()
    battle.faults += 1
    await asyncio.sleep(27)


@fault("two operators, stopped in turn", 60)
async def two_in_turn(battle: Battle) -> None:
    """The operator that continues decides from its knowledge of before."""
    second = await battle.second_operator()
    await asyncio.sleep(8)
    for _ in range(3):
        for operator in (battle.operator, second):
            await _stop_for(battle, operator, battle.chance.uniform(3, 11))


@fault("two operators with a Lease: the leader stopped, killed, cut off", 60, lease=True)
async def hand_overs(battle: Battle) -> None:
    second = await battle.second_operator()
    await asyncio.sleep(8)
    for operator in (battle.operator, second, battle.operator):
        what = battle.chance.randrange(3)
        if what == 0:
            await _stop_for(battle, operator, battle.chance.uniform(4, 9))
        elif what == 1:
            operator.kill()
            battle.faults += 1
            await asyncio.sleep(6)
            operator.start()
        else:
            await operator.proxy.refuse()
            battle.faults += 1
            await asyncio.sleep(8)
            await operator.proxy.accept()
        await asyncio.sleep(5)


@fault("two operators that die at their writes", 45)
async def two_that_die(battle: Battle) -> None:
    await battle.second_operator()
    await asyncio.sleep(6)
    for _ in range(8):
        _, method, path = battle.chance.choice(KILLS[:4])
        await kill_at(battle, method, path, after=battle.chance.random() < 0.5)
        await asyncio.sleep(1)


@fault("the API server out of reach for 30 s", 45)
async def out_of_reach(battle: Battle) -> None:
    await asyncio.sleep(8)
    await battle.proxy.refuse()
    battle.faults += 1
    await asyncio.sleep(30)
    await battle.proxy.accept()


@fault("connections that break all the time", 25)
async def cut(battle: Battle) -> None:
    for _ in range(40):
        await asyncio.sleep(battle.chance.uniform(0.2, 1))
        battle.proxy.cut()
        battle.faults += 1


async def _with_rule(battle: Battle, seconds: float, add: Callable[[], Any]) -> None:
    await asyncio.sleep(2)
    rule = add()
    rule.chance = battle.chance
    await asyncio.sleep(seconds)
    await battle.proxy.remove(rule)
    battle.faults += rule.hits


@fault("429 with Retry-After for 20 s", 35)
async def too_many(battle: Battle) -> None:
    await asyncio.sleep(5)
    answer = Answer(429, "TooManyRequests", retry_after=2)
    await _with_rule(battle, 20, lambda: battle.proxy.add(answer))


@fault("5xx on 30 % of writes", 30)
async def server_errors(battle: Battle) -> None:
    await _with_rule(battle, 28, lambda: battle.proxy.add(Answer(500, "InternalError"), *WRITES, share=0.3))


@fault("the answer to 30 % of writes lost", 30)
async def lost_answers(battle: Battle) -> None:
    await _with_rule(battle, 28, lambda: battle.proxy.add(CutAfter(), *WRITES, share=0.3))


@fault("30 % of writes sent twice", 25)
async def sent_twice(battle: Battle) -> None:
    await _with_rule(battle, 23, lambda: battle.proxy.add(Twice(), *WRITES, share=0.3))


@fault("20 % of writes lost, and done many seconds later", 40)
async def sent_late(battle: Battle) -> None:
    rules = [battle.proxy.add(Late(seconds), *WRITES, share=0.07) for seconds in (1, 5, 13)]
    await asyncio.sleep(32)
    battle.faults += sum(rule.hits for rule in rules)
    await battle.proxy.clear()


@fault("half of all writes slow", 30)
async def delayed(battle: Battle) -> None:
    await _with_rule(battle, 28, lambda: battle.proxy.add(Delay(battle.chance.uniform(0.5, 4)), *WRITES, share=0.5))


@fault("watches silent without closing", 40)
async def silent(battle: Battle) -> None:
    await asyncio.sleep(5)
    for _ in range(3):
        battle.proxy.freeze()
        battle.faults += 1
        await asyncio.sleep(10)


@fault("watches too old (410)", 30)
async def gone(battle: Battle) -> None:
    for _ in range(4):
        await asyncio.sleep(4)
        rules = [
            battle.proxy.add(GoneInStream(), watch=True, path="processruns|jobs", times=3),
            battle.proxy.add(Answer(410, "Expired"), watch=True, times=3),
        ]
        battle.proxy.cut()
        await asyncio.sleep(2)
        battle.faults += sum(rule.hits for rule in rules)
        await battle.proxy.clear()


@fault("the clock 5 minutes ahead", 30, off_clock=True)
async def clock_ahead(battle: Battle) -> None:
    await _with_clock(battle, (6, 300), (12, 0))


@fault("the clock 5 minutes behind", 30, off_clock=True)
async def clock_behind(battle: Battle) -> None:
    await _with_clock(battle, (6, -300), (16, 0))


@fault("the clock stepping back and forward", 50, off_clock=True)
async def clock_stepping(battle: Battle) -> None:
    await _with_clock(battle, (5, -20), (8, 0), (6, 45), (6, -10), (6, -40), (6, 3), (4, 0))


@fault("two operators with a Lease whose clocks differ, killed in turn", 50, off_clock=True, lease=True)
async def clocks_differ(battle: Battle) -> None:
    second = await battle.second_operator(off_clock=True)
    second.set_clock(20)
    for operator in (battle.operator, second, battle.operator, second):
        await asyncio.sleep(4)
        operator.kill()
        battle.faults += 2
        await asyncio.sleep(6)
        operator.start()


async def _with_clock(battle: Battle, *steps: tuple[float, float]) -> None:
    """Set the clock wrong in steps: seconds to wait, and seconds that the clock is off."""
    for seconds, off in steps:
        await asyncio.sleep(seconds)
        battle.operator.set_clock(off)
        battle.faults += 1
        if battle.chance.random() < 0.3:
            battle.operator.kill()
            battle.operator.start()


@fault("Jobs deleted by hand while they run", 30)
async def jobs_deleted(battle: Battle) -> None:
    wish = of_policy("victim", "Allow", 3, None, whole_second(28), works=6)
    wish.ends = frozenset({"Succeeded", "Missed", "Unknown"})
    await battle.apply(wish)
    await asyncio.sleep(4)
    for _ in range(5):
        await asyncio.sleep(4)
        running = [run for run in await battle.runs("victim") if run["status"]["phase"] == "Running"]
        if running:
            name = running[0]["metadata"]["name"]
            await battle.delete(JOB, name)
            battle.faults += 1
            if battle.chance.random() < 0.4:
                battle.operator.kill()
                battle.operator.start()


@fault("pods gone before their logs are read", 30)
async def pods_gone(battle: Battle) -> None:
    wish = of_policy("victim", "Allow", 2, None, whole_second(28), works=2)
    wish.ends = frozenset({"Succeeded", "Missed", "Failed"})
    await battle.apply(wish)
    end = asyncio.get_running_loop().time() + 28
    while asyncio.get_running_loop().time() < end:
        for pod in await battle.all(POD):
            if pod["status"]["phase"] == "Succeeded" and "deletionTimestamp" not in pod["metadata"]:
                name = pod["metadata"]["name"]
                await battle.delete(POD, name)
                battle.faults += 1
        await asyncio.sleep(0.2)


@fault("runs deleted by hand", 35)
async def runs_deleted(battle: Battle) -> None:
    """Runs of settled ticks: they do not come back, whatever happens next."""
    for name in ("allow-0", "forbid", "queue", "quartz"):
        battle.wish(name).is_strict = False
    await asyncio.sleep(16)
    for _ in range(3):
        for name in ("allow-0", "forbid", "queue", "quartz"):
            await _delete_a_run(battle, name)
        battle.operator.kill()
        battle.operator.start()
        await asyncio.sleep(5)


async def _delete_a_run(battle: Battle, name: str) -> None:
    cursor = (await battle.get(name)).get("status", {}).get("lastScheduleTime")
    settled = [
        run
        for run in await battle.runs(name)
        if cursor
        and parse_instant(run["spec"]["scheduledTime"]) <= parse_instant(cursor)
        and "summary" not in run["status"]
    ]
    if settled:
        run = battle.chance.choice(settled[-5:])["metadata"]["name"]
        await battle.delete(PROCESS_RUN, run)
        battle.faults += 1


@fault("requests deleted and made again with the same name", 30)
async def made_again(battle: Battle) -> None:
    for _ in range(3):
        await asyncio.sleep(battle.chance.uniform(5, 7))
        await _make_again(battle, "allow-1", "forbid-works", "queue-works", "at-once")
        battle.operator.kill()
        battle.operator.start()


async def _make_again(battle: Battle, *names: str) -> None:
    for name in names:
        before = battle.wish(name)
        before.is_strict, before.is_gone = False, True
        await battle.delete(PROCESS_REQUEST, name)
        await battle.apply(_again(name, before.manifest, before.every, before))
        battle.faults += 1


def _again(name: str, manifest: Any, every: int, before: Any) -> Any:
    wish = type(before)(name, manifest, every, None, before.finish, before.ends)
    if every:
        spec = {**manifest["spec"], "timing": every_seconds(every, before.finish)}
        wish.manifest = {**manifest, "spec": spec}
    return wish


@fault("a schedule edited at the moment of a tick", 40)
async def edited(battle: Battle) -> None:
    wishes = [of_policy(f"edited-{number}", "Allow", 1, None, whole_second(90)) for number in range(3)]
    for wish in wishes:
        await battle.apply(wish)
    for wish in wishes:
        await _activation(battle, wish, 1)
    await asyncio.sleep(5)
    for number, every in enumerate((2, 1, 3, 1, 2)):
        moment = battle.chance.uniform(-0.05, 0.05)
        await asyncio.sleep(2 - (time.time() % 1) + moment)
        if number == 3:
            battle.operator.signal(signal.SIGSTOP)
        for wish in wishes:
            body = {"spec": {"timing": {"schedule": {"secondly": {"every": every}}}}}
            await battle.edit(wish.name, body)
            battle.faults += 1
        if number == 3:
            await asyncio.sleep(4)
            battle.operator.signal(signal.SIGCONT)
        if number == 1:
            battle.operator.kill()
            battle.operator.start()
        for wish in wishes:
            await _note_activation(battle, wish, number + 2, every)


async def _note_activation(battle: Battle, wish: Any, number: int, every: int) -> None:
    """Wait until the operator says since when the edit holds."""
    activation = await _activation(battle, wish, number)
    wish.edits.append((parse_instant(activation["since"]), every))


async def _activation(battle: Battle, wish: Any, number: int) -> dict[str, Any]:
    """Wait until a request has this number of activations; the newest one."""

    async def begun() -> bool:
        activation = (await battle.get(wish.name)).get("status", {}).get("activation") or {}
        return bool(activation.get("number", 0) >= number)

    assert await battle.until(begun), f"{wish.name} has had no activation {number}"
    found: dict[str, Any] = (await battle.get(wish.name))["status"]["activation"]
    return found


@fault("engine CronJob, killed again and again", 150)
async def engine_cronjob(battle: Battle) -> None:
    for number in range(4):
        await battle.apply(each_minute(f"each-minute-{number}", whole_second(150)))
    for _ in range(9):
        await asyncio.sleep(battle.chance.uniform(10, 18))
        battle.operator.kill()
        battle.faults += 1
        await asyncio.sleep(battle.chance.uniform(0, 3))
        battle.operator.start()


@fault("everything at once", 75, off_clock=True, lease=True)
async def everything(battle: Battle) -> None:
    """Two operators behind a proxy that loses, repeats and rejects, killed at their writes, with a clock that steps."""
    second = await battle.second_operator(off_clock=True)
    for way in (battle.proxy, second.proxy):
        for bad, share in (
            (Answer(503, "ServiceUnavailable"), 0.1),
            (CutAfter(), 0.1),
            (Twice(), 0.1),
            (Late(4), 0.03),
        ):
            way.add(bad, *WRITES, share=share).chance = battle.chance
    for _ in range(9):
        await asyncio.sleep(4)
        operator = battle.chance.choice((battle.operator, second))
        what = battle.chance.randrange(4)
        battle.faults += 1
        if what == 0:
            operator.kill()
            operator.start()
        elif what == 1:
            await _stop_for(battle, operator, 5)
        elif what == 2:
            operator.set_clock(battle.chance.uniform(-15, 15))
        else:
            operator.proxy.freeze()
    for operator in (battle.operator, second):
        battle.faults += sum(rule.hits for rule in operator.proxy.rules)
        await operator.proxy.clear()
        operator.set_clock(0)


# ---- the short version: all of it at the same time, each battle in a namespace of its own


@short("SIGKILL before and after the writes of a run", 24)
async def short_kills(battle: Battle) -> None:
    points = [(kind, after) for kind in KILLS[:4] for after in (False, True)]
    battle.chance.shuffle(points)
    await asyncio.sleep(5)
    for (_, method, path), after in points[:7]:
        await kill_at(battle, method, path, after=after, seconds=6)


@short("a way that loses, repeats, delays and rejects, and a clock that steps", 24, off_clock=True)
async def short_way(battle: Battle) -> None:
    bad = (
        (Answer(503, "ServiceUnavailable"), 0.1),
        (CutAfter(), 0.1),
        (Twice(), 0.1),
        (Late(4), 0.03),
        (Delay(1), 0.1),
    )
    rules = [battle.proxy.add(what, *WRITES, share=share) for what, share in bad]
    for rule in rules:
        rule.chance = battle.chance
    await asyncio.sleep(9)
    battle.proxy.freeze()
    battle.operator.set_clock(-6)
    await asyncio.sleep(5)
    battle.operator.set_clock(4)
    await asyncio.sleep(4)
    battle.proxy.cut()
    battle.operator.set_clock(0)
    await asyncio.sleep(3)
    battle.faults += 5 + sum(rule.hits for rule in rules)
    await battle.proxy.clear()


@short("two operators, stopped in turn", 24)
async def short_two(battle: Battle) -> None:
    second = await battle.second_operator()
    await asyncio.sleep(5)
    for operator in (second, battle.operator):
        await _stop_for(battle, operator, battle.chance.uniform(4, 7))


@short("edits at the moment of a tick, and requests made again", 24)
async def short_hands(battle: Battle) -> None:
    # The edits come before its end, also on a busy machine: a schedule that was edited after it is Invalid.
    wish = of_policy("edited", "Allow", 1, None, whole_second(45))
    await battle.apply(wish)
    # An edit before the operator has seen the request begins no activation of its own.
    await _activation(battle, wish, 1)
    await asyncio.sleep(3)
    for number, every in enumerate((2, 1)):
        await asyncio.sleep(2 - (time.time() % 1) + battle.chance.uniform(-0.05, 0.05))
        await battle.edit("edited", {"spec": {"timing": {"schedule": {"secondly": {"every": every}}}}})
        battle.faults += 1
        if number:
            battle.operator.kill()
            battle.operator.start()
        await _note_activation(battle, wish, number + 2, every)
    await _make_again(battle, "forbid-works", "at-once")
    await asyncio.sleep(3)
    await _make_again(battle, "forbid-works", "at-once")
