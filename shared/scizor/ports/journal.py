"""The journal of an account's orders: what is not in it did not happen, and nothing in it ever changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import Protocol

from scizor.domain.trading.events import OrderEvent
from scizor.domain.trading.executions import Execution
from scizor.domain.trading.states import Order


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of one order, and the order after it. `sequence` counts an account's entries up from 1 without a gap.

    `number`: the broker's order number that its Placed event was given, 0 for all other events and for external orders.
    """

    sequence: int
    order: Order
    event: OrderEvent
    number: int = 0


class PostingKind(IntEnum):
    """What changed an account's holdings other than a trade."""

    OPENING_POSITION = 1  # what was held when the account was first seen
    OPENING_CASH = 2
    CASH_ADJUSTMENT = 3  # what the broker's cash moved by and no trade explains: deposits, interest, fees
    SPLIT = 4
    DIVIDEND = 5


@dataclass(frozen=True, slots=True)
class Posting:
    """One of them. `shares` and `price` of a position, in the instrument's currency; `amount` of cash in `currency`.

    A SPLIT has `ratio`: shares for each before. A DIVIDEND has the `amount` per share as `price`.
    """

    kind: PostingKind
    time: datetime
    instrument: str = ""
    shares: Decimal = Decimal(0)
    price: Decimal = Decimal(0)
    ratio: Decimal = Decimal(1)
    currency: str = ""
    amount: Decimal = Decimal(0)
    note: str = ""


@dataclass(frozen=True, slots=True)
class KeyedAnswer:
    """What a request with an id is answered, stored with what it did."""

    method: str
    request_id: str
    body_hash: bytes
    answer: bytes


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what: `subject` such as an order's id; `before` and `after` as JSON texts, empty for nothing."""

    time: datetime
    account: str
    actor: str
    source: str
    action: str
    subject: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is committed together. `account` and `epoch`: under whose lease: `leases.account_lease` names it."""

    account: str
    epoch: int
    entries: Sequence[Entry] = ()
    postings: Sequence[Posting] = ()
    answers: Sequence[KeyedAnswer] = ()
    audit: Sequence[AuditLine] = ()


@dataclass(frozen=True, slots=True)
class Books:
    """An account as its journal tells it. `orders`: those that have not ended, with all their events folded.

    `ended`: those that ended at or after the time asked for. `numbers`: order ids by broker's number, of both.
    `executions`: every valid execution of the account with its strategy and fees, oldest first. `postings`: all, oldest
    first. `highest_number`: of all orders ever, of all accounts: those of one connection share its numbers. `sequence`:
    the newest entry's, 0 for none.
    """

    orders: Mapping[str, Order]
    ended: Mapping[str, Order]
    numbers: Mapping[int, str]
    executions: Sequence[BookedExecution]
    postings: Sequence[Posting]
    highest_number: int
    sequence: int


@dataclass(frozen=True, slots=True)
class BookedExecution:
    """A valid execution. `fees`: by currency, as far as told."""

    execution: Execution
    order_id: str
    strategy_id: str
    deployment_id: str
    fees: Mapping[str, Decimal]
    reconciled: bool = False


class Journal(Protocol):
    """Append-only. Every call has a deadline."""

    async def append(self, batch: Batch) -> None:
        """Commit the batch durably, whole or not at all.

        Raises FailedPrecondition(TRADING_NOT_READY) when the lease is another's by now, AlreadyExists(ORDER_EXISTS) for
        a client_order_id the account has had, Conflict(TRADING_NOT_READY) when the entries do not go on from what is
        stored, a broker's number was used before or a request was answered meanwhile: the books are to be read anew;
        Unavailable: it may have been committed or not.
        """
        ...

    async def load(self, account: str, ended_since: datetime) -> Books:
        """Everything an owner needs to go on; a batch that is just being stored is waited for.

        Raises Unavailable, DataCorrupt.
        """
        ...

    async def answer(self, method: str, request_id: str, body_hash: bytes) -> bytes | None:
        """The answer stored for a request id, if any. Raises AlreadyExists(REQUEST_ID_REUSED) for another body."""
        ...
