"""Commands of the tutorial on a real cluster, as a reader types them."""

from __future__ import annotations

from typing import Final

import pytest
from tests.pages.reader import ROOT, Reader

# The page takes 20 s on an idle machine.
pytestmark = [pytest.mark.node, pytest.mark.timeout(1500)]

DOCS: Final = ROOT / "docs"


@pytest.mark.usefixtures("tutorial_namespace")
def test_the_tutorial(reader: Reader) -> None:
    reader.follow(DOCS / "tutorial.md")
