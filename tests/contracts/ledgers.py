"""Orders that are journalled as a desk would, in the fewest words a test can say it in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, uuid5

from scizor.domain.trading import events as e
from scizor.domain.trading.machine import apply
from scizor.domain.trading.orders import OrderRequest
from scizor.domain.trading.states import Order
from scizor.ports.journal import AuditLine, Batch, Books, Entry, Journal, KeyedAnswer, Posting
from tests.unit.trading.build import ACCOUNT, NOW, REQUEST

EVER = NOW - timedelta(days=1000)


def order_id(name: str) -> str:
    """A UUID, as every order has one."""
    return str(uuid5(NAMESPACE_OID, name))


def request_of(name: str, account: str = ACCOUNT, **changes: object) -> OrderRequest:
    """An order asked for, with ids after the name."""
    named = replace(REQUEST, id=order_id(name), client_order_id=name, account=account)
    return replace(named, **changes)  # type: ignore[arg-type] # by name


@dataclass
class Ledger:
    """Writes an account's journal. `now`: the time of the next event; each is a second after the one before."""

    journal: Journal
    epoch: int = 1
    account: str = ACCOUNT
    now: datetime = NOW
    sequence: int = 0
    number: int = 0
    orders: dict[str, Order] = field(default_factory=dict)

    def place(self, request: OrderRequest, source: e.Source = e.Source.CLIENT) -> Entry:
        """A new order, under the next number of the broker where it is ours."""
        self.number += 1
        return self._enter(request.id, e.Placed(request), source, self.number)

    def say(self, name: str, payload: e.Payload, source: e.Source = e.Source.BROKER) -> Entry:
        """Something about the order of that name."""
        return self._enter(order_id(name), payload, source, 0)

    async def append(
        self,
        *entries: Entry,
        postings: Sequence[Posting] = (),
        answers: Sequence[KeyedAnswer] = (),
        audit: Sequence[AuditLine] = (),
    ) -> None:
        """Commit them as one."""
        await self.journal.append(Batch(self.account, self.epoch, entries, postings, answers, audit))

    async def load(self, ended_since: datetime = EVER) -> Books:
        """Everything back."""
        return await self.journal.load(self.account, ended_since)

    def _enter(self, its_id: str, payload: e.Payload, source: e.Source, number: int) -> Entry:
        before = self.orders.get(its_id)
        event = e.OrderEvent(1 if before is None else before.sequence + 1, self.now, source, payload)
        after, _ = apply(before, event)
        self.orders[its_id] = after
        self.sequence += 1
        self.now += timedelta(seconds=1)
        return Entry(self.sequence, after, event, number)
