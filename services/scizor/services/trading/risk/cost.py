"""What an order would come to, told before it is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from scizor.domain.orders import Side
from scizor.domain.trading.orders import OrderRequest
from scizor.domain.trading.question import Prices
from scizor.engine.costs.exact import commission
from scizor.engine.costs.schedules import IB_FIXED

_LEAST: Final = Decimal("0.0001")


def estimate(order: OrderRequest, prices: Prices) -> tuple[Decimal | None, Decimal | None]:
    """Its value and its commission in base currency, at its limit where it has one, else at the last price.

    The commission is Interactive Brokers' fixed pricing for the whole of it in one order, what is passed on of sells
    with it. Each is None where no price, no rate of exchange or no schedule is known.
    """
    mark, currency = prices.marks.get(order.instrument), order.instrument.rpartition(".")[2]
    price = order.terms.limit if order.terms.limit is not None or mark is None else mark.price
    rate, schedule = prices.rates.known(currency), IB_FIXED.get(currency)
    if price is None or rate is None:
        return None, None
    quantity = order.terms.quantity
    value = quantity * price
    cost = None if schedule is None else commission(schedule(), quantity, value, sells=order.side is Side.SELL)
    return _rounded(value * rate), None if cost is None else _rounded(cost * rate)


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_LEAST)
