"""Runner of the benchmarks: no figure loses another, and the results are on disk after each."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from burst import collect, in_repetitions
from burst_samples import lateness
from busyness import Busyness
from figures import OPERATOR, Figure, PartlyMeasuredError, Sample, quantile
from rich.console import Console
from runner import measure_all

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LATE = "lateness p99, s"


def figure(name: str, *outcome: list[Sample] | Exception) -> Figure:
    async def measure() -> list[list[Sample]]:
        found = []
        for samples in outcome:
            if isinstance(samples, Exception):
                raise samples
            found.append(samples)
        return found

    return Figure(name, f"The figure {name}", "requests", measure, (LATE,))


def late(value: float, series: str = OPERATOR) -> list[Sample]:
    return [Sample(LATE, series, 1000, value)]


def measured(folder: Path, *figures: Figure) -> tuple[list[str], dict[str, Any]]:
    failed = measure_all(figures, folder, Console(quiet=True), {"cores": "2"}, observed_seconds=0.01)
    return failed, json.loads((folder / "bench.json").read_text())["figures"]


def values(found: dict[str, Any], name: str) -> list[float]:
    return [row["spread"]["median"] for row in found[name]["rows"]]


def test_a_figure_that_fails_loses_no_other(tmp_path: Path) -> None:
    failed, found = measured(
        tmp_path, figure("a", late(1)), figure("b", RuntimeError("no cluster")), figure("c", late(2))
    )
    assert failed == ["b"]
    assert (values(found, "a"), values(found, "b"), values(found, "c")) == ([1], [], [2])


def test_series_that_were_measured_are_kept(tmp_path: Path) -> None:
    failed, found = measured(tmp_path, figure("a", PartlyMeasuredError([late(3)], ["floor"])))
    assert (failed, values(found, "a")) == (["a"], [3])


def test_a_value_that_is_no_number_loses_nothing(tmp_path: Path) -> None:
    failed, found = measured(tmp_path, figure("a", [*late(quantile([], 0.5)), Sample("runs", OPERATOR, 1000, 4)]))
    assert (failed, values(found, "a")) == ([], [4])


def test_results_are_written_after_each_figure(tmp_path: Path) -> None:
    async def interrupted() -> list[list[Sample]]:
        raise KeyboardInterrupt

    last = Figure("b", "Interrupted", "requests", interrupted, ())
    with pytest.raises(KeyboardInterrupt):
        measured(tmp_path, figure("a", late(1)), last)
    assert values(json.loads((tmp_path / "bench.json").read_text())["figures"], "a") == [1]


def test_each_figure_has_the_busyness_of_the_machine(tmp_path: Path) -> None:
    _, found = measured(tmp_path, figure("a", late(1)))
    assert {when: Busyness(**seen).own >= 0 for when, seen in found["a"]["busyness"].items()} == {
        "before": True,
        "during": True,
    }


async def test_a_series_that_fails_loses_neither_the_others_nor_its_earlier_bursts() -> None:
    async def series(name: str, *made: float) -> AsyncIterator[list[Sample]]:
        for value in made:
            if math.isnan(value):
                raise RuntimeError("not set up")
            yield late(value, name)

    with pytest.raises(PartlyMeasuredError, match="not measured: floor") as caught:
        await collect({"floor": series("floor", 1, math.nan), "native": series("native", 2, 3)})
    assert caught.value.repetitions == [[*late(1, "floor"), *late(2, "native")], late(3, "native")]


def test_bursts_of_a_series_and_size_are_repetitions() -> None:
    one, two, other = late(1), late(2), [Sample(LATE, OPERATOR, 100, 3)]
    assert in_repetitions([one, other, two]) == [[*one, *other], two]


def test_a_job_that_never_arrived_counts_with_the_whole_watch() -> None:
    seen = [(10.5, "set-0-7"), (11.0, "set-1-7"), (11.5, "set-1-7")]
    found = {sample.measure: sample.value for sample in lateness(seen, 7, 10, 3, 180, OPERATOR)}
    assert (found["Jobs missing"], found["Jobs double"], found["all made, s"]) == (1, 1, 180)
