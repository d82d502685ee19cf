"""Plots of a report: one SVG for each figure, with a field for each measure, as lines or bars with min and max.

matplotlib draws a logarithmic axis with error bars in one line, and every browser shows its SVG. Neighbour:
`report.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from report import Report, Row

_MARKS: Final = "os^Dv*"


def draw(report: Report, folder: Path) -> Path | None:
    """Write the figure's picture into a folder; None if nothing of it is drawn."""
    fields = [(measure, [row for row in report.rows if row.measure == measure]) for measure in report.figure.plotted]
    fields = [(measure, rows) for measure, rows in fields if rows]
    if not fields:
        return None
    # Text stays text: the file is small, and can be searched. The same data gives the same file.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "bench", "font.size": 9}):
        canvas = Canvas(figsize=(5.2 * len(fields), 4.2), layout="constrained")
        canvas.suptitle(report.figure.title)
        for axes, (measure, rows) in zip(canvas.subplots(1, len(fields), squeeze=False)[0], fields, strict=True):
            if len({row.size for row in rows}) > 1:
                _lines(axes, report.figure.size, rows)
                axes.set_ylabel(measure)
            else:
                _bars(axes, rows)
                axes.set_xlabel(measure)
        path = folder / f"{report.figure.name}.svg"
        canvas.savefig(path, metadata={"Date": None})
    return path


def _lines(axes: Axes, size: str, rows: list[Row]) -> None:
    for place, series in enumerate(dict.fromkeys(row.series for row in rows)):
        found = sorted((row for row in rows if row.series == series), key=lambda row: row.size)
        axes.errorbar(
            [row.size for row in found],
            [row.spread.median for row in found],
            yerr=_whiskers(found),
            label=series,
            marker=_MARKS[place % len(_MARKS)],
            capsize=3,
        )
    axes.set_xscale("log")
    # A logarithmic axis cannot show a zero.
    axes.set_yscale("log" if all(row.spread.least > 0 for row in rows) else "linear")
    sizes = sorted({row.size for row in rows})
    axes.set_xticks(sizes)
    axes.set_xticks([], minor=True)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel(size)
    axes.grid(visible=True, alpha=0.3)
    axes.legend()


def _bars(axes: Axes, rows: list[Row]) -> None:
    axes.barh([row.series for row in rows], [row.spread.median for row in rows], xerr=_whiskers(rows), capsize=3)
    if all(row.spread.least > 0 for row in rows):
        axes.set_xscale("log")
    axes.invert_yaxis()
    axes.grid(visible=True, axis="x", alpha=0.3)


def _whiskers(rows: list[Row]) -> list[list[float]]:
    below = [row.spread.median - row.spread.least for row in rows]
    return [below, [row.spread.most - row.spread.median for row in rows]]
