"""Questions about orders, answered from their fake journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from scizor.domain.errors import NotFound, Reason
from scizor.domain.trading import events as e
from scizor.domain.trading.executions import Execution
from scizor.domain.trading.machine import fold
from scizor.domain.trading.states import Order
from scizor.ports.journal import BookedExecution, Entry
from scizor.ports.trading import OrderFilter, Trade, TradeFilter
from tests.fakes.tables import FakeTables


class FakeOrders:
    """`ports.trading.OrderQueries`."""

    def __init__(self, tables: FakeTables) -> None:
        self._entries = tables.trading.entries

    async def order(self, order_id: str) -> Order:
        return fold(await self.events(order_id))

    async def order_by_client_id(self, account: str, client_order_id: str) -> Order | None:
        for entry in self._entries.get(account, []):
            if client_order_id and entry.order.request.client_order_id == client_order_id:
                return await self.order(entry.order.id)
        return None

    async def events(self, order_id: str) -> list[e.OrderEvent]:
        found = [entry.event for one in self._entries.values() for entry in one if entry.order.id == order_id]
        if not found:
            raise NotFound(f"no order {order_id}", Reason.ORDER_NOT_FOUND, metadata={"order": order_id})
        return found

    async def page(self, which: OrderFilter, before: str | None, limit: int) -> list[Order]:
        journals = by_order(self._entries.get(which.account, []))
        orders = [fold(entry.event for entry in told) for told in journals.values()]
        orders.sort(key=lambda one: (one.create_time, one.id), reverse=True)
        if before is not None:
            ids = [one.id for one in orders]
            orders = orders[ids.index(before) + 1 :] if before in ids else []
        return [one for one in orders if _matches(one, which)][:limit]

    async def trades(self, which: TradeFilter, before: tuple[datetime, str] | None, limit: int) -> list[Trade]:
        journals = by_order(self._entries.get(which.account, []))
        found = [trade for told in journals.values() for trade in trades_of(told) if _is_asked(trade, which)]
        found = [trade for trade in found if before is None or place(trade) < before]
        return sorted(found, key=place, reverse=True)[:limit]

    async def entries_after(self, account: str, sequence: int, limit: int) -> list[Entry]:
        return [entry for entry in self._entries.get(account, []) if entry.sequence > sequence][:limit]


def by_order(entries: Iterable[Entry]) -> Mapping[str, Sequence[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.order.id, []).append(entry)
    return found


def trades_of(entries: Sequence[Entry]) -> list[Trade]:
    order = entries[-1].order
    valid = {one.root_id for one in order.book.valid()}
    return [Trade(_with_fees(entries, one), root not in valid) for root, one in order.book.by_root.items()]


def _with_fees(entries: Sequence[Entry], execution: Execution) -> BookedExecution:
    order = entries[-1].order
    commission = order.book.commission_of(execution)
    fees: dict[str, Decimal] = {commission.currency: commission.amount} if commission else {}
    sources = [one.event.source for one in entries if one.event.payload == e.Executed(execution)]
    request = order.request
    reconciled = sources[0] is e.Source.RECONCILE
    return BookedExecution(execution, order.id, request.strategy_id, request.deployment_id, fees, reconciled)


def place(trade: Trade) -> tuple[datetime, str]:
    return trade.booked.execution.time, trade.booked.execution.exec_id


def _matches(order: Order, which: OrderFilter) -> bool:
    request = order.request
    return (
        which.strategy_id in ("", request.strategy_id)
        and which.instrument in ("", request.instrument)
        and which.state in (None, order.state)
        and which.origin in (None, request.origin)
        and not (which.open and order.state.ended)
    )


def _is_asked(trade: Trade, which: TradeFilter) -> bool:
    booked, execution = trade.booked, trade.booked.execution
    return (
        which.strategy_id in ("", booked.strategy_id)
        and which.instrument in ("", execution.instrument)
        and which.order_id in ("", booked.order_id)
        and (which.start is None or execution.time >= which.start)
        and (which.end is None or execution.time < which.end)
    )
