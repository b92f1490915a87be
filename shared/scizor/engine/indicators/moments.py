"""Deviation, z-score, bands and rank of a window; beta and correlation of two.

Sums of squares are kept as pairs of floats, so that what a bar of long ago left in them stays below the last bits of
what they say today. A window whose values are all the same has no deviation, exactly.
"""

from __future__ import annotations

import math

from scizor.domain.arrays import FloatArray
from scizor.engine._jit import njit
from scizor.engine.indicators.exact import lost_nb, minus_product_nb, scaled_nb, swap_product_nb
from scizor.engine.indicators.means import slide_nb

MOMENTS_STATE = 7  # and a ring
RANK_STATE = 1  # and a ring
COMOMENTS_STATE = 15  # and two rings

_STD, _ZSCORE, _BANDS = 0, 1, 2


@njit
def _comoment_nb(
    n: int, products: float, products_low: float, a: float, a_error: float, b: float, b_error: float
) -> float:
    # n x sum(a b) - sum(a) x sum(b)
    high, low = scaled_nb(float(n), products, products_low)
    a_sum, b_sum = a + a_error, b + b_error
    return minus_product_nb(high, low, a_sum, lost_nb(a, a_error, a_sum), b_sum, lost_nb(b, b_error, b_sum))


@njit
def _moments_nb(
    column: FloatArray, n_bars: int, ddof: int, width: float, form: int, state: FloatArray, out: FloatArray
) -> None:
    seen, total, error, squares, squares_low = int(state[0]), state[1], state[2], state[3], state[4]
    last, n_same, ring = state[5], int(state[6]), state[MOMENTS_STATE:]
    slot = seen % n_bars
    for t in range(len(column)):
        value = column[t]
        if math.isnan(value):
            continue
        leaves = ring[slot]
        total, error = slide_nb(total, error, value, leaves)
        squares, squares_low = swap_product_nb(squares, squares_low, value, value, leaves, leaves)
        ring[slot] = value
        slot = 0 if slot + 1 == n_bars else slot + 1
        n_same = n_same + 1 if value == last else 1
        last = value
        seen += 1
        if seen < n_bars:
            continue
        mean, deviation = (total + error) / n_bars, 0.0
        if n_same < n_bars:
            square = _comoment_nb(n_bars, squares, squares_low, total, error, total, error)
            deviation = math.sqrt(max(square, 0.0) / (float(n_bars) * (n_bars - ddof)))
        if form == _STD:
            out[0, t] = deviation
        elif form == _BANDS:
            out[0, t], out[1, t], out[2, t] = mean - width * deviation, mean, mean + width * deviation
        elif deviation > 0.0:
            out[0, t] = (value - mean) / deviation
    state[0], state[1], state[2], state[3], state[4] = seen, total, error, squares, squares_low
    state[5], state[6] = last, n_same


@njit
def std_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Standard deviation of the last `window` values, sum of squares over window - ddof. First value at window - 1."""
    _moments_nb(columns[0], int(parameters[0]), int(parameters[1]), 0.0, _STD, state, out)


@njit
def zscore_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """(x - mean) / deviation of the last `window` values, the present one among them; NaN where they do not deviate.

    Sum of squares over window - ddof. First value at bar window - 1.
    """
    _moments_nb(columns[0], int(parameters[0]), int(parameters[1]), 0.0, _ZSCORE, state, out)


@njit
def bollinger_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Bollinger bands (J. Bollinger, 2001): lower, middle, upper = mean -+ width x deviation of `window` values.

    The deviation is the population's (ddof 0), as he has it. First values at bar window - 1.
    """
    _moments_nb(columns[0], int(parameters[0]), 0, parameters[1], _BANDS, state, out)


@njit
def rank_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Percentile rank, in (0, 1], of a value among the last `window`, itself one of them: its rank / window.

    Equal values share the mean of their ranks. It costs a look at every value of the window. First value at window - 1.
    """
    n_bars = int(parameters[0])
    seen, ring = int(state[0]), state[RANK_STATE:]
    slot = seen % n_bars
    for t in range(columns.shape[1]):
        value = columns[0, t]
        if math.isnan(value):
            continue
        ring[slot] = value
        slot = 0 if slot + 1 == n_bars else slot + 1
        seen += 1
        if seen >= n_bars:
            n_below, n_equal = 0, 0
            for i in range(n_bars):
                n_below += ring[i] < value
                n_equal += ring[i] == value
            out[0, t] = (n_below + (n_equal + 1) / 2.0) / n_bars
    state[0] = seen


@njit
def _comoments_nb(columns: FloatArray, n_bars: int, correlation: bool, state: FloatArray, out: FloatArray) -> None:
    seen = int(state[0])
    a_total, a_error, b_total, b_error = state[1], state[2], state[3], state[4]
    aa, aa_low, bb, bb_low, ab, ab_low = state[5], state[6], state[7], state[8], state[9], state[10]
    a_last, a_same, b_last, b_same = state[11], int(state[12]), state[13], int(state[14])
    a_ring, b_ring = state[COMOMENTS_STATE : COMOMENTS_STATE + n_bars], state[COMOMENTS_STATE + n_bars :]
    slot = seen % n_bars
    for t in range(columns.shape[1]):
        a, b = columns[0, t], columns[1, t]
        if math.isnan(a) or math.isnan(b):
            continue
        old_a, old_b = a_ring[slot], b_ring[slot]
        a_total, a_error = slide_nb(a_total, a_error, a, old_a)
        b_total, b_error = slide_nb(b_total, b_error, b, old_b)
        aa, aa_low = swap_product_nb(aa, aa_low, a, a, old_a, old_a)
        bb, bb_low = swap_product_nb(bb, bb_low, b, b, old_b, old_b)
        ab, ab_low = swap_product_nb(ab, ab_low, a, b, old_a, old_b)
        a_ring[slot], b_ring[slot] = a, b
        slot = 0 if slot + 1 == n_bars else slot + 1
        a_same = a_same + 1 if a == a_last else 1
        b_same = b_same + 1 if b == b_last else 1
        a_last, b_last = a, b
        seen += 1
        if seen < n_bars or b_same >= n_bars or (correlation and a_same >= n_bars):
            continue
        together = _comoment_nb(n_bars, ab, ab_low, a_total, a_error, b_total, b_error)
        b_alone = _comoment_nb(n_bars, bb, bb_low, b_total, b_error, b_total, b_error)
        a_alone = _comoment_nb(n_bars, aa, aa_low, a_total, a_error, a_total, a_error)
        if b_alone <= 0.0 or (correlation and a_alone <= 0.0):
            continue
        if not correlation:
            out[0, t] = together / b_alone
        else:
            out[0, t] = min(max(together / (math.sqrt(a_alone) * math.sqrt(b_alone)), -1.0), 1.0)
    state[0], state[1], state[2], state[3], state[4] = seen, a_total, a_error, b_total, b_error
    state[5], state[6], state[7], state[8], state[9], state[10] = aa, aa_low, bb, bb_low, ab, ab_low
    state[11], state[12], state[13], state[14] = a_last, a_same, b_last, b_same


@njit
def beta_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Slope of the values on those they are held against: covariance / variance of `against`, over `window` bars.

    Of returns (feed them `roc` of window 1) it is the beta of finance; any ddof gives the same. NaN where `against`
    does not move. First value at bar window - 1.
    """
    _comoments_nb(columns, int(parameters[0]), False, state, out)


@njit
def correlation_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Pearson's correlation over `window` bars, in [-1, 1]; NaN where either does not move.

    First value at bar window - 1.
    """
    _comoments_nb(columns, int(parameters[0]), True, state, out)
