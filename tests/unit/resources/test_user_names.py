"""User names in the annotation `reschedule`: the name is part of the value."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from process_operator.resources.user_names import reschedule_value, user_of_reschedule

NOW = datetime(2026, 11, 30, 9, 12, 7, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("user", "value"),
    [
        pytest.param("alice", "2026-11-30T09:12:07.123+00:00 by alice", id="a user"),
        pytest.param(None, "2026-11-30T09:12:07.123+00:00", id="a name that is not known"),
    ],
)
def test_value(user: str | None, value: str) -> None:
    assert reschedule_value(NOW, user) == value


@pytest.mark.parametrize(
    ("value", "user"),
    [
        pytest.param("2026-11-30T09:12:07.123+00:00 by alice", "alice", id="a user"),
        pytest.param("1 by system:serviceaccount:erp:batch", "system:serviceaccount:erp:batch", id="a service account"),
        pytest.param("1 by a by b", "a by b", id="a name with the separator"),
        pytest.param("Mon Nov 30 09:12:07 UTC 2026", "", id="a date"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_user(value: str, user: str) -> None:
    assert user_of_reschedule(value) == user
