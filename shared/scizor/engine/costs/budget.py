"""How much a sum of money buys, with all that the purchase costs."""

from __future__ import annotations

import math
from typing import Any

from scizor.engine._jit import njit
from scizor.engine.costs.charges import Bill, commission_nb
from scizor.engine.costs.pricing import Pricing, pay_price_nb

# More lots than this are not counted: one more of them would soon be lost in the rounding of a float.
_MOST_LOTS = 2.0**50


@njit
def needed_nb(
    pricing: Pricing,
    schedule: Any,
    bill: Bill,
    side: int,
    shares: float,
    price: float,
    volume: float,
    limit: float,
    tick_size: float,
    month_shares: float,
) -> float:
    """Value, slippage and commission of a fill of `shares` at the market price `price`, quote currency.

    `bill`: of the order so far. For a buy it is the cash the fill takes. Arguments as in pay_price_nb, commission_nb.
    """
    paid = pay_price_nb(pricing, side, price, shares, volume, limit, tick_size)
    commission = commission_nb(schedule, bill, side, shares, paid, month_shares).paid - bill.paid
    a_share = paid if side > 0 else 2.0 * price - paid
    return shares * a_share + commission


@njit
def affordable_shares_nb(
    budget: float,
    lot_size: float,
    pricing: Pricing,
    schedule: Any,
    bill: Bill,
    side: int,
    price: float,
    volume: float,
    limit: float,
    tick_size: float,
    month_shares: float,
) -> float:
    """The most shares, in whole lots, of which `needed_nb` is at most `budget`; 0 for a budget that buys none."""
    if not budget > 0.0:
        return 0.0
    least = pay_price_nb(pricing, side, price, 0.0, 1.0, limit, tick_size)
    unit = (least if side > 0 else 2.0 * price - least) * lot_size
    bound = math.floor(min(budget / unit, _MOST_LOTS)) + 0.0
    whole = needed_nb(pricing, schedule, bill, side, bound * lot_size, price, volume, limit, tick_size, month_shares)
    # More shares never need less, so the answer lies in [fits, fails); where costs are in proportion the guess is it.
    if whole <= budget:
        fits, fails, guess = bound, bound + 2.0, bound + 1.0
    else:
        fits, fails, guess = 0.0, max(bound, 1.0), math.floor(bound * (budget / whole)) + 0.0
    step = 1.0
    while fails - fits > 1.0:
        if not fits < guess < fails:
            guess = fits + math.floor((fails - fits) / 2.0)
        shares = guess * lot_size
        if needed_nb(pricing, schedule, bill, side, shares, price, volume, limit, tick_size, month_shares) <= budget:
            fits, guess = guess, guess + step
        else:
            fails, guess = guess, guess - step
        step *= 2.0
    return fits * lot_size
