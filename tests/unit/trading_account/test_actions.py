"""Splits and dividends are booked once, whatever dies in between."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.live import Quote
from scizor.ports.journal import PostingKind
from scizor.services.trading.account.actions import CompanyActions
from tests.unit.trading_account.build import AAPL, BHP, NOON, Account, D, figures

MONDAY = date(2026, 11, 23)
BEGINS = datetime(2026, 11, 23, 5, tzinfo=UTC)  # New York's midnight


def looking(on: Account) -> CompanyActions:
    return CompanyActions(on, on.storage.port, on.calendar, on.market)


def record(on: Account, kind: ActionType, value: str, day: date = MONDAY, instrument: str = AAPL) -> None:
    on.storage.actions.recorded.setdefault(instrument, []).append(CorporateAction(kind, day, D(value), "test"))


async def test_a_split_is_booked_when_its_date_begins_and_not_before() -> None:
    on = Account()
    on.trade(10, "100")
    record(on, ActionType.SPLIT, "4")
    on.clock.instant = BEGINS - timedelta(seconds=1)
    assert await looking(on).look() == []
    on.clock.instant = BEGINS
    (posting,) = await looking(on).look()
    assert (posting.kind, posting.time, posting.ratio) == (PostingKind.SPLIT, BEGINS, D(4))
    assert on.books.holdings.positions[AAPL].shares == 40


async def test_what_is_booked_is_not_booked_again_by_another_process_either() -> None:
    on = Account()
    on.trade(10, "100")
    record(on, ActionType.SPLIT, "4")
    record(on, ActionType.DIVIDEND, "0.5")
    on.clock.instant = BEGINS + timedelta(hours=10)
    first = looking(on)
    await asyncio.gather(first.look(), first.look())
    on.restart()
    assert await looking(on).look() == []
    held = on.books.holdings.positions[AAPL]
    assert (held.shares, held.dividends) == (D(40), D(20))  # a dividend counts shares after the day's split
    assert len(on.posted) == 2


async def test_a_split_recorded_after_a_dividend_of_its_date_still_comes_before_it() -> None:
    on = Account()
    on.trade(10, "100")
    on.clock.instant = BEGINS
    record(on, ActionType.DIVIDEND, "0.5")
    await looking(on).look()
    record(on, ActionType.SPLIT, "4")
    await looking(on).look()
    assert on.books.holdings.positions[AAPL].dividends == 20
    on.restart()
    assert on.books.holdings.positions[AAPL].dividends == 20


async def test_who_holds_nothing_on_the_date_gets_nothing() -> None:
    on = Account()
    on.trade(10, "100")
    on.trade(-10, "101")
    record(on, ActionType.DIVIDEND, "0.5", date(2026, 11, 19))
    record(on, ActionType.DIVIDEND, "0.5", MONDAY)
    record(on, ActionType.SPLIT, "2", MONDAY, BHP)
    on.clock.instant = BEGINS + timedelta(days=1)
    assert await looking(on).look() == []


async def test_a_purchase_on_the_date_is_at_the_new_scale() -> None:
    on = Account()
    on.trade(10, "100")
    on.trade(8, "25", time=BEGINS + timedelta(hours=4))  # before the regular session
    record(on, ActionType.SPLIT, "4")
    on.clock.instant = BEGINS + timedelta(days=2)
    await looking(on).look()
    assert on.books.holdings.positions[AAPL].shares == 48


async def test_strategies_that_cancel_out_each_get_their_part() -> None:
    on = Account()
    on.trade(10, "100", strategy="one")
    on.trade(-10, "100", strategy="two")
    record(on, ActionType.DIVIDEND, "0.5")
    on.clock.instant = BEGINS
    await looking(on).look()
    holdings = on.books.holdings
    assert [holdings.by_strategy[name, AAPL].dividends for name in ("one", "two")] == [D(5), D(-5)]


async def test_a_date_begins_where_the_exchange_is() -> None:
    on = Account()
    on.trade(10, "40", BHP, time=NOON - timedelta(days=5))
    record(on, ActionType.DIVIDEND, "1", MONDAY, BHP)
    on.clock.instant = datetime(2026, 11, 22, 13, tzinfo=UTC)  # midnight in Sydney
    assert [posting.instrument for posting in await looking(on).look()] == [BHP]


async def test_a_split_makes_nobody_rich_until_there_is_a_price_after_it() -> None:
    on = Account(said=figures(equity=D(10000)))
    on.trade(10, "100")
    on.quote(100.0)
    await on.appraiser.load()
    record(on, ActionType.SPLIT, "4")
    on.clock.instant = BEGINS
    await looking(on).look()
    on.appraiser.refresh()
    assert on.books.risk.funds.peak_equity == 10000
    on.restart()
    await looking(on).look()
    on.live.push(AAPL, Quote(NOON, last=100.0))
    await on.appraiser.load()
    assert on.books.risk.funds.peak_equity == 10000
