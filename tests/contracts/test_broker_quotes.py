"""What every source of live prices must do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scizor.domain.broker import BrokerContract
from scizor.domain.instruments import Instrument
from scizor.domain.live import FeedEvent, FeedGap, FeedState, FeedStatus, Quote
from tests.contracts.brokers import BROKERS, Scene, scene_of
from tests.integration.ib_stage import Listener


@pytest.fixture(params=BROKERS)
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene_of(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
async def aapl(scene: Scene) -> BrokerContract:
    [contract] = await scene.broker.contracts.find(Instrument("AAPL", "NASDAQ", "USD"))
    return contract


def is_quote(event: FeedEvent) -> bool:
    return isinstance(event, Quote)


def is_state(state: FeedState) -> FeedStatus:
    return FeedStatus(state)


async def test_a_feed_is_pending_then_active_then_quotes(scene: Scene, aapl: BrokerContract) -> None:
    heard = Listener()
    feed = scene.broker.quotes.open_quotes(aapl, heard)
    assert heard.events == [FeedStatus(FeedState.PENDING)], "it is told before anything else, at once"
    scene.trade(aapl)
    await heard.until(is_quote)
    assert heard.events[1] == FeedStatus(FeedState.ACTIVE)
    quote = heard.events[2]
    assert isinstance(quote, Quote)
    assert quote.bid is not None
    assert quote.ask is not None
    assert quote.bid <= quote.ask
    assert quote.receive_time.tzinfo is not None
    feed.close()


async def test_two_feeds_of_one_contract_are_told_both(scene: Scene, aapl: BrokerContract) -> None:
    first, second = Listener(), Listener()
    feeds = [scene.broker.quotes.open_quotes(aapl, each) for each in (first, second)]
    scene.trade(aapl)
    await first.until(is_quote)
    await second.until(is_quote)
    for feed in feeds:
        feed.close()


async def test_a_closed_feed_tells_nothing_more(scene: Scene, aapl: BrokerContract) -> None:
    closed, other = Listener(), Listener()
    feed = scene.broker.quotes.open_quotes(aapl, closed)
    scene.trade(aapl)
    await closed.until(is_quote)
    feed.close()
    feed.close()
    told = len(closed.events)
    follower = scene.broker.quotes.open_quotes(aapl, other)
    scene.trade(aapl)
    await other.until(is_quote)
    assert len(closed.events) == told
    follower.close()


async def test_a_feed_survives_a_loss_and_tells_the_gap(scene: Scene, aapl: BrokerContract) -> None:
    heard = Listener()
    feed = scene.broker.quotes.open_quotes(aapl, heard)
    scene.trade(aapl)
    await heard.until(is_quote)
    await scene.lose()
    lost = await heard.until(lambda event: isinstance(event, FeedStatus) and event.state is FeedState.INTERRUPTED)
    last = [event for event in heard.events[:lost] if isinstance(event, Quote)][-1]
    await scene.restore()
    await asyncio.sleep(0)
    scene.trade(aapl)
    await heard.until(is_quote, lost)
    gap, status, quote = heard.events[lost : lost + 3]
    assert isinstance(gap, FeedGap)
    assert gap.start_time == last.receive_time
    assert gap.end_time >= last.receive_time
    assert gap.reason
    assert status == FeedStatus(FeedState.ACTIVE)
    assert isinstance(quote, Quote)
    feed.close()


async def test_a_feed_may_be_opened_while_there_is_no_connection(scene: Scene, aapl: BrokerContract) -> None:
    await scene.lose()
    heard = Listener()
    feed = scene.broker.quotes.open_quotes(aapl, heard)
    assert heard.events == [FeedStatus(FeedState.PENDING)]
    await scene.restore()
    scene.trade(aapl)
    await heard.until(is_quote)
    feed.close()
