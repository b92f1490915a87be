"""The journal of orders in lists."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime

from scizor.domain.errors import AlreadyExists, Conflict, FailedPrecondition, Reason, ScizorError, Unavailable
from scizor.domain.trading import events as e
from scizor.domain.trading.machine import fold
from scizor.domain.trading.states import Order
from scizor.ports.journal import Batch, Books, Entry
from scizor.ports.leases import account_lease
from tests.fakes.orders import by_order, place, trades_of
from tests.fakes.storage import FakeStorage
from tests.fakes.tables import FakeAnswer, FakeTables


class FakeJournal:
    """`ports.journal.Journal` in the tables of a fake storage.

    `failing`: raised by the next appends, one each, before anything is stored; `ambiguous`: after all of it is.
    """

    def __init__(self, storage: FakeStorage) -> None:
        self._storage = storage
        self.batches: list[Batch] = []
        self.failing: list[ScizorError] = []
        self.ambiguous: list[ScizorError] = []

    async def append(self, batch: Batch) -> None:
        await asyncio.sleep(0)
        self._check_available()
        if self.failing:
            raise self.failing.pop(0)
        tables = self._storage.tables
        _check(tables, batch)
        tables.trading.entries.setdefault(batch.account, []).extend(batch.entries)
        tables.trading.postings.setdefault(batch.account, []).extend(batch.postings)
        for answer in batch.answers:
            tables.answers[answer.method, answer.request_id] = FakeAnswer(answer.body_hash, answer.answer)
        for line in batch.audit:
            tables.trading.audit[len(tables.trading.audit) + 1] = line
        self.batches.append(batch)
        if self.ambiguous:
            raise self.ambiguous.pop(0)

    async def load(self, account: str, ended_since: datetime) -> Books:
        await asyncio.sleep(0)
        self._check_available()
        trading = self._storage.tables.trading
        entries = trading.entries.get(account, [])
        orders = {order_id: fold(entry.event for entry in told) for order_id, told in by_order(entries).items()}
        wanted = {one.id for one in orders.values() if not one.state.ended or _end_time(entries, one) >= ended_since}
        booked = [one for order_id in orders for one in trades_of(by_order(entries)[order_id]) if not one.busted]
        return Books(
            orders={one.id: one for one in orders.values() if not one.state.ended},
            ended={one.id: one for one in orders.values() if one.state.ended and one.id in wanted},
            numbers={entry.number: entry.order.id for entry in entries if entry.number and entry.order.id in wanted},
            executions=[one.booked for one in sorted(booked, key=place)],
            postings=sorted(trading.postings.get(account, []), key=lambda one: one.time),
            highest_number=max((entry.number for one in trading.entries.values() for entry in one), default=0),
            sequence=entries[-1].sequence if entries else 0,
        )

    async def answer(self, method: str, request_id: str, body_hash: bytes) -> bytes | None:
        self._check_available()
        known = self._storage.tables.answers.get((method, request_id))
        if known is None:
            return None
        if known.body_hash != body_hash:
            message = f"request id {request_id} was used for another request"
            raise AlreadyExists(message, Reason.REQUEST_ID_REUSED, metadata={"request_id": request_id})
        return known.answer

    def _check_available(self) -> None:
        if not self._storage.available:
            raise Unavailable("the database is not available", Reason.STORAGE_UNAVAILABLE)


def _check(tables: FakeTables, batch: Batch) -> None:
    trading, told = tables.trading, {"account": batch.account}
    held = trading.leases.get(account_lease(batch.account))
    if held is None or held.epoch != batch.epoch:
        message = f"another process acts for account {batch.account} by now"
        raise FailedPrecondition(message, Reason.TRADING_NOT_READY, metadata=told)
    known = [entry for one in trading.entries.values() for entry in one]
    client_ids = {(one.order.request.account, one.order.request.client_order_id) for one in known}
    sequences = {one.order.id: one.event.sequence for one in known}
    numbers = {one.number for one in known if one.number}
    stored = trading.entries.get(batch.account, [])
    newest = stored[-1].sequence if stored else 0
    for at, entry in enumerate(batch.entries, start=1):
        follows = entry.event.sequence == sequences.get(entry.order.id, 0) + 1
        if entry.sequence != newest + at or not follows or entry.number in numbers:
            raise Conflict(f"the books of account {batch.account} are stale", Reason.TRADING_NOT_READY, metadata=told)
        sequences[entry.order.id] = entry.event.sequence
        numbers |= {entry.number} - {0}
        client_id = entry.order.request.client_order_id
        if isinstance(entry.event.payload, e.Placed) and client_id:
            if (batch.account, client_id) in client_ids:
                message = f"account {batch.account} has had an order of that client_order_id"
                raise AlreadyExists(message, Reason.ORDER_EXISTS, metadata=told)
            client_ids.add((batch.account, client_id))
    for answer in batch.answers:
        answered = tables.answers.get((answer.method, answer.request_id))
        if answered and (answered.answer is not None or answered.body_hash != answer.body_hash):
            raise Conflict("a request was answered meanwhile: ask again", Reason.TRADING_NOT_READY, metadata=told)


def _end_time(entries: Iterable[Entry], order: Order) -> datetime:
    """When an order that has ended did so last."""
    ended = order.update_time
    for entry in reversed([one for one in entries if one.order.id == order.id]):
        if not entry.order.state.ended:
            break
        ended = entry.event.time
    return ended
