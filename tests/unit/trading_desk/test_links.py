"""Whatever becomes of the link: nothing is sent twice, and what did not arrive is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from scizor.domain.errors import NotFound, Reason
from scizor.domain.trading import events as e
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.reports import BrokerStatus, ErrorCategory, ErrorReport, StatusReport
from scizor.domain.trading.states import OrderState
from scizor.services.trading.desk.books import AccountBooks
from scizor.services.trading.desk.drafts import BracketPrices
from scizor.services.trading.desk.numbers import Numbers
from tests.unit.trading_desk.stage import Stage, draft, stage
from tests.unit.trading_desk.world import ACCOUNT, LIMIT, ME, MemoryJournal, a_while, named, until

BRACKET = BracketPrices(take_profit=Decimal(60), stop_loss=Decimal(40))


def dearer(price: int, shares: int = 100) -> Terms:
    return replace(LIMIT, quantity=Decimal(shares), limit=Decimal(price))


async def test_an_order_whose_link_went_while_it_was_stored_is_never_sent() -> None:
    async with stage() as on:
        on.journal.free.clear()
        asked = asyncio.create_task(on.desk.place(draft(), ME))
        await a_while()
        on.cut()
        on.mend()  # the link is back before the disk is
        on.journal.free.set()
        (order,) = await asked
        await until(lambda: on.stored(order.id) is OrderState.REJECTED)
        assert on.broker.sent == []


async def test_a_slow_disk_makes_no_order_look_lost() -> None:
    async with stage() as on:
        on.journal.free.clear()
        asked = asyncio.create_task(on.desk.place(draft(), ME))
        await a_while()
        on.clock.advance(60)
        comparing = asyncio.create_task(on.desk.reconcile(ME))
        await a_while()
        on.journal.free.set()
        (order,) = await asked
        await comparing
        assert on.order.state is OrderState.WORKING
        assert [one.request.id for one in on.broker.sent] == [order.id]


@pytest.mark.parametrize("arrives", [True, False])
async def test_an_order_under_way_when_the_link_went_is_asked_about_and_not_sent_again(arrives: bool) -> None:
    async with stage() as on:
        on.broker.deaf = not arrives
        (order,) = await on.desk.place(draft(), ME)
        on.cut()
        assert on.order.state is OrderState.UNKNOWN
        on.clock.advance(5)
        on.mend()
        await on.serves()
        assert on.order.state is (OrderState.WORKING if arrives else OrderState.REJECTED)
        assert len(on.broker.sent) == 1
        assert on.stored(order.id) is on.order.state


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_process_that_was_killed_after_sending_finds_out_what_became_of_it(arrives: bool) -> None:
    async with stage() as on:
        on.broker.deaf = not arrives
        await on.desk.place(draft(), ME)
        await on.kill()
        on.clock.advance(5)
        await on.start()
        assert on.order.state is (OrderState.WORKING if arrives else OrderState.REJECTED)
        assert on.broker.known == {1: on.order.id}
        await on.desk.place(draft("mine-2"), ME)
        assert [one.number for one in on.broker.sent] == [1, 2]


async def test_numbers_that_a_broker_rolls_back_are_not_taken_again() -> None:
    async with stage() as on:
        on.seat.opened(50)
        await on.serves()
        await on.desk.place(draft("mine-1"), ME)
        on.seat.opened(3)
        await on.serves()
        await on.desk.place(draft("mine-2"), ME)
        assert [one.number for one in on.broker.sent] == [50, 51]


async def test_accounts_of_one_connection_take_their_numbers_from_one_row() -> None:
    row, empty = Numbers(), await MemoryJournal().load(ACCOUNT, Stage().clock.now())
    one, other = (AccountBooks(name, empty, row) for name in ("DU1", "DU2"))
    assert [one.take_number(), other.take_number(), one.take_number()] == [1, 2, 3]


async def test_terms_that_wait_are_sent_when_those_before_them_are_answered() -> None:
    async with stage() as on:
        (order,) = await on.desk.place(draft(), ME)
        on.works()
        await on.desk.replace(order.id, dearer(51), "", ME)
        await on.desk.replace(order.id, dearer(52), "", ME)
        assert [one.terms.limit for one in on.broker.sent] == [50, 51]
        on.works()
        await until(lambda: len(on.broker.sent) == 3)
        assert on.broker.sent[-1].terms.limit == 52
        assert {one.number for one in on.broker.sent} == {1}


async def test_terms_that_wait_and_cannot_be_asked_for_any_more_harm_nobody() -> None:
    async with stage() as on:
        (order,) = await on.desk.place(draft(), ME)
        on.works()
        await on.desk.replace(order.id, dearer(51), "", ME)
        await on.desk.replace(order.id, dearer(51, 40), "", ME)
        on.fill("a.01", 60)
        on.works()  # the answer; 60 have filled, 40 can no longer be all
        on.cut()
        on.clock.advance(10)
        on.mend()
        await on.serves()
        assert (on.order.state, on.order.terms.quantity) == (OrderState.PARTIALLY_FILLED, Decimal(100))
        assert len(on.broker.sent) == 2


async def test_a_link_lost_with_terms_waiting_does_not_stop_the_account() -> None:
    async with stage() as on:
        (order,) = await on.desk.place(draft(), ME)
        on.works()
        await on.desk.replace(order.id, dearer(51), "", ME)
        await on.desk.replace(order.id, dearer(52), "", ME)
        on.cut()
        on.tell(StatusReport(named(on.broker.sent[0]), BrokerStatus.PENDING))  # told while nobody knows
        assert on.order.state is OrderState.UNKNOWN
        on.clock.advance(5)
        on.mend()
        await on.serves()
        await until(lambda: on.broker.sent[-1].terms.limit == 52)
        assert on.journal.loads == 1


@pytest.mark.parametrize("fails_at", [1, 2, 3])
async def test_a_family_that_cannot_leave_whole_is_ended(fails_at: int) -> None:
    async with stage() as on:
        on.broker.fails_at = fails_at
        family = await on.desk.place(draft(bracket=BRACKET), ME)
        assert len(on.broker.sent) == fails_at - 1
        assert on.broker.cancels == [one.number for one in on.broker.sent]
        states = [on.seat.tenure.books.orders[one.id].state for one in family]
        left = [OrderState.PENDING_CANCEL] * (fails_at - 1)
        assert states == left + [OrderState.REJECTED] * (4 - fails_at)


async def test_an_entry_whose_exit_is_refused_is_cancelled() -> None:
    async with stage() as on:
        entry, *_ = await on.desk.place(draft(bracket=BRACKET), ME)
        on.broker.status = BrokerStatus.HELD
        on.works(0)
        on.works(1)
        on.tell(ErrorReport(named(on.broker.sent[2]), ErrorCategory.REFUSED, 201, "no"))
        await until(lambda: on.broker.cancels == [1])
        await until(lambda: on.stored(entry.id) is OrderState.PENDING_CANCEL)


async def test_an_entry_whose_exits_a_kill_swallowed_is_cancelled() -> None:
    async with stage() as on:
        on.broker.status = BrokerStatus.HELD
        await on.desk.place(draft(bracket=BRACKET), ME)
        del on.broker.alive[2], on.broker.alive[3]
        await on.kill()
        on.clock.advance(10)
        await on.start()
        await until(lambda: on.broker.cancels == [1])


async def test_an_order_of_what_nobody_lists_any_more_keeps_no_gate_closed() -> None:
    async with stage() as on:
        await on.desk.place(draft(), ME)
        await on.kill()
        on.listings.error = NotFound("no such symbol", Reason.SYMBOL_NOT_FOUND)
        await on.start()
        await on.desk.cancel(on.order.id, ME)
        assert on.broker.cancels == [1]


async def test_what_nobody_can_tell_is_asked_about_less_and_less_often() -> None:
    async with stage() as on:
        await on.desk.place(draft(), ME)
        on.tell(StatusReport(named(on.broker.sent[0]), BrokerStatus.WORKING, Decimal(40)))
        asked, order = on.broker.snapshots, on.order
        assert order.unseen == 40
        for _ in range(60):
            on.clock.advance(1)
            await asyncio.sleep(0.02)
        assert 2 <= on.broker.snapshots - asked <= 10
        assert on.journal.audit.count(f"MISSING_EXECUTIONS {order.id}") == 1


async def test_what_was_heard_since_the_broker_was_asked_is_newer_than_its_answer() -> None:
    async with stage() as on:
        (order,) = await on.desk.place(draft(), ME)
        on.works()
        await on.desk.replace(order.id, dearer(51), "", ME)

        def answered() -> None:
            on.broker.alive[1] = on.broker.sent[-1]
            on.works()
            on.broker.asked = lambda: None

        on.broker.alive[1] = on.broker.sent[0]
        on.broker.asked = answered
        await on.desk.reconcile(ME)
        assert (on.order.terms.limit, on.order.state) == (Decimal(51), OrderState.WORKING)
        assert on.incidents == []


async def test_reports_of_orders_that_are_being_stored_wait_their_turn() -> None:
    async with stage() as on:
        (order,) = await on.desk.place(draft(), ME)
        on.journal.free.clear()
        on.works()
        on.fill("a.01", 100)
        await a_while()
        await on.kill()  # none of it was stored
        on.journal.free.set()
        assert on.stored(order.id) is OrderState.PENDING_SUBMIT
        on.broker.alive.clear()
        await on.start()
        assert (on.order.state, on.order.book.commission) == (OrderState.FILLED, {"USD": Decimal(1)})
        events = [one.event.payload for one in on.journal.entries]
        assert sum(isinstance(one, e.Executed) for one in events) == 1
