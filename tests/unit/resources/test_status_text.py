"""Texts of statuses: cut to the limits of the API server, in characters, and lists of names with their rest."""

from __future__ import annotations

from typing import Any

import pytest

from process_operator.resources.conditions import Condition, ConditionStatus, ConditionType
from process_operator.resources.schema import crds
from process_operator.resources.status_text import (
    MAX_CONDITION_MESSAGE,
    MAX_CONDITION_REASON,
    MAX_MESSAGE,
    MAX_REASON,
    MAX_STEP_MESSAGE,
    cut,
    listed,
    reason_and_message,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "", id="empty"),
        pytest.param("12345", "12345", id="just fits"),
        pytest.param("123456", "12...", id="one too many"),
        pytest.param("€😀é€€", "€😀é€€", id="characters count, not bytes"),
        pytest.param("€😀é€€€", "€😀...", id="no character is split"),
    ],
)
def test_cut(text: str, expected: str) -> None:
    assert cut(text, 5) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        pytest.param(0, "", id="none"),
        pytest.param(2, "0, 1", id="all"),
        pytest.param(20, ", ".join(map(str, range(20))), id="as many as are shown"),
        pytest.param(4096, ", ".join(map(str, range(20))) + " and 4076 more", id="the first of many"),
    ],
)
def test_listed(count: int, expected: str) -> None:
    assert listed([str(number) for number in range(count)]) == expected


def test_reason_and_message_of_a_status_are_within_its_limits() -> None:
    found = reason_and_message("R" * 5000, "m" * 5000)
    assert (len(found["reason"] or ""), len(found["message"] or "")) == (128, 4096)
    assert reason_and_message("", "") == {"reason": None, "message": None}


def test_a_condition_is_cut_and_never_rejected() -> None:
    found = Condition(type=ConditionType.READY, status=ConditionStatus.TRUE, reason="R" * 5000, message="m" * 90_000)
    assert (len(found.reason), len(found.message)) == (1024, 32_768)


def test_the_limits_are_those_of_the_crds() -> None:
    of_kind = {
        crd["spec"]["names"]["plural"]: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] for crd in crds()
    }

    def limits(kind: str, *path: str) -> tuple[int, int]:
        schema: Any = of_kind[kind]["properties"]["status"]
        for name in path:
            schema = schema["properties"][name]["items"]
        return schema["properties"]["reason"]["maxLength"], schema["properties"]["message"]["maxLength"]

    assert limits("processruns") == limits("processbackfills") == (MAX_REASON, MAX_MESSAGE)
    assert limits("processruns", "steps") == (MAX_REASON, MAX_STEP_MESSAGE)
    for kind in of_kind:
        assert limits(kind, "conditions") == (MAX_CONDITION_REASON, MAX_CONDITION_MESSAGE)
