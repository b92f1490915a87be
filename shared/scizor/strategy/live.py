"""A vector strategy as new bars come: its last row on the latest window, told where it decides anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from scizor.domain.errors import InvalidInput
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.settings import Settings
from scizor.strategy.bars import COLUMNS
from scizor.strategy.base import VectorStrategy
from scizor.strategy.views import Bar
from scizor.strategy.weights import weights_of


class LiveWeights:
    """What `strategy` decides as bars come. `window_rows`: how many of the latest rows it is shown.

    A strategy whose memory is shorter than the window decides as it would in a backtest over all rows. Memory is that
    of its indicators: of a mean its window; an exponential mean forgets all but one part in a thousand within about
    four windows. Bars are as traded: tell `split` before the first bar after one.
    """

    def __init__(self, strategy: VectorStrategy, symbols: Sequence[str], settings: Settings, window_rows: int) -> None:
        if window_rows <= strategy.warmup_bars:
            rule = f"must be above {strategy.warmup_bars}, the bars before the first value"
            raise InvalidInput.of_field("window_rows", rule)
        self._strategy, self._symbols, self._settings, self._window_rows = (
            strategy,
            tuple(symbols),
            settings,
            window_rows,
        )
        # Twice the window, so that old rows are moved out once a window and not once a row.
        self._values = np.full((len(COLUMNS), 2 * window_rows, len(symbols)), np.nan)
        self._sessions = np.zeros(2 * window_rows, "datetime64[D]")
        self._slots = np.zeros((2, 2 * window_rows), np.int64)
        self._n = 0
        self._standing: dict[str, float] = {}

    def feed(self, session: date, open_ns: int, close_ns: int, bars: Mapping[str, Bar]) -> dict[str, float]:
        """One row that has closed: its bars by symbol. Returns the weights decided in it that are new, by symbol.

        Raises InvalidInput for a row out of order or a bad bar, StrategyError as a backtest does.
        """
        unknown = bars.keys() - set(self._symbols)
        if unknown:
            raise InvalidInput.of_field("bars", f"{min(unknown)} is none of {', '.join(self._symbols)}")
        self._make_room()
        row = self._n
        self._sessions[row], self._slots[:, row] = session, (open_ns, close_ns)
        self._values[:, row] = np.nan
        for symbol, bar in bars.items():
            self._values[:, row, self._symbols.index(symbol)] = bar
        panel = self._panel(max(row + 1 - self._window_rows, 0), row + 1)
        last = weights_of(self._strategy.fresh(), Market(panel), self._settings)[-1]
        self._n += 1  # only now: a row that was refused was not fed
        decided = {symbol: float(weight) for symbol, weight in zip(self._symbols, last, strict=True)}
        # NaN differs from itself: it decides nothing.
        fresh = {s: weight for s, weight in decided.items() if weight == weight and self._standing.get(s) != weight}
        self._standing |= fresh
        return fresh

    def split(self, symbol: str, ratio: float) -> None:
        """Put the bars so far on the scale after a split of `ratio` shares for each."""
        index = self._symbols.index(symbol)
        self._values[:4, :, index] /= ratio
        self._values[4, :, index] *= ratio

    def _make_room(self) -> None:
        if self._n < 2 * self._window_rows:
            return
        kept = slice(self._n - self._window_rows, self._n)
        for array in (*self._values, self._sessions, *self._slots):
            array[: self._window_rows] = array[kept].copy()
        self._n = self._window_rows

    def _panel(self, first: int, end: int) -> Panel:
        columns = {name: self._values[place, first:end] for place, name in enumerate(COLUMNS)}
        opens, closes = self._slots[:, first:end]
        return Panel(self._symbols, self._sessions[first:end], opens.copy(), closes.copy(), **columns)
