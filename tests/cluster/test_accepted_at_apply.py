"""Good values of all kinds, which would expose a rule that rejects everything, and the length of names.

Neighbours: `test_*_rejected_at_apply.py` have the bad values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.cluster.spec_patches import (
    CONTAINER,
    SHORTEST,
    TEMPLATE,
    Patch,
    assert_rejected,
    daily,
    later,
    manifest,
    merged,
    monthly,
    parameter,
    schedule,
    step,
    template,
    weekly,
)

if TYPE_CHECKING:
    from tests.cluster.kubectl import Kubectl


@pytest.mark.parametrize("length", [64, 253])
@pytest.mark.parametrize("kind", list(SHORTEST))
def test_a_long_name_is_rejected(cluster: Kubectl, shared_namespace: str, kind: str, length: int) -> None:
    wrong = merged(manifest(kind, {}), {"metadata": {"name": "n" * length}})
    assert_rejected(
        cluster,
        shared_namespace,
        wrong,
        field="metadata.name",
        words="metadata.name must be no more than 63 characters",
    )


GOOD = [
    pytest.param("Process", {}, id="the shortest process"),
    pytest.param("Process", {"jobTemplate": None, "steps": [step("a" * 20)], "stopOnFailure": False}, id="steps"),
    pytest.param("Process", parameter(name="LEDGER", required=True), id="a required parameter"),
    pytest.param("Process", parameter(name="MODE", required=False, default="full"), id="a default"),
    pytest.param("Process", parameter(name="MODE", enum=["", "full", "a, b"], default=""), id="an enum with a default"),
    pytest.param("Process", parameter(name="MODE", pattern=r"(?i)\Qa.b\E|\pL{2}", default="A.B"), id="a pattern"),
    pytest.param(
        "Process",
        {"parameters": [{"name": f"N{n}", "pattern": ".*(.?.?.?){74}b", "default": "y" * 256} for n in range(64)]},
        id="64 parameters with patterns whose match takes long, and which the operator rejects",
    ),
    pytest.param("ProcessRequest", {"process": {"name": "p" * 63}}, id="a process of 63 characters"),
    pytest.param("ProcessRequest", {"process": None, "jobTemplate": TEMPLATE}, id="a template of its own"),
    pytest.param(
        "ProcessRequest",
        {"process": None, "jobTemplate": TEMPLATE | {"metadata": {"creationTimestamp": None, "labels": {"a": "b"}}}},
        id="a template as kubectl create job --dry-run prints it",
    ),
    pytest.param(
        "ProcessRequest",
        template({"containers": [CONTAINER], "restartPolicy": "OnFailure", "colour": "red"}),
        id="a template with an unknown field",
    ),
    pytest.param("ProcessRequest", {"ttlSecondsAfterFinished": 60}, id="a single run that deletes itself"),
    pytest.param("ProcessRequest", parameter(name="_a1", value=""), id="an empty value"),
    pytest.param("ProcessRequest", later(after="1h30m", within="250ms"), id="later by a delay"),
    pytest.param(
        "ProcessRequest",
        later(startTime="2027-01-01T00:00:00.5Z", endTime="2026-12-31T23:00:00.6-01:00"),
        id="later between two instants of different zones",
    ),
    pytest.param("ProcessRequest", schedule(secondly={"every": 86_400}), id="every 86,400 seconds"),
    pytest.param("ProcessRequest", schedule(daily={"at": "23:59:59", "days": "Weekends"}), id="at the end of the day"),
    pytest.param("ProcessRequest", weekly(days=["Sunday", "Monday"], every=53), id="every 53 weeks"),
    pytest.param("ProcessRequest", monthly(day=31), id="the 31st"),
    pytest.param("ProcessRequest", monthly(day="Last", every=120), id="the last day, every ten years"),
    pytest.param("ProcessRequest", monthly(weekday={"week": "Last", "day": "Friday"}), id="the last Friday"),
    pytest.param("ProcessRequest", schedule(cron="0 0 12 ? * MON-FRI 2027"), id="a Quartz expression"),
    pytest.param(
        "ProcessRequest",
        daily(startTime="2027-01-01T00:00:00+01:00", finishTime="2026-12-31T23:00:00Z"),
        id="a finish at the start",
    ),
    pytest.param(
        "ProcessRequest",
        daily(
            timeZone="America/Argentina/Buenos_Aires",
            jitter="1m30s",
            exclude=["2027-12-25", "2027-12-24/2028-01-06"],
            excludeFrom=[{"configMap": {"name": "holidays", "key": "spain.ics"}}],
            maxRuns=1,
        ),
        id="a schedule with everything",
    ),
    pytest.param(
        "ProcessRequest",
        {
            "suspend": True,
            "onSuspend": "CancelRunning",
            "concurrencyPolicy": "Queue",
            "startingDeadlineSeconds": 0,
            "catchUp": "All",
            "engine": "Operator",
            "history": {"successful": 0, "maxAge": "720h"},
            "log": {"capture": "Never", "tailBytes": 0, "container": "main"},
        },
        id="a spec with everything",
    ),
    pytest.param("ProcessRun", {}, id="a manual run"),
    pytest.param("ProcessRun", {"parameters": {"N" * 63: "$(x)\n" * 819}}, id="a manual run with a long parameter"),
    pytest.param("ProcessRun", {"parameters": {f"N{n}": "" for n in range(64)}}, id="a manual run with 64 parameters"),
    pytest.param("ProcessRun", {"trigger": "Immediate"}, id="an immediate run, which has no time"),
    pytest.param("ProcessRun", {"trigger": "CatchUp", "scheduledTime": "2027-01-01T00:00:00Z"}, id="a catch-up run"),
    pytest.param("ProcessRun", {"trigger": "Step", "parent": {"name": "all", "step": "ledger"}}, id="a step"),
    pytest.param("ProcessBackfill", {}, id="the shortest backfill"),
    pytest.param(
        "ProcessBackfill", {"to": "2027-01-01T00:00:00Z", "maxActiveRuns": 100, "cancel": False}, id="of one instant"
    ),
]


@pytest.mark.parametrize(("kind", "patch"), GOOD)
def test_the_server_takes(cluster: Kubectl, shared_namespace: str, kind: str, patch: Patch) -> None:
    answer = cluster.apply(manifest(kind, patch), shared_namespace)
    assert answer.ok, answer.message


@pytest.mark.parametrize("kind", list(SHORTEST))
def test_a_name_of_63_characters_is_taken(cluster: Kubectl, namespace: str, kind: str) -> None:
    answer = cluster.apply(merged(manifest(kind, {}), {"metadata": {"name": "n" * 63}}), namespace)
    assert answer.ok, answer.message
