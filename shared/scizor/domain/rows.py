"""Rows before they are bars: as an input brings them, and as columns to be judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from scizor.domain.arrays import FloatArray
from scizor.domain.sessions import DayArray

BoolArray = npt.NDArray[np.bool_]
IndexArray = npt.NDArray[np.int64]
PlaceArray = npt.NDArray[np.int32]

MAX_TEXT_CHARS = 300


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What is known of a row that cannot be read: texts as they came, cut to MAX_TEXT_CHARS."""

    detail: str
    symbol: str
    session: str
    raw: str


@dataclass(frozen=True, slots=True)
class RowBatch:
    """A piece of an input, columns of shape (n,). A missing value is NaN.

    `number`: 1 for the input's first row. `symbol`: the row's place in `symbols`. `unreadable`: by place in the
    columns.
    """

    number: IndexArray
    symbol: PlaceArray
    symbols: tuple[str, ...]
    day: DayArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    unreadable: Mapping[int, Unreadable] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.number)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to be judged, columns of shape (n,). A missing value is NaN; unreadable rows have only that to say."""

    instrument: PlaceArray  # place in the import's list of instruments, -1 where the symbol names none
    day: DayArray
    readable: BoolArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray

    def __len__(self) -> int:
        return len(self.day)

    @property
    def values(self) -> tuple[FloatArray, ...]:
        """Open, high, low, close, volume."""
        return self.open, self.high, self.low, self.close, self.volume


def written(value: float) -> str:
    """A number as texts hold it: the shortest that reads back as the same, nothing for a missing one."""
    return "" if np.isnan(value) else f"{value:.15g}" if float(f"{value:.15g}") == value else f"{value:.17g}"


def printable(text: str, max_chars: int = MAX_TEXT_CHARS) -> str:
    """A text from outside, bounded, without what storage cannot hold or a terminal would obey."""
    cut = text if len(text) <= max_chars else text[: max_chars - 1] + "…"
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in cut)
