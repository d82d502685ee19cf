"""Reasons on the pages: each one exists, and each reason that the operator writes is explained."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Final

import pytest

from process_operator.resources.conditions import LogReason, Reason, RunReason

REFERENCE: Final = Path(__file__).parents[3] / "docs" / "reference"
GUIDE: Final = "\n".join(page.read_text() for page in sorted(REFERENCE.glob("*.md")))
FROM_KUBERNETES: Final = {
    "Evicted",
    "FailedIndexes",
    "FailedMount",
    "ImagePullBackOff",
    "MaxFailedIndexesExceeded",
    "PreemptionByScheduler",
    "Unschedulable",
}


def _reasons(header: str, column: int) -> set[str]:
    """The reasons in one column of the table with this header, without remarks in parentheses."""
    rows = GUIDE.split(f"{header} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    cells = (re.sub(r"\([^)]*\)|[\[\]]| and similar ones", "", row.split("|")[column]) for row in rows)
    return {reason.strip() for cell in cells for reason in cell.split(",")}


@pytest.mark.parametrize(
    ("header", "column", "kinds"),
    [
        pytest.param("| phase | meaning | usual reasons", 3, (RunReason, Reason), id="runs"),
        pytest.param("| `Accepted=False`, reason | meaning", 1, (Reason,), id="requests that are not accepted"),
        pytest.param("| `log.reason` | meaning", 1, (LogReason,), id="logs"),
    ],
)
def test_every_reason_of_a_table_exists(header: str, column: int, kinds: tuple[type[StrEnum], ...]) -> None:
    known = {reason.value for kind in kinds for reason in kind}
    assert sorted(_reasons(header, column) - known - FROM_KUBERNETES) == []


@pytest.mark.parametrize("kind", [RunReason, LogReason], ids=["runs", "logs"])
def test_every_reason_is_in_the_guide(kind: type[StrEnum]) -> None:
    assert [reason.value for reason in kind if not re.search(rf"\b{reason.value}\b", GUIDE)] == []
