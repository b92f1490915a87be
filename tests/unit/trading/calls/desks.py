"""Desks that journal in memory, and the storage their orders are asked of."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from scizor.domain.errors import AlreadyExists, Conflict, InvalidInput, NotFound, Reason
from scizor.domain.trading import events as e
from scizor.domain.trading.deployments import Deployment
from scizor.domain.trading.differences import Difference, DifferenceKind
from scizor.domain.trading.events import OrderEvent
from scizor.domain.trading.orders import OrderRequest, Terms, check_terms
from scizor.domain.trading.states import Order
from scizor.ports.journal import Books, Entry, KeyedAnswer
from scizor.ports.trading import OrderFilter, Trade, TradeFilter
from scizor.services.trading.desk.books import AccountBooks
from scizor.services.trading.desk.drafts import Actor, Answering, Checked, Draft
from scizor.services.trading.desk.gate import GateState
from scizor.services.trading.desk.watching import Watching
from tests.fakes.storage import FakeStorage
from tests.unit.trading.build import INSTRUMENT, NOW

HEARTBEAT_S = 0.05
NOTHING = Books({}, {}, {}, (), (), 0, 0)


class Orders:
    """Queries over the entries a desk made, and trades that a test puts in."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.executed: list[Trade] = []
        self.asked: list[OrderFilter | TradeFilter] = []

    def newest(self) -> dict[str, Order]:
        return {entry.order.id: entry.order for entry in self.entries}

    async def order(self, order_id: str) -> Order:
        if (found := self.newest().get(order_id)) is None:
            raise NotFound(f"no order {order_id}", Reason.ORDER_NOT_FOUND, metadata={"order": order_id})
        return found

    async def order_by_client_id(self, account: str, client_order_id: str) -> Order | None:
        found = [order for order in self.newest().values() if order.request.client_order_id == client_order_id]
        return found[0] if found else None

    async def events(self, order_id: str) -> Sequence[OrderEvent]:
        return [entry.event for entry in self.entries if entry.order.id == order_id]

    async def page(self, which: OrderFilter, before: str | None, limit: int) -> Sequence[Order]:
        self.asked.append(which)
        found = sorted(self.newest().values(), key=lambda order: order.id, reverse=True)
        fitting = [order for order in found if not (which.open and order.state.ended)]
        return [order for order in fitting if before is None or order.id < before][:limit]

    async def trades(self, which: TradeFilter, before: tuple[datetime, str] | None, limit: int) -> Sequence[Trade]:
        self.asked.append(which)
        found = sorted(self.executed, key=_when, reverse=True)
        return [trade for trade in found if before is None or _when(trade) < before][:limit]

    async def entries_after(self, account: str, sequence: int, limit: int) -> Sequence[Entry]:
        return [entry for entry in self.entries if entry.sequence > sequence][:limit]


def _when(trade: Trade) -> tuple[datetime, str]:
    return trade.booked.execution.time, trade.booked.execution.exec_id


class NoDeployments:
    async def unfinished(self, account: str) -> Sequence[Deployment]:
        return ()


class Storage(FakeStorage):
    """With orders."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW)
        self.orders = Orders()

    @asynccontextmanager
    async def begin(self, *, durable: bool = True) -> AsyncIterator[Any]:
        work: Any
        async with super().begin(durable=durable) as work:
            work.orders, work.deployments = self.orders, NoDeployments()
            yield work


class Answers:
    """The journal's answers by request id."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], KeyedAnswer] = {}

    async def answer(self, method: str, request_id: str, body_hash: bytes) -> bytes | None:
        known = self.kept.get((method, request_id))
        if known is not None and known.body_hash != body_hash:
            raise AlreadyExists("another request", Reason.REQUEST_ID_REUSED)
        return known.answer if known else None

    def keep(self, answering: Answering | None, orders: Sequence[Order]) -> None:
        if answering is not None:
            answer = answering.encode(orders)
            key = (answering.method, answering.request_id)
            self.kept[key] = KeyedAnswer(*key, answering.body_hash, answer)


@dataclass
class Found:
    time: datetime = NOW
    left: int = 1
    differences: Sequence[Difference] = (Difference(DifferenceKind.CASH, "USD", "1", "2"),)
    corrections: int = 3


class FakeDesk:
    """Journals what it is asked for; `refuse` is raised instead where it is set."""

    def __init__(self, account: str, storage: Storage, answers: Answers) -> None:
        self.account, self.paper, self.gate = account, True, GateState.OPEN
        self.reconciled: Found | None = None
        self.books = AccountBooks(account, NOTHING)
        self.refuse: Exception | None = None
        self.drafts: list[Draft] = []
        self.actors: list[Actor] = []
        self.asked: list[object] = []
        self.checked = Checked((), None, None)
        self._storage, self._answers = storage, answers
        self._watching = Watching(account, storage, HEARTBEAT_S)

    async def place(self, draft: Draft, actor: Actor, answering: Answering | None = None) -> tuple[Order, ...]:
        self._note(actor)
        self.drafts.append(draft)
        number = len(self.drafts)
        order_id = f"{number:08d}-0000-4000-8000-000000000000"
        request = OrderRequest(
            order_id, draft.client_order_id, self.account, INSTRUMENT, draft.side, draft.terms, draft.group
        )
        orders = [self.say(order_id, e.Placed(request))]
        self._answers.keep(answering, orders)
        return tuple(orders)

    async def replace(
        self, order_id: str, terms: Terms, etag: str, actor: Actor, answering: Answering | None = None
    ) -> Order:
        self._note(actor)
        check_terms(terms)
        if etag and etag != f"v{self.books.order(order_id).sequence}":
            raise Conflict("stale", Reason.ETAG_STALE)
        return self._answered(self.say(order_id, e.ReplaceRequested(terms)), answering)

    async def cancel(self, order_id: str, actor: Actor, answering: Answering | None = None) -> Order:
        self._note(actor)
        self.books.order(order_id)
        return self._answered(self.say(order_id, e.CancelRequested()), answering)

    async def cancel_all(
        self, strategy_id: str, symbol: str, actor: Actor, answering: Answering | None = None
    ) -> tuple[Order, ...]:
        self._note(actor)
        self.asked.append((strategy_id, symbol))
        orders = tuple(self.say(order.id, e.CancelRequested()) for order in self.books.open_orders())
        self._answers.keep(answering, orders)
        return orders

    async def close(
        self, symbol: str, strategy_id: str, quantity: Decimal | None, actor: Actor, answering: Answering | None = None
    ) -> Order:
        self._note(actor)
        self.asked.append((symbol, strategy_id, quantity))
        return next(iter(self.books.open_orders()))

    async def close_all(self, strategy_id: str, actor: Actor, answering: Answering | None = None) -> tuple[Order, ...]:
        self._note(actor)
        self.asked.append(strategy_id)
        return tuple(self.books.open_orders())

    async def check(self, draft: Draft) -> Checked:
        self.drafts.append(draft)
        return self.checked

    def watch(self, after_sequence: int) -> AsyncGenerator[Entry | None, None]:
        return self._watching.follow(after_sequence)

    async def reconcile(self, actor: Actor) -> Found:
        self._note(actor)
        self.reconciled = Found(corrections=len(self.actors))
        return self.reconciled

    def say(self, order_id: str, payload: e.Payload) -> Order:
        """Something happened to an order."""
        entry = self.books.say(order_id, payload, e.Source.CLIENT, NOW).entry
        self._storage.orders.entries.append(entry)
        self._watching.publish([entry])
        return entry.order

    def _note(self, actor: Actor) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.actors.append(actor)

    def _answered(self, order: Order, answering: Answering | None) -> Order:
        self._answers.keep(answering, [order])
        return order


@dataclass
class Desks:
    desks: dict[str, FakeDesk]

    def accounts(self) -> Sequence[str]:
        return tuple(self.desks)

    def desk(self, account: str) -> FakeDesk:
        if not account and len(self.desks) > 1:
            raise InvalidInput.of_field("account", f"must be one of {', '.join(self.desks)}")
        if account and account not in self.desks:
            raise NotFound(f"no account {account}", Reason.ACCOUNT_NOT_FOUND)
        return self.desks[account or next(iter(self.desks))]
