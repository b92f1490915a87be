"""CSV files without anything odd, read in a moment.

The thorough reader stands on pyarrow, which takes longer to import, with the pandas it looks for, than a short run
takes in all. What is not plain is left to it: it also knows what to say of a file that cannot be read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from scizor.adapters.files.headings import locate
from scizor.domain.errors import InvalidInput
from scizor.domain.rows import RowBatch
from scizor.domain.sessions import DayArray, yyyymmdd_to_days

_MAX_BYTES = 16 << 20
_DATE_CHARS, _SYMBOL_CHARS = len("2000-01-01"), 64
_KINDS = {"date": f"S{_DATE_CHARS + 1}", "symbol": f"S{_SYMBOL_CHARS + 1}"}  # one more shows what was too long


def read_plain(path: Path, symbol: str) -> RowBatch | None:
    """The rows that `read_csv` would give, in one piece; None for a file that is not plain, or large."""
    if path.stat().st_size > _MAX_BYTES:
        return None
    text = path.read_bytes()
    if not text.isascii() or b'"' in text or b"\r" in text.replace(b"\r\n", b""):
        return None
    heading, *lines = text.decode().splitlines() or [""]
    try:
        return _rows(lines, locate("CSV", heading.split(","), with_symbol=not symbol), symbol)
    except (InvalidInput, ValueError):
        return None


def _rows(lines: list[str], places: dict[str, int], symbol: str) -> RowBatch:
    """Raises ValueError for what is not plain."""
    if not lines:
        raise ValueError("no rows")
    kinds = np.dtype([(name, _KINDS.get(name, "f8")) for name in places])
    cells = np.loadtxt(lines, kinds, delimiter=",", comments=None, usecols=list(places.values()), ndmin=1)
    names = np.array([symbol.encode()]) if symbol else np.char.upper(np.char.strip(cells["symbol"]))
    names, which = np.unique(names, return_inverse=True)
    if len(cells) != len(lines) or max(map(len, names.tolist())) > _SYMBOL_CHARS:
        raise ValueError("blank lines, or no symbols")
    return RowBatch(
        number=np.arange(1, len(cells) + 1),
        symbol=np.broadcast_to(which, len(cells)).astype(np.int32),
        symbols=tuple(name.decode() for name in names.tolist()),
        day=_days(cells["date"]),
        open=cells["open"],
        high=cells["high"],
        low=cells["low"],
        close=cells["close"],
        volume=cells["volume"],
    )


def _days(dates: npt.NDArray[np.bytes_]) -> DayArray:
    letters = np.ascontiguousarray(dates).view("S1").reshape(len(dates), -1)
    digits = np.char.replace(dates, b"-", b"")
    if not (letters[:, [4, 7]] == b"-").all() or bool(np.any(np.char.str_len(digits) != _DATE_CHARS - 2)):
        raise ValueError("not YYYY-MM-DD")
    days, are_dates = yyyymmdd_to_days(digits.astype(np.int32))
    if not are_dates.all():
        raise ValueError("no dates of the calendar")
    return days
