"""The latest rows of a run that has no end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.arrays import DateArray
from scizor.engine.panel import Panel, TimeArray
from scizor.strategy.bars import COLUMNS
from scizor.strategy.live_views import Row
from scizor.strategy.views import Bar

LEAST_ROWS: Final = 1_000
_NO_BAR: Final = Bar(*[float("nan")] * len(COLUMNS))


class Window:
    """The last `n_rows` rows at least, on the scale of the last. `values`: by column, row and symbol."""

    def __init__(self, symbols: Sequence[str], n_rows: int) -> None:
        self.symbols, self.n_rows = tuple(symbols), n_rows
        self.first = 0
        """How many rows were let go of."""
        # Twice the window, so that old rows are moved out once a window and not once a row.
        self.values = np.full((len(COLUMNS), 2 * n_rows, len(self.symbols)), np.nan)
        self._sessions: DateArray = np.zeros(2 * n_rows, "datetime64[D]")
        self._slots: TimeArray = np.zeros((2, 2 * n_rows), np.int64)
        self._n = 0

    @property
    def n_held(self) -> int:
        """Rows that are held."""
        return self._n

    def read(self, row: Row) -> FloatArray:
        """A row as numbers by column and symbol, NaN where there is no bar.

        Raises InvalidInput for an unknown symbol, a bar that is not whole, and a row that does not follow the last.
        """
        unknown = row.bars.keys() - set(self.symbols)
        if unknown:
            raise InvalidInput.of_field("bars", f"{min(unknown)} is none of {', '.join(self.symbols)}")
        if row.close_ns <= row.open_ns:
            raise InvalidInput.of_field("close_ns", "a bar must end after it begins")
        if self._n and (row.close_ns, row.open_ns) <= tuple(self._slots[::-1, self._n - 1].tolist()):
            raise InvalidInput.of_field("close_ns", "rows must be sorted by close, then open, each slot once")
        find = row.bars.get
        values = np.array([find(symbol, _NO_BAR) for symbol in self.symbols], np.float64).T
        priced = (values[:4] > 0) & (values[:4] < np.inf)
        if not bool(np.all(priced.all(axis=0) | np.isnan(values[:4]).all(axis=0))):
            raise InvalidInput.of_field("bars", "a bar has four prices, positive and finite, or is none")
        return values

    def push(self, row: Row, values: FloatArray) -> None:
        """Take a row that was read."""
        self._make_room()
        self.values[:, self._n] = values
        self._sessions[self._n], self._slots[:, self._n] = row.session, (row.open_ns, row.close_ns)
        self._n += 1

    def slot(self, place: int) -> Row:
        """When a row that is held was, without its bars."""
        opened, closed = self._slots[:, place].tolist()
        return Row(self._sessions[place].item(), opened, closed, {})

    def panel(self) -> Panel:
        """The last `n_rows` rows, or as many as there are."""
        rows = slice(max(self._n - self.n_rows, 0), self._n)
        columns = {name: self.values[place, rows] for place, name in enumerate(COLUMNS)}
        opens, closes = self._slots[:, rows]
        return Panel(self.symbols, self._sessions[rows], opens.copy(), closes.copy(), **columns)

    def split(self, index: int, ratio: float) -> None:
        """Put a symbol's bars on the scale after a split."""
        self.values[:4, :, index] /= ratio
        self.values[4, :, index] *= ratio

    def _make_room(self) -> None:
        if self._n < 2 * self.n_rows:
            return
        for array in (*self.values, self._sessions, *self._slots):
            array[: self.n_rows] = array[self.n_rows :].copy()
        self.first += self.n_rows
        self._n = self.n_rows
