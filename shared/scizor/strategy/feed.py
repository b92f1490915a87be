"""The bars of a run as an event strategy meets them: what is known at a row, and nothing after it.

Reading one number out of a numpy array costs as much as a whole callback, so columns that are read become Python floats
in chunks of rows, each when first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.engine.arrays import IndexArray
from scizor.engine.market import Market
from scizor.engine.panel import Panel, Series
from scizor.engine.resample import Resampled, resample
from scizor.strategy.bars import COLUMNS, Bars, Column, read_only
from scizor.strategy.declare import Degree, Values
from scizor.strategy.errors import about
from scizor.strategy.scale import on_one_scale, split_factors

CHUNK_ROWS = 4096
_CHUNK_CELLS = 1 << 20
_LONGEST_PART_NS = 3_600_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock:
    """Which row is now: `first + at`, `first` being the first row of the chunk."""

    __slots__ = ("acted", "at", "first")

    def __init__(self) -> None:
        self.first, self.at = 0, 0
        self.acted = False  # whether the strategy did something that the simulation has to go on from

    @property
    def row(self) -> int:
        """The row that is now."""
        return self.first + self.at


class Columns:
    """One matrix by symbol. `numbers`: of this chunk's rows, of the symbols that were read in it; see `load`."""

    __slots__ = ("_column_of", "_feed", "numbers")

    def __init__(self, feed: Feed, column_of: Callable[[str], FloatArray]) -> None:
        self.numbers: dict[str, list[float]] = {}
        self._feed, self._column_of = feed, column_of

    def load(self, symbol: str) -> list[float]:
        """Make a symbol's numbers. Raises InvalidInput for one that is not of the run, and before the first row."""
        self._feed.demand_now()
        first = self._feed.clock.first
        made: list[float] = self._column_of(symbol)[first : first + self._feed.chunk_rows].tolist()
        self.numbers[symbol] = made
        return made

    def now(self, symbol: str) -> float:
        """The number of now."""
        found = self.numbers.get(symbol)
        return (self.load(symbol) if found is None else found)[self._feed.clock.at]


class Feed:
    """What `market` shows as its clock moves. `bars`: all of it on one scale, for indicators; not for strategies."""

    def __init__(self, market: Market) -> None:
        self.clock = Clock()
        self.started = False
        self.panel = market.panel
        self.chunk_rows = max(min(CHUNK_ROWS, _CHUNK_CELLS // market.panel.n_symbols), 64)
        self.index: Mapping[str, int] = {symbol: index for index, symbol in enumerate(market.panel.symbols)}
        self._factors = split_factors(market)
        self._scaled = on_one_scale(market.panel, self._factors)
        self.bars = Bars(self._scaled)
        self._columns: list[Columns] = []
        self._rows_of: dict[str, IndexArray] = {}
        self._coarse: dict[Interval, Resampled] = {}
        self.raw = {column: self.columns(self._raw_column(column)) for column in COLUMNS}
        self.last_close = self.columns(self._last_closes)

    def columns(self, column_of: Callable[[str], FloatArray]) -> Columns:
        """Numbers by symbol that follow the chunks. `column_of` gives all rows of one."""
        made = Columns(self, column_of)
        self._columns.append(made)
        return made

    def start_chunk(self, first_row: int) -> int:
        """Make `first_row` the first of a chunk; returns the row after its last."""
        self.clock.first, self.clock.at = first_row, 0
        self.started = True
        for one in self._columns:
            one.numbers.clear()
        return min(first_row + self.chunk_rows, self.panel.n_rows)

    def at(self, symbol: str) -> int:
        """The symbol's index. Raises InvalidInput for one that is not of the run."""
        try:
            return self.index[symbol]
        except (KeyError, TypeError):  # TypeError: no name at all, such as a list
            rule = f"{symbol!r} is none of this run: it has {_some(self.panel.symbols)}"
            raise about(str(symbol), "symbol", rule) from None

    def demand_now(self) -> None:
        """Raises InvalidInput before the first row: there is no now, and nothing to be known."""
        if not self.started:
            raise InvalidInput.of_field("ctx", "no bar has closed yet: on_start comes before the first")

    @property
    def time(self) -> datetime:
        """The close of the row that is now."""
        self.demand_now()
        return self.time_of(self.clock.row)

    @property
    def session(self) -> date:
        """Its session."""
        self.demand_now()
        found: date = self.panel.sessions[self.clock.row].item()
        return found

    def time_of(self, row: int) -> datetime:
        """When a row closes, to the microsecond."""
        return _EPOCH + timedelta(microseconds=int(self.panel.close_ns[row]) // 1_000)

    def window(self, symbol: str, n: int, column: Column, interval: Interval | None) -> FloatArray:
        """The last `n` values known now, on the scale of now: a copy."""
        if not isinstance(n, int) or n < 1:
            raise about(symbol, "n", f"must be a whole number of bars, 1 or more, is {n!r}")
        if column not in COLUMNS:
            raise about(symbol, "column", f"must be one of {', '.join(COLUMNS)}, is {column!r}")
        index = self.at(symbol)
        if interval is not None:
            if not isinstance(interval, Interval):
                raise about(symbol, "interval", f"must be an Interval, such as Interval.DAY_1, is {interval!r}")
            return self._coarse_window(symbol, n, column, interval)
        rows = self.last_rows(symbol, n)
        values = self.panel_column(column, index)[rows]
        factor = self._factors.get(symbol)
        if factor is not None:
            relative = factor[rows] / factor[self.clock.row]
            values = values / relative if column == "volume" else values * relative
        return read_only(values.copy() if values.base is not None else values)

    def last_rows(self, symbol: str, n: int) -> IndexArray | slice:
        """The rows of the symbol's last `n` bars, now included."""
        self.demand_now()
        after = self.clock.row + 1
        if not self.panel.missing:
            return slice(max(after - n, 0), after)
        rows = self._rows_of.get(symbol)
        if rows is None:
            rows = np.flatnonzero(~np.isnan(self.panel.close[:, self.at(symbol)])).astype(np.int64)
            self._rows_of[symbol] = rows
        last = int(np.searchsorted(rows, after))
        return rows[max(last - n, 0) : last]

    def panel_column(self, column: Column, index: int) -> FloatArray:
        """One symbol's column as traded, all rows."""
        matrix: FloatArray = getattr(self.panel, column)
        return matrix[:, index]

    def now_scaled(self, symbol: str, values: FloatArray, degree: Degree) -> FloatArray:
        """A column made on the scale of the first row, each value on the scale of its own row."""
        factor = self._factors.get(symbol)
        if factor is None or degree == 0:
            return values
        return values / factor**degree

    def scaled_to_now(self, symbol: str, values: FloatArray, degree: Degree) -> FloatArray:
        """A window made on the scale of the first row, on the scale of now."""
        factor = self._factors.get(symbol)
        if factor is None or degree == 0:
            return values
        now = float(factor[self.clock.row])
        return values / now**degree

    def _coarse_window(self, symbol: str, n: int, column: Column, interval: Interval) -> FloatArray:
        self.demand_now()
        coarse = self._coarse.get(interval)
        if coarse is None:
            coarse = self._coarse[interval] = resample(self._scaled, interval)
        last = int(np.searchsorted(coarse.known_rows[symbol], self.clock.row, side="right"))
        values = _column_of(coarse.series[symbol], column)[max(last - n, 0) : last].copy()
        return read_only(self.scaled_to_now(symbol, values, -1 if column == "volume" else 1))

    def _raw_column(self, column: Column) -> Callable[[str], FloatArray]:
        return lambda symbol: self.panel_column(column, self.at(symbol))

    def _last_closes(self, symbol: str) -> FloatArray:
        closes = self.panel_column("close", self.at(symbol))
        if not self.panel.missing:
            return closes
        known = np.maximum.accumulate(np.where(np.isnan(closes), 0, np.arange(len(closes))))
        factor = self._factors.get(symbol)
        return closes[known] if factor is None else closes[known] * (factor[known] / factor)


class Now(Values):
    """The event way's values of one output of an indicator."""

    def __init__(self, feed: Feed, matrix: FloatArray, degree: Degree) -> None:
        self._feed, self._matrix, self._degree = feed, matrix, degree
        self._clock = feed.clock
        self._columns = feed.columns(self._column)
        self._numbers = self._columns.numbers

    def __getitem__(self, symbol: str) -> float:
        # Strategies do little else: a plain dict, and a miss told by its error, are half the price of anything nicer.
        try:
            return self._numbers[symbol][self._clock.at]
        except KeyError:
            return self._columns.load(symbol)[self._clock.at]

    def history(self, symbol: str, n: int) -> FloatArray:
        """The values at the symbol's last `n` bars, on the scale of now: a copy, read-only."""
        if not isinstance(n, int) or n < 1:
            raise about(symbol, "n", f"must be a whole number of bars, 1 or more, is {n!r}")
        rows = self._feed.last_rows(symbol, n)
        values = self._matrix[:, self._feed.at(symbol)][rows]
        return read_only(self._feed.scaled_to_now(symbol, values.copy(), self._degree))

    def _column(self, symbol: str) -> FloatArray:
        return self._feed.now_scaled(symbol, self._matrix[:, self._feed.at(symbol)], self._degree)


def told_time(panel: Panel, row: int) -> str:
    """A row as a person names it: its session's date, or the instant it closed where bars are parts of a day."""
    if int(panel.close_ns[row] - panel.open_ns[row]) > _LONGEST_PART_NS:
        return str(panel.sessions[row])
    return f"{np.datetime64(int(panel.close_ns[row]), 'ns').astype('datetime64[s]')}Z"


def _column_of(series: Series, column: Column) -> FloatArray:
    found: FloatArray = getattr(series, column)
    return found


def _some(symbols: tuple[str, ...]) -> str:
    return ", ".join(symbols[:5]) + (", ..." if len(symbols) > 5 else "")
