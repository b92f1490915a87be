"""Our books held against the broker's, and put right."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

import structlog

from scizor.domain.errors import Reason, Unavailable
from scizor.domain.trading.differences import Difference, DifferenceKind
from scizor.domain.trading.reconciliation import CENT, OurBooks, Reconciliation, reconcile
from scizor.domain.trading.reports import Snapshot
from scizor.domain.trading.states import OrderState
from scizor.ports.journal import AuditLine, Posting, PostingKind
from scizor.ports.order_broker import OrderBroker
from scizor.services.trading.desk.tenure import Tenure
from scizor.services.trading.desk.writer import settled

_HOLDINGS = (DifferenceKind.POSITION, DifferenceKind.CASH)
_LOOKS = 4
_BETWEEN_LOOKS_S = 0.3
_CASH_LAGS = timedelta(seconds=30)

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


async def compare(tenure: Tenure, broker: OrderBroker, actor: str, before: Sequence[Difference] = ()) -> Reconciled:
    """One comparison, its corrections stored. Raises SourceFailure, and what a failed write raises.

    What is held is believed to differ only when it still does, by the same amount, after another look between which
    nothing happened: the broker's answers are not of one instant. `before`: what the last comparison left; people are
    told of it once.
    """
    books = tenure.books
    first, corrections = books.empty, 0
    differences: list[Difference] = []
    gaps: dict[tuple[DifferenceKind, str], Decimal] = {}
    for look in range(_LOOKS):
        await tenure.writer.caught_up()  # so that whatever else is waited for has been sent
        sequence = books.sequence
        theirs = await broker.snapshot(books.account)
        fresh = _fresh(tenure, theirs) if look < _LOOKS - 1 else theirs
        found = _found(tenure, fresh)
        corrections += len(found.events)
        held = [one for one in found.differences if one.kind in _HOLDINGS]
        earlier, gaps = gaps, {(one.kind, one.subject): _gap(one) for one in held}
        still = look > 0 and gaps == earlier and books.sequence == sequence and not found.events
        postings = _explained(tenure, held, theirs, first) if still else []
        # What differs in what is held is told by the last look alone; what events have put right, by the one that did.
        differences = [one for one in differences if one.kind not in _HOLDINGS]
        differences += [one for one in found.differences if one not in differences]
        await _stored(tenure, found, postings, actor, before)
        if (still or not held) and fresh is theirs:
            return _told(tenure, differences, corrections, postings)
        await asyncio.sleep(_BETWEEN_LOOKS_S)
    if first and gaps:
        raise Unavailable("what the account held when it was first seen keeps changing", Reason.TRADING_NOT_READY)
    return _told(tenure, [one for one in differences if _lasts(one, gaps, earlier)], corrections, ())


def _told(
    tenure: Tenure, differences: Iterable[Difference], corrections: int, postings: Sequence[Posting]
) -> Reconciled:
    return Reconciled(tenure.now(), tuple(one for one in differences if not _settled(one, postings)), corrections)


def _gap(one: Difference) -> Decimal:
    return (Decimal(one.theirs) - Decimal(one.ours)).quantize(CENT)


def _lasts(
    one: Difference,
    gaps: Mapping[tuple[DifferenceKind, str], Decimal],
    earlier: Mapping[tuple[DifferenceKind, str], Decimal],
) -> bool:
    key = (one.kind, one.subject)
    return one.kind not in _HOLDINGS or earlier.get(key) == gaps.get(key)


def _fresh(tenure: Tenure, theirs: Snapshot) -> Snapshot:
    """Without open orders of which something was heard since the broker was asked: that is newer."""
    told = [(report, tenure.books.named(report.named)) for report in theirs.open_orders]
    kept = tuple(report for report, order in told if order is None or order.update_time <= theirs.asked_time)
    return theirs if len(kept) == len(told) else replace(theirs, open_orders=kept)


def _found(tenure: Tenure, theirs: Snapshot) -> Reconciliation:
    books = tenure.books
    ours = OurBooks(books.orders, books.holdings.shares(), books.holdings.cash)
    return reconcile(ours, theirs, tenure.now())


async def _stored(
    tenure: Tenure, found: Reconciliation, postings: Sequence[Posting], actor: str, before: Sequence[Difference]
) -> None:
    books = tenure.books
    said = [books.enter(order_id, event) for order_id, event in found.events]
    for posting in postings:
        books.post(posting)
    audit = [
        *_lines(tenure, [one for one in found.differences if one not in before], actor),
        *_posting_lines(tenure, postings, actor),
    ]
    if said or postings or audit:
        _log.info(
            "reconciled", account=books.account, corrections=len(said), differences=[str(one) for one in audit[:20]]
        )
        await settled(tenure.store(said, postings=postings, audit=audit))


def _explained(tenure: Tenure, held: Sequence[Difference], theirs: Snapshot, first: bool) -> list[Posting]:
    """What was there before anybody looked, and cash that moved without a trade: deposits, interest, fees.

    A position that differs is never explained away, nor is cash while anything is open to doubt: brokers tell cash, and
    what a trade cost, some time after the trade.
    """
    now = tenure.now()
    if first:
        costs = {one.instrument: one.average_cost for one in theirs.positions}
        return [_opening(one, costs, now) for one in held]
    moves = {one.kind for one in held}
    if DifferenceKind.POSITION in moves or _doubtful(tenure, now):
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


def _doubtful(tenure: Tenure, now: datetime) -> bool:
    return any(
        one.state is OrderState.UNKNOWN
        or one.unseen
        or any(trade.exec_id not in one.book.commissions for trade in one.book.valid())
        or (one.book.by_root and one.update_time > now - _CASH_LAGS)
        for one in tenure.books.orders.values()
    )


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
