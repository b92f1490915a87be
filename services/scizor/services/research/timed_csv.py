"""CSV files of bars shorter than a session, such as `scizor bars get --interval 1h --csv` writes."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import numpy as np

from scizor.adapters.files.headings import unreadable
from scizor.domain.bars import VALUE_COLUMNS, BarArray, empty_bars
from scizor.domain.errors import InvalidInput, Reason
from scizor.domain.intervals import Interval
from scizor.domain.rows import printable
from scizor.domain.sessions import to_day

_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "time": ("time", "timestamp", "datetime"),
    "date": ("date", "session_date", "session", "day"),
    "symbol": ("symbol", "ticker"),
    **{name: (name,) for name in VALUE_COLUMNS},
}
_OPTIONAL: Final = ("date", "symbol")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_timed(path: Path, symbol: str, interval: Interval) -> dict[str, BarArray]:
    """Bars by symbol, in the order of the file.

    `time` is when a bar begins, ISO 8601 with its distance from UTC; `date`, where there is such a column, the session
    it belongs to, else the date that the time is written with. `symbol`: that of all rows; empty when the file has a
    column of it. Raises InvalidInput(FILE_UNREADABLE).
    """
    found: dict[str, list[tuple[float, ...]]] = {}
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        lines = csv.reader(file)
        places = _places(next(lines, []), with_symbol=not symbol)
        for name, row in _rows(lines, places, path):
            found.setdefault(symbol or name, []).append(row)
    return {name: _bars(rows, interval) for name, rows in found.items()}


def _rows(lines: Iterator[list[str]], places: Mapping[str, int], path: Path) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Symbol, then date, time and values of each row; blank lines left out."""
    for number, cells in enumerate(lines, start=1):
        if not cells:
            continue
        try:
            texts = {column: cells[place].strip() for column, place in places.items()}
            begins = _instant(texts["time"])
            session = date.fromisoformat(texts["date"]) if "date" in texts else begins.date()
            values = [float(texts[name] or "nan") for name in VALUE_COLUMNS]
        except (ValueError, IndexError) as error:
            shown = printable(str(error) if isinstance(error, ValueError) else "it has too few columns", 200)
            rule = f"{path.name}, row {number}: {shown}"
            raise InvalidInput.of_field("bars", rule, Reason.FILE_UNREADABLE) from None
        microseconds = (begins - _EPOCH) // (datetime.resolution)
        yield texts.get("symbol", "").upper(), (to_day(session), microseconds * 1_000, *values)


def _instant(text: str) -> datetime:
    begins = datetime.fromisoformat(text)
    if begins.tzinfo is None:
        raise ValueError(f"the time {text} lacks its distance from UTC, as in 2024-01-02T14:30:00Z or ...-05:00")
    return begins


def _bars(rows: Sequence[tuple[float, ...]], interval: Interval) -> BarArray:
    bars = empty_bars(len(rows), interval)
    for column, values in zip(("day", "time_ns", *VALUE_COLUMNS), zip(*rows, strict=True), strict=True):
        bars[column] = np.array(values)
    return bars


def _places(headings: Sequence[str], *, with_symbol: bool) -> dict[str, int]:
    written = [heading.strip().lower() for heading in headings]
    places: dict[str, int] = {}
    for column, names in _COLUMNS.items():
        found = [place for place, heading in enumerate(written) if heading in names]
        if len(found) > 1:
            raise unreadable("CSV", f"several columns are a {column}")
        if found:
            places[column] = found[0]
        elif column not in _OPTIONAL:
            shown = printable(", ".join(heading.strip() for heading in headings), 200)
            raise unreadable("CSV", f"it lacks the column {column}; it has: {shown}")
    if with_symbol and "symbol" not in places:
        raise unreadable("CSV", "it lacks the column symbol")
    if not with_symbol and "symbol" in places:
        raise unreadable("CSV", "it has a column symbol, but one symbol is named for all rows")
    return places
