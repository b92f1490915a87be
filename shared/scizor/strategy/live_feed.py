"""The bars of a run that has no end, as its strategy meets them: the live twin of `feed`, with a bound on memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.strategy.bars import COLUMNS, Column, read_only
from scizor.strategy.declare import Declaration
from scizor.strategy.errors import about
from scizor.strategy.live_coarse import Coarse
from scizor.strategy.live_indicators import Node, Numbers
from scizor.strategy.live_values import LiveValues
from scizor.strategy.live_views import Row
from scizor.strategy.live_window import Window
from scizor.strategy.parameters import ParameterValue
from scizor.strategy.views import Bar

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_PART_NS = 3_600_000_000_000
_NAN = float("nan")


class LiveFeed:
    """What is known at the row that is now, and nothing after it. The last `window_rows` rows can be looked back on.

    `last_close`: by symbol, NaN before its first bar.
    """

    def __init__(self, symbols: tuple[str, ...], window_rows: int) -> None:
        self.symbols, self.row = symbols, Row(date.min, 0, 0, {})
        self.index: Mapping[str, int] = {symbol: index for index, symbol in enumerate(symbols)}
        self.last_close = dict.fromkeys(symbols, _NAN)
        self.started, self.n_rows = False, 0
        self.window = Window(symbols, window_rows)
        self.factors: FloatArray | None = None
        """Shares that one of the first row has become, by symbol; None while none has split."""
        self._gaps: set[str] = set()  # symbols that had no bar in some row
        self._values: list[LiveValues] = []
        self._coarse: dict[Interval, Coarse] = {}
        self._coarse_values: dict[Interval, list[LiveValues]] = {}

    def values(self, one: Declaration, params: Mapping[str, ParameterValue]) -> object:
        """What a declared indicator is in an instance. Before the first row only."""
        node = Node(one, self.symbols, params)
        made = [LiveValues(self, node, output, degree) for output, degree in enumerate(one.degrees)]
        if one.interval is None:
            self._values += made
        else:
            self._coarse_values.setdefault(one.interval, []).extend(made)
            self._coarse.setdefault(one.interval, Coarse(one.interval, len(self.symbols), self.window.n_rows))
        return one.values(lambda output: made[output])

    def push(self, row: Row, values: FloatArray) -> None:
        """A row that `window` has read is now. Raises InvalidInput where an indicator's interval is not longer."""
        self.window.push(row, values)
        self.row, self.started = row, True
        self.n_rows += 1
        self.last_close.update({symbol: bar.close for symbol, bar in row.bars.items()})
        if len(row.bars) < len(self.symbols):
            self._gaps.update(self.index.keys() - row.bars.keys())
        if self._coarse:
            self._push_coarse(row)
        now = _Now(self.n_rows, values, self.factors)
        for one in self._values:
            one.take(now, None)
        for one in self._all_values():
            one.keep()

    def split(self, symbol: str, ratio: float) -> None:
        """A symbol has split: its bars so far are put on the scale after it."""
        index = self.at(symbol)
        self.factors = np.ones(len(self.symbols)) if self.factors is None else self.factors
        self.factors[index] *= ratio
        self.last_close[symbol] /= ratio
        self.window.split(index, ratio)
        for one in self._all_values():
            one.split(index, ratio)

    def at(self, symbol: str) -> int:
        """The symbol's index. Raises InvalidInput for one that is not of the run."""
        try:
            return self.index[symbol]
        except (KeyError, TypeError):  # TypeError: no name at all, such as a list
            some = ", ".join(self.symbols[:5]) + (", ..." if len(self.symbols) > 5 else "")
            raise about(str(symbol), "symbol", f"{symbol!r} is none of this run: it has {some}") from None

    def demand_now(self) -> None:
        """Raises InvalidInput before the first row: there is no now, and nothing to be known."""
        if not self.started:
            raise InvalidInput.of_field("ctx", "no bar has closed yet: on_start comes before the first")

    @property
    def time(self) -> datetime:
        """The close of the row that is now."""
        self.demand_now()
        return _EPOCH + timedelta(microseconds=self.row.close_ns // 1_000)

    @property
    def session(self) -> date:
        """Its session."""
        self.demand_now()
        return self.row.session

    @property
    def told_time(self) -> str:
        """The row as a person names it, as `feed.told_time`; empty before the first."""
        if not self.started:
            return ""
        if self.row.close_ns - self.row.open_ns > _LONGEST_PART_NS:
            return str(self.row.session)
        return f"{np.datetime64(self.row.close_ns, 'ns').astype('datetime64[s]')}Z"

    def bar(self, symbol: str) -> Bar | None:
        """The bar of the row that is now, if there is one."""
        self.demand_now()
        self.at(symbol)
        return self.row.bars.get(symbol)

    def history(self, symbol: str, n: int, column: Column, interval: Interval | None) -> FloatArray:
        """The last `n` values known now, on the scale of now: a copy."""
        self.demand_count(symbol, n)
        if column not in COLUMNS:
            raise about(symbol, "column", f"must be one of {', '.join(COLUMNS)}, is {column!r}")
        index = self.at(symbol)
        self.demand_now()
        if interval is None:
            return self.last(symbol, n, self.window.values[COLUMNS.index(column)])
        if not isinstance(interval, Interval):
            raise about(symbol, "interval", f"must be an Interval, such as Interval.DAY_1, is {interval!r}")
        values = np.array(self._coarse_of(interval).window(index, n, column))
        factor = 1.0 if self.factors is None else float(self.factors[index])
        return read_only(values * factor if column == "volume" else values / factor)

    def demand_count(self, symbol: str, n: int) -> None:
        """A number of bars that can be looked back on. Raises InvalidInput."""
        if not isinstance(n, int) or n < 1:
            raise about(symbol, "n", f"must be a whole number of bars, 1 or more, is {n!r}")
        if n > self.window.n_rows:
            rule = f"must be at most {self.window.n_rows:,}, the rows a run that trades looks back on, is {n:,}"
            raise about(symbol, "n", rule)

    def last(self, symbol: str, n: int, matrix: FloatArray) -> FloatArray:
        """Of a matrix on the window's rows, what stands at the symbol's last `n` bars: a copy.

        Raises InvalidInput where some of them are older than the window.
        """
        index, end = self.at(symbol), self.window.n_held
        if symbol not in self._gaps:
            return read_only(matrix[max(end - n, 0) : end, index].copy())
        closes = self.window.values[COLUMNS.index("close"), :end, index]
        rows = np.flatnonzero(~np.isnan(closes))[-n:]
        if len(rows) < n and self.window.first:
            rule = f"{symbol} has had {len(rows)} bars in the rows a run that trades looks back on: no {n} of them"
            raise about(symbol, "n", rule)
        return read_only(matrix[rows, index])

    def _coarse_of(self, interval: Interval) -> Coarse:
        """Bars of an interval; where nothing was declared on it, put together from the rows that are held."""
        if interval not in self._coarse:
            window = self.window
            coarse = Coarse(interval, len(self.symbols), window.n_rows, whole=window.first == 0)
            for place in range(window.n_held):
                values = window.values[:, place].T.tolist()
                bars = {symbol: Bar(*bar) for symbol, bar in zip(self.symbols, values, strict=True) if bar[0] == bar[0]}
                scaled = [(self.index[symbol], self._on_first_scale(symbol, bar)) for symbol, bar in bars.items()]
                coarse.take(window.slot(place), scaled)
            self._coarse[interval] = coarse
        return self._coarse[interval]

    def _push_coarse(self, row: Row) -> None:
        bars = [(self.index[symbol], self._on_first_scale(symbol, bar)) for symbol, bar in row.bars.items()]
        for interval, coarse in self._coarse.items():
            for complete in coarse.take(row, bars):
                for one in self._coarse_values.get(interval, ()):
                    one.take(complete, complete.bars)

    def _all_values(self) -> list[LiveValues]:
        return [*self._values, *(one for many in self._coarse_values.values() for one in many)]

    def _on_first_scale(self, symbol: str, bar: Bar) -> Bar:
        if self.factors is None:
            return bar
        factor = float(self.factors[self.index[symbol]])
        opened, high, low, close, volume = bar
        return Bar(opened * factor, high * factor, low * factor, close * factor, volume / factor)


class _Now:
    """The bars of a row, for indicators."""

    def __init__(self, slot: int, values: FloatArray, factors: FloatArray | None) -> None:
        self.slot, self._values = slot, values
        if factors is not None:
            self._values = np.vstack([values[:4] * factors, values[4:] / factors])

    def column(self, column: Column) -> Numbers:
        numbers: FloatArray = self._values[COLUMNS.index(column)]
        return numbers

    def of(self, index: int, column: Column) -> float:
        return float(self._values[COLUMNS.index(column), index])
