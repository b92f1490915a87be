"""What an order costs to the cent: the kernels reckon in floats, a broker's books do not."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from scizor.engine.costs.commissions import Commission

_BPS: Final = Decimal(10_000)


def commission(schedule: Commission, shares: Decimal, value: Decimal, *, sells: bool) -> Decimal:
    """Of an order of which so many shares have filled, for so much money, in however many fills; not rounded.

    By a schedule without tiers and in its currency, with what is passed on of sells.
    """
    cost = max(_exact(schedule.per_share) * shares + _of(value, schedule.value_bps), _exact(schedule.minimum))
    if schedule.maximum_bps is not None:
        cost = min(cost, _of(value, schedule.maximum_bps))
    if sells:
        fee = _exact(schedule.sell_per_share) * shares
        cost += fee if schedule.sell_maximum is None else min(fee, _exact(schedule.sell_maximum))
        cost += _of(value, schedule.sell_bps)
    return cost


def _of(value: Decimal, bps: float) -> Decimal:
    return value * _exact(bps) / _BPS


def _exact(number: float) -> Decimal:
    # The decimal that was written, not the float nearest to it.
    return Decimal(str(number))
