"""Trading's prices from a real MarketData service over gRPC: changing wishes, outages and gaps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import grpc.aio
import pytest

from scizor.adapters.marketdata import MarketDataPrices
from scizor.adapters.marketdata.following import Pauses
from scizor.client.aio import AsyncClient
from scizor.domain.broker import ConnectionState
from scizor.domain.live import FeedGap, FeedState, FeedStatus, LiveBar, LiveInterval, Quote
from scizor.marketdata.v1.market_data_service_pb2_grpc import add_MarketDataServiceServicer_to_server
from scizor.rpc.server import Server, Service
from scizor.rpc.settings import ServerSettings
from scizor.services.marketdata.live.hub import LiveHub
from scizor.services.marketdata.live.lines import LineFinder
from scizor.services.marketdata.live.streams import LiveStreams
from scizor.services.marketdata.symbols.contracts import Contracts
from scizor.services.trading.account.market import Market
from tests.fakes.broker import HandClock
from tests.fakes.storage import FakeStorage
from tests.integration.edge_stack import MARKETDATA
from tests.integration.ib_stage import AAPL as LISTED
from tests.integration.ib_stage import stage
from tests.integration.live_server import Live, Servicer, serving, until
from tests.integration.marketdata_server import calendar

if TYPE_CHECKING:
    from scizor.services.marketdata.use_cases import UseCases

AAPL, MSFT = "AAPL.NASDAQ.USD", "MSFT.NASDAQ.USD"
FIVE = LiveInterval.SECONDS_5
START = HandClock().now()
QUICK = Pauses(first_s=0.01, most_s=0.05, refused_s=0.2)


class Heard:
    """All that was told, in order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Quote | LiveBar | FeedGap | FeedStatus]] = []

    def __call__(self, instrument: str, event: Quote | LiveBar | FeedGap | FeedStatus) -> None:
        self.events.append((instrument, event))

    def last(self, instrument: str) -> float | None:
        """The newest price."""
        quotes = [event for name, event in self.events if name == instrument and isinstance(event, Quote)]
        return quotes[-1].last if quotes else None

    def states(self, instrument: str) -> list[FeedState]:
        return [event.state for name, event in self.events if name == instrument and isinstance(event, FeedStatus)]

    def of_bars(self) -> list[tuple[str, float]]:
        """Bars by their close, gaps by their length in seconds."""
        told: list[tuple[str, float]] = []
        for _, event in self.events:
            if isinstance(event, LiveBar):
                told.append(("bar", event.close))
            elif isinstance(event, FeedGap):
                length = event.end_time - event.start_time if event.start_time else timedelta(-1)
                told.append(("gap", length.total_seconds()))
        return told


class Relay:
    """Stands between: `cut` breaks what is open, and while it is `away` nobody gets through."""

    def __init__(self, port: int) -> None:
        self._port, self._writers = port, set[asyncio.StreamWriter]()
        self.away, self.port = False, 0

    @asynccontextmanager
    async def standing(self) -> AsyncIterator[Relay]:
        async with await asyncio.start_server(self._through, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield self
            self.cut()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.away:
            writer.transport.abort()
            return
        onward, back = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, back}
        await asyncio.gather(_pass_on(reader, back), _pass_on(onward, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
    writer.close()


@pytest.fixture
async def live() -> AsyncIterator[Live]:
    async with serving() as running:
        yield running


@pytest.fixture
async def relay(live: Live) -> AsyncIterator[Relay]:
    async with Relay(live.port).standing() as relay:
        yield relay


@pytest.fixture
async def prices(relay: Relay) -> AsyncIterator[MarketDataPrices]:
    options = [("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 100)]
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{relay.port}", options=options)
    opened = MarketDataPrices(AsyncClient(channel=channel), QUICK)
    try:
        yield opened
    finally:
        await opened.close()


async def test_quotes_of_what_is_wanted_come_under_the_references_it_was_wanted_by(
    live: Live, prices: MarketDataPrices
) -> None:
    aapl, msft = await live.list("AAPL"), await live.list("MSFT")
    heard = Heard()
    feed = prices.open_quotes(heard)
    feed.want([AAPL])
    await until(lambda: bool(heard.states(AAPL)))
    live.push(aapl, 10.5)
    await until(lambda: heard.last(AAPL) == 10.5)
    feed.want([AAPL, MSFT])
    await until(lambda: bool(heard.states(MSFT)))
    live.push(msft, 20.5)
    await until(lambda: heard.last(MSFT) == 20.5)
    quote = next(event for _, event in heard.events if isinstance(event, Quote))
    assert quote == Quote(START, last=10.5)
    feed.want([MSFT])
    await until(lambda: len(live.broker.quotes.feeds) == 1)
    feed.close()
    await live.quiet()


async def test_what_the_service_does_not_know_harms_no_other_and_is_asked_for_again(
    live: Live, prices: MarketDataPrices
) -> None:
    aapl, heard = await live.list("AAPL"), Heard()
    feed = prices.open_quotes(heard)
    feed.want([AAPL, MSFT])
    await until(lambda: bool(heard.states(AAPL)))
    assert heard.states(MSFT) == [FeedState.REFUSED]
    live.push(aapl, 10.5)
    await until(lambda: heard.last(AAPL) == 10.5)
    msft = await live.list("MSFT")
    await until(lambda: FeedState.PENDING in heard.states(MSFT))
    live.push(msft, 20.5)
    await until(lambda: heard.last(MSFT) == 20.5)


async def test_two_currencies_of_one_id_are_told_apart(live: Live, prices: MarketDataPrices) -> None:
    dollars, heard = await live.list("AAPL"), Heard()
    feed = prices.open_quotes(heard)
    feed.want([AAPL, "AAPL.NASDAQ.AUD"])
    await until(lambda: bool(heard.states(AAPL)))
    live.push(dollars, 10.5)
    await until(lambda: heard.last(AAPL) == 10.5)
    await until(lambda: FeedState.REFUSED in heard.states("AAPL.NASDAQ.AUD"))
    assert heard.last("AAPL.NASDAQ.AUD") is None


async def test_a_broker_that_is_away_is_told_and_prices_go_on_when_it_is_back(
    live: Live, prices: MarketDataPrices
) -> None:
    aapl, heard = await live.list("AAPL"), Heard()
    prices.open_quotes(heard).want([AAPL])
    await until(lambda: bool(heard.states(AAPL)))
    live.broker.set_state(ConnectionState.DOWN, "gone")
    await until(lambda: heard.states(AAPL)[-1] is FeedState.INTERRUPTED)
    live.broker.set_state(ConnectionState.READY)
    live.push(aapl, 11.5)
    await until(lambda: heard.last(AAPL) == 11.5)


def bar(number: int, close: float, *, complete: bool = True) -> LiveBar:
    return LiveBar(START + number * FIVE.length, close, close, close, close, 1.0, complete)


async def test_bars_come_when_they_are_over_each_once_and_in_order(live: Live, prices: MarketDataPrices) -> None:
    aapl, heard = await live.list("AAPL"), Heard()
    feed = prices.open_bars([AAPL], FIVE, heard)
    await until(lambda: bool(heard.states(AAPL)))
    for told in (bar(0, 1.0, complete=False), bar(0, 1.5), bar(0, 9.0), bar(1, 2.0), bar(3, 4.0)):
        live.broker.push_bar(aapl, FIVE, told)
    await until(lambda: len(heard.of_bars()) == 3)
    assert heard.of_bars() == [("bar", 1.5), ("bar", 2.0), ("bar", 4.0)]
    feed.close()
    await live.quiet()


async def test_bars_lost_on_the_way_are_a_gap_and_none_is_told_where_none_was_lost(
    live: Live, relay: Relay, prices: MarketDataPrices
) -> None:
    aapl, heard = await live.list("AAPL"), Heard()
    prices.open_bars([AAPL], FIVE, heard)
    await until(lambda: bool(heard.states(AAPL)))
    live.broker.push_bar(aapl, FIVE, bar(0, 1.0))
    await until(lambda: len(heard.of_bars()) == 1)
    for cuts, count, told in ((1, 2, bar(1, 2.0)), (2, 4, bar(4, 5.0))):
        relay.cut()
        await until(partial(back_again, heard, cuts))
        live.broker.push_bar(aapl, FIVE, told)
        await until(partial(lambda count: len(heard.of_bars()) == count, count))
    assert heard.of_bars() == [("bar", 1.0), ("bar", 2.0), ("gap", 10.0), ("bar", 5.0)]


def back_again(heard: Heard, cuts: int) -> bool:
    states = heard.states(AAPL)
    return states.count(FeedState.INTERRUPTED) == cuts and states[-1] is not FeedState.INTERRUPTED


async def test_a_service_that_is_away_is_no_error_and_is_found_again(
    live: Live, relay: Relay, prices: MarketDataPrices
) -> None:
    aapl, heard = await live.list("AAPL"), Heard()
    prices.open_quotes(heard).want([AAPL])
    await until(lambda: bool(heard.states(AAPL)))
    live.push(aapl, 10.5)
    await until(lambda: heard.last(AAPL) == 10.5)
    relay.away = True
    relay.cut()
    await until(lambda: heard.states(AAPL).count(FeedState.INTERRUPTED) >= 2)
    relay.away = False
    await until(lambda: heard.states(AAPL)[-1] is not FeedState.INTERRUPTED)
    live.push(aapl, 11.5)
    await until(lambda: heard.last(AAPL) == 11.5)


async def test_prices_of_the_simulated_gateway_make_marks(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        clock, storage = on.market.clock, FakeStorage()
        async with storage.begin() as work:
            await work.symbols.add(LISTED)
        hub = LiveHub(on.broker.quotes, on.broker.connection, clock)
        streams = LiveStreams(LineFinder(storage, Contracts(storage, on.broker.contracts, clock)).find, hub)
        use_cases = cast("UseCases", SimpleNamespace(live=streams, clock=clock, storage=storage))
        servicer = Servicer(use_cases)  # type: ignore[abstract]  # mypy asks for all methods, grpc does not
        service = Service(MARKETDATA, add_MarketDataServiceServicer_to_server, servicer)
        server = Server([service], ServerSettings(port=0, grace_s=1.0))
        prices = MarketDataPrices.at(f"127.0.0.1:{await server.start()}")
        market = Market(prices, calendar(), on.broker.connection, clock)
        try:
            assert await market.priced(AAPL, 10.0)
            mark = market.mark(AAPL)
            assert mark is not None
            assert abs(mark.age(clock.now())) < timedelta(seconds=30)
            assert market.prices().closed == frozenset()
            assert not await market.priced("NONE.NASDAQ.USD", 0.5)
        finally:
            await prices.close()
            await hub.close()
            await server.stop()
