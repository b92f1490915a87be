"""What callers want, drawn from chance: orders of all kinds, other terms for those that are there, and their end."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from google.type.decimal_pb2 import Decimal as DecimalMessage

from scizor.codec.trading.orders import terms_from_proto, terms_to_proto
from scizor.domain.orders import OrderType, TimeInForce
from scizor.domain.trading.orders import Terms
from scizor.trading.v1 import order_pb2 as pb
from tests.e2e.torture.market import PRICES

_CENT: Final = Decimal("0.01")
_LATER: Final = datetime(2024, 3, 20, 20, tzinfo=UTC)
_SHARES: Final = (1, 2, 5, 10, 25, 100, 150)
_KINDS: Final = {
    OrderType.MARKET: 3,
    OrderType.LIMIT: 6,
    OrderType.STOP: 2,
    OrderType.STOP_LIMIT: 2,
    OrderType.TRAILING: 2,
    OrderType.MARKET_IF_TOUCHED: 1,
    OrderType.LIMIT_IF_TOUCHED: 1,
}
_TIMES: Final = {TimeInForce.DAY: 12, TimeInForce.GTC: 5, TimeInForce.GTD: 1}
_AT_ONCE: Final = {TimeInForce.IOC: 1, TimeInForce.FOK: 1, TimeInForce.OPG: 1, TimeInForce.CLS: 1}


class Wishes:
    """Of one caller, the same for the same chance."""

    def __init__(self, chance: random.Random, name: str) -> None:
        self._chance, self._name = chance, name
        self._made = 0
        self._group = ""

    def order(self) -> pb.Order:
        """A new order, now and then with exits, or in a group with the one before it."""
        chance = self._chance
        self._made += 1
        # What its closed exchange keeps waiting is asked for seldom.
        reference = chance.choices(list(PRICES), [4, 3, 3, 1])[0]
        way = chance.choice((1, -1))
        kind = chance.choices(list(_KINDS), list(_KINDS.values()))[0]
        order = pb.Order(
            client_order_id=f"{self._name}-{self._made}",
            symbol=reference,
            side=pb.ORDER_SIDE_BUY if way > 0 else pb.ORDER_SIDE_SELL,
            terms=terms_to_proto(self._terms(kind, way, PRICES[reference])),
        )
        waits = order.terms.time_in_force not in map(int, _AT_ONCE)
        if waits and chance.random() < 0.12:
            order.bracket.CopyFrom(self._bracket(way, PRICES[reference]))
        elif waits and kind is OrderType.LIMIT and chance.random() < 0.2:
            self._group = self._group or f"{self._name}-group-{self._made}"
            order.oco_group = self._group
        else:
            self._group = ""
        return order

    def other_terms(self, order: pb.Order) -> pb.OrderTerms:
        """Another price, another quantity, or both."""
        chance, terms = self._chance, terms_from_proto(order.terms, "terms")
        if chance.random() < 0.4:
            terms = replace(terms, quantity=Decimal(chance.choice(_SHARES)))
        moved = Decimal(chance.uniform(0.995, 1.005))
        terms = replace(
            terms,
            limit=None if terms.limit is None else _cents(terms.limit * moved),
            stop=None if terms.stop is None else _cents(terms.stop * moved),
        )
        return terms_to_proto(terms)

    def _terms(self, kind: OrderType, way: int, price: Decimal) -> Terms:
        chance = self._chance
        times = _TIMES | (_AT_ONCE if kind in (OrderType.MARKET, OrderType.LIMIT) else {})
        tif = chance.choices(list(times), list(times.values()))[0]
        terms = Terms(
            Decimal(chance.choice(_SHARES)), kind, tif=tif, good_till=_LATER if tif is TimeInForce.GTD else None
        )
        match kind:
            case OrderType.LIMIT:
                return replace(terms, limit=self._at(price, way, -0.02, 0.02))
            case OrderType.STOP:
                return replace(terms, stop=self._at(price, way, 0.0005, 0.01))
            case OrderType.STOP_LIMIT:
                return replace(terms, stop=self._at(price, way, 0.0005, 0.01), limit=self._at(price, way, 0.01, 0.02))
            case OrderType.TRAILING if chance.random() < 0.5:
                return replace(terms, trail_fraction=Decimal(chance.randint(1, 20)) / 1000)
            case OrderType.TRAILING:
                return replace(terms, trail_amount=_cents(price * Decimal(chance.uniform(0.001, 0.01))))
            case OrderType.MARKET_IF_TOUCHED:
                return replace(terms, stop=self._at(price, way, -0.01, -0.0005))
            case OrderType.LIMIT_IF_TOUCHED:
                return replace(terms, stop=self._at(price, way, -0.01, -0.0005), limit=self._at(price, way, 0.0, 0.01))
            case _:
                return terms

    def _at(self, price: Decimal, way: int, least: float, most: float) -> Decimal:
        """Between so many parts better (below 0) and worse for who trades that way."""
        return _cents(price * (1 + way * Decimal(self._chance.uniform(least, most))))

    def _bracket(self, way: int, price: Decimal) -> pb.Bracket:
        bracket = pb.Bracket(stop_loss_price=_decimal(self._at(price, -way, 0.03, 0.05)))
        if self._chance.random() < 0.7:
            bracket.take_profit_price.CopyFrom(_decimal(self._at(price, way, 0.03, 0.05)))
        return bracket


def _cents(price: Decimal) -> Decimal:
    return price.quantize(_CENT)


def _decimal(value: Decimal) -> DecimalMessage:
    return DecimalMessage(value=str(value))
