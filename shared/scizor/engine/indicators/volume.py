"""Indicators that weigh by volume. A bar whose volume is unknown (NaN) counts as missing."""

from __future__ import annotations

import math

from scizor.domain.arrays import FloatArray
from scizor.engine._jit import njit
from scizor.engine.indicators.exact import swap_product_nb
from scizor.engine.indicators.means import slide_nb

OBV_STATE = 3
VWAP_STATE = 5  # and two rings


@njit
def obv_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """On-balance volume, shares (J. Granville, 1963): plus the volume of a rise, less that of a fall; 0 at bar 0."""
    seen, last, total = state[0], state[1], state[2]
    for t in range(columns.shape[1]):
        close, volume = columns[0, t], columns[1, t]
        if math.isnan(close) or math.isnan(volume):
            continue
        if seen > 0.0 and close > last:
            total += volume
        elif seen > 0.0 and close < last:
            total -= volume
        out[0, t] = total
        seen, last = seen + 1.0, close
    state[0], state[1], state[2] = seen, last, total


@njit
def vwap_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Volume-weighted mean of (high + low + close) / 3 over `window` bars; NaN where none traded.

    First value at bar window - 1.
    """
    n_bars = int(parameters[0])
    seen, traded, traded_error, value, value_low = int(state[0]), state[1], state[2], state[3], state[4]
    prices, volumes = state[VWAP_STATE : VWAP_STATE + n_bars], state[VWAP_STATE + n_bars :]
    slot = seen % n_bars
    for t in range(columns.shape[1]):
        typical, volume = (columns[0, t] + columns[1, t] + columns[2, t]) / 3.0, columns[3, t]
        if math.isnan(typical) or math.isnan(volume):
            continue
        traded, traded_error = slide_nb(traded, traded_error, volume, volumes[slot])
        value, value_low = swap_product_nb(value, value_low, typical, volume, prices[slot], volumes[slot])
        prices[slot], volumes[slot] = typical, volume
        slot = 0 if slot + 1 == n_bars else slot + 1
        seen += 1
        if seen >= n_bars and traded + traded_error > 0.0:
            out[0, t] = value / (traded + traded_error)
    state[0], state[1], state[2], state[3], state[4] = seen, traded, traded_error, value, value_low
