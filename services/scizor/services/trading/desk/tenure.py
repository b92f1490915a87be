"""One reading of an account's journal, and all that is written on from it.

It ends with the first write that fails: the account is then read anew, so that nobody ever acts on what may not be
stored. Death and a database that is away are so one and the same thing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from scizor.domain.trading.events import Payload, Source
from scizor.domain.trading.incidents import Incident
from scizor.domain.trading.states import Order
from scizor.ports.clock import Clock
from scizor.ports.journal import AuditLine, KeyedAnswer, Posting
from scizor.services.trading.desk.books import AccountBooks, Said
from scizor.services.trading.desk.writer import Record, Writer

Happened = Callable[[Sequence[Incident]], None]


class Tenure:
    """`books` as they are, what still waits to be stored among it."""

    def __init__(self, books: AccountBooks, writer: Writer, clock: Clock, happened: Happened) -> None:
        self.books, self.writer = books, writer
        self._clock, self._happened = clock, happened

    def now(self) -> datetime:
        """The instant."""
        return self._clock.now()

    def hear(self, order: Order, payloads: Iterable[Payload], source: Source) -> Order:
        """What the broker said, or what follows from it; nobody waits for it to be stored."""
        said = [self.books.say(order.id, payload, source, self.now()) for payload in payloads]
        if said:
            self.store(said)
        return self.books.orders[order.id]

    def store(
        self,
        said: Sequence[Said],
        *,
        postings: Sequence[Posting] = (),
        answers: Sequence[KeyedAnswer] = (),
        audit: Sequence[AuditLine] = (),
        then: Callable[[], None] | None = None,
    ) -> asyncio.Future[None]:
        """Journal what was said, as one; `then` once it is stored."""
        incidents = [incident for one in said for incident in one.incidents]
        if incidents:
            self._happened(incidents)
        return self.writer.put(Record([one.entry for one in said], postings, answers, audit), then)
