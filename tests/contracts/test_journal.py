"""What every journal of orders promises."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from scizor.domain.errors import AlreadyExists, Conflict, FailedPrecondition, Reason, ScizorError
from scizor.domain.orders import Side
from scizor.domain.trading import events as e
from scizor.domain.trading.executions import Commission
from scizor.domain.trading.orders import Origin
from scizor.domain.trading.states import OrderState
from scizor.ports.journal import AuditLine, Batch, BookedExecution, Journal, KeyedAnswer, Posting, PostingKind
from scizor.ports.leases import Leases, account_lease
from scizor.ports.storage import Storage
from tests.contracts.ledgers import EVER, Ledger, order_id, request_of
from tests.unit.trading.build import ACCOUNT, INSTRUMENT, NOW, execution, shares

ANSWER = KeyedAnswer("Place", "r1", b"hash", b"\x00answer\xff")


async def refused(ledger: Ledger, *entries: object, **rest: object) -> ScizorError:
    with pytest.raises(ScizorError) as caught:
        await ledger.append(*entries, **rest)  # type: ignore[arg-type] # as they are given
    return caught.value


async def test_the_books_of_an_account_that_nobody_traded_on_are_empty(ledger: Ledger) -> None:
    books = await ledger.load()
    assert (dict(books.orders), dict(books.ended), dict(books.numbers)) == ({}, {}, {})
    assert (list(books.executions), list(books.postings)) == ([], [])
    assert (books.highest_number, books.sequence) == (0, 0)


async def test_orders_come_back_as_their_events_made_them(ledger: Ledger) -> None:
    terms = replace(shares("1E+2", "0.10"), good_till=None)
    await ledger.append(ledger.place(request_of("one", terms=terms)), ledger.place(request_of("two")))
    await ledger.append(
        ledger.say("one", e.Identified("77")),
        ledger.say("one", e.Working()),
        ledger.say("two", e.Rejected("no such contract", 200)),
        ledger.say("one", e.Executed(execution("a.01", "10", "0.10"))),
        ledger.say("one", e.ReplaceRequested(shares("200", "0.20")), e.Source.CLIENT),
    )
    books = await ledger.load()
    one, two = order_id("one"), order_id("two")
    assert books.orders == {one: ledger.orders[one]}
    assert books.ended == {two: ledger.orders[two]}
    assert books.numbers == {1: one, 2: two}
    assert (books.highest_number, books.sequence) == (2, 7)
    assert str(books.orders[one].request.terms.quantity) == "1E+2"


async def test_orders_that_ended_long_ago_are_left_out_but_not_their_numbers_and_trades(ledger: Ledger) -> None:
    await ledger.append(ledger.place(request_of("old")), ledger.say("old", e.Executed(execution("a.01", 100))))
    since = ledger.now
    await ledger.append(ledger.place(request_of("new")), ledger.say("new", e.Canceled("asked")))
    await ledger.append(ledger.say("old", e.Charged(Commission("a.01", Decimal("1.05"), "USD"))))
    books = await ledger.load(since)
    assert list(books.ended) == [order_id("new")]
    assert books.numbers == {2: order_id("new")}
    assert (books.highest_number, books.sequence) == (2, 5)
    assert [one.execution.exec_id for one in books.executions] == ["a.01"]


async def test_an_order_that_was_reopened_ended_when_it_ended_again(ledger: Ledger) -> None:
    await ledger.append(ledger.place(request_of("one")), ledger.say("one", e.Canceled()))
    since = ledger.now
    assert (await ledger.load(since)).ended == {}
    await ledger.append(ledger.say("one", e.Reopened(), e.Source.RECONCILE))
    assert list((await ledger.load(since)).orders) == [order_id("one")]
    await ledger.append(ledger.say("one", e.Canceled()), ledger.say("one", e.Noted("late")))
    assert list((await ledger.load(since)).ended) == [order_id("one")]
    await ledger.append(ledger.say("one", e.Reopened()), ledger.say("one", e.Expired()))
    assert list((await ledger.load(ledger.now - timedelta(seconds=1))).ended) == [order_id("one")]


async def test_executions_are_told_once_by_their_newest_revision_with_what_they_cost(ledger: Ledger) -> None:
    request = request_of("one", strategy_id="sma", deployment_id="d1")
    await ledger.append(
        ledger.place(request),
        ledger.say("one", e.Charged(Commission("b.01", Decimal("0.5"), "USD"))),
        ledger.say("one", e.Executed(execution("a.01", 10))),
    )
    await ledger.append(
        ledger.say("one", e.Executed(execution("b.01", "0.5", "50.10", at=timedelta(seconds=1)))),
        ledger.say("one", e.Executed(execution("a.02", 20, 51)), e.Source.RECONCILE),
        ledger.say("one", e.Executed(execution("c.01", 30, at=timedelta(seconds=2)))),
    )
    await ledger.append(
        ledger.say("one", e.Charged(Commission("a.02", Decimal("1.00"), "USD"))),
        ledger.say("one", e.Busted("c.01")),
        ledger.say("one", e.Executed(execution("d.01", 5, at=timedelta(seconds=3)))),
        ledger.say("one", e.Executed(execution("d.02", 0, at=timedelta(seconds=3)))),
    )
    told = (order_id("one"), "sma", "d1")
    assert list((await ledger.load()).executions) == [
        BookedExecution(execution("a.02", 20, 51), *told, {"USD": Decimal(1)}, reconciled=True),
        BookedExecution(execution("b.01", "0.5", "50.10", at=timedelta(seconds=1)), *told, {"USD": Decimal("0.5")}),
    ]


async def test_an_order_placed_elsewhere_has_no_number_and_no_client_id(ledger: Ledger) -> None:
    for name in ("x", "y"):
        request = request_of(name, client_order_id="", origin=Origin.EXTERNAL)
        entry = replace(ledger.place(request, e.Source.RECONCILE), number=0)
        await ledger.append(entry)
    books = await ledger.load()
    assert (len(books.orders), dict(books.numbers), books.highest_number) == (2, {}, 0)


async def test_postings_come_back_oldest_first(ledger: Ledger) -> None:
    given = [
        Posting(PostingKind.SPLIT, NOW + timedelta(days=1), INSTRUMENT, ratio=Decimal("0.25"), note="1 for 4"),
        Posting(PostingKind.OPENING_POSITION, NOW, INSTRUMENT, Decimal("-12.5"), Decimal("1E+2")),
        Posting(PostingKind.OPENING_CASH, NOW, currency="USD", amount=Decimal("-0.01")),
    ]
    await ledger.append(postings=given)
    assert list((await ledger.load()).postings) == [*given[1:], given[0]]


async def test_a_client_order_id_is_taken_once_by_an_account(ledger: Ledger, leases: Leases) -> None:
    await ledger.append(ledger.place(request_of("one")))
    again = ledger.place(request_of("two", client_order_id="one"))
    error = await refused(ledger, again)
    assert isinstance(error, AlreadyExists)
    assert error.reason is Reason.ORDER_EXISTS
    assert (await ledger.load()).sequence == 1
    async with leases.hold(account_lease("DU2"), "test") as lease:
        other = Ledger(ledger.journal, lease.epoch, "DU2", number=1)
        await other.append(other.place(request_of("three", "DU2", client_order_id="one")))


async def test_a_number_of_the_broker_is_used_once_whatever_the_account(ledger: Ledger, leases: Leases) -> None:
    await ledger.append(ledger.place(request_of("one")))
    async with leases.hold(account_lease("DU2"), "test") as lease:
        other = Ledger(ledger.journal, lease.epoch, "DU2")
        assert isinstance(await refused(other, other.place(request_of("two", "DU2"))), Conflict)
        assert (await other.load()).highest_number == 1


@pytest.mark.parametrize("off", [-1, 1])
async def test_entries_that_leave_a_gap_or_repeat_are_refused(ledger: Ledger, off: int) -> None:
    await ledger.append(ledger.place(request_of("one")))
    entry = ledger.place(request_of("two"))
    error = await refused(ledger, replace(entry, sequence=entry.sequence + off))
    assert isinstance(error, Conflict)
    assert error.reason is Reason.TRADING_NOT_READY
    await ledger.append(entry)


async def test_an_event_that_does_not_follow_in_its_order_is_refused(ledger: Ledger) -> None:
    await ledger.append(ledger.place(request_of("one")))
    ledger.say("one", e.Working())
    ledger.sequence -= 1
    assert isinstance(await refused(ledger, ledger.say("one", e.Suspended())), Conflict)


async def test_a_batch_with_a_gap_inside_is_refused(ledger: Ledger) -> None:
    one = ledger.place(request_of("one"))
    ledger.sequence += 1
    assert isinstance(await refused(ledger, one, ledger.place(request_of("two"))), Conflict)


async def test_a_batch_is_stored_whole_or_not_at_all(ledger: Ledger, journal: Journal, storage: Storage) -> None:
    await ledger.append(ledger.place(request_of("one")))
    line = AuditLine(NOW, ACCOUNT, "me", "here", "place", "one")
    batch = (
        ledger.say("one", e.Executed(execution("a.01", 10))),
        ledger.place(request_of("two")),
        ledger.place(request_of("three", client_order_id="one")),
    )
    cash = Posting(PostingKind.OPENING_CASH, NOW, currency="USD", amount=Decimal(1))
    assert isinstance(await refused(ledger, *batch, postings=[cash], answers=[ANSWER], audit=[line]), AlreadyExists)
    books = await ledger.load()
    assert (books.sequence, books.highest_number, len(books.orders)) == (1, 1, 1)
    assert (list(books.executions), list(books.postings)) == ([], [])
    assert books.orders[order_id("one")].filled == 0
    assert await journal.answer("Place", "r1", b"hash") is None
    async with storage.begin() as work:
        assert await work.audit.lines(ACCOUNT, 10) == []


async def test_answers_are_kept_with_what_was_done(ledger: Ledger, journal: Journal, storage: Storage) -> None:
    assert await journal.answer("Place", "r1", b"hash") is None
    await ledger.append(ledger.place(request_of("one")), answers=[ANSWER])
    assert await journal.answer("Place", "r1", b"hash") == ANSWER.answer
    assert await journal.answer("Cancel", "r1", b"hash") is None
    with pytest.raises(AlreadyExists) as caught:
        await journal.answer("Place", "r1", b"another")
    assert caught.value.reason is Reason.REQUEST_ID_REUSED
    async with storage.begin() as work:
        assert await work.idempotency.begin("Place", "r1", b"hash") == ANSWER.answer


@pytest.mark.parametrize("body_hash", [b"hash", b"another"])
async def test_a_request_that_was_answered_meanwhile_is_not_done_again(ledger: Ledger, body_hash: bytes) -> None:
    await ledger.append(ledger.place(request_of("one")), answers=[ANSWER])
    again = replace(ANSWER, body_hash=body_hash, answer=b"second")
    assert isinstance(await refused(ledger, ledger.place(request_of("two")), answers=[again]), Conflict)
    assert (await ledger.load()).sequence == 1
    assert await ledger.journal.answer("Place", "r1", b"hash") == ANSWER.answer


async def test_answers_and_audit_lines_alone_are_a_batch_too(ledger: Ledger, storage: Storage) -> None:
    line = AuditLine(NOW, ACCOUNT, "me", "here", "cancel all", "", '{"b": 1}', '"after"')
    await ledger.append(answers=[ANSWER], audit=[line, replace(line, subject="second")])
    async with storage.begin() as work:
        assert await work.audit.lines(ACCOUNT, 10) == [replace(line, subject="second"), line]


async def test_a_holder_that_lost_its_lease_writes_nothing(journal: Journal, leases: Leases) -> None:
    async with leases.hold(account_lease(ACCOUNT), "first") as lease:
        first = Ledger(journal, lease.epoch)
        await first.append(first.place(request_of("one")))
    async with leases.hold(account_lease(ACCOUNT), "second") as lease:
        error = await refused(first, first.place(request_of("two")))
        assert isinstance(error, FailedPrecondition)
        assert error.reason is Reason.TRADING_NOT_READY
        second = Ledger(journal, lease.epoch, sequence=1, number=1)
        await second.append(second.place(request_of("three")))
        assert (await second.load()).sequence == 2


async def test_nothing_is_written_of_an_account_that_nobody_holds(journal: Journal) -> None:
    ledger = Ledger(journal)
    assert isinstance(await refused(ledger, ledger.place(request_of("one"))), FailedPrecondition)


async def test_of_two_writers_under_one_lease_one_is_refused(ledger: Ledger) -> None:
    batches = [
        Batch(ACCOUNT, ledger.epoch, [Ledger(ledger.journal, number=at).place(request_of(f"o{at}"))]) for at in range(8)
    ]
    outcomes = await asyncio.gather(*(ledger.journal.append(one) for one in batches), return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == [*["Conflict"] * 7, "NoneType"]
    assert len((await ledger.load()).orders) == 1


async def test_sides_and_states_of_every_kind_are_read_back(ledger: Ledger) -> None:
    request = request_of("one", side=Side.SELL, group="g", parent_id=order_id("entry"))
    await ledger.append(ledger.place(request), ledger.say("one", e.LinkLost(), e.Source.SYSTEM))
    (order,) = (await ledger.load(EVER)).orders.values()
    assert order == ledger.orders[request.id]
    assert order.state is OrderState.UNKNOWN
