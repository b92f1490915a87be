"""Indicators to declare in a strategy's class; `from scizor.strategy import indicators as ta`.

    fast_mean = ta.sma("close", window=fast)            # a parameter, or a number
    trend = ta.ema(window=50, interval=Interval.DAY_1)  # over days, of which only complete ones are seen
    smooth = ta.ema(ta.rsi(window=14), window=5)        # an indicator of an indicator

A source is a column's name, another indicator with one output, or `of(symbol)`: one symbol's column, for all.
Formulas, sources and first values: `scizor.engine.indicators`. A window is counted in bars that exist; a missing bar
has no value.
"""

from __future__ import annotations

from typing import NamedTuple

from scizor.domain.intervals import Interval
from scizor.strategy.bars import Column
from scizor.strategy.declare import Indicator, Indicators, Number, Of, Source, Values, degree_of


class Macd(NamedTuple):
    """Outputs of `macd`."""

    line: Values
    signal: Values
    histogram: Values


class Adx(NamedTuple):
    """Outputs of `adx`."""

    adx: Values
    plus_di: Values
    minus_di: Values


class Bands(NamedTuple):
    """Outputs of `bollinger`."""

    lower: Values
    middle: Values
    upper: Values


class Channel(NamedTuple):
    """Outputs of `donchian`."""

    lower: Values
    upper: Values


class Stochastic(NamedTuple):
    """Outputs of `stochastic`."""

    k: Values
    d: Values


def of(symbol: str, column: Column = "close") -> Of:
    """One symbol's column as a source, the same for every symbol: a benchmark."""
    return Of(symbol, column)


def sma(source: Source = "close", *, window: Number, interval: Interval | None = None) -> Indicator:
    """Simple moving mean."""
    return Indicator("sma", (source,), interval, (degree_of(source),), window=window)


def ema(source: Source = "close", *, window: Number, interval: Interval | None = None) -> Indicator:
    """Exponential moving mean, weight 2 / (window + 1), from the mean of the first window on."""
    return Indicator("ema", (source,), interval, (degree_of(source),), window=window)


def wma(source: Source = "close", *, window: Number, interval: Interval | None = None) -> Indicator:
    """Linearly weighted moving mean."""
    return Indicator("wma", (source,), interval, (degree_of(source),), window=window)


def slope(source: Source = "close", *, window: Number, interval: Interval | None = None) -> Indicator:
    """Slope of the least-squares line, a bar."""
    return Indicator("slope", (source,), interval, (degree_of(source),), window=window)


def roc(source: Source = "close", *, window: Number, interval: Interval | None = None) -> Indicator:
    """Rate of change over `window` bars, percent."""
    return Indicator("roc", (source,), interval, (0,), window=window)


def rsi(source: Source = "close", *, window: Number, interval: Interval | None = None) -> Indicator:
    """Wilder's relative strength index, 0 to 100."""
    return Indicator("rsi", (source,), interval, (0,), window=window)


def true_range(*, interval: Interval | None = None) -> Indicator:
    """How far the price went, the gap from the close before included."""
    return Indicator("true_range", ("high", "low", "close"), interval, (1,))


def atr(*, window: Number, interval: Interval | None = None) -> Indicator:
    """Wilder's average true range."""
    return Indicator("atr", ("high", "low", "close"), interval, (1,), window=window)


def adx(*, window: Number, interval: Interval | None = None) -> Indicators[Adx]:
    """Wilder's average directional index, with +DI and -DI."""
    return Indicators(Adx, "adx", ("high", "low", "close"), interval, (0, 0, 0), window=window)


def macd(
    source: Source = "close",
    *,
    fast: Number = 12,
    slow: Number = 26,
    signal: Number = 9,
    interval: Interval | None = None,
) -> Indicators[Macd]:
    """Difference of two exponential means, its own mean, and the difference of those."""
    degree = degree_of(source)
    return Indicators(Macd, "macd", (source,), interval, (degree,) * 3, fast=fast, slow=slow, signal=signal)


def bollinger(
    source: Source = "close", *, window: Number = 20, width: Number = 2.0, interval: Interval | None = None
) -> Indicators[Bands]:
    """Mean -+ width x standard deviation of the window."""
    degree = degree_of(source)
    return Indicators(Bands, "bollinger", (source,), interval, (degree,) * 3, window=window, width=width)


def donchian(*, window: Number, present: bool = True, interval: Interval | None = None) -> Indicators[Channel]:
    """Lowest low and highest high of the window; of the bars before this one, unless `present`."""
    return Indicators(Channel, "donchian", ("high", "low"), interval, (1, 1), window=window, present=int(present))


def stochastic(
    *, window: Number = 14, smooth: Number = 1, signal: Number = 3, interval: Interval | None = None
) -> Indicators[Stochastic]:
    """Where the close is between the extremes of the window, 0 to 100, and its mean."""
    inputs: tuple[Source, ...] = ("high", "low", "close")
    return Indicators(Stochastic, "stochastic", inputs, interval, (0, 0), window=window, smooth=smooth, signal=signal)


def highest(source: Source = "high", *, window: Number, interval: Interval | None = None) -> Indicator:
    """The highest of the window."""
    return Indicator("highest", (source,), interval, (degree_of(source),), window=window)


def lowest(source: Source = "low", *, window: Number, interval: Interval | None = None) -> Indicator:
    """The lowest of the window."""
    return Indicator("lowest", (source,), interval, (degree_of(source),), window=window)


def std(source: Source = "close", *, window: Number, ddof: int = 1, interval: Interval | None = None) -> Indicator:
    """Standard deviation of the window."""
    return Indicator("std", (source,), interval, (degree_of(source),), window=window, ddof=ddof)


def zscore(source: Source = "close", *, window: Number, ddof: int = 1, interval: Interval | None = None) -> Indicator:
    """By how many standard deviations of the window the value is above its mean."""
    return Indicator("zscore", (source,), interval, (0,), window=window, ddof=ddof)


def rank(source: Source = "close", *, window: Number, interval: Interval | None = None) -> Indicator:
    """Percentile rank of the value in the window, in (0, 1]."""
    return Indicator("rank", (source,), interval, (0,), window=window)


def beta(source: Source = "close", *, against: Source, window: Number, interval: Interval | None = None) -> Indicator:
    """Slope of `source` on `against`; of returns it is `ta.roc(window=1)` on `ta.roc(ta.of("SPY"), window=1)`."""
    degree = degree_of(source) - degree_of(against)
    return Indicator("beta", (source, against), interval, (degree,), window=window)


def correlation(
    source: Source = "close", *, against: Source, window: Number, interval: Interval | None = None
) -> Indicator:
    """Pearson's correlation of two sources."""
    return Indicator("correlation", (source, against), interval, (0,), window=window)


def obv(*, interval: Interval | None = None) -> Indicator:
    """On-balance volume."""
    return Indicator("obv", ("close", "volume"), interval, (-1,))


def vwap(*, window: Number, interval: Interval | None = None) -> Indicator:
    """Volume-weighted mean price of the window."""
    return Indicator("vwap", ("high", "low", "close", "volume"), interval, (1,), window=window)


def sma_cross(source: Source = "close", *, fast: Number, slow: Number, interval: Interval | None = None) -> Indicator:
    """`cross` of two simple moving means of the source, in one pass."""
    return Indicator("sma_cross", (source,), interval, (0,), fast=fast, slow=slow)


def cross(source: Source, against: Source, *, interval: Interval | None = None) -> Indicator:
    """The side of `against` that `source` is on since they first crossed: 1 above, -1 below; a tie keeps the side."""
    return Indicator("cross", (source, against), interval, (0,))
