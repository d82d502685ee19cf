"""Processes with steps, and requests for them, for the tables about steps. Neighbour: `snapshots.py`."""

from __future__ import annotations

from typing import Any

from tests.builders.instants import at
from tests.builders.snapshots import process, request, template

from process_operator.resources.process import Process

NOW = at("12:00:30")


def named(name: str, **spec: Any) -> Process:
    """A Process with a Job template."""
    body = {"metadata": {"name": name, "namespace": "erp"}, "spec": {"jobTemplate": template(), **spec}}
    return Process.model_validate(body)


def grouped(*steps: str, **spec: Any) -> Process:
    """The Process `close-day` with a step for each Process named."""
    listed = [{"name": f"step-{name}", "process": {"name": name}} for name in steps]
    return process(jobTemplate=None, steps=listed, **spec)


def uses(**spec: Any) -> Any:
    """A request for `close-day`."""
    return request(process={"name": "close-day"}, **spec)
