"""Tables of a report for readers: values and ratios, targets, growth. Neighbour: `report.py` has the report."""

from __future__ import annotations

from report import Report, TargetResult
from rich.console import Console
from rich.table import Table


def print_report(report: Report, console: Console) -> None:
    """Print one figure."""
    console.print(f"\n[bold]{report.figure.title}[/bold]")
    for note in report.figure.notes:
        console.print(note, style="dim", highlight=False)
    console.print(_values(report))
    if report.growth:
        console.print("Growth, cost ~ size ** exponent:")
        for growth in report.growth:
            console.print(f"  {growth.measure}, {growth.series}: {growth.exponent:.2f}", highlight=False)
    for result in report.target_results:
        console.print(_sentence(result), style=None if result.is_met else "bold red", highlight=False)


def _values(report: Report) -> Table:
    table = Table(highlight=False)
    for name in ("measure", "series", report.figure.size):
        table.add_column(name, overflow="fold")
    for name in ("min", "median", "max", "n"):
        table.add_column(name, justify="right")
    table.add_column("ratio to", overflow="fold")
    for row in sorted(report.rows, key=lambda row: (_first(report, row.measure), row.size)):
        spread = row.spread
        # "daily, croniter" is the anchor of "daily": the second part says it.
        ratios = "; ".join(
            f"{anchor.removeprefix(f'{row.series}, ')} {_short(ratio)}" for anchor, ratio in row.ratios.items()
        )
        values = (_short(value) for value in (spread.least, spread.median, spread.most))
        table.add_row(row.measure, row.series, f"{row.size:,.0f}", *values, str(spread.repetitions), ratios)
    return table


def _first(report: Report, measure: str) -> int:
    return next(place for place, row in enumerate(report.rows) if row.measure == measure)


def _sentence(result: TargetResult) -> str:
    target = result.target
    of = f"{target.measure} of {target.series} at {target.size:,.0f}"
    if target.anchor is not None:
        named = f"{target.anchor_measure} of " if target.anchor_measure else ""
        of += f", divided by {named}{target.anchor}"
    limits = [f"at most {_short(target.at_most)}"] if target.at_most is not None else []
    limits += [f"at least {_short(target.at_least)}"] if target.at_least is not None else []
    value = "not measured" if result.value is None else _short(result.value)
    return f"{'met   ' if result.is_met else 'MISSED'} {of}: {value} (target: {' and '.join(limits)})"


def _short(value: float) -> str:
    """Three digits that count; whole numbers whole."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
