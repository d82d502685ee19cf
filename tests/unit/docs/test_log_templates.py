"""Templates of the page on whole logs: each is accepted, and its query is well-formed when it is filled."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from process_operator.resources.log_url import LogUrl

GUIDE = (Path(__file__).parents[3] / "docs" / "how-to" / "whole-logs.md").read_text()
TEMPLATES = {
    urlsplit(line).hostname: line for line in re.findall(r"^```text\n(https://\S*)\n```$", GUIDE, re.MULTILINE)
}
JOB = "nightly-close-1f2e3d4c-30150210"
START, END = "2027-03-01T12:00:01Z", "2027-03-01T12:00:10Z"
VALUES = {
    "namespace": "erp",
    "job": JOB,
    "start_ms": "1803902401000",
    "end_ms": "1803902410000",
    "start_rfc3339": START,
    "end_rfc3339": END,
}


def filled(host: str) -> str:
    url = LogUrl.parse(TEMPLATES[host]).fill(VALUES)
    assert url is not None
    return url


def test_grafana() -> None:
    query = parse_qs(urlsplit(filled("grafana.example.com")).query)
    pane = json.loads(query["panes"][0])["a"]
    assert pane["queries"][0]["expr"] == f'{{namespace="erp",pod=~"{JOB}-.+"}}'
    assert pane["queries"][0]["datasource"] == {"type": "loki", "uid": "loki"}
    assert pane["range"] == {"from": "1803902401000", "to": "1803902410000"}


def test_victorialogs() -> None:
    query = parse_qs(urlsplit(filled("victorialogs.example.com")).query)
    words = (
        f'{{kubernetes.pod_namespace="erp"}} "kubernetes.pod_name":="{JOB}-"* | sort by (_time) | fields _time, _msg'
    )
    assert query == {"query": [words], "start": [START], "end": [END]}


@pytest.mark.parametrize(
    ("host", "fields"),
    [
        pytest.param("dashboards.example.com", ("kubernetes.namespace_name", "kubernetes.pod_name"), id="OpenSearch"),
        pytest.param("kibana.example.com", ("kubernetes.namespace", "kubernetes.pod.name"), id="Kibana"),
    ],
)
def test_dashboards(host: str, fields: tuple[str, str]) -> None:
    text = unquote(urlsplit(filled(host)).fragment)
    assert f"time:(from:'{START}',to:'{END}')" in text
    assert f"query:(language:kuery,query:'{fields[0]}:\"erp\" and {fields[1]}:{JOB}-*')" in text
    assert text.count("(") == text.count(")")
    assert text.count("'") % 2 == 0


def test_cloud_logging() -> None:
    parts = urlsplit(filled("console.cloud.google.com"))
    assert unquote(parts.path).partition(";query=")[2].splitlines() == [
        'resource.type="k8s_container"',
        'resource.labels.namespace_name="erp"',
        f'resource.labels.pod_name=~"^{JOB}-"',
        f'timestamp>="{START}" AND timestamp<="{END}"',
    ]
    assert parse_qs(parts.query) == {"project": ["PROJECT-ID"]}
