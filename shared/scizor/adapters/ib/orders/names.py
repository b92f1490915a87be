"""Whose an order is that a message is about.

A number means an order only together with the client that gave it, and is told before the broker's own id is known; our
id travels along as the order's reference, but not with every message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from scizor.adapters.ib.orders.messages import Key
from scizor.adapters.ib.orders.terms import same
from scizor.domain.orders import OrderType
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.reports import Named
from scizor.ports.order_broker import Ticket

_MOST_TERMS = 4
"""Of one order: those in force, and those that were asked for and have no answer."""
_MOST_ORDERS = 50_000
K = TypeVar("K")
V = TypeVar("V")


class Names:
    """`client_id`: ours."""

    def __init__(self, client_id: int) -> None:
        self.client_id = client_id
        self._orders: dict[Key, str] = {}
        self._perm_ids: dict[Key, int] = {}
        self._asked: dict[str, tuple[Terms, ...]] = {}

    def know(self, numbers: Mapping[int, str]) -> None:
        """Numbers that were ours before."""
        self._orders.update({(self.client_id, number): order_id for number, order_id in numbers.items()})

    def sent(self, ticket: Ticket) -> None:
        """An order, or other terms of it."""
        order_id = ticket.request.id
        self._orders[self.key(ticket.number)] = order_id
        _keep(self._asked, order_id, (ticket.terms, *self._asked.get(order_id, ()))[:_MOST_TERMS])

    def key(self, number: int) -> Key:
        """What one of our numbers stands for."""
        return self.client_id, number

    def name(self, key: Key | None, perm_id: int, order_ref: str | None = None) -> Named:
        """Which order is meant; `order_ref` is None in messages that have none. Learns as it goes."""
        ours = key is None or key[0] == self.client_id
        if key is not None and perm_id:
            _keep(self._perm_ids, key, perm_id)
        perm_id = perm_id or self._perm_ids.get(key or (0, 0), 0)
        order_id = ""
        if ours and order_ref:
            order_id = order_ref if _is_ours(order_ref) else ""
        elif ours and key is not None:
            order_id = self._orders.get(key, "")
        if key is not None and order_id:
            self._orders[key] = order_id
        return Named(order_id, str(perm_id) if perm_id else "")

    def terms(self, named: Named, told: Terms, *, over: Decimal | None = None) -> Terms:
        """As they were asked for, where the broker tells no others. A trailing stop is not told: it moves by itself.

        `over`: what has filled of an order that is over; its quantity may be left out, or be what is left of it.
        """
        known = self._asked.get(named.order_id, ())
        for asked in known:
            if same(asked, told):
                return asked
        for asked in known:
            whole = replace(told, quantity=asked.quantity)
            if over is not None and told.quantity in (0, over, asked.quantity - over) and same(asked, whole):
                return asked
        return replace(told, stop=None) if told.type is OrderType.TRAILING else told


def _keep(known: dict[K, V], key: K, value: V) -> None:
    """As the newest; the oldest are forgotten."""
    known.pop(key, None)
    known[key] = value
    if len(known) > _MOST_ORDERS:
        del known[next(iter(known))]


def _is_ours(order_ref: str) -> bool:
    """Others may write there what they like."""
    try:
        return str(UUID(order_ref)) == order_ref.lower()
    except ValueError:
        return False
