"""Exact numbers: what a float was written as, whole lots, and the search for the most of them that fit."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

ZERO, ONE = Decimal(0), Decimal(1)
CONTEXT = Context(prec=40)
# A quantity a hair below a whole lot is that lot, and money a hair short is enough: floats cannot tell them apart.
HAIR = Decimal("1e-12")


def exact(value: float) -> Decimal:
    """The number the float was written as."""
    return Decimal(repr(float(value)))


def maybe(value: float | None) -> Decimal | None:
    """As `exact`; None for NaN and None."""
    return None if value is None or math.isnan(value) else exact(value)


def bps(value: float) -> Decimal:
    """Hundredths of a percent as a fraction."""
    return exact(value) / 10_000


def lots_down(quantity: Decimal, lot: Decimal) -> Decimal:
    """The most whole lots in a quantity."""
    return (quantity / lot * (1 + HAIR)).to_integral_value(ROUND_FLOOR) * lot


def lots_up(quantity: Decimal, lot: Decimal) -> Decimal:
    """The fewest whole lots that hold a quantity."""
    return (quantity / lot * (1 - HAIR)).to_integral_value(ROUND_CEILING) * lot


def most_lots(lot: Decimal, fits: Callable[[Decimal], bool]) -> Decimal:
    """The largest quantity in whole lots that fits, where all smaller ones do too."""
    n_lots, step = ZERO, ONE
    while fits((n_lots + step) * lot):
        n_lots, step = n_lots + step, step * 2
    while step >= 1:
        if fits((n_lots + step) * lot):
            n_lots += step
        step = (step / 2).to_integral_value(ROUND_FLOOR)
    return n_lots * lot


def at_most(amount: Decimal, money: Decimal) -> bool:
    """Whether the money is enough."""
    return amount <= money + abs(money) * HAIR
