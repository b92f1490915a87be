"""Live prices over a real server, by gRPC and, through the real Envoy, as events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from scizor.domain.broker import ConnectionState
from scizor.domain.live import LiveBar, LiveInterval
from scizor.marketdata.v1 import live_pb2 as pb
from scizor.marketdata.v1.market_data_service_pb2_grpc import MarketDataServiceStub
from tests.fakes.broker import HandClock
from tests.integration.edge_stack import answered, free_ports, running_envoy, settings_for
from tests.integration.live_server import WITHIN_S, Live, serving, take
from tests.integration.marketdata_server import reason_of

Code = grpc.StatusCode
FIVE = LiveInterval.SECONDS_5
START = HandClock().now()


@pytest.fixture
async def live() -> AsyncIterator[Live]:
    async with serving() as running:
        yield running


def shown(message: Any) -> Any:
    """What a message says, in short."""
    match message.WhichOneof("event"):
        case "quote":
            return message.quote.symbol, message.quote.last
        case "feed":
            return message.feed.symbol, pb.FeedState.Name(message.feed.state).removeprefix("FEED_STATE_")
        case event:
            return event


async def test_states_come_first_then_quotes_numbered(live: Live) -> None:
    aapl, msft = await live.list("AAPL"), await live.list("MSFT")
    call = aiter(live.quotes("AAPL", "MSFT.NASDAQ", "AAPL.NASDAQ"))
    messages = await take(call, 2)
    live.push(msft, 2.0)
    messages += await take(call, 2)
    live.push(aapl, 1.0)
    messages += await take(call, 2)
    assert [message.sequence for message in messages] == [1, 2, 3, 4, 5, 6]
    assert list(map(shown, messages)) == [
        ("AAPL.NASDAQ", "PENDING"),
        ("MSFT.NASDAQ", "PENDING"),
        ("MSFT.NASDAQ", "ACTIVE"),
        ("MSFT.NASDAQ", 2.0),
        ("AAPL.NASDAQ", "ACTIVE"),
        ("AAPL.NASDAQ", 1.0),
    ]
    assert (messages[3].quote.source, messages[3].quote.receive_time.ToSeconds()) == ("fake", START.timestamp())


async def test_a_late_reader_is_shown_the_newest_at_once(live: Live) -> None:
    aapl = await live.list("AAPL")
    first = aiter(live.quotes("AAPL"))
    await take(first, 1)
    live.push(aapl, 1.0)
    late = aiter(live.quotes("AAPL"))
    assert list(map(shown, await take(late, 2))) == [("AAPL.NASDAQ", "ACTIVE"), ("AAPL.NASDAQ", 1.0)]
    assert live.broker.quotes.opened == 1


async def test_bars_are_five_seconds_long_unless_said_otherwise(live: Live) -> None:
    aapl = await live.list("AAPL")
    call = aiter(live.stub.StreamLiveBars(pb.StreamLiveBarsRequest(symbols=["AAPL"])))
    assert shown((await take(call, 1))[0]) == ("AAPL.NASDAQ", "PENDING")
    live.broker.push_bar(aapl, FIVE, LiveBar(START, 1.0, 3.0, 1.0, 2.0, 70.0, complete=True))
    bar = (await take(call, 2))[1].bar
    assert (bar.interval, bar.complete, bar.volume, bar.source) == (pb.LIVE_BAR_INTERVAL_5S, True, 70.0, "fake")
    assert (bar.open, bar.high, bar.low, bar.close) == (1.0, 3.0, 1.0, 2.0)


async def test_a_broker_that_is_away_is_told_and_its_return_too(live: Live) -> None:
    aapl = await live.list("AAPL")
    seen = aiter(live.quotes("AAPL"))
    await take(seen, 1)
    live.broker.set_state(ConnectionState.DOWN, "gone")
    call = aiter(live.quotes("AAPL"))
    (away,) = await take(call, 1)
    assert (shown(away), away.feed.message) == (("AAPL.NASDAQ", "INTERRUPTED"), "gone")
    live.broker.set_state(ConnectionState.READY)
    live.push(aapl, 1.0)
    gap, active, quote = await take(call, 3)
    assert (gap.gap.reason, gap.gap.HasField("start_time")) == ("gone", False)
    assert [shown(active), shown(quote)] == [("AAPL.NASDAQ", "ACTIVE"), ("AAPL.NASDAQ", 1.0)]


async def test_a_symbol_that_the_broker_refuses_harms_no_other(live: Live) -> None:
    aapl, msft = await live.list("AAPL"), await live.list("MSFT")
    await live.store("XYZ")
    live.broker.refuse_feed(msft, 354, "not subscribed")
    call = aiter(live.quotes("XYZ", "MSFT", "AAPL"))
    unknown, refused, pending = await take(call, 3)
    assert list(map(shown, (unknown, refused, pending))) == [
        ("XYZ.NASDAQ", "REFUSED"),
        ("MSFT.NASDAQ", "REFUSED"),
        ("AAPL.NASDAQ", "PENDING"),
    ]
    assert (refused.feed.code, refused.feed.message) == (354, "not subscribed")
    live.push(aapl, 1.0)
    assert shown((await take(call, 2))[1]) == ("AAPL.NASDAQ", 1.0)


async def test_a_quiet_stream_has_heartbeats() -> None:
    async with serving(heartbeat_s=0.02) as live:
        await live.list("AAPL")
        messages = await take(aiter(live.quotes("AAPL")), 3)
        assert [(message.sequence, shown(message)) for message in messages[1:]] == [(2, "heartbeat"), (3, "heartbeat")]
        assert messages[1].heartbeat.time.ToSeconds() == START.timestamp()


async def test_a_caller_who_leaves_leaves_nothing_behind(live: Live) -> None:
    await live.list("AAPL")
    call = live.quotes("AAPL")
    await take(aiter(call), 1)
    assert len(live.broker.quotes.feeds) == 1
    call.cancel()
    await live.quiet()


async def test_a_slow_reader_is_shown_the_newest_and_told_what_it_missed() -> None:
    # No window to speak of, so that a reader who does not read stops the server's writes at once.
    options = [("grpc.http2.lookahead_bytes", 1024), ("grpc.http2.bdp_probe", 0)]
    async with serving() as live, grpc.aio.insecure_channel(f"127.0.0.1:{live.port}", options=options) as channel:
        aapl = await live.list("AAPL")
        request = pb.StreamQuotesRequest(symbols=["AAPL"])
        slow = aiter(MarketDataServiceStub(channel).StreamQuotes(request))
        quick = aiter(live.quotes("AAPL"))
        await take(slow, 1)
        await take(quick, 1)
        pushed = 6000
        for number in range(1, pushed + 1):
            live.push(aapl, float(number))
            while shown((await take(quick, 1))[0]) != ("AAPL.NASDAQ", float(number)):
                pass
        seen = [(await take(slow, 1))[0].feed]
        quotes: list[pb.Quote] = []
        while not quotes or quotes[-1].last < pushed:
            quotes.append((await take(slow, 1))[0].quote)
        assert seen[0].state == pb.FEED_STATE_ACTIVE
        assert quotes[-1].conflated > 0
        assert len(quotes) + quotes[-1].conflated == pushed
        assert [quote.last for quote in quotes] == sorted(quote.last for quote in quotes)


async def test_bars_that_nobody_reads_end_the_stream_in_band() -> None:
    async with serving(max_unread=3) as live:
        aapl = await live.list("AAPL")
        call = aiter(live.stub.StreamLiveBars(pb.StreamLiveBarsRequest(symbols=["AAPL"])))
        await take(call, 1)
        for _ in range(9):  # in one go, so that none is read meanwhile
            live.broker.push_bar(aapl, FIVE, LiveBar(START, 1.0, 1.0, 1.0, 1.0, 1.0, complete=True))
        *told, last = await take(call, 4)
        assert (last.status.code, last.sequence) == (Code.RESOURCE_EXHAUSTED.value[0], len(told) + 2)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await take(call, 1)
        assert (caught.value.code(), reason_of(caught.value)) == (Code.RESOURCE_EXHAUSTED, "QUEUE_FULL")
        await live.quiet()


async def test_a_server_that_drains_ends_its_streams(live: Live) -> None:
    await live.list("AAPL")
    call = aiter(live.quotes("AAPL"))
    await take(call, 1)
    live.hub.drain()
    async with asyncio.timeout(WITHIN_S):
        (end,) = [message async for message in call]
    assert (shown(end), end.sequence, end.end.message_count) == ("end", 2, 1)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await take(aiter(live.quotes("AAPL")), 1)
    assert (caught.value.code(), reason_of(caught.value)) == (Code.UNAVAILABLE, "SHUTTING_DOWN")


@pytest.mark.parametrize(
    ("symbols", "code", "reason"),
    [
        (["AAPL", "XYZ"], Code.NOT_FOUND, "SYMBOL_NOT_FOUND"),
        ([], Code.INVALID_ARGUMENT, "FIELD_INVALID"),
        (["AAPL", "AAPL"], Code.INVALID_ARGUMENT, "FIELD_INVALID"),
        (["AAPL", "MSFT"], Code.RESOURCE_EXHAUSTED, "QUEUE_FULL"),
    ],
)
async def test_a_call_that_cannot_be_served_fails_before_it_streams(
    symbols: list[str], code: grpc.StatusCode, reason: str
) -> None:
    async with serving(max_feeds=1) as live:
        await live.list("AAPL")
        await live.list("MSFT")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await take(aiter(live.quotes(*symbols)), 1)
        assert (caught.value.code(), reason_of(caught.value)) == (code, reason)
        assert live.broker.quotes.opened == 0


async def test_a_contract_not_known_yet_cannot_be_asked_for_while_the_broker_is_away(live: Live) -> None:
    await live.list("AAPL")
    live.broker.set_state(ConnectionState.DOWN)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await take(aiter(live.quotes("AAPL")), 1)
    assert (caught.value.code(), reason_of(caught.value)) == (Code.UNAVAILABLE, "BROKER_UNAVAILABLE")


@pytest.fixture
async def rest(live: Live, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    (nobody,) = free_ports(1)
    async with running_envoy(settings_for(live.port, nobody), tmp_path) as client:
        await answered(lambda: client.get("/api/stream/quotes?symbols=XYZ"), 404)
        yield client


async def events_of(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    async for told in response.aiter_lines():
        if told:
            yield json.loads(told.removeprefix("data: "))


async def test_prices_come_as_events_and_a_reader_who_leaves_closes_the_feed(
    live: Live, rest: httpx.AsyncClient
) -> None:
    aapl, _ = await live.list("AAPL"), await live.list("MSFT")
    accept = {"accept": "text/event-stream"}
    for path in ("/api/stream/quotes", "/api/stream/bars?interval=LIVE_BAR_INTERVAL_5S"):
        address = httpx.URL(path).copy_merge_params({"symbols": ["AAPL", "MSFT"]})
        async with rest.stream("GET", address, headers=accept) as response, asyncio.timeout(WITHIN_S):
            assert response.headers["content-type"] == "text/event-stream"
            told = events_of(response)
            feeds = [(await anext(told))["feed"] for _ in range(2)]
            assert [(feed["symbol"], feed["state"]) for feed in feeds] == [
                ("AAPL.NASDAQ", "FEED_STATE_PENDING"),
                ("MSFT.NASDAQ", "FEED_STATE_PENDING"),
            ]
            live.push(aapl, 1.5)
            live.broker.push_bar(aapl, FIVE, LiveBar(START, 1.0, 1.0, 1.0, 1.5, 1.0, complete=False))
            assert (await anext(told))["feed"]["state"] == "FEED_STATE_ACTIVE"
            message = await anext(told)
            price = message.get("quote") or message["bar"]
            assert (message["sequence"], price["symbol"], price["source"]) == ("4", "AAPL.NASDAQ", "fake")
            assert price.get("last", price.get("close")) == 1.5
        await live.quiet()
