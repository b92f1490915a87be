"""Declared indicators bar by bar: the kernels of the engine's table, each going on from its state of the row before.

So the values are those of a backtest over all bars since the first, to the last bit, at the price of one bar.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.strategy.bars import Column
from scizor.strategy.declare import Declaration, Indicator, Of, Source
from scizor.strategy.errors import about
from scizor.strategy.parameters import ParameterValue

Numbers = Sequence[float] | FloatArray


class Bars(Protocol):
    """New bars of one slot, a number a symbol on the scale of the first row; NaN where there is none."""

    @property
    def slot(self) -> int:
        """What tells the slot from those before."""

    def column(self, column: Column) -> Numbers:
        """All symbols'."""

    def of(self, index: int, column: Column) -> float:
        """One symbol's, even where it is not among those that are new."""


Read = Callable[[Bars], Numbers]


class Node:
    """One indicator with its state, for all symbols; for one alone where all it is made of is one symbol's."""

    def __init__(self, declared: Declaration, symbols: tuple[str, ...], params: Mapping[str, ParameterValue]) -> None:
        kind, numbers = declared._kind, declared._numbers(params)
        sources = [_read_of(source, symbols, params) for source in declared._inputs]
        self.width = max(width for width, _ in sources)
        self._read = [read for _, read in sources]
        values = np.array(kind.resolve(numbers))
        state = np.zeros((self.width, kind.state_size(*values.astype(int).tolist())))
        self._columns = np.empty((self.width, len(sources), 1))
        self.out = np.full((self.width, len(kind.outputs), 1), np.nan)
        """What it comes to, by symbol and output; NaN where there is no value."""
        self._steps = [
            partial(kind.kernel, self._columns[place], values, state[place], self.out[place])
            for place in range(self.width)
        ]
        self._slot = -1

    def update(self, bars: Bars) -> Numbers:
        """Take new bars; returns the first output."""
        # Bars of one slot may come in parts, a symbol after the other; what is one symbol's is the same in all of them.
        if self.width > 1 or bars.slot != self._slot:
            self._slot = bars.slot
            for place, read in enumerate(self._read):
                self._columns[:, place, 0] = read(bars)
            self.out.fill(np.nan)
            steps = self._steps
            for place in np.flatnonzero(~np.isnan(self._columns).any(axis=(1, 2))).tolist():
                steps[place]()
        return self.out[:, 0, 0]


def _read_of(source: Source, symbols: tuple[str, ...], params: Mapping[str, ParameterValue]) -> tuple[int, Read]:
    """How many symbols a source has numbers of, and how they are read."""
    if isinstance(source, Indicator):
        node = Node(source, symbols, params)
        return node.width, node.update
    if not isinstance(source, Of):
        return len(symbols), lambda bars: bars.column(source)
    if source.symbol not in symbols:
        raise about(source.symbol, "symbol", f"{source.symbol} is none of this run, and an indicator is made of it")
    index, column = symbols.index(source.symbol), source.column
    return 1, lambda bars: (bars.of(index, column),)
