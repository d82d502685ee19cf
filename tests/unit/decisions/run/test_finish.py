"""Record of a finished run: what it waits for, and what the run reports until then."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import pytest
from tests.builders.objects import Object
from tests.builders.snapshots import request, run, seconds, snapshot, view
from tests.builders.workloads import C, ended, failed, instant, job, pod, running, waiting

from process_operator.decisions.inputs.run_view import RunOrders
from process_operator.decisions.plan.actions import FindKubeletEvents, ReadLog, ReportRun
from process_operator.decisions.run.finish import record
from process_operator.resources.batch.pod import Pod
from process_operator.resources.kubelet_events import KubeletEvent
from process_operator.resources.process_run import RunLog

NOW = instant(300)
END: Final = instant(20)
STUCK = run(status={"phase": "Pending", "reason": "InvalidImageName", "message": "no image", "jobUID": "job-uid"})


@pytest.mark.parametrize(
    ("outlives", "reported"),
    [
        pytest.param(pod("Running", C(running()), deleted=20), ["NotTerminated"], id="a pod that ran"),
        pytest.param(pod("Pending", C(waiting("InvalidImageName")), deleted=20), [], id="a pod that never started"),
    ],
)
def test_a_run_that_never_started_keeps_its_reason(outlives: Pod, reported: list[str]) -> None:
    of = view(snapshot(request()), STUCK)
    seen = replace(of.observations, ended_at=instant(20), pods_listed_at=NOW)
    waits = record(
        replace(of, job=job(failed=1), job_gone=True, pods=(outlives,), observations=seen),
        RunOrders(now=NOW, request=request()),
    )
    assert not waits.value
    assert [action.status.reason for action in waits.actions if isinstance(action, ReportRun)] == reported


@dataclass(frozen=True, kw_only=True)
class Kill:
    """A container that a probe watches and that ended with 137, and what the record waits for. Seconds since the end."""

    id: str
    now: float
    read: float | None = None
    events: tuple[KubeletEvent, ...] | None = ()
    dies: Object = field(default_factory=lambda: {"code": 137})
    pod: Object = field(default_factory=dict)
    looks: bool = False
    again: float | None = None


KILLING: Final = KubeletEvent("c", "Killing", "Stopping container c", instant(12))
OF_A_PROXY: Final = KubeletEvent("proxy", "Killing", "Stopping container proxy", instant(12))
OF_THE_FIRST: Final = KubeletEvent("c", "Killing", "Stopping container c", instant(1))

KILLS: Final = [
    Kill(id="the Events are read as soon as the Job has ended", now=0, looks=True),
    Kill(id="without the Event about the kill they are read again after two seconds", now=1, read=0, again=2),
    Kill(id="after two seconds they are read", now=2, read=0, looks=True),
    Kill(id="each pause is a quarter of the time since the end", now=21, read=20, again=25),
    Kill(id="the last pause ends a minute after the end", now=59, read=58, again=60),
    Kill(id="after a minute the run is recorded, also if the last read has failed", now=60, read=30),
    Kill(id="the Event about the kill ends the wait", now=3, read=2, events=(KILLING,)),
    Kill(id="an Event about another container does not", now=3, read=2, events=(OF_A_PROXY,), again=4),
    Kill(id="an Event about an earlier attempt does not", now=3, read=2, events=(OF_THE_FIRST,), again=4),
    Kill(id="Events that the operator has no right to read are not awaited", now=1, read=0, events=None),
    Kill(id="a program that exits by itself is not awaited", now=1, read=0, dies={"code": 3}),
    Kill(id="a lack of memory needs no Event", now=1, read=0, dies={"code": 137, "reason": "OOMKilled"}),
    Kill(id="an eviction needs no Event", now=1, read=0, pod={"reason": "Evicted"}),
    Kill(id="a pod that was deleted first needs no Event", now=1, read=0, pod={"deleted": 11}),
    Kill(id="a clock that was set back does not prolong the wait", now=-500, read=2),
]


def probed_pod(dies: Object, fields: Object) -> Pod:
    """A pod whose only container has a probe and ended."""
    died = pod("Failed", C(ended(**dies)), **fields)
    return replace(died, containers=tuple(replace(container, is_probed=True) for container in died.containers))


@pytest.mark.parametrize("case", KILLS, ids=lambda case: case.id)
def test_the_record_waits_for_the_event_about_a_kill(case: Kill) -> None:
    probed = probed_pod(case.dies, case.pod)
    of = view(snapshot(request()), run(status={"phase": "Running", "jobUID": "job-uid"}))
    seen = replace(
        of.observations,
        ended_at=END,
        pods_listed_at=END,
        log=RunLog(text="begin"),
        log_pod=probed.metadata.name,
        kubelet_events_read_at=None if case.read is None else END + seconds(case.read),
        kubelet_events=None if case.read is None else case.events,
    )
    now = END + seconds(case.now)
    waits = record(
        replace(of, job=job(*failed(), failed=1), pods=(probed,), observations=seen),
        RunOrders(now=now, request=request()),
    )
    looks = any(isinstance(action, FindKubeletEvents) for action in waits.actions)
    assert (looks, waits.wake_at) == (case.looks, None if case.again is None else END + seconds(case.again))
    assert waits.value is (not case.looks and case.again is None)


def test_the_log_is_read_before_the_wait_for_events() -> None:
    probed = probed_pod({"code": 137}, {})
    of = view(snapshot(request()), run(status={"phase": "Running", "jobUID": "job-uid"}))
    seen = replace(of.observations, ended_at=END, pods_listed_at=END)
    reads = record(
        replace(of, job=job(*failed(), failed=1), pods=(probed,), observations=seen),
        RunOrders(now=END, request=request()),
    )
    assert [type(action) for action in reads.actions] == [ReadLog]
