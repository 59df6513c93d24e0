"""Figures beside their bars."""

import dataclasses
from typing import Optional

from harness import budgets


@dataclasses.dataclass
class Row:
    """One figure. `limit` is what no system can do better, in the figure's unit."""
    figure: str  # as bench/budgets.yaml calls it
    what: str
    value: Optional[float] = None
    unit: str = ""
    limit: Optional[float] = None
    digits: int = 2
    note: str = ""  # why there is no value, or what the reader should know
    details: list[str] = dataclasses.field(default_factory=list)  # lines below it


def absent(figure, what, why):
    return Row(figure, what, note=why)


def print_table(rows, out):
    """Prints all rows; returns the names of the figures that miss their bars."""
    bars = {budget["name"]: budget for budget in budgets.load()}
    print(f"\n{'':7}{'':58}{'bar':>10}{'stretch':>10}{'measured':>12}{'limit':>10}{'left':>10}",
          file=out)
    missed = []
    for row in rows:
        bar = bars[row.figure]
        verdict = _verdict(row, bar)
        if verdict == "MISSED":
            missed.append(row.figure)
        _print_row(row, bar, verdict, out)
    return missed


def _verdict(row, bar):
    if row.value is None:
        return "-"
    is_kept = row.value <= bar["max"] if "max" in bar else row.value >= bar["min"]
    return "ok" if is_kept else "MISSED"


def _print_row(row, bar, verdict, out):
    sign = "<=" if "max" in bar else ">="
    numbers = [f"{sign} {bar.get('max', bar.get('min')):g}", _number(bar.get("stretch"), None),
               f"{_number(row.value, row.digits)} {row.unit}".strip(),
               _number(row.limit, row.digits), _left(row)]
    widths = (10, 10, 12, 10, 10)
    cells = "".join(f"{cell:>{width}}" for cell, width in zip(numbers, widths))
    print(f"{verdict:7}{row.what:58}{cells}{'  ' + row.note if row.note else ''}", file=out)
    for line in row.details:
        print(f"{'':9}{line}", file=out)


def _left(row):
    """How far the figure is from the limit."""
    if row.value is None or row.limit is None:
        return ""
    return _number(abs(row.limit - row.value), row.digits)


def _number(value, digits):
    if value is None:
        return ""
    return f"{value:g}" if digits is None else f"{value:.{digits}f}"


def figures(rows):
    """For programs: by name; null for what was not measured."""
    return {row.figure: None if row.value is None else round(row.value, 4) for row in rows}
