"""Our journal and what callers were told, held against the broker's own books, which are the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from scizor.adapters.sql.journal import SqlJournal
from scizor.codec.trading.orders import terms_from_proto
from scizor.domain.trading.executions import Execution
from scizor.domain.trading.states import Order, OrderState
from scizor.ports.journal import Books, PostingKind
from scizor.services.ibsim.broker.books import Books as Truth
from scizor.services.ibsim.broker.books import read_books
from scizor.services.ibsim.broker.words import ACCOUNT, BASE_CURRENCY, START_CASH, Status
from scizor.services.ibsim.broker.words import Order as TrueOrder
from scizor.services.trading.desk.books import AccountBooks
from scizor.trading.v1 import trading_service_pb2 as rpc
from tests.e2e.torture.site import Site
from tests.e2e.torture.traders import Told
from tests.integration.collecting import query

_EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)
_STATES: Final[Mapping[Status, frozenset[OrderState]]] = {
    Status.PRE_SUBMITTED: frozenset({OrderState.ACCEPTED, OrderState.WORKING, OrderState.PARTIALLY_FILLED}),
    Status.SUBMITTED: frozenset({OrderState.ACCEPTED, OrderState.WORKING, OrderState.PARTIALLY_FILLED}),
    Status.PENDING_CANCEL: frozenset({OrderState.PENDING_CANCEL}),
    Status.FILLED: frozenset({OrderState.FILLED}),
    Status.CANCELLED: frozenset({OrderState.CANCELED, OrderState.EXPIRED}),
    Status.INACTIVE: frozenset({OrderState.REJECTED}),
}
_LINES: Final = (
    "SELECT action, subject, count(*) AS lines FROM audit_log WHERE source <> 'reconciliation' GROUP BY 1, 2"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`wrong`: each discrepancy in words."""

    orders: int
    fills: int
    wrong: Sequence[str]


async def judged(site: Site, told: Sequence[Told]) -> Verdict:
    """Of a site whose services and broker have stopped, and whose database runs."""
    journal = SqlJournal(site.dsn)
    try:
        books = await journal.load(ACCOUNT, _EVER)
    finally:
        await journal.close()
    truth = read_books(site.state)
    ours = {**books.ended, **books.orders}
    wrong = [
        *_asked(ours, told),
        *_lines(await query(site.dsn, _LINES), told),
        *_orders(ours, books, truth),
        *_trades(ours, truth),
        *_holdings(books, truth),
    ]
    return Verdict(len(ours), len(truth.fills), wrong)


def _asked(ours: Mapping[str, Order], told: Sequence[Told]) -> Iterable[str]:
    """Every intent is there once, as it was asked for, and no other."""
    by_client = Counter(one.request.client_order_id for one in ours.values())
    yield from (f"{name} is there {count} times" for name, count in by_client.items() if name and count > 1)
    known = {one.request.client_order_id: one for one in ours.values()}
    for one in told:
        if one.refused.startswith("fault"):
            yield f"{one.request.DESCRIPTOR.name} {one.request.request_id}: {one.refused}"
        if not isinstance(one.request, rpc.PlaceOrderRequest):
            continue
        name = one.request.order.client_order_id
        order = known.pop(name, None)
        if one.refused and order is not None:
            yield f"{name} was refused ({one.refused}) and is there"
        elif not one.refused and order is None:
            yield f"{name} was acknowledged and is not there"
        elif order is not None and order.request.terms != terms_from_proto(one.request.order.terms, "terms"):
            yield f"{name} is not what was asked for"
    closing = {one.answer.order.client_order_id for one in told if isinstance(one.answer, rpc.ClosePositionResponse)}
    yield from (f"{name} was asked for by nobody" for name in known if name and name not in closing)


def _lines(lines: Sequence[Any], told: Sequence[Told]) -> Iterable[str]:
    """Every command that was acknowledged was done once."""
    done = {(row["action"], row["subject"]): row["lines"] for row in lines}
    wanted: Counter[tuple[str, str]] = Counter()
    for one in told:
        match one.answer:
            case rpc.ReplaceOrderResponse():
                wanted["replace", one.request.id] += 1
            case rpc.CancelOrderResponse():
                wanted["cancel", one.request.id] += 1
            case rpc.CancelAllOrdersResponse():
                wanted.update(("cancel", order.id) for order in one.answer.orders)
            case rpc.PlaceOrderResponse() | rpc.ClosePositionResponse():
                wanted["place", one.answer.order.id] += 1
            case _:
                pass
    for key in sorted({*wanted, *(key for key in done if key[0] in ("place", "replace", "cancel"))}):
        if wanted[key] != done.get(key, 0):
            yield f"{key[0]} of {key[1]}: acknowledged {wanted[key]} times, done {done.get(key, 0)} times"


def _orders(ours: Mapping[str, Order], books: Books, truth: Truth) -> Iterable[str]:
    """Every order is at the broker once, or nowhere, and stands where it does there."""
    numbers = {order_id: number for number, order_id in books.numbers.items()}
    for reference, theirs in truth.by_reference.items():
        if reference not in ours:
            yield f"the broker has {reference!r}, which nobody journalled"
        if len(theirs) > 1:
            yield f"{reference} is at the broker {len(theirs)} times"
    for order in ours.values():
        if order.external:
            yield f"{order.id} was taken for a foreign one: {order.request}"
            continue
        theirs = truth.by_reference.get(order.id, ())
        if not theirs:
            refused = order.state is OrderState.REJECTED
            if not refused:
                yield f"{order.id} is {order.state.name} ({order.reason}), and the broker never had it"
            continue
        yield from _order(order, theirs[0], numbers[order.id])


def _order(order: Order, theirs: TrueOrder, number: int) -> Iterable[str]:
    name = f"{order.id} ({order.request.client_order_id})"
    if theirs.order_id != number:
        yield f"{name} has number {number}, at the broker {theirs.order_id}"
    if order.filled != theirs.filled:
        yield f"{name} has filled {order.filled}, at the broker {theirs.filled}"
    # A trade that was taken back leaves the broker's order as it was.
    taken_back = theirs.status is Status.FILLED and theirs.filled < theirs.terms.quantity
    if order.state not in _STATES[theirs.status] and not taken_back:
        there = f"{theirs.status} ({theirs.completed_status})"
        yield f"{name} is {order.state.name} ({order.reason}), at the broker {there}"
    if theirs.status.is_open:
        terms, true = order.terms, theirs.terms
        if (terms.quantity, terms.limit) != (true.quantity, true.limit_price):
            yield f"{name} is on {terms}, at the broker on {true}"
        if order.pending or order.queued:
            yield f"{name} waits for {order.pending or order.queued}"


def _trades(ours: Mapping[str, Order], truth: Truth) -> Iterable[str]:
    """Every execution counts once, in its newest revision, with what it cost."""
    booked = {
        trade.exec_id: (order.id, trade, order.book.commission_of(trade))
        for order in ours.values()
        for trade in order.book.valid()
    }
    for fill in truth.fills:
        order_id, trade, commission = booked.pop(fill.exec_id, ("", None, None))
        if trade is None:
            yield f"execution {fill.exec_id} of {fill.order.terms.order_ref} is not booked"
            continue
        there = (fill.order.terms.order_ref, fill.signed, fill.price)
        if (order_id, trade.shares, trade.price) != there:
            yield f"execution {fill.exec_id}: {order_id} {_brief(trade)}, at the broker {there}"
        if commission is None or commission.amount != fill.commission:
            yield f"execution {fill.exec_id} cost {commission}, at the broker {fill.commission}"
    yield from (f"execution {exec_id} of {order_id} never was" for exec_id, (order_id, *_) in booked.items())


def _holdings(books: Books, truth: Truth) -> Iterable[str]:
    """Positions to the share, cash to the cent, and nothing explained away."""
    holdings = AccountBooks(ACCOUNT, books).holdings
    held = {
        f"{one.listing.symbol}.{one.listing.primary_exchange}.{one.listing.currency}": one.shares
        for one in truth.positions
        if one.shares
    }
    if holdings.shares() != held:
        yield f"held {holdings.shares()}, at the broker {held}"
    for currency in sorted({*holdings.cash, *truth.cash}):
        cash = holdings.cash.get(currency, Decimal(0)), truth.cash.get(currency, Decimal(0))
        if cash[0] != cash[1]:
            yield f"cash of {cash[0]} {currency}, at the broker {cash[1]}"
    opening = [one for one in books.postings if one.kind is PostingKind.OPENING_CASH]
    if [(one.currency, one.amount) for one in opening] != [(BASE_CURRENCY, START_CASH)]:
        yield f"opened with {opening}"
    yield from (f"posted: {one}" for one in books.postings if one.kind is not PostingKind.OPENING_CASH)


def _brief(trade: Execution) -> str:
    return f"{trade.shares} at {trade.price}"
