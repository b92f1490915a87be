"""When an order fills, and at what price: the engine's fill rule, at the quote and along the tape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from inspect import unwrap

from scizor.domain.orders import OrderType
from scizor.engine.fills import at_price_nb, meets_nb
from scizor.services.ibsim.broker.words import Order
from scizor.services.ibsim.market.api import SimQuote, SimTrade

# The kernels' own Python: a handful of orders is not worth a compilation, which the first of them would wait for.
_at_price = unwrap(at_price_nb)
_meets = unwrap(meets_nb)

_KINDS = {"MKT": OrderType.MARKET, "LMT": OrderType.LIMIT}


def fill_price(order: Order, quote: SimQuote, tape: Sequence[SimTrade]) -> Decimal | None:
    """The price the whole order fills at now, or None. `tape`: trades since the order was last looked at.

    An order that takes the other side fills at the facing quote. One that rests is last in its queue: it fills at its
    own price once a trade has gone beyond it.
    """
    terms = order.terms
    kind, limit, trigger = _KINDS[terms.order_type], _number(terms.limit_price), _number(terms.aux_price)
    facing = quote.ask if terms.buys else quote.bid
    triggered, fills = _at_price(kind, terms.sign, False, limit, trigger, facing)
    if fills:
        return Decimal(str(facing))
    for trade in tape:
        if not math.isnan(_meets(kind, terms.sign, triggered, limit, trigger, facing, trade.price, True)):
            return terms.limit_price
    return None


def _number(price: Decimal | None) -> float:
    return math.nan if price is None else float(price)
