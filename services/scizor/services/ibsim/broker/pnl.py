"""Gains of the day: what positions and fills have made since the close before, commissions included."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from scizor.services.ibsim.broker.account import market_price, unrealized
from scizor.services.ibsim.broker.costs import in_base
from scizor.services.ibsim.broker.orders import Broker
from scizor.services.ibsim.broker.words import Position
from scizor.services.ibsim.market.api import Market


@dataclass(frozen=True, slots=True)
class Gains:
    """`realized`, `daily`: of the present day of the exchange; `value`: at the market price."""

    shares: Decimal
    daily: Decimal
    unrealized: Decimal
    realized: Decimal
    value: Decimal


def gains_of(market: Market, broker: Broker, position: Position) -> Gains:
    """One contract's, in its currency."""
    listing = position.listing
    fills = [fill for fill in broker.fills() if fill.order.listing.con_id == listing.con_id]
    price = market_price(market, position)
    bought = sum((fill.signed for fill in fills), Decimal(0))
    paid = sum((fill.signed * fill.price + fill.commission for fill in fills), Decimal(0))
    close_before = Decimal(str(market.quote(listing).previous_close))
    value = position.shares * price
    daily = value - (position.shares - bought) * close_before - paid
    realized = sum((fill.realized or Decimal(0) for fill in fills), Decimal(0))
    return Gains(position.shares, daily, unrealized(position, price), realized, value)


def total_gains(market: Market, broker: Broker) -> Gains:
    """The account's, in its base currency."""
    return _sum(
        (gains_of(market, broker, position), in_base(position.listing.currency))
        for position in broker.books().positions
    )


def _sum(parts: Iterable[tuple[Gains, Decimal]]) -> Gains:
    shares = daily = open_gain = closed_gain = value = Decimal(0)
    for gains, rate in parts:
        shares += gains.shares
        daily += gains.daily * rate
        open_gain += gains.unrealized * rate
        closed_gain += gains.realized * rate
        value += gains.value * rate
    return Gains(shares, daily, open_gain, closed_gain, value)
