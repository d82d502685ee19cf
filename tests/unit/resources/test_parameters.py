"""Parameters in the status of a run: all values as far as 4096 bytes of them have room."""

from __future__ import annotations

import pytest

from process_operator.resources.parameters import used_parameters
from process_operator.resources.process_run import ProcessRunStatus


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param([("A", "1"), ("B", "")], [("A", "1", None), ("B", "", None)], id="short ones"),
        pytest.param([("A", "x" * 4096)], [("A", "x" * 4096, None)], id="one that just fits"),
        pytest.param(
            [("A", "x" * 4095), ("B", "yz"), ("C", "last"), ("D", "")],
            [("A", "x" * 4095, None), ("B", "y", True), ("C", "", True), ("D", "", None)],
            id="the first that does not fit, and all after it but an empty one",
        ),
        pytest.param(
            [("A", "x" * 4094), ("B", "€€")], [("A", "x" * 4094, None), ("B", "", True)], id="no half characters"
        ),
        pytest.param([("A", "€" * 4096)], [("A", "€" * 1365, True)], id="bytes are counted, not characters"),
    ],
)
def test_values_are_cut_to_4096_bytes(
    given: list[tuple[str, str]], expected: list[tuple[str, str, bool | None]]
) -> None:
    found = used_parameters(given)
    assert [(each.name, each.value, each.truncated) for each in found] == expected
    status = ProcessRunStatus(parameters=found)
    assert ProcessRunStatus.model_validate(status.to_api()) == status, "the API keeps what was written"


def test_at_most_64_parameters_are_reported() -> None:
    assert len(used_parameters((f"N{number}", "1") for number in range(200))) == 64
