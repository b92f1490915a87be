"""When an order fills, and at what price: the one place where the fill model is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from scizor.services.ibsim.broker.words import Order
from scizor.services.ibsim.market.api import SimQuote, SimTrade


def fill_price(order: Order, quote: SimQuote, tape: Sequence[SimTrade]) -> Decimal | None:
    """The price the whole order fills at now, or None. `tape`: trades since the order was last looked at."""
    buys, limit = order.terms.buys, order.terms.limit_price
    facing = Decimal(str(quote.ask if buys else quote.bid))
    if order.terms.order_type == "MKT":
        return facing
    if limit is None:
        return None
    if (facing <= limit) if buys else (facing >= limit):
        return facing
    crossed = any(trade.price < limit if buys else trade.price > limit for trade in tape)
    return limit if crossed else None
