"""Stored series as the engine reads prices: one row a session of the union calendar, one column a symbol."""

from __future__ import annotations

from collections.abc import Sequence

from scizor.domain.bars import BarSeries
from scizor.engine import Prices, Series


def to_prices(series: Sequence[BarSeries]) -> Prices:
    """Prices of all symbols, in the order given; NaN where a symbol has no bar. Raises as `Prices` does."""
    return Prices.align({one.symbol: _columns(one) for one in series})


def _columns(series: BarSeries) -> Series:
    bars = series.bars
    return Series(bars["day"].astype("datetime64[D]"), bars["open"], bars["high"], bars["low"], bars["close"])
