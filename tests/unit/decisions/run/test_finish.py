"""Record of a run whose pods outlive their Job: what it reports until they are gone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.builders.snapshots import request, run, snapshot, view
from tests.builders.workloads import C, instant, job, pod, running, waiting

from process_operator.decisions.inputs.run_view import RunOrders
from process_operator.decisions.plan.actions import ReportRun
from process_operator.decisions.run.finish import record
from process_operator.resources.batch.pod import Pod

NOW = instant(300)
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
