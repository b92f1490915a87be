"""Use cases: what is stored of orders, for those who ask. They work on any replica, whoever owns the account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from scizor.domain.errors import NotFound, Reason
from scizor.domain.trading.events import OrderEvent
from scizor.domain.trading.limits import Scope
from scizor.domain.trading.machine import apply
from scizor.domain.trading.states import Order, OrderState
from scizor.ports.storage import Storage, UnitOfWork
from scizor.ports.trading import OrderFilter, Trade, TradeFilter
from scizor.strategy.registry import all_strategies

_MOST_TRADES = 10_000
_MOST_OPEN = 10_000


@dataclass(frozen=True, slots=True)
class History:
    """An order, its journal with the order as it was after each event, and its executions; oldest first."""

    order: Order
    events: tuple[tuple[OrderEvent, Order], ...]
    trades: tuple[Trade, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """Of an account: what has not ended. `unknown`: orders whose outcome is being asked for."""

    open_orders: int
    unknown_orders: int
    deployments: int


class Queries:
    """Read the journal."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def order(self, order_id: str) -> Order:
        """One order. Raises NotFound(ORDER_NOT_FOUND)."""
        async with self._storage.begin() as work:
            return await work.orders.order(order_id)

    async def history(self, order_id: str, account: str = "", client_order_id: str = "") -> History:
        """The order of an id, or else of the id that its client gave it in an account. Raises NotFound."""
        async with self._storage.begin() as work:
            if order_id:
                order = await work.orders.order(order_id)
            else:
                order = await _of_client(work, account, client_order_id)
            events = await work.orders.events(order.id)
            which = TradeFilter(order.request.account, order_id=order.id)
            trades = await work.orders.trades(which, None, _MOST_TRADES)
        return History(order, _replayed(events), tuple(reversed(trades)))

    async def orders(
        self, accounts: Sequence[str], which: OrderFilter, before: str | None, limit: int
    ) -> Sequence[Order]:
        """Those of the accounts, newest first, those older than the order `before`."""
        async with self._storage.begin() as work:
            found = [await work.orders.page(replace(which, account=one), before, limit) for one in accounts]
        return sorted(chain.from_iterable(found), key=lambda order: order.id, reverse=True)[:limit]

    async def trades(
        self, accounts: Sequence[str], which: TradeFilter, before: tuple[str, str] | None, limit: int
    ) -> Sequence[Trade]:
        """Those of the accounts, newest first, those older than (time, execution id)."""
        cursor = None if before is None else (datetime.fromisoformat(before[0]), before[1])
        async with self._storage.begin() as work:
            found = [await work.orders.trades(replace(which, account=one), cursor, limit) for one in accounts]
        return sorted(chain.from_iterable(found), key=_when, reverse=True)[:limit]

    async def instrument(self, symbol: str) -> str:
        """The reference of what a caller's spelling names, "" for "".

        A spelling that names nothing stored stays as it is: orders placed elsewhere may be of anything. Raises
        InvalidInput(SYMBOL_AMBIGUOUS).
        """
        if not symbol:
            return ""
        async with self._storage.begin() as work:
            try:
                return (await work.symbols.get(symbol)).instrument.reference
            except NotFound:
                return symbol

    async def instruments(self, symbols: Sequence[str]) -> list[str]:
        """The references of several. Raises NotFound(SYMBOL_NOT_FOUND), InvalidInput(SYMBOL_AMBIGUOUS)."""
        async with self._storage.begin() as work:
            return [stored.instrument.reference for stored in await work.symbols.get_many(symbols)]

    async def counts(self, account: str) -> Counts:
        """What has not ended."""
        async with self._storage.begin() as work:
            orders = await work.orders.page(OrderFilter(account, open=True), None, _MOST_OPEN)
            deployments = await work.deployments.unfinished(account)
        unknown = sum(order.state is OrderState.UNKNOWN for order in orders)
        return Counts(len(orders), unknown, len(deployments))


async def limit_key(work: UnitOfWork, scope: Scope, key: str) -> str:
    """Whom a limit binds: a strategy that exists, or the reference of the instrument that the caller's spelling names.

    Raises NotFound(STRATEGY_NOT_FOUND, SYMBOL_NOT_FOUND), InvalidInput(SYMBOL_AMBIGUOUS).
    """
    if scope is Scope.SYMBOL:
        return (await work.symbols.get(key)).instrument.reference
    if scope is Scope.STRATEGY and key not in {strategy.id for strategy in all_strategies()}:
        await work.strategies.get(key)
    return key


def _when(trade: Trade) -> tuple[datetime, str]:
    return trade.booked.execution.time, trade.booked.execution.exec_id


async def _of_client(work: UnitOfWork, account: str, client_order_id: str) -> Order:
    order = await work.orders.order_by_client_id(account, client_order_id)
    if order is None:
        told = {"account": account, "client_order_id": client_order_id}
        raise NotFound(f"account {account} has no order {client_order_id}", Reason.ORDER_NOT_FOUND, metadata=told)
    return order


def _replayed(events: Sequence[OrderEvent]) -> tuple[tuple[OrderEvent, Order], ...]:
    order: Order | None = None
    replayed = []
    for event in events:
        order, _ = apply(order, event)
        replayed.append((event, order))
    return tuple(replayed)
