"""Our books held against the broker's, and put right."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import structlog

from scizor.domain.trading.differences import Difference, DifferenceKind
from scizor.domain.trading.reconciliation import OurBooks, Reconciliation, reconcile
from scizor.domain.trading.reports import Snapshot
from scizor.domain.trading.states import OrderState
from scizor.ports.journal import AuditLine, Posting, PostingKind
from scizor.ports.order_broker import OrderBroker
from scizor.services.trading.desk.tenure import Tenure

_HOLDINGS = (DifferenceKind.POSITION, DifferenceKind.CASH)
_LOOKS = 2
_BETWEEN_LOOKS_S = 0.3

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a comparison found. `corrections`: events that were appended for it."""

    time: datetime
    differences: tuple[Difference, ...]
    corrections: int

    @property
    def left(self) -> int:
        """Differences that no event settles."""
        return sum(not one.kind.corrected for one in self.differences)


async def compare(tenure: Tenure, broker: OrderBroker, actor: str) -> Reconciled:
    """One comparison, its corrections stored. Raises SourceFailure, and what a failed write raises.

    What is held is believed to differ only when it still does after another look: the broker's answers are not of one
    instant.
    """
    differences: list[Difference] = []
    corrections, first = 0, tenure.books.empty
    for look in range(_LOOKS):
        theirs = await broker.snapshot(tenure.books.account)
        found = _found(tenure, theirs)
        corrections += len(found.events)
        # What differs in what is held is told by the last look alone; what events have put right, by the one that did.
        differences = [one for one in differences if one.kind not in _HOLDINGS]
        differences += [one for one in found.differences if one not in differences]
        held = [one for one in found.differences if one.kind in _HOLDINGS]
        last = look == _LOOKS - 1 or not held
        postings = _explained(tenure, held, theirs, first) if last else []
        await _stored(tenure, found, postings, actor)
        if last:
            differences = [one for one in differences if not _settled(one, postings)]
            break
        await asyncio.sleep(_BETWEEN_LOOKS_S)
    return Reconciled(tenure.now(), tuple(differences), corrections)


def _found(tenure: Tenure, theirs: Snapshot) -> Reconciliation:
    books = tenure.books
    ours = OurBooks(books.orders, books.holdings.shares(), books.holdings.cash)
    return reconcile(ours, theirs, tenure.now())


async def _stored(tenure: Tenure, found: Reconciliation, postings: Sequence[Posting], actor: str) -> None:
    books = tenure.books
    said = [books.enter(order_id, event) for order_id, event in found.events]
    for posting in postings:
        books.post(posting)
    audit = [*_lines(tenure, found.differences, actor), *_posting_lines(tenure, postings, actor)]
    if said or postings or audit:
        _log.info(
            "reconciled", account=books.account, corrections=len(said), differences=[str(one) for one in audit[:20]]
        )
        await tenure.store(said, postings=postings, audit=audit)


def _explained(tenure: Tenure, held: Sequence[Difference], theirs: Snapshot, first: bool) -> list[Posting]:
    """What was there before anybody looked, and cash that moved without a trade: deposits, interest, fees.

    A position that differs is never explained away, nor is cash while anything is open to doubt.
    """
    now = tenure.now()
    if first:
        costs = {one.instrument: one.average_cost for one in theirs.positions}
        return [_opening(one, costs, now) for one in held]
    moves = {one.kind for one in held}
    if DifferenceKind.POSITION in moves or _doubtful(tenure):
        return []
    return [_adjustment(one, PostingKind.CASH_ADJUSTMENT, now) for one in held]


def _opening(one: Difference, costs: dict[str, Decimal], now: datetime) -> Posting:
    if one.kind is DifferenceKind.CASH:
        return _adjustment(one, PostingKind.OPENING_CASH, now)
    shares = Decimal(one.theirs) - Decimal(one.ours)
    return Posting(
        PostingKind.OPENING_POSITION, now, one.subject, shares, costs.get(one.subject, Decimal(0)), note="first seen"
    )


def _adjustment(one: Difference, kind: PostingKind, now: datetime) -> Posting:
    amount = Decimal(one.theirs) - Decimal(one.ours)
    return Posting(kind, now, currency=one.subject, amount=amount, note="as the broker has it")


def _doubtful(tenure: Tenure) -> bool:
    orders = tenure.books.orders.values()
    return any(one.state is OrderState.UNKNOWN or one.unseen or one.book.uncharged for one in orders)


def _settled(one: Difference, postings: Sequence[Posting]) -> bool:
    return one.kind in _HOLDINGS and any(one.subject in (post.instrument, post.currency) for post in postings)


def _lines(tenure: Tenure, differences: Iterable[Difference], actor: str) -> list[AuditLine]:
    account = tenure.books.account
    return [
        AuditLine(
            tenure.now(),
            account,
            actor,
            "reconciliation",
            one.kind.name,
            one.subject,
            _text(one.ours),
            _text(one.theirs),
        )
        for one in differences
        if one.kind not in _HOLDINGS
    ]


def _posting_lines(tenure: Tenure, postings: Iterable[Posting], actor: str) -> list[AuditLine]:
    account = tenure.books.account
    return [
        AuditLine(
            tenure.now(),
            account,
            actor,
            "reconciliation",
            one.kind.name,
            one.instrument or one.currency,
            "",
            _text(str(one.shares or one.amount)),
        )
        for one in postings
    ]


def _text(value: str) -> str:
    """As JSON."""
    return f'"{value}"' if value else ""
