"""`kubectl process cancel`: which objects the names stand for."""

from __future__ import annotations

import pytest

from process_operator.plugin.cancel import _kind_and_name
from process_operator.plugin.errors import CommandError, Exit
from process_operator.resources.kinds import PROCESS_BACKFILL, PROCESS_RUN, Kind


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        pytest.param("daily-x", PROCESS_RUN, "daily-x", id="a name alone is that of a run"),
        pytest.param("prun/daily-x", PROCESS_RUN, "daily-x", id="a run by the short name"),
        pytest.param("ProcessRun/daily-x", PROCESS_RUN, "daily-x", id="a run by the kind"),
        pytest.param("pbf/march", PROCESS_BACKFILL, "march", id="a backfill by the short name"),
        pytest.param("processbackfills/march", PROCESS_BACKFILL, "march", id="a backfill by the plural"),
    ],
)
def test_name_of(text: str, kind: Kind, name: str) -> None:
    assert _kind_and_name(text) == (kind, name)


@pytest.mark.parametrize("text", ["job/daily-x", "pbf/", "/daily-x", "erp/pbf/march"])
def test_no_other_kind(text: str) -> None:
    with pytest.raises(CommandError, match="allowed are NAME of a run, prun/NAME and pbf/NAME") as raised:
        _kind_and_name(text)
    assert raised.value.status == Exit.USAGE
