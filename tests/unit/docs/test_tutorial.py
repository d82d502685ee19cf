"""Tutorial: its manifests are accepted, and the operator of `make demo` knows the receiver that it names."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yaml

from process_operator.actions.notify.receivers_file import read_receivers
from process_operator.preview.manifest_set import manifest_set
from process_operator.preview.preview import Period, preview

ROOT: Final = Path(__file__).parents[3]
TUTORIAL: Final = (ROOT / "docs" / "tutorial.md").read_text()
NOW: Final = datetime(2027, 3, 26, 12, tzinfo=UTC)


def test_the_request_has_the_times_that_the_text_names() -> None:
    manifests: list[dict[str, Any]] = [
        yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", TUTORIAL, re.DOTALL)
    ]
    (given,) = manifest_set(manifests, namespace="tutorial").requests
    assert given.request is not None
    (process,) = (found for found in manifests if found["kind"] == "Process")
    assert given.request.spec.process is not None
    assert given.request.spec.process.name == process["metadata"]["name"]
    shown = preview(given.request, None, Period(NOW, count=2), given.calendars)
    assert [f"{tick.local:%H:%M}" for tick in shown.ticks] == ["02:30", "03:00"]


def test_the_demo_has_the_receiver_of_the_tutorial() -> None:
    (receiver,) = read_receivers(ROOT / "hack" / "demo" / "receivers.yaml")
    assert f'"receiver":"{receiver.name}"' in TUTORIAL
    assert "receivers.yaml" in (ROOT / "hack" / "demo" / "background.sh").read_text()
