"""The figures of market data, as a scraper finds them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from scizor.domain.broker import ConnectionState
from scizor.domain.live import Quote
from scizor.rpc.metrics import Readings
from scizor.services.marketdata.live.hub import LiveHub
from scizor.services.marketdata.live.news import Line
from scizor.services.marketdata.metrics import figures
from tests.unit.marketdata.collection.stage import AAPL, World, daily

NAMES = "scizor_marketdata_"


def readings(world: World, hub: LiveHub) -> dict[str, Readings]:
    return {one.name.removeprefix(NAMES): one.read() for one in figures(world.broker.connection, hub, world.runner)}


async def test_the_link_and_the_age_of_prices_are_told_while_a_feed_is_open(world: World) -> None:
    await world.add(AAPL)
    contract = world.contracts["AAPL"]
    hub = LiveHub(world.broker.quotes, world.broker.connection, world.clock)
    assert readings(world, hub) == {
        "broker_up": {(): 1},
        "live_streams": {(): 0},
        "live_feeds": {(): 0},
        "live_price_timestamp_seconds": {},
        "collections_running": {(): 0},
        "collection_end_timestamp_seconds": {},
    }
    with hub.subscribe([Line("AAPL.NASDAQ", contract)]):
        assert readings(world, hub)["live_price_timestamp_seconds"] == {}
        came = world.clock.now()
        world.broker.push_quote(contract, Quote(came - timedelta(hours=1), last=1.0))
        found = readings(world, hub)
        assert (found["live_streams"], found["live_feeds"]) == ({(): 1}, {(): 1})
        assert found["live_price_timestamp_seconds"] == {(): came.timestamp()}, "by our clock, not by a replay's"
        world.broker.set_state(ConnectionState.DOWN, "gone")
        assert readings(world, hub)["broker_up"] == {(): 0}
    await hub.close()
    assert readings(world, hub)["live_price_timestamp_seconds"] == {}


async def test_a_collection_that_ended_leaves_how_and_when(world: World) -> None:
    await world.add(AAPL)
    hub = LiveHub(world.broker.quotes, world.broker.connection, world.clock)
    await world.create(daily())
    async with world.running(), asyncio.timeout(10):
        while not world.runner.ends:  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.002)
        found = readings(world, hub)
    assert found["collections_running"] == {(): 0}
    assert found["collection_end_timestamp_seconds"] == {("SUCCEEDED",): world.clock.now().timestamp()}
