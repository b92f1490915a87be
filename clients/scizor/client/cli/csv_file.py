"""Bars as comma-separated text, in the form that `scizor bars import` reads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scizor.client.values import Bars

HEADING = "symbol,date,open,high,low,close,volume\n"


def csv_lines(bars: Bars) -> str:
    """One line a bar; numbers in the shortest form that reads back the same."""
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    rows = zip(bars.dates.astype(str).tolist(), *(column.tolist() for column in columns), strict=True)
    return "".join(f"{bars.symbol},{','.join(map(str, row))}\n" for row in rows)


def write_csv(path: Path, parts: Iterable[Bars]) -> None:
    """Write a whole file. Raises OSError."""
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADING)
        for part in parts:
            file.write(csv_lines(part))
