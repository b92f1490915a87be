"""Feeds shared among readers: opened once, closed after the last, refused in words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from scizor.domain.broker import BrokerContract, ConnectionState, DataOrigin
from scizor.domain.errors import LimitExceeded, Reason, Unavailable
from scizor.domain.live import FeedEvent, FeedGap, FeedState, FeedStatus, LiveBar, LiveInterval, Quote
from scizor.services.marketdata.live.hub import LiveHub
from scizor.services.marketdata.live.mailbox import Mailbox
from scizor.services.marketdata.live.news import Line, News
from scizor.services.marketdata.live.settings import LiveSettings
from tests.fakes.broker import FakeBroker, HandClock

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
PENDING, ACTIVE = FeedStatus(FeedState.PENDING), FeedStatus(FeedState.ACTIVE)
FIVE = LiveInterval.SECONDS_5


class Stage:
    """A hub over a broker that lists AAPL, MSFT and BHP."""

    def __init__(self) -> None:
        self.clock = HandClock(NOW)
        self.broker = FakeBroker(self.clock)
        self.aapl, self.msft = self.broker.list("AAPL"), self.broker.list("MSFT")
        self.bhp = self.broker.list("BHP", "ASX", "AUD")
        self.hub = self.hub_with()

    def hub_with(
        self, *, max_feeds: int = 100, max_streams: int = 500, max_symbols: int = 100, linger_s: float = 60.0
    ) -> LiveHub:
        settings = LiveSettings(max_feeds, max_streams, max_symbols, 1000, linger_s, 60.0)
        return LiveHub(self.broker.quotes, self.broker.connection, self.clock, settings)

    @property
    def feeds(self) -> list[str]:
        """Symbols of the feeds that are open."""
        return [feed.contract.symbol for feed in self.broker.quotes.feeds]

    def push(self, contract: BrokerContract, last: float) -> Quote:
        made = Quote(self.clock.now(), last=last)
        self.broker.push_quote(contract, made)
        return made


@pytest.fixture
def stage() -> Stage:
    return Stage()


def line(contract: BrokerContract) -> Line:
    return Line(f"{contract.symbol}.{contract.primary_exchange}", contract)


async def events(box: Mailbox, count: int) -> list[FeedEvent]:
    """The next ones."""
    found: list[FeedEvent] = []
    async with asyncio.timeout(5):
        for _ in range(count):
            news = await anext(box)
            assert news is not None
            found.append(news.event)
    return found


async def unread(box: Mailbox) -> list[News]:
    """All that is there: quotes are pushed and read in one task, so a mailbox that has nothing would wait for ever."""
    found: list[News] = []
    while True:
        try:
            async with asyncio.timeout(0):
                news = await anext(box)
        except TimeoutError:
            return found
        assert news is not None
        found.append(news)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - a feed that closes tells nobody
            await asyncio.sleep(0.005)


async def test_readers_share_a_feed_and_each_is_told_all(stage: Stage) -> None:
    with stage.hub.subscribe([line(stage.aapl)]) as one, stage.hub.subscribe([line(stage.aapl)]) as other:
        assert stage.feeds == ["AAPL"]
        told = stage.push(stage.aapl, 1.0)
        for box in (one, other):
            assert await events(box, 3) == [PENDING, ACTIVE, told]


async def test_a_late_reader_begins_with_the_state_and_the_newest_quote(stage: Stage) -> None:
    with stage.hub.subscribe([line(stage.aapl)]):
        stage.push(stage.aapl, 1.0)
        newest = stage.push(stage.aapl, 2.0)
        with stage.hub.subscribe([line(stage.msft), line(stage.aapl)]) as late:
            assert await events(late, 3) == [PENDING, ACTIVE, newest]


async def test_quotes_and_bars_of_each_length_are_feeds_of_their_own(stage: Stage) -> None:
    bar = LiveBar(NOW, 1.0, 2.0, 1.0, 2.0, 9.0, complete=False)
    lines = [line(stage.aapl)]
    with stage.hub.subscribe(lines) as quotes, stage.hub.subscribe(lines, FIVE) as bars:
        with stage.hub.subscribe(lines, LiveInterval.MINUTE_1):
            assert len(stage.feeds) == 3
        stage.broker.push_bar(stage.aapl, FIVE, bar)
        stage.push(stage.aapl, 1.0)
        assert await events(bars, 3) == [PENDING, ACTIVE, bar]
        assert len(await events(quotes, 3)) == 3


async def test_a_feed_outlives_its_last_reader_for_a_while(stage: Stage) -> None:
    hub = stage.hub_with(linger_s=0.02)
    with hub.subscribe([line(stage.aapl)]):
        stage.push(stage.aapl, 1.0)
    assert stage.feeds == ["AAPL"]
    with hub.subscribe([line(stage.aapl)]) as again:
        assert (await events(again, 2))[0] == ACTIVE
        assert stage.broker.quotes.opened == 1
    await until(lambda: not stage.feeds)
    with hub.subscribe([line(stage.aapl)]) as anew:
        assert await events(anew, 1) == [PENDING]
    assert stage.broker.quotes.opened == 2
    await hub.close()


async def test_a_feed_that_is_read_again_is_not_closed(stage: Stage) -> None:
    hub = stage.hub_with(linger_s=0.01)
    with hub.subscribe([line(stage.aapl)]):
        pass
    with hub.subscribe([line(stage.aapl), line(stage.msft)]), hub.subscribe([line(stage.bhp)]):
        pass
    with hub.subscribe([line(stage.aapl)]):
        await until(lambda: stage.feeds == ["AAPL"])
    await hub.close()


async def test_a_refusal_is_the_lines_own_and_the_next_reader_asks_anew(stage: Stage) -> None:
    stage.broker.refuse_feed(stage.msft, 354, "not subscribed")
    refused = FeedStatus(FeedState.REFUSED, 354, "not subscribed")
    unknown = FeedStatus(FeedState.REFUSED, 0, "the broker knows no XYZ")
    lines = [line(stage.msft), Line("XYZ.NYSE", unknown), line(stage.aapl)]
    with stage.hub.subscribe(lines) as box:
        told = stage.push(stage.aapl, 1.0)
        assert await events(box, 5) == [refused, unknown, PENDING, ACTIVE, told]
        with stage.hub.subscribe([line(stage.msft)]) as other:
            assert await events(other, 1) == [refused]
            assert stage.broker.quotes.opened == 3
            assert sorted(stage.feeds) == ["AAPL", "MSFT"]
    assert len(stage.feeds) == 2


async def test_a_connection_that_is_away_is_told_as_an_interruption(stage: Stage) -> None:
    stage.broker.set_state(ConnectionState.CONNECTING, "nobody listens at fake:4002")
    away = FeedStatus(FeedState.INTERRUPTED, 0, "nobody listens at fake:4002")
    with stage.hub.subscribe([line(stage.aapl)]) as box, stage.hub.subscribe([line(stage.aapl)]) as other:
        assert await events(box, 1) == await events(other, 1) == [away]
        stage.broker.set_state(ConnectionState.READY)
        told = stage.push(stage.aapl, 1.0)
        assert await events(box, 2) == [ACTIVE, told]


async def test_an_interruption_a_gap_and_the_first_price_come_in_order(stage: Stage) -> None:
    with stage.hub.subscribe([line(stage.aapl)]) as box:
        before = stage.push(stage.aapl, 1.0)
        stage.broker.set_state(ConnectionState.DOWN, "reset by peer")
        stage.broker.set_state(ConnectionState.READY)
        after = stage.push(stage.aapl, 2.0)
        lost = FeedStatus(FeedState.INTERRUPTED, 0, "reset by peer")
        gap = FeedGap(NOW, NOW, "reset by peer")
        assert await events(box, 7) == [PENDING, ACTIVE, before, lost, gap, ACTIVE, after]


async def test_a_status_that_is_no_news_is_not_told(stage: Stage) -> None:
    with stage.hub.subscribe([line(stage.aapl)]) as box:
        feed = stage.broker.quotes.feeds[0]
        for _ in range(3):
            feed.tell(ACTIVE)
        told = stage.push(stage.aapl, 1.0)
        assert await events(box, 3) == [PENDING, ACTIVE, told]


async def test_a_price_comes_from_where_its_day_in_its_own_zone_does(stage: Stage) -> None:
    stage.clock.instant = datetime(2026, 11, 20, 12, 59, tzinfo=UTC)  # one minute to midnight in Sydney
    last_real = date(2026, 11, 20)
    origins = (DataOrigin("sim:real", last=last_real), DataOrigin("sim:made"))
    bhp = stage.broker.list("BHP", "ASX", "AUD", origins=origins)
    sources = []
    with stage.hub.subscribe([line(bhp)]) as box:
        await events(box, 1)
        for _ in range(3):
            stage.push(bhp, 1.0)
            sources += [news.source for news in await unread(box) if isinstance(news.event, Quote)]
            stage.clock.instant += timedelta(seconds=40)
    assert sources == ["sim:real", "sim:real", "sim:made"]


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"max_feeds": 2}, "2 feeds are what the broker gives"),
        ({"max_symbols": 2}, "2 symbols may be read by one stream"),
        ({"max_streams": 0}, "0 streams of live prices are open"),
    ],
)
async def test_what_is_beyond_a_limit_is_refused_and_opens_nothing(
    stage: Stage, limits: dict[str, int], told: str
) -> None:
    hub = stage.hub_with(**limits)
    lines = [line(stage.aapl), line(stage.msft), line(stage.bhp)]
    with pytest.raises(LimitExceeded, match=told) as caught, hub.subscribe(lines):
        pass
    assert (caught.value.reason, list(caught.value.metadata)) == (Reason.QUEUE_FULL, ["limit"])
    assert stage.broker.quotes.opened == 0


async def test_feeds_that_nobody_reads_make_room_the_oldest_first(stage: Stage) -> None:
    hub = stage.hub_with(max_feeds=2)
    for contract in (stage.aapl, stage.msft):
        with hub.subscribe([line(contract)]):
            pass
    with hub.subscribe([line(stage.bhp)]):
        assert stage.feeds == ["MSFT", "BHP"]
        with pytest.raises(LimitExceeded), hub.subscribe([line(stage.aapl), line(stage.msft)]):
            pass
        with hub.subscribe([line(stage.msft)]):
            assert stage.broker.quotes.opened == 3
    await hub.close()


async def test_a_refused_feed_takes_no_place(stage: Stage) -> None:
    hub = stage.hub_with(max_feeds=1)
    stage.broker.refuse_feed(stage.aapl)
    with hub.subscribe([line(stage.aapl)]), hub.subscribe([line(stage.msft)]):
        assert stage.feeds == ["AAPL", "MSFT"]
    await hub.close()
    assert stage.feeds == []


async def test_a_slow_reader_costs_the_others_nothing(stage: Stage) -> None:
    with stage.hub.subscribe([line(stage.aapl)]) as slow, stage.hub.subscribe([line(stage.aapl)]) as quick:
        await events(quick, 1)
        for number in range(50):
            told = stage.push(stage.aapl, float(number))
            assert (await unread(quick))[-1].event == told
        newest = (await unread(slow))[-1]
        assert newest.event == told
        topic = newest.topic
        assert (quick.overtaken(topic), slow.overtaken(topic)) == (0, 49)


async def test_a_hub_that_drains_ends_its_streams_and_takes_no_more(stage: Stage) -> None:
    with stage.hub.subscribe([line(stage.aapl)]) as box:
        told = stage.push(stage.aapl, 1.0)
        stage.hub.drain()
        assert [news.event async for news in box if news] == [PENDING, ACTIVE, told]
        with pytest.raises(Unavailable) as caught, stage.hub.subscribe([line(stage.aapl)]):
            pass
        assert caught.value.reason is Reason.SHUTTING_DOWN
        await stage.hub.close()
        assert stage.feeds == []
