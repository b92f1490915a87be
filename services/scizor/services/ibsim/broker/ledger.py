"""The broker's books in memory, changed as a whole or not at all, and on disk before a change is told of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from decimal import Decimal
from typing import TypeVar

from scizor.services.ibsim.broker.events import Event, OrderEvent
from scizor.services.ibsim.broker.journal import Change, Journal
from scizor.services.ibsim.broker.words import BASE_CURRENCY, START_CASH, Execution, Order, OrderKey, Position
from scizor.services.ibsim.market.api import Listing

_FIRST_PERM_ID = 1_780_000_001
_K = TypeVar("_K")
_V = TypeVar("_V")


class Ledger:
    """Orders, executions, positions and cash. To be read by anyone, and written to only within `change`."""

    def __init__(self, journal: Journal) -> None:
        saved = journal.load()
        self._journal = journal
        self.orders = {order.key: order for order in saved.orders}
        self._open: dict[int, dict[OrderKey, Order]] = {}
        for order in saved.orders:
            if order.status.is_open:
                self._open_of(order)[order.key] = order
        self._reserved = sum(map(_reserved, saved.orders), Decimal(0))
        self.executions = list(saved.executions)
        self.fills: dict[str, Execution] = {fill.root: fill for fill in saved.executions}
        self.positions = {position.listing.con_id: position for position in saved.positions}
        self.cash: dict[str, Decimal] = dict(saved.cash) or {BASE_CURRENCY: START_CASH}
        self.order_ids = dict(saved.order_ids)
        self._next_perm_id = max((order.perm_id for order in saved.orders), default=_FIRST_PERM_ID - 1) + 1
        self.news: list[Event] = []
        self._undo: list[Callable[[], object]] = []
        self._changed: set[OrderKey] = set()
        self._moved: set[int] = set()

    @contextmanager
    def change(self) -> Iterator[list[Event]]:
        """Save all that is done within at once, or undo it; gives the list that the news of it goes into."""
        self.news, executions = [], len(self.executions)
        try:
            yield self.news
            if self._undo:
                self._save(executions)
        except BaseException:
            self._undo_to(0)
            raise
        finally:
            self._undo.clear()
            self._changed.clear()
            self._moved.clear()

    def attempt(self, work: Callable[[], None]) -> Exception | None:
        """Do a part of a change, or none of it; what went wrong."""
        mark, told = len(self._undo), len(self.news)
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the rest of the change shall be saved
            self._undo_to(mark)
            del self.news[told:]
            return error
        return None

    def put(self, order: Order, *, tell: bool = True) -> Order:
        """A new order, or what has become of one."""
        self._reserve(_reserved(order) - _reserved(self.orders.get(order.key)))
        _set(self._undo, self.orders, order.key, order)
        if order.status.is_open:
            _set(self._undo, self._open_of(order), order.key, order)
        else:
            _drop(self._undo, self._open_of(order), order.key)
        highest = max(order.order_id, self.order_ids.get(order.client_id, 0))
        _set(self._undo, self.order_ids, order.client_id, highest)
        self._changed.add(order.key)
        if tell:
            self.news.append(OrderEvent(order))
        return order

    def add(self, fill: Execution, position: Position, currency: str, paid: Decimal) -> None:
        """A fill or what takes the place of one, the position after it, and the cash that comes in (negative: out)."""
        self.executions.append(fill)
        self._undo.append(self.executions.pop)
        _set(self._undo, self.fills, fill.root, fill)
        _set(self._undo, self.positions, position.listing.con_id, position)
        _set(self._undo, self.cash, currency, self.cash.get(currency, Decimal(0)) + paid)
        self._moved.add(position.listing.con_id)

    def position(self, listing: Listing) -> Position:
        """What is held of a contract."""
        return self.positions.get(listing.con_id) or Position(listing)

    def open_orders(self) -> list[Order]:
        """Those that may still fill, oldest first."""
        return sorted((one for orders in self._open.values() for one in orders.values()), key=lambda one: one.perm_id)

    def open_keys(self) -> set[OrderKey]:
        """What clients call them by."""
        return {key for orders in self._open.values() for key in orders}

    def open_of(self, con_id: int) -> list[Order]:
        """A contract's open orders, oldest first."""
        return list(self._open.get(con_id, {}).values())

    def listings(self) -> list[Listing]:
        """Contracts with open orders."""
        return [next(iter(orders.values())).listing for orders in self._open.values() if orders]

    def next_perm_id(self) -> int:
        """An id that no order has had."""
        self._next_perm_id += 1
        return self._next_perm_id - 1

    def next_exec_root(self) -> str:
        """An id that no fill has had, without its revision."""
        return f"0000e0d5.{len(self.fills) + 1:08x}.01"

    def reserved(self, *, beside: Order) -> Decimal:
        """The margin, base currency, that all open orders but this one may take."""
        return self._reserved - _reserved(self.orders.get(beside.key))

    def _reserve(self, more: Decimal) -> None:
        before = self._reserved
        self._reserved += more
        self._undo.append(lambda: setattr(self, "_reserved", before))

    def _open_of(self, order: Order) -> dict[OrderKey, Order]:
        return self._open.setdefault(order.listing.con_id, {})

    def _save(self, executions: int) -> None:
        self._journal.save(
            Change(
                orders=[self.orders[key] for key in self._changed],
                executions=self.executions[executions:],
                positions=[self.positions[con_id] for con_id in self._moved],
                cash=self.cash if self._moved else {},
            )
        )

    def _undo_to(self, mark: int) -> None:
        while len(self._undo) > mark:
            self._undo.pop()()


def _reserved(order: Order | None) -> Decimal:
    if order is None or not order.status.is_open:
        return Decimal(0)
    return order.margin * order.remaining / order.terms.quantity


def _set(undo: list[Callable[[], object]], held: MutableMapping[_K, _V], key: _K, value: _V) -> None:
    if key in held:
        before = held[key]
        undo.append(lambda: held.__setitem__(key, before))
    else:
        undo.append(lambda: held.pop(key, None))
    held[key] = value


def _drop(undo: list[Callable[[], object]], held: MutableMapping[_K, _V], key: _K) -> None:
    if key in held:
        value = held.pop(key)
        undo.append(lambda: held.__setitem__(key, value))
