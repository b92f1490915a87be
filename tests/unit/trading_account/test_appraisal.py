"""Equity, where the day began, the highest, strategies' own capital: and all of it again after a restart."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal

import pytest

from scizor.domain.errors import Unavailable
from scizor.domain.orders import Side
from scizor.domain.trading.exposure import Funds, OpenOrder
from scizor.ports.journal import Posting, PostingKind
from scizor.services.trading.account.appraisal import Stake
from scizor.services.trading.account.sessions import AccountSessions
from tests.unit.trading_account.build import (
    BHP,
    NOON,
    Account,
    D,
    WeekdayCalendar,
    figures,
    opening_cash,
    until,
)


async def marked(on: Account, deployment_id: str = "") -> list[Decimal]:
    """What is stored once the appraiser has had its turn."""
    await on.appraiser.load()
    track = on.appraiser.track(deployment_id)
    assert track is not None
    running, points = asyncio.create_task(on.appraiser.run()), on.storage.risk.points
    await until(lambda: any(one.deployment_id == deployment_id and one.equity == track.last for one in points))
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    return [one.equity for one in points if one.deployment_id == deployment_id]


async def test_equity_is_cash_and_positions_at_their_marks_in_the_base_currency() -> None:
    on = Account(postings=[opening_cash("10000"), opening_cash("200", "AUD")])
    on.trade(10, "100", fee="1")
    on.trade(20, "40", BHP)
    on.quote(110.0)
    on.quote(50.0, BHP)
    await on.appraiser.load()
    # 10000 - 1000 - 1 + 1100 dollars; 200 - 800 + 1000 Australian ones at half.
    assert on.books.risk.funds.equity == D(10099) + D(200)
    assert on.books.risk.funds.available == D(10000) - 1000 - 1 + (D(200) - 800) / 2


async def test_without_a_price_the_brokers_figure_stands_in() -> None:
    on = Account(said=figures(equity=D(12345), available_funds=D(6000)))
    on.trade(10, "100")
    await on.appraiser.load()
    assert on.books.risk.funds == Funds(D(12345), D(6000), D(12345), D(12345))
    on.quote(110.0)
    on.appraiser.refresh()
    assert on.books.risk.funds.equity == 10100


async def test_nothing_is_known_before_the_broker_has_told_its_figures() -> None:
    on = Account(said=None)
    with pytest.raises(Unavailable):
        await on.appraiser.load()
    on.appraiser.refresh()
    assert on.books.risk.funds.equity == 0


async def test_a_day_begins_where_the_last_one_ended() -> None:
    on = Account()
    on.trade(10, "100")
    on.quote(110.0)
    await on.appraiser.load()
    on.quote(120.0)
    on.appraiser.refresh()
    assert (on.books.risk.funds.day_start_equity, on.books.risk.funds.day_loss) == (D(10100), D(-100))
    on.clock.pass_(days=3)
    on.quote(90.0)
    on.appraiser.refresh()
    funds = on.books.risk.funds
    assert (funds.day_start_equity, funds.day_loss, funds.peak_equity) == (D(10200), D(300), D(10200))


async def test_the_day_and_the_highest_survive_a_restart_whatever_prices_did_meanwhile() -> None:
    on = Account()
    on.trade(10, "100")
    on.quote(150.0)
    assert await marked(on) == [D(10500)]
    on.clock.pass_(minutes=2)
    on.quote(120.0)
    assert await marked(on) == [D(10500), D(10200)]
    on.clock.pass_(hours=20)
    on.restart()
    on.quote(80.0)
    await on.appraiser.load()
    on.quote(80.0)
    on.appraiser.refresh()
    funds = on.books.risk.funds
    assert (funds.equity, funds.day_start_equity, funds.peak_equity) == (D(9800), D(10200), D(10500))


async def test_equity_is_marked_once_a_minute_and_not_again_while_it_stands() -> None:
    on = Account()
    assert await marked(on) == [D(10000)]
    on.clock.pass_(minutes=5)
    assert await marked(on) == [D(10000)]
    on.clock.pass_(days=3)
    running = asyncio.create_task(on.appraiser.run())
    await until(lambda: len(on.storage.risk.points) == 2)  # a new session is marked in any case
    running.cancel()
    assert [point.session for point in on.storage.risk.points] == [date(2026, 11, 20), date(2026, 11, 23)]


def paid(amount: str, currency: str = "USD") -> Posting:
    return Posting(PostingKind.CASH_ADJUSTMENT, NOON + timedelta(minutes=1), currency=currency, amount=D(amount))


async def test_money_paid_out_is_no_loss_and_money_paid_in_no_gain() -> None:
    on = Account()
    await on.appraiser.load()
    await on.post([paid("-4000")])
    on.appraiser.refresh()
    funds = on.books.risk.funds
    assert (funds.equity, funds.day_loss, funds.drawdown) == (D(6000), D(0), D(0))
    await on.post([paid("600", "AUD")])
    on.appraiser.refresh()
    assert (on.books.risk.funds.equity, on.books.risk.funds.day_loss) == (D(6300), D(0))


async def test_what_was_paid_while_marks_were_stored_counts_after_a_restart_too() -> None:
    on = Account()
    assert await marked(on) == [D(10000)]
    await on.post([paid("-4000")])
    on.clock.pass_(minutes=2)
    assert await marked(on) == [D(10000), D(6000)]
    on.restart()
    await on.appraiser.load()
    funds = on.books.risk.funds
    assert (funds.equity, funds.day_start_equity, funds.peak_equity) == (D(6000), D(6000), D(6000))


async def test_interest_and_fees_are_earned_and_lost() -> None:
    on = Account()
    await on.appraiser.load()
    await on.post([paid("-20")])
    on.appraiser.refresh()
    assert on.books.risk.funds.day_loss == 20


def stake(amount: str = "1000", currency: str = "USD") -> Stake:
    return Stake("deployment-1", "one", D(amount), currency, NOON)


async def test_a_strategy_with_capital_of_its_own_is_judged_by_what_it_made_of_it() -> None:
    on = Account()
    on.trade(10, "90", strategy="one", time=NOON - timedelta(days=3))
    on.trade(-10, "95", strategy="one", fee="5", time=NOON - timedelta(days=2))
    on.trade(5, "100", strategy="two")
    on.stakes.append(stake())
    on.quote(100.0)
    await on.appraiser.load()
    assert on.books.risk.strategy_funds == {"one": Funds(D(1000), D(1000), D(1000), D(1000))}
    on.trade(4, "100", strategy="one", fee="1")
    on.quote(90.0)
    on.appraiser.refresh()
    funds = on.books.risk.strategy_funds["one"]
    assert (funds.equity, funds.available, funds.day_loss, funds.peak_equity) == (D(959), D(599), D(41), D(1000))
    assert on.books.risk.funds_of("two") is on.books.risk.funds


async def test_a_deployments_equity_is_marked_and_read_again() -> None:
    on = Account()
    on.stakes.append(stake("1000", "AUD"))
    on.quote(100.0)
    assert await marked(on, "deployment-1") == [D(500)]
    on.restart()
    on.trade(1, "100", strategy="one", fee="50")
    on.quote(100.0)
    await on.appraiser.load()
    assert on.books.risk.strategy_funds["one"] == Funds(D(450), D(350), D(500), D(500))
    on.stakes.clear()
    on.appraiser.refresh()
    assert on.books.risk.strategy_funds == {}


async def test_a_strategy_without_a_price_keeps_what_it_was_worth_last() -> None:
    on = Account()
    on.stakes.append(stake())
    await on.appraiser.load()
    on.trade(4, "100", BHP, strategy="one")
    on.appraiser.refresh()
    assert on.books.risk.strategy_funds["one"].equity == 1000


async def test_prices_of_what_is_held_or_on_order_are_wanted() -> None:
    on = Account()
    on.trade(1, "100", BHP)
    on.books.risk.keep(OpenOrder("open", "", "MSFT.NASDAQ.USD", Side.BUY, D(3)))
    await on.appraiser.load()
    assert sorted(on.live.wanted) == [BHP, "MSFT.NASDAQ.USD"]


def test_days_are_new_yorks_and_a_sunday_is_mondays() -> None:
    sessions = AccountSessions(WeekdayCalendar())
    assert sessions.of(NOON) == date(2026, 11, 20)
    assert sessions.of(NOON + timedelta(hours=11, minutes=59)) == date(2026, 11, 20)
    assert sessions.of(NOON + timedelta(hours=12)) == date(2026, 11, 23)
    assert sessions.of(NOON + timedelta(days=2)) == date(2026, 11, 23)
