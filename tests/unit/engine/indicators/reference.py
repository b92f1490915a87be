"""Each indicator as its definition reads: over all bars so far, slowly, without a state."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np

NAN = float("nan")
Bars = Sequence[tuple[float, ...]]
Reference = Callable[..., tuple[float, ...]]


def _nothing(n: int = 1) -> tuple[float, ...]:
    return (NAN,) * n


def _windowed(of_window: Callable[..., float]) -> Reference:
    def value(bars: Bars, window: int, *rest: float) -> tuple[float, ...]:
        if len(bars) < window:
            return _nothing()
        return (of_window(np.array(bars[-window:]).T, *rest),)

    return value


def exact_mean(values: Sequence[float]) -> float:
    return float(sum(map(Fraction, values), Fraction(0))) / len(values)


def _wma(columns: np.ndarray) -> float:
    weights = np.arange(1, columns.shape[1] + 1)
    return float(np.sum(columns[0] * weights) / np.sum(weights))


def _slope(columns: np.ndarray) -> float:
    i = np.arange(columns.shape[1])
    return float(np.sum((i - i.mean()) * (columns[0] - columns[0].mean())) / np.sum((i - i.mean()) ** 2))


def _std(columns: np.ndarray, ddof: float) -> float:
    return 0.0 if np.ptp(columns[0]) == 0 else float(np.std(columns[0], ddof=int(ddof)))


def _zscore(columns: np.ndarray, ddof: float) -> float:
    deviation = _std(columns, ddof)
    return (columns[0][-1] - columns[0].mean()) / deviation if deviation else NAN


def _rank(columns: np.ndarray) -> float:
    values = columns[0]
    places = [place for place, value in enumerate(sorted(values), 1) if value == values[-1]]
    return sum(places) / len(places) / len(values)


def _beta(columns: np.ndarray) -> float:
    values, against = columns
    if np.ptp(against) == 0:
        return NAN
    return float(np.cov(values, against)[0, 1] / np.var(against, ddof=1))


def _correlation(columns: np.ndarray) -> float:
    if np.ptp(columns[0]) == 0 or np.ptp(columns[1]) == 0:
        return NAN
    return float(np.corrcoef(columns)[0, 1])


def _vwap(columns: np.ndarray) -> float:
    high, low, close, volume = columns
    traded = np.sum(volume)
    return float(np.sum((high + low + close) / 3 * volume) / traded) if traded else NAN


def _smoothed(values: Sequence[float], window: int, weight: float) -> float:
    if len(values) < window:
        return NAN
    kept = sum(values[:window]) / window
    for value in values[window:]:
        kept = (1 - weight) * kept + weight * value
    return kept


def _ema(values: Sequence[float], window: int) -> float:
    return _smoothed(values, window, 2 / (window + 1))


def _column(bars: Bars) -> list[float]:
    return [bar[0] for bar in bars]


def _roc(bars: Bars, window: int) -> tuple[float, ...]:
    return (100 * (bars[-1][0] / bars[-1 - window][0] - 1),) if len(bars) > window else _nothing()


def _macd(bars: Bars, fast: int, slow: int, signal: int) -> tuple[float, ...]:
    closes = _column(bars)
    lines = [_ema(closes[:end], fast) - _ema(closes[:end], slow) for end in range(slow, len(closes) + 1)]
    if not lines:
        return _nothing(3)
    smooth = _ema(lines, signal)
    return lines[-1], smooth, lines[-1] - smooth


def _rsi(bars: Bars, window: int) -> tuple[float, ...]:
    changes = np.diff(_column(bars))
    gains = _smoothed(np.maximum(changes, 0).tolist(), window, 1 / window)
    losses = _smoothed(np.maximum(-changes, 0).tolist(), window, 1 / window)
    if gains == losses == 0:
        return (50.0,)
    return (100.0 if losses == 0 else 100 - 100 / (1 + gains / losses),)


def _ranges(bars: Bars) -> list[float]:
    first = bars[0][0] - bars[0][1]
    later = [max(high - low, abs(high - before[2]), abs(low - before[2])) for before, (high, low, _) in pairwise(bars)]
    return [first, *later]


def _true_range(bars: Bars) -> tuple[float, ...]:
    return (_ranges(bars)[-1],)


def _atr(bars: Bars, window: int) -> tuple[float, ...]:
    return (_smoothed(_ranges(bars), window, 1 / window),)


def _directions(bars: Bars, window: int) -> tuple[float, float]:
    ups, downs = [], []
    for (last_high, last_low, _), (high, low, _) in pairwise(bars):
        up, down = high - last_high, last_low - low
        ups.append(up if up > max(down, 0) else 0.0)
        downs.append(down if down > max(up, 0) else 0.0)
    span = _smoothed(_ranges(bars)[1:], window, 1 / window)
    if span == 0:
        return 0.0, 0.0
    return 100 * _smoothed(ups, window, 1 / window) / span, 100 * _smoothed(downs, window, 1 / window) / span


def _adx(bars: Bars, window: int) -> tuple[float, ...]:
    indices = []
    for end in range(window + 1, len(bars) + 1):
        plus, minus = _directions(bars[:end], window)
        indices.append(100 * abs(plus - minus) / (plus + minus) if plus + minus else 0.0)
    if not indices:
        return _nothing(3)
    return _smoothed(indices, window, 1 / window), *_directions(bars, window)


def _donchian(bars: Bars, window: int, present: float) -> tuple[float, ...]:
    seen = bars if present else bars[:-1]
    if len(seen) < window:
        return _nothing(2)
    return min(low for _, low in seen[-window:]), max(high for high, _ in seen[-window:])


def _raw_k(bars: Bars, window: int) -> float:
    highest, lowest = max(bar[0] for bar in bars[-window:]), min(bar[1] for bar in bars[-window:])
    return 100 * (bars[-1][2] - lowest) / (highest - lowest) if highest > lowest else 50.0


def _stochastic(bars: Bars, window: int, smooth: int, signal: int) -> tuple[float, ...]:
    raw = [_raw_k(bars[:end], window) for end in range(window, len(bars) + 1)]
    ks = [float(np.mean(raw[end - smooth : end])) for end in range(smooth, len(raw) + 1)]
    d = float(np.mean(ks[-signal:])) if len(ks) >= signal else NAN
    return (ks[-1] if ks else NAN), d


def _since(bars: Bars, pick: Callable[[Sequence[float]], float]) -> tuple[float, ...]:
    events = [at for at, (_, event) in enumerate(bars) if event]
    return (pick([value for value, _ in bars[events[-1] :]]),) if events else _nothing()


def _obv(bars: Bars) -> tuple[float, ...]:
    total = 0.0
    for (before, _), (close, volume) in pairwise(bars):
        total += math.copysign(volume, close - before) if close != before else 0.0
    return (total,)


def _side(gaps: Sequence[Fraction]) -> float:
    sides = [1.0 if gap > 0 else -1.0 for gap in gaps if gap != 0]
    return sides[-1] if len(set(sides)) == 2 else NAN


def _on_paper(values: Sequence[float]) -> list[Fraction]:
    # Two decimals, as they are written: what the floats stand for.
    return [Fraction(str(value)) for value in values]


def _cross(bars: Bars) -> tuple[float, ...]:
    return (_side([a - b for a, b in zip(*map(_on_paper, zip(*bars, strict=True)), strict=True)]),)


def _sma_cross(bars: Bars, fast: int, slow: int) -> tuple[float, ...]:
    values = _on_paper(_column(bars))
    ends = range(slow, len(values) + 1)
    return (_side([_mean(values[end - fast : end]) - _mean(values[end - slow : end]) for end in ends]),)


def _mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


REFERENCE: dict[str, Reference] = {
    "sma": _windowed(lambda columns: exact_mean(columns[0])),
    "ema": lambda bars, window: (_ema(_column(bars), window),),
    "wma": _windowed(_wma),
    "slope": _windowed(_slope),
    "roc": _roc,
    "macd": _macd,
    "rsi": _rsi,
    "true_range": _true_range,
    "atr": _atr,
    "adx": _adx,
    "highest": _windowed(lambda columns: float(columns[0].max())),
    "lowest": _windowed(lambda columns: float(columns[0].min())),
    "donchian": _donchian,
    "stochastic": _stochastic,
    "highest_since": lambda bars: _since(bars, max),
    "lowest_since": lambda bars: _since(bars, min),
    "std": _windowed(_std),
    "zscore": _windowed(_zscore),
    "rank": _windowed(_rank),
    "beta": _windowed(_beta),
    "correlation": _windowed(_correlation),
    "obv": _obv,
    "vwap": _windowed(_vwap),
    "cross": _cross,
    "sma_cross": _sma_cross,
}


def _bollinger(bars: Bars, window: int, width: float) -> tuple[float, ...]:
    if len(bars) < window:
        return _nothing(3)
    values = _column(bars[-window:])
    mean, deviation = exact_mean(values), 0.0 if len(set(values)) == 1 else float(np.std(values))
    return mean - width * deviation, mean, mean + width * deviation


REFERENCE["bollinger"] = _bollinger
