"""The highest and lowest of a window, and what is built on them; the highest and lowest since something happened.

A window's maximum is at the head of a queue of values that fall: a value that enters drives out those it is not below,
which can never be the maximum again (the ascending minima of R. Harter, 2001). Each value enters and leaves once, so a
bar costs the same for any window. Minima are maxima of the negated values.
"""

from __future__ import annotations

import math

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine._jit import njit
from scizor.engine.indicators.means import slide_nb


@njit
def enter_nb(queue: FloatArray, head: int, size: int, bar: int, value: float) -> tuple[int, int]:
    """Let `value` enter a queue (2, window) of falling values and their bars. The maximum is then queue[0, head]."""
    n_bars = queue.shape[1]
    if size > 0 and queue[1, head] <= bar - n_bars:
        head = 0 if head + 1 == n_bars else head + 1
        size -= 1
    while size > 0:
        tail = head + size - 1
        tail = tail - n_bars if tail >= n_bars else tail
        if queue[0, tail] > value:
            break
        size -= 1
    tail = head + size
    tail = tail - n_bars if tail >= n_bars else tail
    queue[0, tail] = value
    queue[1, tail] = bar
    return head, size + 1


MAXIMUM_STATE = 3  # and twice the window


@njit
def _maximum_nb(column: FloatArray, sign: float, n_bars: int, state: FloatArray, out: FloatArray) -> None:
    seen, head, size = int(state[0]), int(state[1]), int(state[2])
    queue = state[MAXIMUM_STATE:].reshape(2, n_bars)
    for t in range(len(column)):
        value = column[t]
        if math.isnan(value):
            continue
        head, size = enter_nb(queue, head, size, seen, sign * value)
        seen += 1
        if seen >= n_bars:
            out[t] = sign * queue[0, head]
    state[0], state[1], state[2] = seen, head, size


@njit
def maximum_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """The highest of the last `window` values, the present one among them. First value at bar window - 1."""
    _maximum_nb(columns[0], 1.0, int(parameters[0]), state, out[0])


@njit
def minimum_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """The lowest of the last `window` values, the present one among them. First value at bar window - 1."""
    _maximum_nb(columns[0], -1.0, int(parameters[0]), state, out[0])


CHANNEL_STATE = 7  # and four times the window


@njit
def donchian_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Donchian channel: the lowest low and the highest high of `window` bars (R. Donchian, 1960).

    With `present` 0 they are the bars before this one, the form for breakouts: a close can be beyond it; first value at
    bar window. With `present` 1 (the default) this bar is the last of them; first value at bar window - 1.
    """
    n_bars, present = int(parameters[0]), parameters[1] != 0.0
    seen = int(state[0])
    high_head, high_size, low_head, low_size = int(state[1]), int(state[2]), int(state[3]), int(state[4])
    lowest, highest = state[5], state[6]
    highs = state[CHANNEL_STATE : CHANNEL_STATE + 2 * n_bars].reshape(2, n_bars)
    lows = state[CHANNEL_STATE + 2 * n_bars :].reshape(2, n_bars)
    for t in range(columns.shape[1]):
        high, low = columns[0, t], columns[1, t]
        if math.isnan(high) or math.isnan(low):
            continue
        if not present and seen >= n_bars:
            out[0, t], out[1, t] = lowest, highest
        high_head, high_size = enter_nb(highs, high_head, high_size, seen, high)
        low_head, low_size = enter_nb(lows, low_head, low_size, seen, -low)
        lowest, highest = -lows[0, low_head], highs[0, high_head]
        seen += 1
        if present and seen >= n_bars:
            out[0, t], out[1, t] = lowest, highest
    state[0], state[5], state[6] = seen, lowest, highest
    state[1], state[2], state[3], state[4] = high_head, high_size, low_head, low_size


STOCHASTIC_STATE = 9  # and four times the window, the smoothing and the signal


@njit
def stochastic_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Stochastic oscillator (G. Lane, 1984): where the close is between the extremes of `window` bars, 0 to 100.

    %K = 100 (close - lowest low) / (highest high - lowest low), 50 where those are equal, smoothed by a simple mean of
    `smooth` values (1: the fast form); %D = simple mean of `signal` values of %K. The present bar is in the window.
    First values at bars window + smooth - 2 and window + smooth + signal - 3.
    """
    n_bars, n_smooth, n_signal = int(parameters[0]), int(parameters[1]), int(parameters[2])
    seen = int(state[0])
    high_head, high_size, low_head, low_size = int(state[1]), int(state[2]), int(state[3]), int(state[4])
    k_total, k_error, d_total, d_error = state[5], state[6], state[7], state[8]
    queues = state[STOCHASTIC_STATE : STOCHASTIC_STATE + 4 * n_bars]
    highs, lows = queues[: 2 * n_bars].reshape(2, n_bars), queues[2 * n_bars :].reshape(2, n_bars)
    k_ring = state[STOCHASTIC_STATE + 4 * n_bars : STOCHASTIC_STATE + 4 * n_bars + n_smooth]
    d_ring = state[STOCHASTIC_STATE + 4 * n_bars + n_smooth :]
    for t in range(columns.shape[1]):
        high, low, close = columns[0, t], columns[1, t], columns[2, t]
        if math.isnan(high) or math.isnan(low) or math.isnan(close):
            continue
        high_head, high_size = enter_nb(highs, high_head, high_size, seen, high)
        low_head, low_size = enter_nb(lows, low_head, low_size, seen, -low)
        lowest, highest = -lows[0, low_head], highs[0, high_head]
        seen += 1
        n_raw = seen - n_bars + 1
        if n_raw < 1:
            continue
        raw = 100.0 * (close - lowest) / (highest - lowest) if highest > lowest else 50.0
        slot = n_raw % n_smooth
        k_total, k_error = slide_nb(k_total, k_error, raw, k_ring[slot])
        k_ring[slot] = raw
        n_k = n_raw - n_smooth + 1
        if n_k < 1:
            continue
        k = (k_total + k_error) / n_smooth
        slot = n_k % n_signal
        d_total, d_error = slide_nb(d_total, d_error, k, d_ring[slot])
        d_ring[slot] = k
        out[0, t] = k
        if n_k >= n_signal:
            out[1, t] = (d_total + d_error) / n_signal
    state[0] = seen
    state[1], state[2], state[3], state[4] = high_head, high_size, low_head, low_size
    state[5], state[6], state[7], state[8] = k_total, k_error, d_total, d_error


SINCE_STATE = 2


@njit
def _highest_since_nb(columns: FloatArray, sign: float, state: FloatArray, out: FloatArray) -> None:
    begun, highest = state[0], state[1]
    for t in range(columns.shape[1]):
        value, event = sign * columns[0, t], columns[1, t]
        if math.isnan(value) or math.isnan(event):
            continue
        if event != 0.0:
            begun, highest = 1.0, -np.inf
        if begun != 0.0:
            highest = max(highest, value)
            out[0, t] = sign * highest
    state[0], state[1] = begun, highest


@njit
def highest_since_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """The highest value since the last bar whose event was not 0, that bar among them. First value at such a bar."""
    _highest_since_nb(columns, 1.0, state, out)


@njit
def lowest_since_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """The lowest value since the last bar whose event was not 0, that bar among them. First value at such a bar."""
    _highest_since_nb(columns, -1.0, state, out)
