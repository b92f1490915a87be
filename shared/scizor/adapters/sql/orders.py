"""Questions about orders, answered from their journal in PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, select, tuple_

from scizor.adapters.sql.order_rows import booked_of, event_of
from scizor.adapters.sql.prepared import Prepared
from scizor.adapters.sql.session import Session
from scizor.adapters.sql.tables import executions, order_events, orders
from scizor.domain.errors import NotFound, Reason
from scizor.domain.trading.events import OrderEvent
from scizor.domain.trading.machine import apply, fold
from scizor.domain.trading.states import Order
from scizor.ports.journal import Entry
from scizor.ports.trading import OrderFilter, Trade, TradeFilter

_EVENTS = Prepared(
    select(order_events).where(order_events.c.order_id == bindparam("id")).order_by(order_events.c.order_sequence)
)
_EVENTS_OF = Prepared(select(order_events).where(order_events.c.order_id == bindparam("ids").any_()))
_BY_CLIENT_ID = Prepared(
    select(orders.c.id).where(
        orders.c.account == bindparam("account"),
        orders.c.client_order_id == bindparam("client_order_id"),
        orders.c.client_order_id != "",
    )
)
_AFTER = Prepared(
    select(order_events.c.sequence, order_events.c.order_id, order_events.c.order_sequence, orders.c.number)
    .join(orders, orders.c.id == order_events.c.order_id)
    .where(order_events.c.account == bindparam("account"), order_events.c.sequence > bindparam("after"))
    .order_by(order_events.c.sequence)
    .limit(bindparam("most"))
)


class SqlOrders:
    """`ports.trading.OrderQueries`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def order(self, order_id: str) -> Order:
        """One order. Raises NotFound(ORDER_NOT_FOUND)."""
        return fold(await self.events(order_id))

    async def order_by_client_id(self, account: str, client_order_id: str) -> Order | None:
        """The order a client gave that id, if any; none has an empty one."""
        found = await _BY_CLIENT_ID.row(self._session, account=account, client_order_id=client_order_id)
        return None if found is None else await self.order(str(found["id"]))

    async def events(self, order_id: str) -> list[OrderEvent]:
        """Its journal, oldest first. Raises NotFound(ORDER_NOT_FOUND)."""
        known = _uuid(order_id)
        rows = [] if known is None else await _EVENTS.rows(self._session, id=known)
        if not rows:
            raise NotFound(f"no order {order_id}", Reason.ORDER_NOT_FOUND, metadata={"order": order_id})
        return [event_of(row, row["payload"]) for row in rows]

    async def page(self, which: OrderFilter, before: str | None, limit: int) -> list[Order]:
        """Newest first by time of creation and id, those behind the order `before`; none behind an unknown one."""
        query = select(orders.c.id).where(*_order_conditions(which))
        if before is not None:
            place = select(orders.c.create_time, orders.c.id).where(orders.c.id == _uuid(before))
            query = query.where(tuple_(orders.c.create_time, orders.c.id) < place.scalar_subquery())
        query = query.order_by(orders.c.create_time.desc(), orders.c.id.desc()).limit(limit)
        ids = [row.id for row in await self._session.all(query)]
        journals = await self._journals(ids)
        return [fold(journals[one]) for one in ids]

    async def trades(self, which: TradeFilter, before: tuple[datetime, str] | None, limit: int) -> list[Trade]:
        """Newest first, those older than (time, execution id)."""
        conditions = _trade_conditions(which)
        if before is not None:
            conditions.append(tuple_(executions.c.time, executions.c.exec_id) < tuple_(*before))
        query = select(executions).where(*conditions)
        query = query.order_by(executions.c.time.desc(), executions.c.exec_id.desc()).limit(limit)
        rows = await self._session.all(query)
        return [Trade(booked_of(row._asdict()), row.busted) for row in rows]

    async def entries_after(self, account: str, sequence: int, limit: int) -> list[Entry]:
        """Journal entries above a sequence, oldest first, each with the order as it was then."""
        rows = await _AFTER.rows(self._session, account=account, after=sequence, most=limit)
        journals = await self._journals({row["order_id"] for row in rows})
        then = {order_id: _replayed(events) for order_id, events in journals.items()}
        entries = []
        for row in rows:
            order, event = then[row["order_id"]][row["order_sequence"]]
            entries.append(Entry(row["sequence"], order, event, row["number"] if event.sequence == 1 else 0))
        return entries

    async def _journals(self, ids: Iterable[UUID]) -> dict[UUID, list[OrderEvent]]:
        """All events of these orders, oldest first."""
        found: defaultdict[UUID, list[OrderEvent]] = defaultdict(list)
        for row in await _EVENTS_OF.rows(self._session, ids=list(ids)):
            found[row["order_id"]].append(event_of(row, row["payload"]))
        return {one: sorted(events, key=lambda event: event.sequence) for one, events in found.items()}


def _order_conditions(which: OrderFilter) -> list[ColumnElement[bool]]:
    found = [orders.c.account == which.account]
    if which.strategy_id:
        found.append(orders.c.strategy_id == which.strategy_id)
    if which.instrument:
        found.append(orders.c.instrument == which.instrument)
    if which.origin is not None:
        found.append(orders.c.origin == int(which.origin))
    if which.state is not None:
        found.append(orders.c.state == int(which.state))
        found.append(orders.c.end_state == int(which.state) if which.state.ended else orders.c.end_time.is_(None))
    if which.open:
        found.append(orders.c.end_time.is_(None))
    return found


def _trade_conditions(which: TradeFilter) -> list[ColumnElement[bool]]:
    found = [executions.c.account == which.account]
    if which.strategy_id:
        found.append(executions.c.strategy_id == which.strategy_id)
    if which.instrument:
        found.append(executions.c.instrument == which.instrument)
    if which.order_id:
        found.append(executions.c.order_id == _uuid(which.order_id))
    if which.start is not None:
        found.append(executions.c.time >= which.start)
    if which.end is not None:
        found.append(executions.c.time < which.end)
    return found


def _replayed(events: Sequence[OrderEvent]) -> dict[int, tuple[Order, OrderEvent]]:
    """Each event, with the order after it, by its sequence."""
    order: Order | None = None
    then = {}
    for event in events:
        order, _ = apply(order, event)
        then[event.sequence] = (order, event)
    return then


def _uuid(order_id: str) -> UUID | None:
    """None for what can be no order's id."""
    try:
        return UUID(order_id)
    except ValueError:
        return None
