"""Lists at the start of watches: the operator lists every object once, after every watch has a version to start from.

Neighbours: `test_watch_gone.py`, for the lists when a watch starts again; the stage is `tests/faults/stage.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.stage import Stage, request

from process_operator.watch.selections import NOTHING, SELECTIONS

if TYPE_CHECKING:
    from pathlib import Path

DAILY = {"schedule": {"daily": {"at": "02:00"}}}


async def test_each_kind_is_listed_once_when_all_are_about_to_be_watched(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        await stage.apply(request("there", DAILY))
        await stage.start()
        await stage.phase("there", "Scheduled")
        collections = sorted(selection.kind.path(None) for selection in SELECTIONS)
        lists = [seen for seen in stage.proxy.seen("GET", watch=False) if seen.path in collections]
        by_whom = ["nobody" if seen.query.get("labelSelector") == NOTHING else "us" for seen in lists]
        assert sorted(seen.path for seen, who in zip(lists, by_whom, strict=True) if who == "us") == collections
        assert by_whom == ["nobody"] * (2 * len(SELECTIONS)) + ["us"] * len(SELECTIONS)
