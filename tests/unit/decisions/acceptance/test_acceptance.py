"""Acceptance of a request: the field that prevents it, and the questions to the API server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Unpack

import pytest
from tests.builders.instants import at
from tests.builders.objects import Object
from tests.builders.snapshots import STEM, Known, activation, process, request, schedule, snapshot, template

from process_operator.decisions.acceptance.acceptance import Acceptance, accept
from process_operator.decisions.acceptance.engine import EngineChoice
from process_operator.decisions.inputs.observations import DryRun
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.jobs import dry_run_manifest
from process_operator.decisions.plan.actions import DryRunJob
from process_operator.decisions.template.job_template import build_template
from process_operator.resources.engine import Engine
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.timing.recurrence import compile_schedule

NOW = at("12:00:30")


def seen(of: ProcessRequest, **known: Unpack[Known]) -> Snapshot:
    """A snapshot of a request whose template the server has accepted."""
    a_process = known.get("process")
    status = ProcessRequestStatus(activation=activation(), template_hash=build_template(of, a_process).hash)
    known.setdefault("status", status)
    return snapshot(of, **known)


@pytest.mark.parametrize(
    ("known", "reason", "message"),
    [
        pytest.param(
            snapshot(request({"schedule": {"cron": "61 * * * *"}})),
            "InvalidSchedule",
            "spec.timing.schedule.cron: minute '61': 61 is out of range; allowed are 0 to 59",
            id="an expression that cannot be",
        ),
        pytest.param(
            snapshot(request(schedule(10, timeZone="Europe/Madird"))),
            "InvalidTimeZone",
            None,
            id="a zone that does not exist",
        ),
        pytest.param(
            snapshot(request({"schedule": {"cron": "0 0 31 2 *"}})), "NeverFires", None, id="a day that never comes"
        ),
        pytest.param(
            snapshot(request({"schedule": {"cron": "0 * * * *"}}, catchUp="All", engine="CronJob")),
            "Unsupported",
            "spec.engine: CronJob is not possible: spec.catchUp: a CronJob starts only the newest run, never All",
            id="a timing that the engine cannot serve",
        ),
        pytest.param(
            snapshot(
                request(
                    onSuspend="SuspendRunning",
                    jobTemplate={**template(), "metadata": {"labels": {"kueue.x-k8s.io/queue-name": "team-a"}}},
                )
            ),
            "Unsupported",
            "spec.onSuspend: SuspendRunning is not allowed for a Job that Kueue queues (label kueue.x-k8s.io/queue-name), "
            "because Kueue would resume it; allowed: KeepRunning, CancelRunning",
            id="a Job that Kueue would resume",
        ),
        pytest.param(
            snapshot(request(process={"name": "close-day"})),
            "ProcessNotFound",
            'spec.process.name: there is no Process "close-day" in namespace erp; waiting for it',
            id="a Process that is not there",
        ),
        pytest.param(
            snapshot(
                request(process={"name": "close-day"}),
                process=process(jobTemplate=None, steps=[{"name": "one", "process": {"name": "other"}}]),
                step_processes={"other": process(concurrencyPolicy="Forbid")},
            ),
            "Unsupported",
            'Process close-day: spec.steps[0].process.name: step "one": Process other has concurrencyPolicy Forbid;'
            " allowed for the Process of a step: Allow",
            id="a step whose Process has a policy",
        ),
        pytest.param(
            snapshot(
                request(process={"name": "close-day"}), process=process(parameters=[{"name": "A", "required": True}])
            ),
            "ParameterMissing",
            "spec.parameters: Process close-day requires A",
            id="a parameter that is missing",
        ),
        pytest.param(
            snapshot(request(jobTemplate={"spec": {**template()["spec"], "suspend": True}})),
            "TemplateRejected",
            "spec.jobTemplate.spec.suspend: true is not allowed; use spec.suspend of the ProcessRequest",
            id="a template that cannot be followed",
        ),
        pytest.param(
            snapshot(request({"schedule": {"secondly": {"every": 5}}}, engine="CronJob")),
            "Unsupported",
            "spec.engine: CronJob is not possible: spec.timing.schedule.secondly: a CronJob knows minutes, not seconds",
            id="an engine that cannot do it",
        ),
    ],
)
def test_rejected(known: Snapshot, reason: str, message: str | None) -> None:
    acceptance = accept(known, NOW)
    assert (acceptance.is_accepted, acceptance.reason, acceptance.lookup) == (False, reason, None)
    assert acceptance.message.startswith(("spec.", "Process close-day: spec."))
    if message is not None:
        assert acceptance.message == message


def test_accepted() -> None:
    of = request(schedule(10))
    timing = of.spec.timing.schedule
    assert timing is not None
    acceptance = accept(seen(of), NOW)
    template_of = build_template(of, None)
    expected = Acceptance(template=template_of, recurrence=acceptance.recurrence, engine=EngineChoice(Engine.OPERATOR))
    assert (acceptance, acceptance.is_accepted) == (expected, True)
    assert acceptance.recurrence is not None
    ticks = compile_schedule(timing, since=at("12:00")).between(at("11:00"), at("12:01"), limit=10)
    assert acceptance.recurrence.between(at("11:00"), at("12:01"), limit=10) == ticks


def test_a_one_shot_request_needs_no_engine_and_no_calendar() -> None:
    of = request()
    assert accept(seen(of), NOW) == Acceptance(template=build_template(of, None))


def test_a_schedule_whose_last_tick_has_passed_stays_accepted() -> None:
    of = request(schedule(10, finishTime="2027-03-01T12:00:20Z"))
    assert accept(seen(of), at("18:00")).is_accepted


def said(
    of: ProcessRequest, reason: str = "", again_at: str | None = None, *, template_hash: str | None = None
) -> DryRun:
    known = template_hash or build_template(of, None).hash
    return DryRun(known, reason, reason and "its own words", at(again_at) if again_at else None)


ONCE = request()
ASKED = DryRunJob(
    (dry_run_manifest(build_template(ONCE, None), ONCE, name=f"{STEM}-s1", now=NOW),), build_template(ONCE, None).hash
)
REJECTION = "spec.jobTemplate: the API server rejects the Job: its own words"


def indexed(completions: object = 12, name: str = "close", timing: Object | None = None, **spec: Any) -> Snapshot:
    """A request of that name for a Job with so many indexes, as it was applied."""
    body = template()
    body["spec"] |= {"completionMode": "Indexed", "completions": completions}
    return snapshot(request(timing, metadata={"name": name}, jobTemplate=body, **spec))


MINUTELY = {"schedule": {"cron": "* * * * *"}}
BECAUSE = (
    "because spec.jobTemplate.spec is an Indexed Job of 12 completions: "
    "its pods are named after the run and the index, in 63 characters without a dot"
)


@pytest.mark.parametrize(
    ("known", "message"),
    [
        pytest.param(indexed(name="a" * 50, timing=schedule(10)), f"at most 40 characters, {BECAUSE}", id="seconds"),
        pytest.param(
            indexed(name="a" * 41, timing=schedule(10)), f"at most 40 characters, {BECAUSE}", id="one too many"
        ),
        pytest.param(indexed(name="a" * 40, timing=schedule(10)), "", id="just enough room"),
        pytest.param(
            indexed(name="a" * 42, timing=MINUTELY), f"at most 41 characters, {BECAUSE}", id="minutes, for backfills"
        ),
        pytest.param(indexed(name="a" * 41, timing=MINUTELY), "", id="minutes, just enough room"),
        pytest.param(indexed(name="a" * 63), "", id="a run that is once has a short name"),
        pytest.param(indexed(name="a.b"), f"no dot, {BECAUSE}", id="a dot"),
        pytest.param(indexed("12", name="a.b"), "", id="completions that the API server rejects"),
        pytest.param(indexed(0, name="a.b"), "", id="no completions"),
    ],
)
def test_names_that_leave_no_room_for_the_index(known: Snapshot, message: str) -> None:
    acceptance = accept(known, NOW)
    allowed = message.replace("at most", "metadata.name: must have at most").replace(
        "no dot", "metadata.name: must not contain a dot"
    )
    assert (acceptance.reason, acceptance.message) == (("TemplateRejected", allowed) if message else ("", ""))
    assert (acceptance.lookup is None) is bool(message)


@pytest.mark.parametrize(
    ("timing", "suffix"),
    [
        pytest.param(None, "-s1", id="once"),
        pytest.param(schedule(10), "-1803902430", id="a schedule by seconds"),
        pytest.param(MINUTELY, "-b6b855dde", id="a schedule by minutes, and its backfills"),
    ],
)
def test_the_server_is_asked_about_the_longest_name(timing: Object | None, suffix: str) -> None:
    lookup = accept(snapshot(request(timing)), NOW).lookup
    assert isinstance(lookup, DryRunJob)
    assert [job["metadata"]["name"] for job in lookup.manifests] == [STEM + suffix]


def test_the_server_speaks_of_the_template_that_was_written() -> None:
    own = [{"name": "GIVEN", "value": "own"}, {"name": "KEPT", "value": "1"}, {"name": "9", "valueFrom": {}}]
    of = request(jobTemplate=template(env=own), parameters=[{"name": "GIVEN", "value": "given"}])
    path = "spec.template.spec.containers[0]"
    words = DryRun(
        build_template(of, None).hash,
        "TemplateRejected",
        f"[{path}.env[4].valueFrom: Invalid value, {path}.env[3].value: Bad, {path}.env[2].value: Worse, "
        f"{path}.env[9].value: Odd, {path}.image: Required value]",
    )
    assert accept(snapshot(of, dry_run=words), NOW).message == (
        f"spec.jobTemplate: the API server rejects the Job: [{path}.env[2].valueFrom: Invalid value, "
        f"{path}.env[1].value: Bad, {path}.env (variable GIVEN).value: Worse, {path}.env[9].value: Odd, "
        f"{path}.image: Required value]"
    )


@dataclass(frozen=True)
class Said:
    """Result of a dry run, and the acceptance that follows from it."""

    id: str
    dry_run: DryRun | None
    reason: str = ""
    message: str = ""
    lookup: DryRunJob | None = None


SAID: Final = [
    Said("it was not asked yet", dry_run=None, lookup=ASKED),
    Said("it was asked about another template", dry_run=said(ONCE, template_hash="older"), lookup=ASKED),
    Said("it has accepted", dry_run=said(ONCE)),
    Said(
        "it has rejected permanently",
        dry_run=said(ONCE, "TemplateRejected"),
        reason="TemplateRejected",
        message=REJECTION,
    ),
    Said(
        "it has rejected for now",
        dry_run=said(ONCE, "QuotaExceeded", "12:00:31"),
        reason="QuotaExceeded",
        message=REJECTION,
    ),
    Said("it is time to ask again", dry_run=said(ONCE, "QuotaExceeded", "12:00:30"), lookup=ASKED),
]


@pytest.mark.parametrize("case", SAID, ids=lambda case: case.id)
def test_what_the_api_server_said(case: Said) -> None:
    acceptance = accept(snapshot(ONCE, dry_run=case.dry_run), NOW)
    wanted_again = case.dry_run.again_at if case.dry_run is not None and case.reason else None
    assert (acceptance.reason, acceptance.message, acceptance.lookup, acceptance.again_at) == (
        case.reason,
        case.message,
        case.lookup,
        wanted_again,
    )
    assert acceptance.is_accepted is (not case.reason and case.lookup is None)
