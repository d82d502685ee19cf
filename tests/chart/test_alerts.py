"""The alerts as Prometheus reads them, and what they do about a failed run. Neighbour: `test_render.py`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.chart.helm import render
from tests.chart.promtool import promtool


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The groups of the PrometheusRule as a rule file."""
    spec = render({"metrics": {"prometheusRule": {"enabled": True}}}).one("PrometheusRule")["spec"]
    path = tmp_path / "rules.yaml"
    path.write_text(json.dumps(spec))
    return path


def check(*arguments: str) -> str:
    answer = subprocess.run((promtool(), *arguments), capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_they_are_valid(rules: Path) -> None:
    count = len(json.loads(rules.read_text())["groups"][0]["rules"])
    assert f"{count} rules found" in check("check", "rules", str(rules))


FINISHED = 'process_operator_runs_finished_total{phase="%s"}'
NOT_STARTED = 'process_operator_ticks_not_started_total{phase="Missed"}'


@pytest.mark.parametrize(
    ("series", "alert", "fires"),
    [
        pytest.param({FINISHED % "Failed": "0 0 1 1 1"}, "ProcessRunFailed", True, id="a run failed"),
        pytest.param({FINISHED % "Succeeded": "0 0 1 1 1"}, "ProcessRunFailed", False, id="a run succeeded"),
        pytest.param({NOT_STARTED: "0 0 1 1 1"}, "ProcessTicksMissed", True, id="a tick was missed"),
        pytest.param({"process_operator_leader": "1 1 0 0 0"}, "ProcessOperatorDown", True, id="nobody leads"),
        pytest.param({"process_operator_leader": "1 1 1 1 1"}, "ProcessOperatorDown", False, id="one leads"),
        pytest.param({"other": "1 1 1 1 1"}, "ProcessOperatorDown", True, id="no operator exposes metrics"),
        pytest.param(
            {"process_operator_agenda_overdue_seconds": "0+90x20"},
            "ProcessOperatorStuck",
            True,
            id="the timer is behind",
        ),
        pytest.param(
            {
                'process_operator_tick_lateness_seconds_bucket{le="30"}': "0+0x20",
                'process_operator_tick_lateness_seconds_bucket{le="60"}': "0+5x20",
                'process_operator_tick_lateness_seconds_bucket{le="+Inf"}': "0+5x20",
            },
            "ProcessTicksLate",
            True,
            id="runs start late",
        ),
    ],
)
def test_they_fire_when_they_should(
    rules: Path, tmp_path: Path, series: dict[str, str], alert: str, *, fires: bool
) -> None:
    """At the end of the series, long enough for every `for`."""
    minute = 15 if alert in ("ProcessOperatorStuck", "ProcessTicksLate") else 4
    test: dict[str, Any] = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) or vector(0)',
                "eval_time": f"{minute}m",
                "exp_samples": [{"labels": "{}", "value": int(fires)}],
            }
        ],
    }
    path = tmp_path / "test.yaml"
    path.write_text(json.dumps({"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": [test]}))
    check("test", "rules", str(path))
