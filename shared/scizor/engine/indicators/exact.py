"""Sums that do not drift: arithmetic on pairs of floats (double-double).

A pair (high, low) stands for high + low with about 106 bits, so a running sum can be added to and taken from for years
and is still within 2^-100 of the largest sum it ever held.

Sources: Knuth 1969 (TwoSum), Dekker 1971 (product, pairs), Veltkamp 1968 (splitting).
"""

from __future__ import annotations

from scizor.engine._jit import njit

_SPLITTER = 134_217_729.0  # 2^27 + 1 parts a float's 53 bits into two halves


@njit
def lost_nb(a: float, b: float, rounded: float) -> float:
    """What a + b lost when it was rounded to `rounded`, exactly."""
    part = rounded - a
    return (a - (rounded - part)) + (b - part)


@njit
def product_nb(a: float, b: float) -> tuple[float, float]:
    """a x b as a pair, exactly, while nothing over- or underflows."""
    product = a * b
    big = _SPLITTER * a
    a_high = big - (big - a)
    a_low = a - a_high
    big = _SPLITTER * b
    b_high = big - (big - b)
    b_low = b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


@njit
def add_nb(high: float, low: float, more_high: float, more_low: float) -> tuple[float, float]:
    """The sum of two pairs, within 2^-104 of the sum of their sizes."""
    total = high + more_high
    rest = lost_nb(high, more_high, total) + (low + more_low)
    rounded = total + rest
    return rounded, rest - (rounded - total)


@njit
def swap_product_nb(high: float, low: float, a: float, b: float, old_a: float, old_b: float) -> tuple[float, float]:
    """A pair with a x b added and old_a x old_b taken out."""
    enters, enters_low = product_nb(a, b)
    leaves, leaves_low = product_nb(old_a, old_b)
    high, low = add_nb(high, low, enters, enters_low)
    return add_nb(high, low, -leaves, -leaves_low)


@njit
def scaled_nb(factor: float, high: float, low: float) -> tuple[float, float]:
    """A pair times a float."""
    product, rest = product_nb(factor, high)
    return product, rest + factor * low


@njit
def minus_product_nb(high: float, low: float, a: float, a_low: float, b: float, b_low: float) -> float:
    """A pair less the product of two pairs, rounded once."""
    product, rest = product_nb(a, b)
    return add_nb(high, low, -product, -(rest + (a * b_low + a_low * b)))[0]
