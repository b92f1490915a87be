"""What a fill adds to the commission of its order: the kernels, and a schedule as the numbers they read."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from scizor.engine._jit import njit
from scizor.engine.arrays import Records
from scizor.engine.costs.commissions import MAX_TIERS, Commission

# A Commission. Rates are fractions; a bound that is not there is infinite, and so is the start of a tier.
COMMISSION = np.dtype(
    [
        ("per_share", "f8"),
        ("value_rate", "f8"),
        ("minimum", "f8"),
        ("maximum_rate", "f8"),
        ("fee_rate", "f8"),
        ("fee_per_share", "f8"),
        ("sell_per_share", "f8"),
        ("sell_maximum", "f8"),
        ("sell_rate", "f8"),
        ("tier_from", "f8", (MAX_TIERS,)),
        ("tier_per_share", "f8", (MAX_TIERS,)),
    ]
)


class Bill(NamedTuple):
    """What an order has come to by its fills: shares and value, quote currency.

    `share_cost`: what its shares came to, each at the rate of its tier. `paid`: commission and fees of all its fills.
    """

    shares: float
    value: float
    share_cost: float
    paid: float


NEW_BILL = Bill(0.0, 0.0, 0.0, 0.0)
"""Of an order of which nothing has filled."""


def schedule_record(commission: Commission) -> Records:
    """The schedule as one record, shape () of dtype COMMISSION; `np.stack` makes a table of several."""
    record = np.zeros((), COMMISSION)
    for name in ("per_share", "minimum", "fee_per_share", "sell_per_share"):
        record[name] = getattr(commission, name)
    record["value_rate"] = commission.value_bps / 10_000
    record["fee_rate"] = commission.fee_bps / 10_000
    record["sell_rate"] = commission.sell_bps / 10_000
    record["maximum_rate"] = math.inf if commission.maximum_bps is None else commission.maximum_bps / 10_000
    record["sell_maximum"] = math.inf if commission.sell_maximum is None else commission.sell_maximum
    record["tier_from"] = math.inf
    for place, tier in enumerate(commission.tiers):
        record["tier_from"][place] = tier.from_shares
        record["tier_per_share"][place] = tier.per_share
    return record


@njit
def commission_nb(schedule: Any, bill: Bill, side: int, shares: float, price: float, month_shares: float) -> Bill:
    """The bill of an order after one more fill; what the fill pays is by how much `paid` rises (never below 0).

    `schedule`: one record of dtype COMMISSION. `price`: a share, after slippage. `month_shares`: what the account has
    traded in the calendar month before this fill, bought and sold.
    """
    all_shares = bill.shares + shares
    value = bill.value + shares * price
    share_cost = bill.share_cost + share_cost_nb(schedule, shares, month_shares)
    due = max(share_cost + schedule.value_rate * value, schedule.minimum)
    if schedule.maximum_rate < math.inf:
        due = min(due, schedule.maximum_rate * value)
    due += schedule.fee_rate * value + schedule.fee_per_share * all_shares
    if side < 0:
        due += min(schedule.sell_per_share * all_shares, schedule.sell_maximum) + schedule.sell_rate * value
    # The order's cost never falls; a difference below zero would be a rounding of the last bit.
    return Bill(all_shares, value, share_cost, max(due, bill.paid))


@njit
def share_cost_nb(schedule: Any, shares: float, month_shares: float) -> float:
    """What `shares` come to, each at the rate of the tier it falls in, `month_shares` having been traded before."""
    until = month_shares + shares
    rate: float = schedule.per_share
    reached, cost = month_shares, 0.0
    for place in range(MAX_TIERS):
        start = schedule.tier_from[place]
        if until <= start:
            break
        if reached < start:
            cost += rate * (start - reached)
            reached = start
        rate = schedule.tier_per_share[place]
    # The shares themselves where no tier begins among them, not a difference of sums: it is exact.
    return cost + rate * (shares if reached == month_shares else until - reached)
