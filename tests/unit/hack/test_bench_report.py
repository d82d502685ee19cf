"""Report of `make bench` from its samples: spreads, ratios, targets, growth, and a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from figures import FLOOR, OPERATOR, Figure, Sample, Target
from plots import draw
from report import Report, report
from rich.console import Console
from tables import print_report

if TYPE_CHECKING:
    from pathlib import Path

LATE = "lateness p99, s"


async def _nothing() -> list[list[Sample]]:
    return []


def figure(*targets: Target) -> Figure:
    return Figure("burst", "A burst", "requests", _nothing, (LATE,), targets, {OPERATOR: (FLOOR,)})


def samples(operator: float, floor: float = 2.0, size: float = 1000) -> list[Sample]:
    return [Sample(LATE, OPERATOR, size, operator), Sample(LATE, FLOOR, size, floor)]


def of(found: Report, series: str) -> tuple[float, float, float, int]:
    (row,) = [row for row in found.rows if row.series == series]
    return row.spread.least, row.spread.median, row.spread.most, row.spread.repetitions


def test_repetitions_become_min_median_and_max() -> None:
    found = report(figure(), [samples(3.0), samples(1.0), samples(2.5)])
    assert of(found, OPERATOR) == (1.0, 2.5, 3.0, 3)
    assert of(found, FLOOR) == (2.0, 2.0, 2.0, 3)


def test_a_series_may_have_fewer_repetitions_than_another() -> None:
    found = report(figure(), [samples(3.0), [Sample(LATE, OPERATOR, 1000, 4.0)]])
    assert of(found, OPERATOR) == (3.0, 3.5, 4.0, 2)
    assert of(found, FLOOR) == (2.0, 2.0, 2.0, 1)


def test_a_row_has_the_ratio_to_its_anchors_at_the_same_size() -> None:
    found = report(figure(), [samples(3.0), samples(9.0, 3.0, size=5000)])
    assert [(row.series, row.size, row.ratios) for row in found.rows] == [
        (OPERATOR, 1000, {FLOOR: 1.5}),
        (FLOOR, 1000, {}),
        (OPERATOR, 5000, {FLOOR: 3.0}),
        (FLOOR, 5000, {}),
    ]


@pytest.mark.parametrize(
    ("target", "value", "is_met"),
    [
        pytest.param(Target(LATE, OPERATOR, 1000, at_most=2.5), 2.5, True, id="a value at its limit meets it"),
        pytest.param(Target(LATE, OPERATOR, 1000, at_most=2.4), 2.5, False, id="a value above its limit misses it"),
        pytest.param(Target(LATE, OPERATOR, 1000, at_least=3), 2.5, False, id="a value below what is asked misses it"),
        pytest.param(
            Target(LATE, OPERATOR, 1000, at_most=1.25, anchor=FLOOR), 1.25, True, id="a ratio at its limit meets it"
        ),
        pytest.param(
            Target(LATE, OPERATOR, 1000, at_most=1.2, anchor=FLOOR), 1.25, False, id="a ratio above its limit misses it"
        ),
        pytest.param(
            Target(LATE, OPERATOR, 1000, at_most=9, anchor=FLOOR, anchor_measure="all made, s"),
            None,
            False,
            id="an anchor that was not measured is missed",
        ),
        pytest.param(Target(LATE, OPERATOR, 5000, at_most=9), None, False, id="a size that was not measured is missed"),
    ],
)
def test_targets(target: Target, value: float | None, *, is_met: bool) -> None:
    (result,) = report(figure(target), [samples(2.5)]).target_results
    assert (result.value, result.is_met) == (value, is_met)


def test_growth_is_the_exponent_of_the_size() -> None:
    found = report(figure(), [[*samples(n / 50, (n / 50) ** 2, n)] for n in (100, 1000, 5000)])
    assert {growth.series: round(growth.exponent, 6) for growth in found.growth} == {OPERATOR: 1.0, FLOOR: 2.0}


def test_two_sizes_say_nothing_of_growth() -> None:
    assert report(figure(), [samples(1.0), samples(2.0, size=5000)]).growth == []


@pytest.mark.parametrize(
    "sizes", [pytest.param((1000,), id="one size: bars"), pytest.param((100, 1000, 5000), id="sizes: lines")]
)
def test_a_picture_shows_every_series(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    path = draw(report(figure(), [samples(2.5, size=size) for size in sizes]), tmp_path)
    assert path is not None
    picture = path.read_text()
    assert all(text in picture for text in ("A burst", LATE, OPERATOR, FLOOR))


def test_the_table_says_which_targets_are_missed() -> None:
    console = Console(record=True, width=160, quiet=False)
    targets = (Target(LATE, OPERATOR, 1000, at_most=1.0), Target(LATE, FLOOR, 1000, at_most=2.0))
    print_report(report(figure(*targets), [samples(2.5)]), console)
    lines = console.export_text().splitlines()
    assert "MISSED lateness p99, s of engine Operator at 1,000: 2.5 (target: at most 1)" in lines
    assert "met    lateness p99, s of floor at 1,000: 2 (target: at most 2)" in lines
