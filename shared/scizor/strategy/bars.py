"""What a vector strategy sees: all bars of a run at once, as matrices it cannot change."""

from __future__ import annotations

from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from scizor.domain.arrays import FloatArray
from scizor.domain.intervals import Interval
from scizor.engine.arrays import DateArray
from scizor.engine.panel import Panel, TimeArray
from scizor.engine.resample import Resampled, resample

Column = Literal["open", "high", "low", "close", "volume"]
Scalar = TypeVar("Scalar", bound=np.generic)
COLUMNS: tuple[Column, ...] = ("open", "high", "low", "close", "volume")


def read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """A view of the array that cannot be written through."""
    view = array.view()
    view.flags.writeable = False
    return view


def sealed(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """As `read_only`, and the flag cannot be set back: who wrote to a run's bars would trade on prices of his own."""
    plain = array.view(np.int64) if array.dtype.kind == "M" else array
    return np.asarray(plain.data.toreadonly()).view(array.dtype)


class Bars:
    """Bars of `symbols` (columns) over rows: matrices (n_rows, n_symbols), read-only, NaN where there is no bar.

    `open`, `high`, `low`, `close`: quote currency; `volume`: shares. Where the market holds splits all are on the scale
    of the first row, see `strategy.scale`: weights are the same on any. `sessions`: datetime64[D] by row;
    `open_ns`, `close_ns`: when each row's bars begin and end, UTC.
    """

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self.symbols: tuple[str, ...] = panel.symbols
        self.sessions: DateArray = sealed(panel.sessions)
        self.open_ns: TimeArray = sealed(panel.open_ns)
        self.close_ns: TimeArray = sealed(panel.close_ns)
        self.open, self.high, self.low, self.close, self.volume = (sealed(getattr(panel, column)) for column in COLUMNS)

    @property
    def n_rows(self) -> int:
        """Bar slots."""
        return self._panel.n_rows

    @property
    def n_symbols(self) -> int:
        """Columns of each matrix."""
        return self._panel.n_symbols

    def matrix(self, column: Column) -> FloatArray:
        """The matrix of that name."""
        found: FloatArray = getattr(self, column)
        return found

    def resample(self, interval: Interval) -> CoarseBars:
        """Bars of `interval` that are complete, on rows of their own; `align` lays what is made of them on these rows.

        Raises InvalidInput when these bars are as long, or longer.
        """
        return CoarseBars(resample(self._panel, interval))


def bare_matrix(bars: Bars, column: Column) -> FloatArray:
    """The matrix as kernels take it: writable, and theirs not to write to."""
    found: FloatArray = getattr(bars._panel, column)
    return found


class CoarseBars(Bars):
    """Bars of a longer interval."""

    def __init__(self, resampled: Resampled) -> None:
        super().__init__(resampled.panel)
        self._resampled = resampled

    def align(self, matrix: FloatArray) -> FloatArray:
        """A matrix over these bars on the finer rows: at each the value of the newest complete bar, NaN before."""
        return self._resampled.align(matrix)
