"""What an order would come to, told before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from scizor.domain.orders import Side
from scizor.domain.trading.orders import OrderRequest
from scizor.domain.trading.question import Prices
from scizor.engine.costs import Commission
from scizor.engine.costs.schedules import ib_fixed_asx, ib_fixed_us

_SCHEDULES: Final[Mapping[str, Commission]] = {"USD": ib_fixed_us(), "AUD": ib_fixed_asx()}
_BPS: Final = Decimal(10_000)
_LEAST: Final = Decimal("0.0001")


def estimate(order: OrderRequest, prices: Prices) -> tuple[Decimal | None, Decimal | None]:
    """Its value and its commission in base currency, at its limit where it has one, else at the last price.

    The commission is Interactive Brokers' fixed pricing for the whole of it in one order, what is passed on of sells
    with it. Each is None where no price, no rate of exchange or no schedule is known.
    """
    mark, currency = prices.marks.get(order.instrument), order.instrument.rpartition(".")[2]
    price = order.terms.limit if order.terms.limit is not None or mark is None else mark.price
    rate, schedule = prices.rates.known(currency), _SCHEDULES.get(currency)
    if price is None or rate is None:
        return None, None
    quantity = order.terms.quantity
    value = quantity * price
    cost = None if schedule is None else _commission(schedule, quantity, value, sells=order.side is Side.SELL)
    return _rounded(value * rate), None if cost is None else _rounded(cost * rate)


def _commission(schedule: Commission, shares: Decimal, value: Decimal, *, sells: bool) -> Decimal:
    """Of a schedule without tiers, in its currency."""
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


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_LEAST)
