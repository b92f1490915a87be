"""What one output of a declared indicator comes to, row by row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.strategy.declare import Degree, Values
from scizor.strategy.live_indicators import Bars, Node

if TYPE_CHECKING:
    from scizor.strategy.live_feed import LiveFeed


class LiveValues(Values):
    """Values on the scale of now. `node` is of all outputs of its indicator: the first of them lets it take the bars.

    A value of the run's own interval is of the row that is now; of a longer one it stands until the next is complete.
    """

    def __init__(self, feed: LiveFeed, node: Node, output: int, degree: Degree) -> None:
        self._feed, self._node, self._output, self._degree = feed, node, output, degree
        self._numbers: dict[str, float] = {}
        self._standing = np.full(len(feed.symbols), np.nan)
        self._rows = np.full((2 * feed.window.n_rows, len(feed.symbols)), np.nan)
        self._n = 0

    def __getitem__(self, symbol: str) -> float:
        try:
            return self._numbers[symbol]
        except KeyError:
            self._feed.demand_now()
            return self._numbers[self._feed.symbols[self._feed.at(symbol)]]

    def history(self, symbol: str, n: int) -> FloatArray:
        """The values at the symbol's last `n` bars, on the scale of now: a copy, read-only."""
        self._feed.demand_count(symbol, n)
        self._feed.demand_now()
        return self._feed.last(symbol, n, self._rows)

    def take(self, bars: Bars, fresh: Iterable[int] | None) -> None:
        """New bars, of the symbols `fresh` alone, or of all where that is None."""
        if self._output == 0:
            self._node.update(bars)
        out = self._node.out[:, self._output, 0]
        if fresh is None:
            self._standing[:] = out
        else:
            for index in fresh:
                self._standing[index] = out[index if len(out) > 1 else 0]

    def keep(self) -> None:
        """A row has closed."""
        values, factors = self._standing, self._feed.factors
        if self._degree and factors is not None:
            values = values / factors**self._degree
        # Where the window has let go of rows, so do these: both hold the same.
        place = self._feed.window.n_held - 1
        if place < self._n - 1:
            kept = self._feed.window.n_rows
            self._rows[:kept] = self._rows[kept:].copy()
        self._n = place + 1
        self._rows[place] = values
        self._numbers = dict(zip(self._feed.symbols, values.tolist(), strict=True))

    def split(self, index: int, ratio: float) -> None:
        """Put a symbol's values so far on the scale after a split."""
        if self._degree:
            self._rows[:, index] /= ratio**self._degree
