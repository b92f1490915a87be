"""Bars as comma-separated text, in the form that `scizor bars import` reads."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from scizor.client.values import Bars
from scizor.domain.intervals import Interval

STANDARD_OUTPUT = Path("-")
_VALUES = "open,high,low,close,volume"


def heading(interval: Interval) -> str:
    """The names of the columns; bars shorter than a session have the instant they begin beside their date."""
    return f"symbol,date,{'time,' if interval.intraday else ''}{_VALUES}\n"


def csv_lines(bars: Bars) -> str:
    """One line a bar; numbers in the shortest form that reads back the same, instants in UTC."""
    dates = bars.dates.astype(str).tolist()
    begins = [np.char.add(bars.times.astype(str), "Z").tolist()] if bars.interval.intraday else []
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    rows = zip(dates, *begins, *(column.tolist() for column in columns), strict=True)
    return "".join(f"{bars.symbol},{','.join(map(str, row))}\n" for row in rows)


def write_csv(path: Path, bars: Bars) -> None:
    """Write a whole file; `-` is standard output. Raises OSError."""
    text = heading(bars.interval) + csv_lines(bars)
    if path == STANDARD_OUTPUT:
        sys.stdout.write(text)
    else:
        path.write_text(text, encoding="utf-8")
