"""Every answer of `why`: one row for each, from objects as the API server holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

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


@dataclass(frozen=True)
class Asked:
    """A request and its runs, an instant, and a sentence of the answer about it."""

    id: str
    body: Object
    at: str
    sentence: str
    runs: list[Object] = field(default_factory=list)


QUESTIONS: Final = [
    Asked(
        "a run stands for it, with its reason",
        body=request(scheduled()),
        at=TODAY,
        runs=[run(TODAY, phase="Failed", reason="ExitCode", message="exit code 3")],
        sentence="Run daily-2026-11-30 stands for that time. It is Failed (ExitCode: exit code 3).",
    ),
    Asked(
        "a run by hand stands for its creation",
        body=request(scheduled()),
        at="2026-11-29T09:00:00Z",
        runs=[run(None)],
        sentence="Run daily-by-hand stands for that time. It is Succeeded.",
    ),
    Asked(
        "a summary stands for many times",
        body=request(scheduled()),
        at="2026-11-20T01:30:00Z",
        runs=[
            run(
                TODAY,
                phase="Missed",
                summary={"from": "2026-11-10T01:30:00Z", "to": TODAY, "count": 21},
            )
        ],
        sentence="It stands for 21 times from 2026-11-10T01:30:00Z to 2026-11-30T01:30:00Z.",
    ),
    Asked(
        "it is no time of the schedule",
        body=request(scheduled()),
        at="2026-11-30T05:00:00Z",
        sentence="That is not a time of the schedule, which is daily at 02:30 Europe/Madrid.\n"
        "The nearest times are 2026-11-30T01:30:00Z before it and 2026-12-01T01:30:00Z after it.",
    ),
    Asked(
        "it lies before startTime",
        body=request(scheduled(startTime="2026-11-15T00:00:00Z")),
        at="2026-11-10T01:30:00Z",
        sentence="The schedule starts later, at 2026-11-15T00:00:00Z (startTime).",
    ),
    Asked(
        "it lies after finishTime",
        body=request(scheduled(finishTime="2026-11-15T00:00:00Z"), status={"lastScheduleTime": "2026-11-14T01:30:00Z"}),
        at="2026-11-20T01:30:00Z",
        sentence="The schedule ended before, at 2026-11-15T00:00:00Z (finishTime).",
    ),
    Asked(
        "it lies before the creation",
        body=request(scheduled()),
        at="2026-10-20T00:30:00Z",
        sentence="That is before the present activation, which began at 2026-11-01T00:00:00Z, when the request was created.",
    ),
    Asked(
        "it lies before a resume",
        body=request(scheduled(), cause="Resumed", since="2026-11-20T00:00:00Z"),
        at="2026-11-10T01:30:00Z",
        sentence="which began at 2026-11-20T00:00:00Z, when the request was resumed.",
    ),
    Asked(
        "its date is excluded",
        body=request(scheduled(exclude=["2026-11-29"])),
        at=YESTERDAY,
        sentence="That time is excluded by spec.timing.schedule.exclude",
    ),
    Asked(
        "the request was suspended then",
        body=request(scheduled(), suspend=True, status={"lastScheduleTime": "2026-11-20T01:30:00Z"}),
        at=YESTERDAY,
        sentence="The request is suspended, and times of a suspension do not run.",
    ),
    Asked(
        "the request is not accepted since",
        body=request(scheduled(), status=NOT_ACCEPTED),
        at=TODAY,
        sentence="Accepted is False since 2026-11-28T00:00:00Z (QuotaExceeded): the quota is full",
    ),
    Asked(
        "the schedule never fires",
        body=request({"schedule": {"cron": "0 0 30 2 *"}}),
        at=TODAY,
        sentence="The request is not accepted (NeverFires): ",
    ),
    Asked(
        "the request runs once, and says what it looked at",
        body=request({"runImmediately": {}}),
        at=TODAY,
        sentence="which is not a schedule.\nThe request has no runs.",
    ),
    Asked(
        "it is still to come",
        body=request(scheduled()),
        at="2026-12-01T01:30:00Z",
        sentence="That time is still to come, at 2026-12-01T01:30:00Z.",
    ),
    Asked(
        "it is still to come, and the request is suspended",
        body=request(scheduled(), suspend=True),
        at="2026-12-01T01:30:00Z",
        sentence="still to come, at 2026-12-01T01:30:00Z, but the request is suspended, and times of a suspension do not run.",
    ),
    Asked(
        "maxRuns is reached before a time to come",
        body=request(scheduled(maxRuns=2), runs=2),
        at="2026-12-01T01:30:00Z",
        sentence="no run starts for it: the present activation has started the 2 runs of maxRuns",
    ),
    Asked(
        "maxRuns was reached before a time that is over",
        body=request(scheduled(maxRuns=2), runs=2, status={"lastScheduleTime": YESTERDAY}),
        at=TODAY,
        sentence="no run starts for it: the present activation has started the 2 runs of maxRuns",
    ),
    Asked(
        "the schedule has finished",
        body=request(scheduled(), status={"phase": "Finished"}),
        at="2026-12-01T01:30:00Z",
        sentence="no run starts for it: the schedule has finished",
    ),
    Asked(
        "it still waits",
        body=request(scheduled(), status={"lastScheduleTime": YESTERDAY, "waitingCount": 2}),
        at=TODAY,
        runs=[run(YESTERDAY)],
        sentence="2 due runs wait to start, and one of them may stand for that time.\nLooked at 1 run.",
    ),
    Asked(
        "the operator has not decided",
        body=request(scheduled(), status={"lastScheduleTime": YESTERDAY}),
        at=TODAY,
        runs=[run(YESTERDAY)],
        sentence="The operator has not decided about it yet: it has settled the times until 2026-11-29T01:30:00Z.",
    ),
    Asked(
        "the history limits removed it",
        body=request(scheduled(), history={"successful": 2, "maxAge": "48h"}),
        at="2026-11-10T01:30:00Z",
        runs=[run(YESTERDAY), run(TODAY)],
        sentence="the request keeps 2 successful, 3 failed and 3 other runs (spec.history), and none older than 48h.\n"
        "Looked at 2 runs (daily-2026-11-29 to daily-2026-11-30).",
    ),
    Asked(
        "a run between others is gone",
        body=request(scheduled()),
        at=YESTERDAY,
        runs=[run("2026-11-28T01:30:00Z"), run(TODAY)],
        sentence="Younger and older runs are there: a user may have deleted it",
    ),
    Asked(
        "a clock change moved it",
        body=request(scheduled(), since=IN_SPRING),
        at="2026-03-29T01:30:00Z",
        sentence="2026-03-29T01:00:00Z (moved by a clock change from 02:30:00) before it",
    ),
    Asked(
        "a clock change moved it by a whole hour",
        body=request({"schedule": {"daily": {"at": "02:00"}, "timeZone": "Europe/Madrid"}}, since=IN_SPRING),
        at="2026-03-29T01:30:00Z",
        sentence="2026-03-29T01:00:00Z (moved by a clock change from 02:00:00) before it",
    ),
    Asked(
        "jitter moves the start",
        body=request(scheduled(jitter="30m")),
        at="2026-11-30T05:00:00Z",
        sentence="later by jitter) before it",
    ),
]


@pytest.mark.parametrize("case", QUESTIONS, ids=lambda case: case.id)
def test_answers(case: Asked) -> None:
    assert case.sentence in answer(case.body, case.at, *case.runs)


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
