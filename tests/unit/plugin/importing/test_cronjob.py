"""CronJobs as requests: fields, differences and rejections, and the same instants as the CronJob controller's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from process_operator.plugin.importing.cronjob import CronJobOptions, import_cronjob
from process_operator.plugin.importing.imported import Imported

NOW = datetime(2026, 11, 30, tzinfo=UTC)
TEMPLATE = {
    "metadata": {"creationTimestamp": None},
    "spec": {"template": {"spec": {"containers": [{"name": "main", "image": "x"}]}}},
}


def cronjob(metadata: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "nightly", "namespace": "erp", "uid": "1", **(metadata or {})},
        "spec": {"schedule": "0 2 * * *", "timeZone": "Europe/Madrid", "jobTemplate": TEMPLATE, **spec},
    }


def imported(body: dict[str, Any], **options: Any) -> Imported:
    return import_cronjob(body, CronJobOptions(NOW, **options))


def spec(found: Imported) -> dict[str, Any]:
    assert not found.rejected, found.rejected
    made: dict[str, Any] = found.manifests[0]["spec"]
    return made


def test_all_fields() -> None:
    body = cronjob(
        {
            "labels": {"app": "erp", "app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "x"},
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "ledger"},
        },
        concurrencyPolicy="Replace",
        startingDeadlineSeconds=600,
        suspend=True,
        successfulJobsHistoryLimit=5,
    )
    (made,) = imported(body).manifests
    assert made["metadata"] == {
        "name": "nightly",
        "namespace": "erp",
        "labels": {"app": "erp"},
        "annotations": {"team": "ledger"},
    }
    assert made["spec"] == {
        "jobTemplate": {"spec": TEMPLATE["spec"]},
        "timing": {"schedule": {"cron": "0 2 * * *", "timeZone": "Europe/Madrid"}},
        "suspend": True,
        "concurrencyPolicy": "Replace",
        "startingDeadlineSeconds": 600,
        "history": {"successful": 5, "failed": 1},
    }


@pytest.mark.parametrize(
    ("schedule", "options", "timing"),
    [
        pytest.param("0 2 * * *", {"plain": True}, {"daily": {"at": "02:00"}, "timeZone": "Europe/Madrid"}, id="plain"),
        pytest.param("0 2 * * 1", {"plain": True}, {"cron": "0 2 * * 1", "timeZone": "Europe/Madrid"}, id="not plain"),
        pytest.param("CRON_TZ=Asia/Tokyo 0 2 * * *", {}, {"cron": "0 2 * * *", "timeZone": "Asia/Tokyo"}, id="prefix"),
        pytest.param("@every 5m", {}, {"minutely": {"every": 5}}, id="minutes"),
        pytest.param("@every 1h30m", {}, {"minutely": {"every": 90}}, id="minutes beyond an hour"),
        pytest.param("@every 90s", {}, {"secondly": {"every": 90}}, id="seconds"),
        pytest.param("@every 48h", {}, {"hourly": {"every": 48}}, id="hours"),
    ],
)
def test_schedules(schedule: str, options: dict[str, Any], timing: dict[str, Any]) -> None:
    assert spec(imported(cronjob(schedule=schedule), **options))["timing"] == {"schedule": timing}


@pytest.mark.parametrize(
    ("fields", "options", "remark"),
    [
        pytest.param({"timeZone": None}, {}, "Etc/UTC is assumed", id="no zone"),
        pytest.param({"timeZone": None}, {"time_zone": "Asia/Tokyo"}, "Asia/Tokyo is what you gave", id="zone given"),
        pytest.param({"concurrencyPolicy": "Forbid"}, {}, "Forbid skips", id="Forbid"),
        pytest.param({"startingDeadlineSeconds": 5}, {}, "engine Operator", id="short deadline"),
        pytest.param({"schedule": "@every 5m"}, {}, "intervals count from the creation", id="interval"),
        pytest.param(
            {"schedule": "30 2 * * *"},
            {},
            "its times differ: around the clock change of 2027-03-28T01:00:00Z in Europe/Madrid a CronJob would",
            id="a time that a clock change leaves out",
        ),
        pytest.param(
            {"schedule": "30 2 * * *"},
            {"plain": True},
            "its times differ: around the clock change",
            id="the same, plain",
        ),
    ],
)
def test_remarks(fields: dict[str, Any], options: dict[str, Any], remark: str) -> None:
    found = imported(cronjob(**fields), **options)
    assert any(remark in one for one in found.remarks)


def test_owned_by_others_and_by_us() -> None:
    owner = {"apiVersion": "apps.example.com/v1", "kind": "Backup", "name": "full"}
    assert "Backup full owns it" in imported(cronjob({"ownerReferences": [owner]})).rejected
    assert spec(imported(cronjob({"ownerReferences": [owner]}), owned=True))
    ours = {"apiVersion": "process-operator.io/v1alpha1", "kind": "ProcessRequest", "name": "nightly"}
    assert imported(cronjob({"ownerReferences": [ours]})).left_out


@pytest.mark.parametrize("schedule", ["0 3 * * *", "*/15 * * * *", "@daily", "0 7 * * 1-5"])
def test_same_times_need_no_remark(schedule: str) -> None:
    assert imported(cronjob(schedule=schedule)).remarks == ()


@pytest.mark.parametrize("schedule", ["@every 1.5s", "@every soon", "0 0 30 2", "61 * * * *"])
def test_rejected(schedule: str) -> None:
    assert imported(cronjob(schedule=schedule)).rejected.startswith("spec.schedule: ")


def test_null_is_the_default() -> None:
    nulls = dict.fromkeys(
        ["startingDeadlineSeconds", "concurrencyPolicy", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"]
    )
    assert spec(imported(cronjob(**nulls))) == spec(imported(cronjob()))


@pytest.mark.parametrize(
    ("body", "rejected"),
    [
        pytest.param({"kind": "CronJob", "metadata": {"name": "x"}}, "spec must be an object", id="no spec"),
        pytest.param({"spec": 1}, "metadata must be an object", id="no metadata"),
        pytest.param(cronjob(jobTemplate=None), "spec.jobTemplate must be an object", id="no template"),
        pytest.param(cronjob(startingDeadlineSeconds="9"), "must be a whole number", id="text as a deadline"),
        pytest.param(cronjob(schedule=5), "spec.schedule must be a text", id="number as a schedule"),
        pytest.param(cronjob({"ownerReferences": [1]}), "must have objects", id="number as an owner"),
        pytest.param(cronjob({"labels": []}), "metadata.labels must be an object", id="list as labels"),
        pytest.param(cronjob(schedule="0 3 31 2 *"), "no such time", id="a day that never comes"),
    ],
)
def test_wrong_shape_is_rejected(body: dict[str, Any], rejected: str) -> None:
    assert rejected in imported(body).rejected
