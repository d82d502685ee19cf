"""Every answer of `why`: one row for each, from objects as the API server holds them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.builders.manifests import manifest
from tests.builders.objects import Object

from process_operator.client.why import Question, explain
from process_operator.decisions.inputs.timing_hash import timing_hash
from process_operator.preview.manifest_set import manifest_set
from process_operator.resources.kinds import PROCESS, PROCESS_REQUEST
from process_operator.resources.process_request import ProcessRequest

CREATED = "2026-11-01T00:00:00Z"
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
DAILY: Object = {"daily": {"at": "02:30"}, "timeZone": "Europe/Madrid"}
TEMPLATE: Object = {
    "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]}}}
}
CLOSE = manifest(PROCESS, "close", {"jobTemplate": TEMPLATE}, namespace="erp")


def request(
    timing: Object,
    *,
    cause: str = "Created",
    since: str = CREATED,
    runs: int = 0,
    status: Object | None = None,
    **spec: Any,
) -> Object:
    """A request of a Process as the API server holds it; `status` is added to its activation."""
    fields = {"process": {"name": "close"}, "timing": timing, **spec}
    body = manifest(PROCESS_REQUEST, "daily", fields, namespace="erp", creationTimestamp=CREATED, annotations={})
    spec_hash = timing_hash(ProcessRequest.model_validate(body).spec.timing)
    activation = {"number": 1, "since": since, "cause": cause, "runs": runs, "specHash": spec_hash}
    body["status"] = {"activation": activation, "lastScheduleTime": "2026-11-30T01:30:00Z", **(status or {})}
    return body


def scheduled(**fields: Any) -> Object:
    return {"schedule": {**DAILY, **fields}}


def run(due: str | None, **status: Any) -> Object:
    """A run of the request, for a tick or (due None) by hand."""
    spec = {"request": {"name": "daily"}, "trigger": "Schedule" if due else "Manual"}
    return {
        "metadata": {"name": f"daily-{(due or 'by-hand').lower()[:10]}", "creationTimestamp": "2026-11-29T09:00:00Z"},
        "spec": {**spec, **({"scheduledTime": due} if due else {})},
        "status": {"phase": "Succeeded", **status},
    }


def answer(body: Object, at: str, *runs: Object, processes: tuple[Object, ...] = (CLOSE,)) -> str:
    (given,) = manifest_set([*processes, body], namespace="erp").requests
    return "\n".join(explain(Question(given, runs, datetime.fromisoformat(at), NOW)))


TODAY = "2026-11-30T01:30:00Z"
YESTERDAY = "2026-11-29T01:30:00Z"
IN_SPRING = "2026-03-01T00:00:00Z"
NOT_ACCEPTED = {
    "conditions": [
        {
            "type": "Accepted",
            "status": "False",
            "reason": "QuotaExceeded",
            "message": "the quota is full",
            "lastTransitionTime": "2026-11-28T00:00:00Z",
        }
    ]
}


@pytest.mark.parametrize(
    ("body", "at", "runs", "sentence"),
    [
        pytest.param(
            request(scheduled()),
            TODAY,
            [run(TODAY, phase="Failed", reason="ExitCode", message="exit code 3")],
            "Run daily-2026-11-30 stands for that time. It is Failed (ExitCode: exit code 3).",
            id="a run stands for it, with its reason",
        ),
        pytest.param(
            request(scheduled()),
            "2026-11-29T09:00:00Z",
            [run(None)],
            "Run daily-by-hand stands for that time. It is Succeeded.",
            id="a run by hand stands for its creation",
        ),
        pytest.param(
            request(scheduled()),
            "2026-11-20T01:30:00Z",
            [
                run(
                    TODAY,
                    phase="Missed",
                    summary={"from": "2026-11-10T01:30:00Z", "to": TODAY, "count": 21},
                )
            ],
            "It stands for 21 times from 2026-11-10T01:30:00Z to 2026-11-30T01:30:00Z.",
            id="a summary stands for many times",
        ),
        pytest.param(
            request(scheduled()),
            "2026-11-30T05:00:00Z",
            [],
            "That is not a time of the schedule, which is daily at 02:30 Europe/Madrid.\n"
            "The nearest times are 2026-11-30T01:30:00Z before it and 2026-12-01T01:30:00Z after it.",
            id="it is no time of the schedule",
        ),
        pytest.param(
            request(scheduled(startTime="2026-11-15T00:00:00Z")),
            "2026-11-10T01:30:00Z",
            [],
            "The schedule starts later, at 2026-11-15T00:00:00Z (startTime).",
            id="it lies before startTime",
        ),
        pytest.param(
            request(scheduled(finishTime="2026-11-15T00:00:00Z"), status={"lastScheduleTime": "2026-11-14T01:30:00Z"}),
            "2026-11-20T01:30:00Z",
            [],
            "The schedule ended before, at 2026-11-15T00:00:00Z (finishTime).",
            id="it lies after finishTime",
        ),
        pytest.param(
            request(scheduled()),
            "2026-10-20T00:30:00Z",
            [],
            "That is before the present activation, which began at 2026-11-01T00:00:00Z, when the request was created.",
            id="it lies before the creation",
        ),
        pytest.param(
            request(scheduled(), cause="Resumed", since="2026-11-20T00:00:00Z"),
            "2026-11-10T01:30:00Z",
            [],
            "which began at 2026-11-20T00:00:00Z, when the request was resumed.",
            id="it lies before a resume",
        ),
        pytest.param(
            request(scheduled(exclude=["2026-11-29"])),
            YESTERDAY,
            [],
            "That time is excluded by spec.timing.schedule.exclude",
            id="its date is excluded",
        ),
        pytest.param(
            request(scheduled(), suspend=True, status={"lastScheduleTime": "2026-11-20T01:30:00Z"}),
            YESTERDAY,
            [],
            "The request is suspended, and times of a suspension do not run.",
            id="the request was suspended then",
        ),
        pytest.param(
            request(scheduled(), status=NOT_ACCEPTED),
            TODAY,
            [],
            "Accepted is False since 2026-11-28T00:00:00Z (QuotaExceeded): the quota is full",
            id="the request is not accepted since",
        ),
        pytest.param(
            request({"schedule": {"cron": "0 0 30 2 *"}}),
            TODAY,
            [],
            "The request is not accepted (NeverFires): ",
            id="the schedule never fires",
        ),
        pytest.param(
            request({"runImmediately": {}}),
            TODAY,
            [],
            "which is not a schedule.\nThe request has no runs.",
            id="the request runs once, and says what it looked at",
        ),
        pytest.param(
            request(scheduled()),
            "2026-12-01T01:30:00Z",
            [],
            "That time is still to come, at 2026-12-01T01:30:00Z.",
            id="it is still to come",
        ),
        pytest.param(
            request(scheduled(), suspend=True),
            "2026-12-01T01:30:00Z",
            [],
            "still to come, at 2026-12-01T01:30:00Z, but the request is suspended, and times of a suspension do not run.",
            id="it is still to come, and the request is suspended",
        ),
        pytest.param(
            request(scheduled(maxRuns=2), runs=2),
            "2026-12-01T01:30:00Z",
            [],
            "no run starts for it: the present activation has started the 2 runs of maxRuns",
            id="maxRuns is reached before a time to come",
        ),
        pytest.param(
            request(scheduled(maxRuns=2), runs=2, status={"lastScheduleTime": YESTERDAY}),
            TODAY,
            [],
            "no run starts for it: the present activation has started the 2 runs of maxRuns",
            id="maxRuns was reached before a time that is over",
        ),
        pytest.param(
            request(scheduled(), status={"phase": "Finished"}),
            "2026-12-01T01:30:00Z",
            [],
            "no run starts for it: the schedule has finished",
            id="the schedule has finished",
        ),
        pytest.param(
            request(scheduled(), status={"lastScheduleTime": YESTERDAY, "waitingCount": 2}),
            TODAY,
            [run(YESTERDAY)],
            "2 due runs wait to start, and one of them may stand for that time.\nLooked at 1 run.",
            id="it still waits",
        ),
        pytest.param(
            request(scheduled(), status={"lastScheduleTime": YESTERDAY}),
            TODAY,
            [run(YESTERDAY)],
            "The operator has not decided about it yet: it has settled the times until 2026-11-29T01:30:00Z.",
            id="the operator has not decided",
        ),
        pytest.param(
            request(scheduled(), history={"successful": 2, "maxAge": "48h"}),
            "2026-11-10T01:30:00Z",
            [run(YESTERDAY), run(TODAY)],
            "the request keeps 2 successful, 3 failed and 3 other runs (spec.history), and none older than 48h.\n"
            "Looked at 2 runs (daily-2026-11-29 to daily-2026-11-30).",
            id="the history limits removed it",
        ),
        pytest.param(
            request(scheduled()),
            YESTERDAY,
            [run("2026-11-28T01:30:00Z"), run(TODAY)],
            "Younger and older runs are there: a user may have deleted it",
            id="a run between others is gone",
        ),
        pytest.param(
            request(scheduled(), since=IN_SPRING),
            "2026-03-29T01:30:00Z",
            [],
            "2026-03-29T01:00:00Z (moved by a clock change from 02:30:00) before it",
            id="a clock change moved it",
        ),
        pytest.param(
            request({"schedule": {"daily": {"at": "02:00"}, "timeZone": "Europe/Madrid"}}, since=IN_SPRING),
            "2026-03-29T01:30:00Z",
            [],
            "2026-03-29T01:00:00Z (moved by a clock change from 02:00:00) before it",
            id="a clock change moved it by a whole hour",
        ),
        pytest.param(
            request(scheduled(jitter="30m")),
            "2026-11-30T05:00:00Z",
            [],
            "later by jitter) before it",
            id="jitter moves the start",
        ),
    ],
)
def test_answers(body: Object, at: str, runs: list[Object], sentence: str) -> None:
    assert sentence in answer(body, at, *runs)


SUMMARY = {"count": 3, "from": "2026-11-27T01:30:00Z", "to": YESTERDAY}


@pytest.mark.parametrize(
    ("timing", "at", "is_covered"),
    [
        pytest.param(scheduled(), "2026-11-28T01:30:00Z", True, id="a tick between its ends"),
        pytest.param(scheduled(), "2026-11-28T05:00:00Z", False, id="no tick"),
        pytest.param(scheduled(exclude=["2026-11-27", "2026-11-29"]), YESTERDAY, True, id="its end is its own"),
        pytest.param(scheduled(), "2026-11-26T01:30:00Z", False, id="a tick before it"),
        pytest.param(
            {"schedule": {"cron": "0 0 30 2 *"}}, "2026-11-28T01:30:00Z", True, id="no schedule is there to ask"
        ),
    ],
)
def test_summary_stands_for_its_ticks(timing: Object, at: str, *, is_covered: bool) -> None:
    found = answer(request(timing), at, run("2026-11-27T01:30:00Z", phase="Missed", summary=SUMMARY))
    assert ("stands for that time. It is Missed. It stands for 3 times" in found) == is_covered


def test_missing_process() -> None:
    found = answer(request(scheduled()), TODAY, processes=())
    assert found.startswith("There is no Process close in namespace erp, which the request names.")


def test_request_that_cannot_be_read() -> None:
    assert answer(request(scheduled()) | {"spec": {"timing": {}}}, TODAY).startswith("The request cannot be read: ")


def test_suspended_request_says_since_when() -> None:
    body = request(scheduled(), suspend=True, status={"suspendedSince": CREATED})
    assert f"The request is suspended since {CREATED} (spec.suspend)." in answer(body, "2026-12-01T01:30:00Z")


def test_suspended_request_says_its_reason_and_next_run_is_left_out() -> None:
    body = request(scheduled(), suspend=True, status={"nextRunTime": "2026-12-01T01:30:00Z"})
    body["metadata"]["annotations"]["process-operator.io/suspend-reason"] = "stocktaking"
    found = answer(body, TODAY, run(TODAY))
    assert "The request is suspended (spec.suspend): stocktaking. No run starts until it is resumed." in found
    assert "next run" not in found


def test_next_run_is_said() -> None:
    body = request(scheduled(), status={"nextRunTime": "2026-12-01T01:30:00Z"})
    assert answer(body, TODAY, run(TODAY)).endswith("The next run starts at 2026-12-01T01:30:00Z.")
