"""Coarser bars out of finer ones, and from which row on each of them can be known.

A coarse bar is *complete* at a row when, as of that row's close, no further bar can fall into it. Bars of hours and
minutes begin at whole multiples of their length since 1970-01-01 UTC and are complete once the clock is past their
end; a day's bar is that of the symbol's session, and complete at the symbol's first bar of a later session: that a
session is over early is known to calendars, not to bars. So no value shown for a row depends on a later one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.engine.arrays import IndexArray
from scizor.engine.panel import Panel, Series, TimeArray


@dataclass(frozen=True, eq=False)
class Resampled:
    """Complete coarse bars by symbol, oldest first. `known_rows`: the fine row from which on each is known, rising."""

    n_rows: int
    series: Mapping[str, Series]
    known_rows: Mapping[str, IndexArray]

    @cached_property
    def panel(self) -> Panel:
        """The coarse bars on rows of their own; one row without bars where none is complete."""
        if any(len(one.sessions) for one in self.series.values()):
            return Panel.align(self.series)
        symbols = tuple(self.series)
        none = np.full((1, len(symbols)), np.nan)
        day = np.zeros(1, "datetime64[D]")
        return Panel(symbols, day, np.zeros(1, np.int64), np.ones(1, np.int64), none, none, none, none, none)

    def n_known(self, symbol: str) -> IndexArray:
        """How many of the symbol's coarse bars are known at each fine row, shape (n_rows,)."""
        return np.searchsorted(self.known_rows[symbol], np.arange(self.n_rows), side="right").astype(np.int64)

    def align(self, coarse: FloatArray) -> FloatArray:
        """A matrix on the rows of `panel`, laid on the fine rows: the value of the newest bar known, NaN before.

        Raises InvalidInput for a matrix of another shape.
        """
        panel = self.panel
        if coarse.shape != panel.close.shape:
            raise InvalidInput.of_field("matrix", f"must have shape {panel.close.shape}, has {coarse.shape}")
        fine = np.full((self.n_rows, len(self.series)), np.nan)
        for index, symbol in enumerate(self.series):
            values = coarse[~np.isnan(panel.close[:, index]), index]
            n_known = self.n_known(symbol)
            known = n_known > 0
            fine[known, index] = values[n_known[known] - 1]
        return fine


def resample(panel: Panel, interval: Interval) -> Resampled:
    """Bars of `interval` out of a panel of finer ones.

    Open of the first, highest high, lowest low, close of the last, sum of the volumes that are known. Raises
    InvalidInput when bars of the panel are as long as `interval`, or longer; the first and the last of a session may be
    shorter than the rest.
    """
    length_ns = interval.length // timedelta(microseconds=1) * 1_000
    if float(np.median(panel.close_ns - panel.open_ns)) >= length_ns:
        rule = f"must be longer than the bars, {interval.word} is not: run it on shorter ones, such as --interval 1h"
        raise InvalidInput.of_field("interval", rule)
    series, known_rows = {}, {}
    for index, symbol in enumerate(panel.symbols):
        rows = np.flatnonzero(~np.isnan(panel.close[:, index]))
        sessions = panel.sessions[rows].astype(np.int64)
        buckets = panel.open_ns[rows] // length_ns if interval.intraday else sessions
        first = np.flatnonzero(np.diff(buckets, prepend=-1))  # sessions and instants since 1970 are not negative
        known = _known_rows(panel, rows, first, (buckets[first] + 1) * length_ns if interval.intraday else None)
        complete = known < panel.n_rows
        known_rows[symbol] = known[complete]
        series[symbol] = _bars(panel, index, rows, first, int(complete.sum()), length_ns if interval.intraday else None)
    return Resampled(panel.n_rows, series, known_rows)


def _known_rows(panel: Panel, rows: IndexArray, first: IndexArray, ends_ns: TimeArray | None) -> IndexArray:
    """The row at whose close each coarse bar is known, n_rows for one that is not complete within the panel."""
    beyond = np.append(rows[first[1:]], panel.n_rows)[: len(first)]
    if ends_ns is None:
        return beyond
    last = rows[np.append(first[1:], len(rows))[: len(first)] - 1]
    # Another row may close at the very end and still hold a bar: only a later close, or the last bar itself, tells.
    past = np.searchsorted(panel.close_ns, ends_ns, side="right")
    return np.where(panel.close_ns[last] >= ends_ns, last, past).astype(np.int64)


def _bars(panel: Panel, index: int, rows: IndexArray, first: IndexArray, n_bars: int, length_ns: int | None) -> Series:
    if n_bars == 0:
        none = np.empty(0)
        return Series(np.empty(0, "datetime64[D]"), none, none, none, none, none)
    ends = np.append(first[1:], len(rows))
    volume = panel.volume[rows, index]
    known = ~np.isnan(volume)
    traded = np.add.reduceat(np.where(known, volume, 0.0), first)
    n_traded = np.add.reduceat(known.astype(np.int64), first)
    open_ns = None if length_ns is None else (panel.open_ns[rows[first]] // length_ns * length_ns)[:n_bars]
    return Series(
        sessions=panel.sessions[rows[first]][:n_bars],
        open=panel.open[rows[first], index][:n_bars],
        high=np.maximum.reduceat(panel.high[rows, index], first)[:n_bars],
        low=np.minimum.reduceat(panel.low[rows, index], first)[:n_bars],
        close=panel.close[rows[ends - 1], index][:n_bars],
        volume=np.where(n_traded > 0, traded, np.nan)[:n_bars],
        open_ns=open_ns,
        close_ns=None if open_ns is None or length_ns is None else open_ns + length_ns,
    )
