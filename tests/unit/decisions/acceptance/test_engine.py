"""Choice of the engine: the schedules for which Auto uses a CronJob, and the limits of an explicit choice."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.instants import at
from tests.builders.objects import Object
from tests.builders.snapshots import request, template

from process_operator.decisions.acceptance.engine import EngineChoice, choose_engine
from process_operator.decisions.template.job_template import build_template
from process_operator.decisions.template.shape import TemplateError
from process_operator.resources.engine import Engine
from process_operator.timing.cron.standard import resolve_cron
from process_operator.timing.cronjob_equivalent import CronSchedule

OPERATOR = EngineChoice(Engine.OPERATOR)
HOURLY = EngineChoice(Engine.CRON_JOB, CronSchedule("0 * * * *", "Etc/UTC"))


def cron(expression: str = "0 * * * *", **bounds: Any) -> Object:
    return {"schedule": {"cron": expression, **bounds}}


def choose(timing: Object | None, *, default: Engine = Engine.AUTO, **spec: Any) -> EngineChoice | None:
    of = request(timing, **spec)
    return choose_engine(of, build_template(of, None), since=at("12:00"), now=at("12:00:05"), default=default)


USES_TIME = template(command=["sh", "-c", "echo $PROCESS_SCHEDULED_TIME"])
OBSTACLES = [
    pytest.param(
        {"timing": {"schedule": {"secondly": {"every": 10}}}},
        "spec.timing.schedule.secondly: a CronJob knows minutes, not seconds",
        id="seconds",
    ),
    pytest.param(
        {"timing": {"schedule": {"minutely": {"every": 7}}}},
        "spec.timing.schedule.minutely: every 7 minutes does not come out even in an hour or a day, as a CronJob needs it",
        id="every 7 minutes",
    ),
    pytest.param(
        {"timing": cron("0 0 * * * ?")},
        "spec.timing.schedule.cron: a CronJob reads 5 fields, not the Quartz form",
        id="the Quartz form",
    ),
    pytest.param(
        {"timing": cron(), "concurrencyPolicy": "Queue"}, "spec.concurrencyPolicy: a CronJob has no Queue", id="Queue"
    ),
    pytest.param(
        {"timing": cron(), "startingDeadlineSeconds": 9},
        "spec.startingDeadlineSeconds: a CronJob needs 10 or more",
        id="a deadline shorter than the controller's poll",
    ),
    pytest.param(
        {"timing": cron(), "catchUp": "All"},
        "spec.catchUp: a CronJob starts only the newest run, never All",
        id="catchUp All",
    ),
    pytest.param(
        {"timing": cron(), "jobTemplate": USES_TIME},
        "spec.jobTemplate: a CronJob cannot provide PROCESS_SCHEDULED_TIME",
        id="the scheduled time in the template",
    ),
]
WEAKER = [
    pytest.param({"timing": cron(), "concurrencyPolicy": "Replace"}, id="Replace"),
    pytest.param({"timing": cron(finishTime="2027-12-31T00:00:00Z")}, id="finishTime"),
]


@pytest.mark.parametrize(
    ("spec", "choice"),
    [
        pytest.param({"timing": cron()}, HOURLY, id="an expression"),
        pytest.param({"timing": cron(), "concurrencyPolicy": "Forbid"}, HOURLY, id="Forbid"),
        pytest.param(
            {"timing": cron("H * * * *")},
            EngineChoice(Engine.CRON_JOB, CronSchedule(resolve_cron("H * * * *", "erp/close"), "Etc/UTC")),
            id="H, with the number that the request draws",
        ),
        pytest.param(
            {"timing": cron(), "startingDeadlineSeconds": 10}, HOURLY, id="a deadline that the controller keeps"
        ),
        pytest.param(
            {"timing": {"schedule": {"daily": {"at": "02:30"}, "timeZone": "Asia/Tokyo"}}},
            EngineChoice(Engine.CRON_JOB, CronSchedule("30 2 * * *", "Asia/Tokyo")),
            id="daily where clocks never change",
        ),
        pytest.param(
            {"timing": {"schedule": {"daily": {"at": "02:30"}, "timeZone": "Europe/Madrid"}}},
            OPERATOR,
            id="daily in a gap of spring, which the controller leaves out",
        ),
        pytest.param(
            {"timing": {"schedule": {"minutely": {"every": 15}}}},
            EngineChoice(Engine.CRON_JOB, CronSchedule("*/15 * * * *", "Etc/UTC")),
            id="every 15 minutes",
        ),
        pytest.param({"timing": {"runImmediately": {}}}, None, id="a one-shot timing needs none"),
        *[pytest.param(*param.values[:1], OPERATOR, id=f"not with {param.id}") for param in (*OBSTACLES, *WEAKER)],
    ],
)
def test_auto(spec: Object, choice: EngineChoice | None) -> None:
    assert choose(**spec) == choice
    assert choose(**spec, engine="Auto", default=Engine.OPERATOR) == choice


@pytest.mark.parametrize(("spec", "cause"), OBSTACLES)
def test_an_explicit_cronjob_is_rejected_where_it_cannot_be_kept(spec: Object, cause: str) -> None:
    with pytest.raises(TemplateError) as caught:
        choose(**spec, engine="CronJob")
    assert (caught.value.reason, caught.value.message) == (
        "Unsupported",
        f"spec.engine: CronJob is not possible: {cause}",
    )


@pytest.mark.parametrize("spec", WEAKER)
def test_an_explicit_cronjob_may_promise_less(spec: Object) -> None:
    assert choose(**spec, engine="CronJob") == HOURLY


def test_an_explicit_cronjob_is_rejected_for_a_one_shot_timing() -> None:
    with pytest.raises(TemplateError, match=r"^spec\.engine: CronJob is possible for spec\.timing\.schedule only"):
        choose(None, engine="CronJob")


@pytest.mark.parametrize(
    ("engine", "default", "choice"),
    [
        pytest.param("Operator", Engine.AUTO, OPERATOR, id="the request asks for the operator"),
        pytest.param(None, Engine.OPERATOR, OPERATOR, id="the installation does, and the request says nothing"),
        pytest.param("CronJob", Engine.OPERATOR, HOURLY, id="the request wins over the installation"),
    ],
)
def test_an_explicit_choice(engine: str | None, default: Engine, choice: EngineChoice) -> None:
    spec = {} if engine is None else {"engine": engine}
    assert choose(cron(), default=default, **spec) == choice
