"""Momentum and trend: rate of change, MACD, and Wilder's RSI, ATR and ADX.

A change is from the symbol's bar before that exists. Wilder's mean is an exponential one of weight 1 / window that
begins as the simple mean of its first `window` values (J. W. Wilder, New Concepts in Technical Trading Systems, 1978).
"""

from __future__ import annotations

import math

from scizor.domain.arrays import FloatArray
from scizor.engine._jit import njit
from scizor.engine.indicators.means import smooth_nb

ROC_STATE = 1  # and a ring
MACD_STATE, RSI_STATE, TRUE_RANGE_STATE, ATR_STATE, ADX_STATE = 4, 4, 2, 3, 8


@njit
def roc_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Rate of change, percent: 100 (x - past) / past, `past` the value `window` bars ago; NaN of 0.

    First value at bar window.
    """
    n_bars = int(parameters[0])
    seen, ring = int(state[0]), state[ROC_STATE:]
    slot = seen % n_bars
    for t in range(columns.shape[1]):
        value = columns[0, t]
        if math.isnan(value):
            continue
        if seen >= n_bars and ring[slot] != 0.0:
            out[0, t] = 100.0 * (value - ring[slot]) / ring[slot]
        ring[slot] = value
        slot = 0 if slot + 1 == n_bars else slot + 1
        seen += 1
    state[0] = seen


@njit
def macd_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Moving average convergence divergence (G. Appel, 1979): line, signal, histogram.

    line = EMA(fast) - EMA(slow); signal = EMA(signal) of the line; histogram = line - signal. EMAs begin as simple
    means. First values at bars slow - 1, slow + signal - 2 and the same.
    """
    n_fast, n_slow, n_signal = int(parameters[0]), int(parameters[1]), int(parameters[2])
    fast_weight, slow_weight, signal_weight = 2.0 / (n_fast + 1), 2.0 / (n_slow + 1), 2.0 / (n_signal + 1)
    seen, fast, slow, signal = int(state[0]), state[1], state[2], state[3]
    for t in range(columns.shape[1]):
        value = columns[0, t]
        if math.isnan(value):
            continue
        seen += 1
        fast = smooth_nb(fast, seen, n_fast, fast_weight, value)
        slow = smooth_nb(slow, seen, n_slow, slow_weight, value)
        n_lines = seen - n_slow + 1
        if n_lines < 1:
            continue
        line = fast - slow
        out[0, t] = line
        signal = smooth_nb(signal, n_lines, n_signal, signal_weight, line)
        if n_lines >= n_signal:
            out[1, t], out[2, t] = signal, line - signal
    state[0], state[1], state[2], state[3] = seen, fast, slow, signal


@njit
def rsi_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Relative strength index, 0 to 100: 100 gains / (gains + losses), Wilder's means of rises and falls.

    That is 100 - 100 / (1 + gains / losses). 50 where nothing moved. First value at bar window. Wilder 1978.
    """
    n_bars = int(parameters[0])
    weight = 1.0 / n_bars
    seen, last, gains, losses = int(state[0]), state[1], state[2], state[3]
    for t in range(columns.shape[1]):
        value = columns[0, t]
        if math.isnan(value):
            continue
        if seen > 0:
            change = value - last
            gains = smooth_nb(gains, seen, n_bars, weight, max(change, 0.0))
            losses = smooth_nb(losses, seen, n_bars, weight, max(-change, 0.0))
            if seen >= n_bars:
                moves = gains + losses
                out[0, t] = 100.0 * gains / moves if moves > 0.0 else 50.0
        last = value
        seen += 1
    state[0], state[1], state[2], state[3] = seen, last, gains, losses


@njit
def _range_nb(high: float, low: float, close: float, first: bool) -> float:
    return high - low if first else max(high, close) - min(low, close)


@njit
def true_range_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """max(high, close before) - min(low, close before); high - low at the first bar. First value at bar 0.

    Wilder 1978.
    """
    seen, last = state[0], state[1]
    for t in range(columns.shape[1]):
        high, low, close = columns[0, t], columns[1, t], columns[2, t]
        if math.isnan(high) or math.isnan(low) or math.isnan(close):
            continue
        out[0, t] = _range_nb(high, low, last, seen == 0.0)
        seen, last = seen + 1.0, close
    state[0], state[1] = seen, last


@njit
def atr_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Average true range: Wilder's mean of the true range, that of the first bar (high - low) included. Wilder 1978.

    First value at bar window - 1. (Where the first bar is held to have no true range, values begin a bar later.)
    """
    n_bars = int(parameters[0])
    weight = 1.0 / n_bars
    seen, last, kept = int(state[0]), state[1], state[2]
    for t in range(columns.shape[1]):
        high, low, close = columns[0, t], columns[1, t], columns[2, t]
        if math.isnan(high) or math.isnan(low) or math.isnan(close):
            continue
        seen += 1
        kept = smooth_nb(kept, seen, n_bars, weight, _range_nb(high, low, last, seen == 1))
        if seen >= n_bars:
            out[0, t] = kept
        last = close
    state[0], state[1], state[2] = seen, last, kept


@njit
def _moves_nb(high: float, low: float, last_high: float, last_low: float) -> tuple[float, float]:
    up, down = high - last_high, last_low - low
    return (up if up > down and up > 0.0 else 0.0), (down if down > up and down > 0.0 else 0.0)


@njit
def adx_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Average directional index with +DI and -DI, each 0 to 100. Wilder 1978.

    +DM, -DM: by how much the range went further up (down) than the bar before's, the larger of the two only. DI = 100
    x Wilder's mean of DM / that of the true range; DX = 100 |+DI - -DI| / (+DI + -DI), 0 where both are; ADX =
    Wilder's mean of DX. The first bar has no moves. First values at bars 2 window - 1 (ADX) and window (DI).
    """
    n_bars = int(parameters[0])
    weight = 1.0 / n_bars
    seen, last_high, last_low, last_close = int(state[0]), state[1], state[2], state[3]
    ups, downs, ranges, kept = state[4], state[5], state[6], state[7]
    for t in range(columns.shape[1]):
        high, low, close = columns[0, t], columns[1, t], columns[2, t]
        if math.isnan(high) or math.isnan(low) or math.isnan(close):
            continue
        if seen > 0:
            up, down = _moves_nb(high, low, last_high, last_low)
            ups = smooth_nb(ups, seen, n_bars, weight, up)
            downs = smooth_nb(downs, seen, n_bars, weight, down)
            ranges = smooth_nb(ranges, seen, n_bars, weight, _range_nb(high, low, last_close, False))
            if seen >= n_bars:
                plus, minus = (100.0 * ups / ranges, 100.0 * downs / ranges) if ranges > 0.0 else (0.0, 0.0)
                out[1, t], out[2, t] = plus, minus
                index = 100.0 * abs(plus - minus) / (plus + minus) if plus + minus > 0.0 else 0.0
                kept = smooth_nb(kept, seen - n_bars + 1, n_bars, weight, index)
                if seen >= 2 * n_bars - 1:
                    out[0, t] = kept
        last_high, last_low, last_close = high, low, close
        seen += 1
    state[0], state[1], state[2], state[3] = seen, last_high, last_low, last_close
    state[4], state[5], state[6], state[7] = ups, downs, ranges, kept
