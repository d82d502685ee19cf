"""Compiled request: when an earlier one is used again, and that each of its parts is worked out once."""

from __future__ import annotations

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import process, request, schedule, template

from process_operator.decisions.inputs.compiled_request import compile_request
from process_operator.decisions.template.shape import TemplateError
from process_operator.resources.process import Process
from process_operator.resources.process_request import ProcessRequest
from process_operator.timing.errors import ScheduleError
from process_operator.timing.exclusions import Exclusions

BY_PROCESS = {"process": {"name": "close-day"}}


def named(name: str, **spec: object) -> Process:
    found = process(**spec)
    return found.model_copy(update={"metadata": found.metadata.model_copy(update={"name": name})})


STEPS = Process.model_validate(
    {
        "metadata": {"name": "close-day", "namespace": "erp"},
        "spec": {"steps": [{"name": "one", "process": {"name": "post"}}]},
    }
)


@pytest.mark.parametrize(
    ("before", "after", "is_same"),
    [
        pytest.param(
            (request(schedule(10), **BY_PROCESS), process(), {}),
            (request(schedule(10), status={"phase": "Active"}, **BY_PROCESS), process(), {}),
            True,
            id="a version with another status is the same",
        ),
        pytest.param(
            (request(**BY_PROCESS), process(), {}),
            (request(**BY_PROCESS), process().model_copy(update={"status": STEPS.status}), {}),
            True,
            id="a Process with another status is the same",
        ),
        pytest.param(
            (request(schedule(10)), None, {}), (request(schedule(20)), None, {}), False, id="the timing was edited"
        ),
        pytest.param(
            (request(), None, {}),
            (request(metadata={"uid": "another"}), None, {}),
            False,
            id="another request has the name now",
        ),
        pytest.param(
            (request(**BY_PROCESS), process(), {}),
            (request(**BY_PROCESS), process(jobTemplate=template(image="alpine")), {}),
            False,
            id="the template of the Process was edited",
        ),
        pytest.param(
            (request(jobTemplate=template(automountServiceAccountToken=1)), None, {}),
            (request(jobTemplate=template(automountServiceAccountToken=True)), None, {}),
            False,
            id="1 became true in the template",
        ),
        pytest.param(
            (request(**BY_PROCESS), process(jobTemplate=template(hostNetwork=False)), {}),
            (request(**BY_PROCESS), process(jobTemplate=template(hostNetwork=0)), {}),
            False,
            id="false became 0 in the template of the Process",
        ),
        pytest.param(
            (request(**BY_PROCESS), None, {}),
            (request(**BY_PROCESS), process(), {}),
            False,
            id="the Process was created",
        ),
        pytest.param(
            (request(**BY_PROCESS), STEPS, {"post": named("post")}),
            (request(**BY_PROCESS), STEPS, {"post": named("post"), "of-a-run": named("of-a-run")}),
            True,
            id="a Process of an open run alone does not matter",
        ),
        pytest.param(
            (request(**BY_PROCESS), STEPS, {"post": named("post")}),
            (request(**BY_PROCESS), STEPS, {"post": named("post", jobTemplate=template(image="alpine"))}),
            False,
            id="the Process of a step was edited",
        ),
        pytest.param(
            (request(**BY_PROCESS), STEPS, {"post": named("post")}),
            (request(**BY_PROCESS), STEPS, {}),
            False,
            id="the Process of a step was deleted",
        ),
    ],
)
def test_a_compiled_request_is_used_again(
    before: tuple[ProcessRequest, Process | None, dict[str, Process]],
    after: tuple[ProcessRequest, Process | None, dict[str, Process]],
    is_same: bool,  # noqa: FBT001
) -> None:
    last = compile_request(*before)
    assert (compile_request(*after, last) is last) == is_same


def test_templates_and_hash_are_worked_out_once() -> None:
    compiled = compile_request(request(), None, {})
    assert compiled.template is compiled.template
    assert compiled.timing_hash is compiled.timing_hash
    steps = compile_request(request(**BY_PROCESS), STEPS, {"post": named("post")})
    assert steps.steps is steps.steps


def test_a_calendar_is_compiled_again_only_for_another_start_or_other_exclusions() -> None:
    compiled = compile_request(request(schedule(10)), None, {})
    since, closed = at("12:00"), Exclusions(days=1 << 20_000)
    first = compiled.recurrence(since)
    assert compiled.recurrence(since) is first
    others = [
        compiled.recurrence(at("13:00")),
        compiled.recurrence(since, closed),
        compiled.recurrence(since, closed, ()),
    ]
    assert first is not None and others[0] is not None
    assert others[0].floor != first.floor
    assert others[1] is others[2]
    earlier = ((at("13:00"), Exclusions()),)
    assert compiled.recurrence(since, closed, earlier) is not others[2]


def test_a_one_shot_timing_has_no_calendar() -> None:
    assert compile_request(request(), None, {}).recurrence(at("12:00")) is None


def test_errors_are_raised_at_each_use() -> None:
    never = {"schedule": {"cron": "0 0 30 2 *"}}
    compiled = compile_request(request(never, **BY_PROCESS), process(jobTemplate={"spec": {}}), {})
    for _ in range(2):
        with pytest.raises(TemplateError):
            _ = compiled.template
        with pytest.raises(ScheduleError):
            compiled.recurrence(at("12:00"))
