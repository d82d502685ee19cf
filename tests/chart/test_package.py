"""Package of the chart for a registry: it installs the image of its release without further values."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import yaml
from tests.chart.helm import REPOSITORY, helm

from process_operator import __version__

IMAGE: Final = "registry.example.com/erp/process-operator"
HOMEPAGE: Final = "https://git.example.com/erp/process-operator"


def test_a_packaged_chart_has_the_image_of_its_release() -> None:
    packaged = subprocess.run(
        [str(REPOSITORY / "hack" / "release" / "chart.sh"), IMAGE, HOMEPAGE],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=True,
    )
    archive = Path(packaged.stdout.strip())
    assert archive.name == f"process-operator-{__version__}.tgz"
    rendered = yaml.safe_load_all(
        helm("template", "test", str(archive), "--show-only", "templates/deployment.yaml").stdout
    )
    images = [c["image"] for object_ in rendered if object_ for c in object_["spec"]["template"]["spec"]["containers"]]
    assert images == [f"{IMAGE}:{__version__}"]
    chart = yaml.safe_load(helm("show", "chart", str(archive)).stdout)
    (image,) = yaml.safe_load(chart["annotations"]["artifacthub.io/images"])
    assert image["image"] == f"{IMAGE}:{__version__}"
