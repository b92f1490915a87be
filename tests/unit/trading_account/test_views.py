"""Positions and accounts as callers see them, and readers who watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

import pytest

from scizor.domain.errors import FailedPrecondition, LimitExceeded
from scizor.domain.live import Quote
from scizor.domain.orders import Side
from scizor.domain.trading.exposure import OpenOrder
from scizor.domain.trading.views import PositionNews
from scizor.ports.order_broker import BrokerAccount, OrderBroker
from scizor.services.trading.account import views
from scizor.services.trading.account.views import Values
from tests.unit.trading_account.build import AAPL, ACCOUNT, BHP, Account, D, figures, opening_cash, until


class AskedBroker:
    def __init__(self) -> None:
        self.asked = 0

    async def account(self, account: str) -> BrokerAccount:
        self.asked += 1
        return figures(equity=D(777))


def values_of(on: Account, broker: AskedBroker | None = None, **choices: Any) -> Values:
    return Values(lambda _: on.ledger, cast("OrderBroker", broker or AskedBroker()), **({"pace_s": 0.0} | choices))


def test_positions_are_listed_by_instrument_then_strategy_with_their_marks() -> None:
    on = Account()
    on.trade(10, "100", strategy="two", fee="1")
    on.trade(-4, "120", strategy="one")
    on.trade(5, "40", BHP, strategy="two")
    on.quote(110.0)
    values = values_of(on)
    netted = values.positions(ACCOUNT)
    assert [(view.position.instrument, view.position.shares) for view in netted] == [(AAPL, D(6)), (BHP, D(5))]
    assert (netted[0].net, netted[0].mark) == (D(6 * 10 + 4 * 20 - 1), on.market.mark(AAPL))
    assert (netted[1].net, netted[1].mark) == (None, None)
    split = values.positions(ACCOUNT, by_strategy=True)
    assert [(view.strategy_id, view.position.shares) for view in split] == [
        ("one", D(-4)),
        ("two", D(10)),
        ("two", D(5)),
    ]
    assert [view.position.instrument for view in values.positions(ACCOUNT, "two", BHP)] == [BHP]
    assert values.positions(ACCOUNT, "nobody") == []


def test_closed_positions_are_shown_on_demand_for_what_they_earned() -> None:
    on = Account()
    on.trade(10, "100")
    on.trade(-10, "101")
    values = values_of(on)
    assert values.positions(ACCOUNT) == []
    (closed,) = values.positions(ACCOUNT, show_closed=True)
    assert (closed.position.average_cost, closed.net) == (None, D(10))


def test_without_a_rate_there_is_no_net_profit() -> None:
    on = Account(said=figures(rates={}))
    on.trade(5, "40", BHP)
    on.quote(41.0, BHP)
    assert values_of(on).positions(ACCOUNT)[0].net is None


async def test_an_account_is_told_by_our_ledger_and_by_the_brokers_margin() -> None:
    on = Account(
        postings=[opening_cash("10000"), opening_cash("100", "AUD")],
        said=figures(available_funds=D(5000), buying_power=D(20000), maintenance_margin=D(250)),
    )
    on.trade(10, "100", fee="1")
    on.trade(-4, "120")
    on.quote(110.0)
    on.books.risk.keep(OpenOrder("open", "", AAPL, Side.BUY, D(3)))
    await on.appraiser.load()
    view = await values_of(on).account(ACCOUNT)
    assert (view.equity, view.day_start_equity, view.peak_equity, view.day_pnl) == (D(10189), D(10189), D(10189), D(0))
    assert view.cash == {"USD": D(9479), "AUD": D(100)}
    assert (view.available_funds, view.buying_power, view.maintenance_margin) == (D(5000), D(20000), D(250))
    assert (view.reserved_funds, view.realised, view.unrealised) == (D(330), D(79), D(60))
    assert (view.paper, view.base_currency, view.unpriced) == (True, "USD", ())


async def test_what_is_not_priced_is_named_and_left_out() -> None:
    on = Account(said=figures(equity=D(9000)))
    on.trade(10, "100")
    await on.appraiser.load()
    view = await values_of(on).account(ACCOUNT)
    assert (view.equity, view.unrealised, view.unpriced) == (D(9000), D(0), (AAPL,))
    on.books.risk.keep(OpenOrder("open", "", AAPL, Side.BUY, D(3)))
    assert (await values_of(on).account(ACCOUNT)).reserved_funds is None


async def test_the_broker_is_asked_where_it_has_told_nothing() -> None:
    on, broker = Account(said=None), AskedBroker()
    values = values_of(on, broker)
    assert (await values.account(ACCOUNT)).equity == 777
    await values.account(ACCOUNT)
    assert broker.asked == 1


async def test_an_account_whose_rates_lack_is_refused() -> None:
    on = Account(said=figures(rates={}))
    on.trade(5, "40", BHP)
    with pytest.raises(FailedPrecondition):
        await values_of(on).account(ACCOUNT)


async def take(stream: AsyncIterator[PositionNews | None], count: int) -> list[Any]:
    async with asyncio.timeout(5):
        return [await anext(stream) for _ in range(count)]


def shown(news: PositionNews) -> tuple[str, Any, Any, int]:
    view = news.view
    return view.position.instrument, view.position.shares, view.mark and view.mark.price, news.overtaken


async def test_a_reader_sees_all_positions_first_and_then_those_that_change() -> None:
    on = Account()
    on.trade(10, "100")
    on.trade(5, "40", BHP)
    on.quote(101.0)
    values = values_of(on)
    async with aclosing(cast("Any", values.watch_positions(ACCOUNT))) as stream:
        assert [shown(one) for one in await take(stream, 2)] == [(AAPL, 10, 101, 0), (BHP, 5, None, 0)]
        on.quote(102.0)
        assert [shown(one) for one in await take(stream, 1)] == [(AAPL, 10, 102, 0)]
        on.trade(-5, "41", BHP)
        values.moved(ACCOUNT, [BHP])
        assert [shown(one) for one in await take(stream, 1)] == [(BHP, 0, None, 0)]


async def test_a_slow_reader_is_shown_the_newest_and_how_much_it_missed() -> None:
    on = Account()
    on.trade(10, "100")
    on.quote(101.0)
    async with aclosing(cast("Any", values_of(on).watch_positions(ACCOUNT))) as stream:
        await take(stream, 1)
        for price in (102.0, 103.0, 104.0):
            on.quote(price)
        assert [shown(one) for one in await take(stream, 1)] == [(AAPL, 10, 104, 2)]


async def test_a_change_that_nobody_announced_is_found_all_the_same() -> None:
    on = Account()
    on.trade(10, "100")
    async with aclosing(cast("Any", values_of(on).watch_positions(ACCOUNT))) as stream:
        await take(stream, 1)
        on.trade(10, "100")
        assert [shown(one) for one in await take(stream, 1)] == [(AAPL, 20, None, 0)]


async def test_a_quiet_stream_has_heartbeats_and_ends_with_the_service() -> None:
    on = Account()
    on.trade(10, "100")
    values = values_of(on, heartbeat_s=0.01)
    async with aclosing(cast("Any", values.watch_positions(ACCOUNT))) as stream:
        assert (await take(stream, 3))[1:] == [None, None]
        values.close()
        async with asyncio.timeout(5):
            assert [one async for one in stream if one is not None] == []


async def test_prices_that_move_what_is_not_held_are_no_news() -> None:
    on = Account()
    on.quote(101.0)
    async with aclosing(cast("Any", values_of(on, heartbeat_s=0.05).watch_positions(ACCOUNT))) as stream:
        waiting = asyncio.ensure_future(anext(stream))
        await until(lambda: not waiting.done())
        on.quote(102.0)
        assert await waiting is None


async def test_readers_are_bounded_and_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "MOST_READERS", 1)
    on = Account()
    on.trade(10, "100")
    values = values_of(on)
    async with aclosing(cast("Any", values.watch_positions(ACCOUNT))) as stream:
        await take(stream, 1)
        with pytest.raises(LimitExceeded):
            await anext(values.watch_positions(ACCOUNT))
    async with aclosing(cast("Any", values.watch_positions(ACCOUNT))) as stream:
        await take(stream, 1)
    on.live.push(AAPL, Quote(on.clock.now(), last=1.0))
