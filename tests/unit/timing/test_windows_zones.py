"""The table of Windows time zones is CLDR's, and leads to zones that exist."""

from __future__ import annotations

from tzlocal.windows_tz import win_tz

from process_operator.timing.windows_zones import WINDOWS_ZONES
from process_operator.timing.zone import zone_names


def test_the_table_is_that_of_the_locked_package() -> None:
    assert dict(WINDOWS_ZONES) == win_tz, "run make windows-zones"


def test_each_name_leads_to_a_zone_of_the_database() -> None:
    assert set(WINDOWS_ZONES.values()) - zone_names() == set()
