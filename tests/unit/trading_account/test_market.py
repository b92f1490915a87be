"""Prices, their ages, rates and opening hours."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from scizor.domain.live import FeedState, FeedStatus, MarketDataType, Quote
from scizor.services.trading.account.hours import Hours, Standing
from scizor.services.trading.account.market import MOST_WANTED
from scizor.services.trading.account.marking import mark_of
from tests.unit.trading_account.build import AAPL, BHP, NOON, Account, Clock, Connection, D, WeekdayCalendar, until

CLOSE = datetime(2026, 11, 19, 21, tzinfo=UTC)
OPEN_NOW = Standing(True, CLOSE, CLOSE - timedelta(days=1))
CLOSED_NOW = Standing(False, CLOSE, CLOSE - timedelta(days=1))


@pytest.mark.parametrize(
    ("quote", "standing", "price", "time"),
    [
        (Quote(NOON, last=10.1, bid=10.0, ask=10.4), OPEN_NOW, "10.1", NOON),
        (Quote(NOON, last=9.0, bid=10.0, ask=10.4), OPEN_NOW, "10.0", NOON),
        (Quote(NOON, last=40.0, bid=10.0, ask=10.4), CLOSED_NOW, "10.4", NOON),
        (Quote(NOON, bid=10.0, ask=10.3), OPEN_NOW, "10.15", NOON),
        (Quote(NOON, bid=10.0, previous_close=9.5), OPEN_NOW, "9.5", CLOSE),
        (Quote(NOON, previous_close=9.5), CLOSED_NOW, "9.5", CLOSE - timedelta(days=1)),
        (Quote(NOON, last=10.1), CLOSED_NOW, "10.1", CLOSE),
        (Quote(NOON, last=10.1, bid=10.0, ask=10.4), CLOSED_NOW, "10.1", NOON),
        (Quote(NOON, MarketDataType.DELAYED, last=10.1), OPEN_NOW, "10.1", NOON - timedelta(minutes=20)),
        (Quote(NOON, MarketDataType.FROZEN, last=10.1, bid=10.0, ask=10.4), CLOSED_NOW, "10.1", CLOSE),
    ],
)
def test_a_mark_is_as_old_as_its_price_is(quote: Quote, standing: Standing, price: str, time: datetime) -> None:
    mark = mark_of(quote, standing)
    assert mark is not None
    assert (mark.price, mark.time) == (D(price), time)


def test_a_quote_without_a_price_makes_no_mark() -> None:
    assert mark_of(Quote(NOON, bid=10.0, ask=0.0, last=-1.0), OPEN_NOW) is None
    assert mark_of(Quote(NOON, previous_close=9.0), Standing(True)) is None


def test_a_price_is_the_decimal_that_was_said() -> None:
    mark = mark_of(Quote(NOON, last=0.1 + 0.2), OPEN_NOW)
    assert mark is not None
    assert mark.price == D("0.30000000000000004")


async def test_who_asks_for_a_price_waits_for_the_first_and_no_longer_than_told() -> None:
    on = Account()
    asked = asyncio.create_task(on.market.priced(AAPL, 5.0))
    await until(lambda: on.live.wanted)
    on.quote(10.0)
    assert await asked
    assert await on.market.priced(AAPL, 0.0)
    assert not await on.market.priced(BHP, 0.01)


async def test_a_refused_price_is_not_waited_for() -> None:
    on = Account()
    asked = asyncio.create_task(on.market.priced(AAPL, 60.0))
    await until(lambda: on.live.wanted)
    on.live.push(AAPL, FeedStatus(FeedState.REFUSED, 354, "not subscribed"))
    assert not await asked


def test_a_feed_that_is_away_makes_prices_old_and_nothing_else() -> None:
    on = Account()
    on.quote(10.0)
    on.live.push(AAPL, FeedStatus(FeedState.INTERRUPTED, 0, "away"))
    on.clock.pass_(seconds=30)
    mark = on.market.prices().marks[AAPL]
    assert (mark.price, mark.age(on.clock.now())) == (D(10), timedelta(seconds=30))


def test_rates_are_the_brokers_and_unknown_before_it_has_told_any() -> None:
    on = Account(said=None)
    assert on.market.rates.known("USD") is None
    on.market.told(Account().said)  # type: ignore[arg-type]  # an account has figures unless told otherwise
    rates = on.market.prices().rates
    assert (rates.base, rates.known("USD"), rates.known("AUD"), rates.known("EUR")) == ("USD", D(1), D("0.5"), None)


def test_instruments_of_exchanges_that_are_not_open_are_closed() -> None:
    on = Account()
    on.market.want([AAPL, BHP, "XYZ.NOWHERE.EUR"])
    assert on.market.prices().closed == {BHP}  # Sydney sleeps; of an exchange without a calendar nobody knows
    on.clock.pass_(hours=4, minutes=0)
    assert on.market.prices().closed == {AAPL, BHP}
    on.clock.pass_(days=2, hours=2)
    assert on.market.prices().closed == {AAPL}  # Monday morning in Sydney


def test_a_replayed_market_is_open_when_it_is_open_there() -> None:
    clock, connection = Clock(datetime(2026, 11, 22, 3, tzinfo=UTC)), Connection()  # a Sunday
    hours = Hours(WeekdayCalendar(), connection, clock)
    assert not hours.of(AAPL).is_open
    connection.skew(NOON - clock.now())
    clock.pass_(minutes=1)
    standing = hours.of(AAPL)
    assert standing.is_open
    assert standing.last_close == CLOSE - (NOON - clock.now() + timedelta(minutes=1))


def test_the_instrument_longest_not_asked_for_is_let_go() -> None:
    on = Account()
    on.quote(10.0)
    on.market.want(["OLD.NYSE.USD"])
    for number in range(MOST_WANTED - 2):
        on.market.want([f"X{number}.NYSE.USD"])
    on.market.want([AAPL])
    assert len(on.live.wanted) == MOST_WANTED
    on.market.want(["NEW.NYSE.USD"])
    assert (len(on.live.wanted), "OLD.NYSE.USD" in on.live.wanted) == (MOST_WANTED, False)
    assert on.market.mark(AAPL) is not None
    on.live.push("OLD.NYSE.USD", Quote(NOON, last=1.0))
    assert on.market.mark("OLD.NYSE.USD") is None


def test_a_price_from_before_a_split_is_none_of_the_shares_after_it() -> None:
    on = Account()
    on.quote(400.0)
    on.clock.pass_(hours=1)
    on.market.rescaled(AAPL, on.clock.now())
    assert on.market.mark(AAPL) is None
    on.live.push(AAPL, Quote(NOON, last=400.0))
    assert on.market.mark(AAPL) is None
    on.quote(100.0)
    on.market.rescaled(AAPL, on.clock.now())
    assert on.market.mark(AAPL) is not None


def test_listeners_hear_of_marks_that_change_and_only_of_those() -> None:
    on, heard = Account(), list[str]()
    stop = on.market.listen(heard.append)
    on.quote(10.0)
    on.quote(10.0)
    on.quote(11.0)
    stop()
    on.quote(12.0)
    assert heard == [AAPL, AAPL]
    assert on.market.mark(AAPL) is not None
    assert isinstance(on.market.mark(AAPL).price, Decimal)  # type: ignore[union-attr]  # it was quoted
