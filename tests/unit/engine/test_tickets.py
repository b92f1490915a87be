"""Orders no account could take because of what two of their words say together."""

from __future__ import annotations

import math

import pytest

from scizor.domain.errors import InvalidInput
from scizor.domain.orders import OrderType, Side, TimeInForce
from scizor.engine.tickets import Ticket, check_ticket

TRAILING = Ticket(0, Side.SELL, 10, OrderType.TRAILING, trail_amount=1.0)
IN_AUCTIONS_ONLY = (TimeInForce.OPG, TimeInForce.CLS)


def check(ticket: Ticket) -> None:
    check_ticket(ticket, n_symbols=1, lot_size=1.0, tick_size=0.01)


@pytest.mark.parametrize("tif", IN_AUCTIONS_ONLY)
@pytest.mark.parametrize("order", [TRAILING, TRAILING._replace(trail_amount=math.nan, trail_fraction=0.1)])
def test_a_trailing_order_for_one_auction_is_refused(tif: TimeInForce, order: Ticket) -> None:
    with pytest.raises(InvalidInput, match=r"order\.tif: a TRAILING order follows whole bars") as caught:
        check(order._replace(tif=tif))
    assert [violation.field for violation in caught.value.violations] == ["order.tif"]


@pytest.mark.parametrize("tif", [tif for tif in TimeInForce if tif not in (*IN_AUCTIONS_ONLY, TimeInForce.GTD)])
def test_a_trailing_order_takes_every_other_time_in_force(tif: TimeInForce) -> None:
    check(TRAILING._replace(tif=tif))


@pytest.mark.parametrize("tif", IN_AUCTIONS_ONLY)
def test_orders_that_follow_nothing_may_be_for_one_auction(tif: TimeInForce) -> None:
    check(Ticket(0, Side.BUY, 10, tif=tif))
    check(Ticket(0, Side.BUY, 10, OrderType.LIMIT, tif, limit=10.0))
