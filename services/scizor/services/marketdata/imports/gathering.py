"""The rows of one import gathered from its pieces, within bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from scizor.domain.bars import VALUE_COLUMNS
from scizor.domain.errors import LimitExceeded, Reason
from scizor.domain.rows import PlaceArray, RowBatch

_MAX_SYMBOLS = 10_000
_Number = TypeVar("_Number", np.float64, np.int64, np.int32)


@dataclass(frozen=True, slots=True)
class ImportLimits:
    """What one import may hold, and how many may be under way at once. `rejected_rows`: how many may be kept aside."""

    file_bytes: int = 512 * 1024 * 1024
    rows: int = 5_000_000
    rejected_rows: int = 200_000
    at_once: int = 4


def too_large(limit: int, what: str) -> LimitExceeded:
    """The error for an import beyond a limit."""
    return LimitExceeded(
        f"an import may hold {limit:,} {what}: split it", Reason.IMPORT_TOO_LARGE, metadata={"limit": str(limit)}
    )


@dataclass(slots=True)
class Gathering:
    """Takes batches, gives them all. Raises LimitExceeded(IMPORT_TOO_LARGE) as soon as a bound is crossed."""

    limits: ImportLimits
    _batches: list[RowBatch] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)
    _symbols: list[PlaceArray] = field(default_factory=list)
    _rows: int = 0
    _unreadable: int = 0

    def add(self, batch: RowBatch) -> None:
        """One more piece."""
        self._rows += len(batch)
        self._unreadable += len(batch.unreadable)
        if self._rows > self.limits.rows:
            raise too_large(self.limits.rows, "rows")
        if self._unreadable > self.limits.rejected_rows:
            raise too_large(self.limits.rejected_rows, "rows that break a rule")
        places = [self._places.setdefault(name, len(self._places)) for name in batch.symbols]
        if len(self._places) > _MAX_SYMBOLS:
            raise too_large(_MAX_SYMBOLS, "symbols")
        self._symbols.append(np.array(places, dtype=np.int32)[batch.symbol])
        self._batches.append(batch)

    def gathered(self) -> RowBatch:
        """Everything added, as one batch; its symbols are texts as they came."""
        starts = np.cumsum([0, *(len(batch) for batch in self._batches)])
        unreadable = {
            int(start) + at: row
            for start, batch in zip(starts, self._batches, strict=False)
            for at, row in batch.unreadable.items()
        }
        joined = {
            name: _joined([getattr(batch, name) for batch in self._batches], np.float64) for name in VALUE_COLUMNS
        }
        symbol = _joined(self._symbols, np.int32)
        number = _joined([batch.number for batch in self._batches], np.int64)
        day = _joined([batch.day for batch in self._batches], np.int32)
        return RowBatch(number, symbol, tuple(self._places), day, unreadable=unreadable, **joined)


def _joined(parts: list[npt.NDArray[_Number]], dtype: type[_Number]) -> npt.NDArray[_Number]:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=dtype)


def digest_of(rows: RowBatch) -> bytes:
    """The same for the same rows in the same order."""
    digest = sha256("\0".join(rows.symbols).encode())
    for row in rows.unreadable.values():
        digest.update(f"\0{row.session}\0{row.raw}".encode())
    for name in ("number", "symbol", "day", *VALUE_COLUMNS):
        digest.update(np.ascontiguousarray(getattr(rows, name)).tobytes())
    return digest.digest()
