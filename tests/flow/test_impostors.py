"""Every action of a plan, executed when other objects have the names that it is about: none of them is harmed.

Each object of a request is replaced by one of the same name, labels and spec, with another UID, as after a deletion
that the operator has not observed. Then each action is executed as it was planned before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import is_dataclass, replace
from typing import Any, Final

import pytest
from tests.builders.instants import at
from tests.builders.objects import Object
from tests.flow.driver import Flow
from tests.flow.memory_api import copied
from tests.flow.operator_process import Process

from process_operator.cluster.errors import ApiError
from process_operator.decisions.inputs.history import FinishedRun
from process_operator.decisions.inputs.log_source import LogSource
from process_operator.decisions.inputs.ownership import proven_part
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.cronjobs import take_over_patch
from process_operator.decisions.manifests.jobs import kill_patch, owned_by_run
from process_operator.decisions.manifests.runs import run_manifest
from process_operator.decisions.plan import actions
from process_operator.decisions.plan.action import Action
from process_operator.resources.batch.cronjob import CronJob
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.kill import Kill, KillReason
from process_operator.resources.conditions import Condition, ConditionStatus, ConditionType, LogReason
from process_operator.resources.kinds import CRONJOB, JOB, POD, PROCESS_BACKFILL, PROCESS_REQUEST, PROCESS_RUN, Kind
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import ProcessRun, ProcessRunStatus, RunPhase, RunSummary

KEY: Final = ("default", "job")
KINDS: Final = (PROCESS_REQUEST, PROCESS_RUN, PROCESS_BACKFILL, CRONJOB, JOB, POD)
SUSPEND: Final[Object] = {"spec": {"suspend": True}}


class Before:
    """Objects that the operator knew when it planned: a request, its open and finished runs, a backfill, a CronJob."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.process: Process = flow.processes[0]
        known: Snapshot = self.process.store.snapshot(KEY)
        history = tuple(replace(run, summary=_ROW) for run in known.history or ())
        self.snapshot: Snapshot = replace(known, history=history)
        assert self.snapshot.request is not None
        self.request: ProcessRequest = self.snapshot.request
        self.run: ProcessRun = next(run for run in self.snapshot.runs if run.metadata.name in self.snapshot.jobs)
        self.job: Job = self.snapshot.jobs[self.run.metadata.name]
        self.name: str = self.run.metadata.name
        self.uid: str = self.run.metadata.uid
        self.ended: FinishedRun = next(run for run in self.snapshot.history or () if run.phase == RunPhase.SUCCEEDED)
        self.cronjob: CronJob = self.snapshot.cronjobs[0]

    def job_manifest(self) -> Object:
        """The Job of the run, as the operator makes it."""
        return owned_by_run(
            {"metadata": {"name": self.name}, "spec": {"template": {"metadata": {}, "spec": {}}}}, self.uid
        )

    def run_manifest(self) -> Object:
        """The run, as the operator makes it."""
        return run_manifest(
            self.request, name=self.name, trigger=self.run.spec.trigger, scheduled=self.run.spec.scheduled_time
        )


_ENDED: Final = ProcessRunStatus(phase=RunPhase.CANCELED, reason="Canceled")
_ROW: Final = RunSummary(from_=at("12:00:00"), to=at("12:05:00"), count=2)


def _notified() -> Condition:
    return Condition(
        type=ConditionType.NOTIFIED, status=ConditionStatus.TRUE, last_transition_time=at("12:00:00"), reason="Told"
    )


ACTIONS: Final[dict[type[Any], Callable[[Before], Action]]] = {
    actions.BeginActivation: lambda _: actions.BeginActivation(ProcessRequestStatus()),
    actions.DryRunJob: lambda b: actions.DryRunJob((b.job_manifest(),), "hash"),
    actions.FollowConfigMap: lambda _: actions.FollowConfigMap("holidays"),
    actions.LoadHistory: lambda _: actions.LoadHistory(),
    actions.LoadProcessRuns: lambda _: actions.LoadProcessRuns("close-day"),
    actions.CreateRun: lambda b: actions.CreateRun(b.run_manifest(), b.job_manifest()),
    actions.WithdrawRun: lambda b: actions.WithdrawRun(b.name, b.uid),
    actions.AdoptRun: lambda b: actions.AdoptRun(b.name, b.uid, {"metadata": {"labels": {"ours": "yes"}}}),
    actions.ReportRun: lambda b: actions.ReportRun(b.name, ProcessRunStatus(phase=RunPhase.RUNNING, reason="Retrying")),
    actions.FinishRun: lambda b: actions.FinishRun(b.name, _ENDED),
    actions.GrowSummary: lambda b: actions.GrowSummary(
        b.ended.name, ProcessRunStatus(phase=RunPhase.MISSED, summary=_ROW)
    ),
    actions.CreateJob: lambda b: actions.CreateJob(b.name, b.job_manifest()),
    actions.PatchJob: lambda b: actions.PatchJob(b.name, b.job.metadata.uid, SUSPEND),
    actions.KillJob: lambda b: actions.KillJob(
        b.name, b.job.metadata.uid, b.name, kill_patch(Kill(KillReason.CANCELED)), 1024, None
    ),
    actions.DeleteJob: lambda b: actions.DeleteJob(b.name, b.job.metadata.uid),
    actions.ReadLog: lambda b: actions.ReadLog(
        b.name, LogSource("gone", "main", previous=False, message="", absent=LogReason.POD_GONE), 1024
    ),
    actions.ListPods: lambda b: actions.ListPods(b.job.metadata.uid, b.name),
    actions.FindRejectedPods: lambda b: actions.FindRejectedPods(b.name, b.job.metadata.uid, b.name),
    actions.FindPodEvent: lambda b: actions.FindPodEvent("a-pod", "uid-of-a-pod", b.name),
    actions.FindKubeletEvents: lambda b: actions.FindKubeletEvents(b.name, "uid-of-a-pod"),
    actions.LookUpJob: lambda b: actions.LookUpJob(b.name),
    actions.LookUpStep: lambda b: actions.LookUpStep(b.ended.name, b.name, b.uid),
    actions.CreateCronJob: lambda b: actions.CreateCronJob({"metadata": {"name": b.cronjob.metadata.name}, "spec": {}}),
    actions.PatchCronJob: lambda b: actions.PatchCronJob(b.cronjob.metadata.name, b.cronjob.metadata.uid, SUSPEND),
    actions.TakeOverTick: lambda b: actions.TakeOverTick(
        b.cronjob.metadata.name, take_over_patch(b.cronjob, at("12:10:00")), b.job_manifest()
    ),
    actions.DeleteRuns: lambda b: actions.DeleteRuns({b.ended.name: b.ended.uid, b.name: b.uid}),
    actions.DeleteRequest: lambda b: actions.DeleteRequest(b.request.metadata.uid),
    actions.Notify: lambda b: actions.Notify(b.name, b.uid, {"id": "1"}, ("desk",)),
    actions.MarkNotified: lambda b: actions.MarkNotified(b.ended.name, b.ended.uid, _notified()),
    actions.Emit: lambda b: actions.Emit("RunStarted", "started", about=b.name),
}


async def _begin() -> Before:
    """A request with engine CronJob first, then with ticks of the operator's own."""
    flow = Flow()
    await flow.start()
    flow.apply(timing={"schedule": {"cron": "*/10 * * * *"}})
    await flow.to(660)
    flow.edit(timing={"schedule": {"secondly": {"every": 60}}}, concurrencyPolicy="Forbid")
    flow.work(seconds=None)
    flow.backfill("again", 0, 600, maxActiveRuns=1)
    await flow.to(730)
    return Before(flow)


def _replace(flow: Flow) -> dict[tuple[Kind, str], Object]:
    """Replace each object by another one, without an event for the operator; the objects after that."""
    cluster = flow.cluster
    for process in flow.processes:
        cluster.unwatch(process.watched)
    replaced = {}
    for kind in KINDS:
        for (namespace, name), body in list(cluster.objects[kind].items()):
            other = copied(body)
            other["metadata"] |= {"uid": f"another-{kind.plural}-{name}", "resourceVersion": "999999"}
            other["metadata"].pop("ownerReferences", None)
            other["metadata"].get("labels", {}).pop("batch.kubernetes.io/controller-uid", None)
            cluster.objects[kind][namespace, name] = other
            replaced[kind, name] = copied(other)
    return replaced


def test_the_table_has_every_action() -> None:
    assert set(ACTIONS) == {
        kind for kind in vars(actions).values() if is_dataclass(kind) and kind.__module__ == actions.__name__
    }


@pytest.mark.parametrize("kind", ACTIONS, ids=lambda kind: kind.__name__)
def test_an_action_spares_what_has_only_the_name(kind: type[Any]) -> None:
    async def play() -> None:
        before = await _begin()
        action = ACTIONS[kind](before)
        others = _replace(before.flow)
        with suppress(ApiError):
            await before.process.controller.executor.execute(KEY, before.snapshot, action)
        there = before.flow.cluster.objects
        changed = [place for place, body in others.items() if there[place[0]].get(("default", place[1])) != body]
        assert changed == []
        read = [reading.source.pod for reading in before.process.logs.readings if reading.opened]
        assert read == []
        known = proven_part(before.process.store.snapshot(KEY)).jobs.values()
        assert [job.metadata.uid for job in known if job.metadata.uid.startswith("another")] == []

    asyncio.run(play())


def test_the_same_actions_reach_what_has_the_uid() -> None:
    """Without this test the table would pass for actions that have no effect."""

    async def play(kind: type[Any]) -> int:
        before = await _begin()
        action = ACTIONS[kind](before)
        writes = len(before.flow.cluster.writes)
        with suppress(ApiError):
            await before.process.controller.executor.execute(KEY, before.snapshot, action)
        return len(before.flow.cluster.writes) - writes

    kinds = (
        actions.AdoptRun,
        actions.ReportRun,
        actions.PatchJob,
        actions.KillJob,
        actions.DeleteJob,
        actions.PatchCronJob,
        actions.DeleteRuns,
    )
    assert all(asyncio.run(play(kind)) for kind in kinds)
