"""What an account holds: opened once, counted once, and never explained away."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from scizor.domain.errors import FailedPrecondition, NotFound, Unavailable
from scizor.domain.orders import Side
from scizor.domain.trading.differences import DifferenceKind
from scizor.domain.trading.executions import Commission, Execution
from scizor.domain.trading.reports import ExecutionReport, Named
from scizor.ports.journal import BookedExecution, PostingKind
from scizor.services.trading.desk.drafts import Answering
from scizor.services.trading.desk.holdings import Holdings
from tests.unit.trading_desk.stage import Stage, draft, stage
from tests.unit.trading_desk.world import ACCOUNT, ME, NAME, NOW, a_while, until


def kinds(on: Stage) -> list[PostingKind]:
    return [one.kind for one in on.journal.postings]


async def opened_with(on: Stage, shares: int, cash: int) -> None:
    on.broker.positions[NAME], on.broker.cash["USD"] = Decimal(shares), Decimal(cash)
    await on.start()


async def test_what_was_held_before_is_posted_once() -> None:
    async with stage(start=False) as on:
        await opened_with(on, 10, 1000)
        assert set(kinds(on)) == {PostingKind.OPENING_CASH, PostingKind.OPENING_POSITION}
        await on.kill()
        await on.start()
        assert len(kinds(on)) == 2
        assert on.seat.tenure.books.holdings.shares() == {NAME: 10}


async def test_an_opening_that_a_kill_cut_in_two_is_done_again() -> None:
    async with stage(start=False) as on:
        trade = Execution("x.01", ACCOUNT, NAME, Side.BUY, Decimal(4), Decimal(50), NOW)
        on.broker.executions = [ExecutionReport(Named("", "77"), trade)]
        on.broker.commissions = [Commission("x.01", Decimal(1), "USD")]
        on.broker.positions[NAME], on.broker.cash["USD"] = Decimal(10), Decimal(1000)
        on.broker.asked = lambda: on.journal.free.clear() if on.broker.snapshots == 2 else None
        await on.start(wait=False)
        await until(lambda: on.broker.snapshots == 2 and on.journal.entries)
        await a_while()
        await on.kill()  # the foreign order is stored, what was held is not
        assert kinds(on) == []
        on.journal.free.set()
        on.broker.asked = lambda: None
        await on.start()
        assert on.seat.tenure.books.holdings.shares() == {NAME: 10}
        assert on.seat.tenure.books.holdings.cash["USD"] == 1000
        assert on.seat.reconciled is not None
        assert on.seat.reconciled.left == 0


async def test_an_opening_that_moves_under_our_eyes_is_not_believed() -> None:
    async with stage(start=False) as on:
        on.broker.asked = lambda: on.broker.cash.update(USD=Decimal(1000 + on.broker.snapshots))
        await on.start(wait=False)
        await until(lambda: on.broker.snapshots > 8)
        assert (on.seat.gate.name, kinds(on)) == ("RECONCILING", [])
        on.broker.asked = lambda: None
        await on.serves()
        assert kinds(on) == [PostingKind.OPENING_CASH]


async def test_a_deposit_is_posted_and_told() -> None:
    async with stage(start=False) as on:
        await opened_with(on, 0, 1000)
        await on.desk.place(draft(), ME)
        on.works()
        on.broker.cash["USD"] += 500
        assert (await on.desk.reconcile(ME)).left == 0
        assert kinds(on) == [PostingKind.OPENING_CASH, PostingKind.CASH_ADJUSTMENT]


@pytest.mark.parametrize("how", ["late cash", "no commission", "commission of another revision", "position"])
async def test_cash_that_a_trade_may_explain_is_never_adjusted(how: str) -> None:
    async with stage(start=False) as on:
        await opened_with(on, 0, 10_000)
        await on.desk.place(draft(), ME)
        on.works()
        on.fill("a.01", 100)
        if how == "late cash":
            on.broker.cash["USD"] = Decimal(10_000)  # the trade is known, and not yet in the cash
        elif how == "position":
            on.clock.advance(60)
            on.broker.positions[NAME] += 1
            on.broker.cash["USD"] -= 50
        else:
            exec_id = "b.01" if how == "no commission" else "a.02"
            on.fill(exec_id, 100, "49", tell=False)
            on.broker.commissions.pop()
            on.broker.alive.clear()
            await on.desk.reconcile(ME)
            on.clock.advance(60)
        await on.desk.reconcile(ME)
        assert kinds(on) == [PostingKind.OPENING_CASH]
        left = {one.kind for one in on.seat.reconciled.differences} if on.seat.reconciled else set()
        assert DifferenceKind.CASH in left


async def test_a_fill_between_two_of_the_brokers_answers_is_no_difference() -> None:
    async with stage(start=False) as on:
        await opened_with(on, 0, 10_000)
        await on.desk.place(draft(), ME)
        on.works()

        def fills() -> None:
            on.fill(f"{on.broker.snapshots}.01", 1)  # told at once, and in the answers from the next on

        on.broker.asked = fills
        held = dict(on.broker.positions)
        result = await on.desk.reconcile(ME)
        assert (result.left, kinds(on), held) == (0, [PostingKind.OPENING_CASH], {NAME: Decimal(0)})


async def test_a_position_is_closed_once_however_often_that_is_asked() -> None:
    async with stage(start=False) as on:
        await opened_with(on, 10, 1000)
        answering = Answering("close", "r-1", b"", lambda orders: b"")
        one = await on.desk.close("AAPL", "", None, ME, answering)
        again = await on.desk.close("AAPL", "", None, ME, answering)
        assert (one.id, len(on.broker.sent)) == (again.id, 1)
        with pytest.raises(NotFound):
            await on.desk.close("AAPL", "", None, ME)
        assert await on.desk.close_all("", ME) == ()
        assert len(on.broker.sent) == 1


async def test_two_who_close_at_once_close_no_more_than_there_is() -> None:
    async with stage(start=False) as on:
        await opened_with(on, 10, 1000)
        asked = [asyncio.create_task(on.desk.close("AAPL", "", None, ME)) for _ in range(5)]
        results = await asyncio.gather(*asked, return_exceptions=True)
        refused = [one for one in results if isinstance(one, FailedPrecondition)]
        assert (len(on.broker.sent), len(refused)) == (1, 4)


def test_lots_do_not_hang_on_whether_they_were_added_or_read_again() -> None:
    booked = [
        BookedExecution(
            Execution(f"{name}.01", ACCOUNT, NAME, Side.BUY, Decimal(1), Decimal(price), NOW), name, "", "", {}
        )
        for name, price in (("b", 20), ("a", 10))
    ]
    read = Holdings(ACCOUNT, booked, [])
    again = Holdings(ACCOUNT, booked[::-1], [])
    assert read.positions == again.positions


async def test_a_strategy_whose_only_trade_was_taken_back_holds_nothing() -> None:
    async with stage(start=False) as on:
        await opened_with(on, 0, 10_000)
        await on.desk.place(draft(strategy_id="sma"), ME)
        on.works()
        on.fill("a.01", 100)
        risk = on.seat.tenure.books.risk
        assert risk.holding("sma", NAME).shares == 100
        on.fill("a.02", 0, "0")
        assert risk.holding("sma", NAME).shares == risk.holding("", NAME).shares == 0


async def test_books_that_are_away_take_no_orders_and_hear_no_reports() -> None:
    async with stage(start=False) as on:
        on.make()
        with pytest.raises(Unavailable):
            await on.desk.place(draft(), ME)
        assert not on.seat.reported(
            ExecutionReport(
                Named("x", "1"), Execution("a.01", ACCOUNT, NAME, Side.BUY, Decimal(1), Decimal(1), NOW + timedelta(1))
            )
        )
