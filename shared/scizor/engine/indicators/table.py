"""Every indicator by its name: what strategies declare, batch and bar by bar."""

from __future__ import annotations

from types import MappingProxyType

from scizor.domain.errors import InvalidInput
from scizor.engine.indicators import cross, extremes, means, moments, trend, volume
from scizor.engine.indicators.spec import Indicator, Parameter, window

_VALUES = ("values",)
_PAIR = ("values", "against")
_BAR = ("high", "low", "close")
_DDOF = Parameter("ddof", 1, 0, 1)


def _fast_below_slow(fast: float, slow: float, *_: float) -> None:
    if not fast < slow:
        raise InvalidInput.of_field("fast", f"must be below slow ({slow:g})")


def _last(n: int, *_: float) -> tuple[int, ...]:
    return (n - 1,)


_MEANS = (
    Indicator(
        "sma", means.sma_nb, _VALUES, (window(20),), _last, lambda n: means.SMA_STATE + n, rows=means.sma_rows_nb
    ),
    Indicator("ema", means.ema_nb, _VALUES, (window(20),), _last, lambda n: means.EMA_STATE, rows=means.ema_rows_nb),
    Indicator("wma", means.wma_nb, _VALUES, (window(20),), _last, lambda n: means.WEIGHTED_STATE + n),
    Indicator("slope", means.slope_nb, _VALUES, (window(20, minimum=2),), _last, lambda n: means.WEIGHTED_STATE + n),
)

_TREND = (
    Indicator("roc", trend.roc_nb, _VALUES, (window(10),), lambda n: (n,), lambda n: trend.ROC_STATE + n),
    Indicator(
        "macd",
        trend.macd_nb,
        _VALUES,
        (window(12, "fast"), window(26, "slow", 2), window(9, "signal")),
        lambda _, slow, signal: (slow - 1, slow + signal - 2, slow + signal - 2),
        lambda *_: trend.MACD_STATE,
        ("line", "signal", "histogram"),
        _fast_below_slow,
    ),
    Indicator("rsi", trend.rsi_nb, _VALUES, (window(14),), lambda n: (n,), lambda n: trend.RSI_STATE),
    Indicator("true_range", trend.true_range_nb, _BAR, (), lambda: (0,), lambda: trend.TRUE_RANGE_STATE),
    Indicator("atr", trend.atr_nb, _BAR, (window(14),), _last, lambda n: trend.ATR_STATE),
    Indicator(
        "adx",
        trend.adx_nb,
        _BAR,
        (window(14),),
        lambda n: (2 * n - 1, n, n),
        lambda n: trend.ADX_STATE,
        ("adx", "plus_di", "minus_di"),
    ),
)

_EXTREMES = (
    Indicator("highest", extremes.maximum_nb, _VALUES, (window(20),), _last, lambda n: extremes.MAXIMUM_STATE + 2 * n),
    Indicator("lowest", extremes.minimum_nb, _VALUES, (window(20),), _last, lambda n: extremes.MAXIMUM_STATE + 2 * n),
    Indicator(
        "donchian",
        extremes.donchian_nb,
        ("high", "low"),
        (window(20), Parameter("present", 1, 0, 1)),
        lambda n, present: (n - present, n - present),
        lambda n, _: extremes.CHANNEL_STATE + 4 * n,
        ("lower", "upper"),
    ),
    Indicator(
        "stochastic",
        extremes.stochastic_nb,
        _BAR,
        (window(14), window(1, "smooth"), window(3, "signal")),
        lambda n, smooth, signal: (n + smooth - 2, n + smooth + signal - 3),
        lambda n, smooth, signal: extremes.STOCHASTIC_STATE + 4 * n + smooth + signal,
        ("k", "d"),
    ),
    Indicator(
        "highest_since",
        extremes.highest_since_nb,
        ("values", "event"),
        (),
        lambda: (0,),
        lambda: extremes.SINCE_STATE,
    ),
    Indicator(
        "lowest_since",
        extremes.lowest_since_nb,
        ("values", "event"),
        (),
        lambda: (0,),
        lambda: extremes.SINCE_STATE,
    ),
)

_MOMENTS = (
    Indicator(
        "std", moments.std_nb, _VALUES, (window(20, minimum=2), _DDOF), _last, lambda n, _: moments.MOMENTS_STATE + n
    ),
    Indicator(
        "zscore",
        moments.zscore_nb,
        _VALUES,
        (window(20, minimum=2), _DDOF),
        _last,
        lambda n, _: moments.MOMENTS_STATE + n,
    ),
    Indicator(
        "bollinger",
        moments.bollinger_nb,
        _VALUES,
        (window(20), Parameter("width", 2.0, 0.0, 100.0, whole=False)),
        lambda n, _: (n - 1, n - 1, n - 1),
        lambda n, _: moments.MOMENTS_STATE + n,
        ("lower", "middle", "upper"),
    ),
    Indicator("rank", moments.rank_nb, _VALUES, (window(20),), _last, lambda n: moments.RANK_STATE + n),
    Indicator(
        "beta", moments.beta_nb, _PAIR, (window(60, minimum=2),), _last, lambda n: moments.COMOMENTS_STATE + 2 * n
    ),
    Indicator(
        "correlation",
        moments.correlation_nb,
        _PAIR,
        (window(60, minimum=2),),
        _last,
        lambda n: moments.COMOMENTS_STATE + 2 * n,
    ),
)

_VOLUME = (
    Indicator("obv", volume.obv_nb, ("close", "volume"), (), lambda: (0,), lambda: volume.OBV_STATE),
    Indicator("vwap", volume.vwap_nb, (*_BAR, "volume"), (window(20),), _last, lambda n: volume.VWAP_STATE + 2 * n),
)

_CROSS = (
    Indicator("cross", cross.cross_nb, _PAIR, (), lambda: (1,), lambda: cross.CROSS_STATE),
    Indicator(
        "sma_cross",
        cross.sma_cross_nb,
        _VALUES,
        (window(10, "fast"), window(30, "slow", 2)),
        lambda _, slow: (slow,),
        lambda _, slow: cross.SMA_CROSS_STATE + slow,
        check=_fast_below_slow,
        batch=cross.sma_cross_batch_nb,
    ),
)

# Where an indicator has no value for a reason of its own (no deviation, no event, no cross yet) it is NaN later too.
TABLE = MappingProxyType({one.name: one for one in (*_MEANS, *_TREND, *_EXTREMES, *_MOMENTS, *_VOLUME, *_CROSS)})
