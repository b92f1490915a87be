"""grpcio-testing knows no asyncio, so here the client meets a real server on a port of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import grpc.aio
import numpy as np
import pytest

from scizor.client import AsyncClient, CallError, Rows, StreamBroken
from scizor.marketdata.v1 import collection_pb2 as co
from scizor.marketdata.v1 import live_pb2
from scizor.marketdata.v1 import market_data_service_pb2 as md
from scizor.marketdata.v1.market_data_service_pb2_grpc import (
    MarketDataServiceServicer,
    add_MarketDataServiceServicer_to_server,
)
from scizor.marketdata.v1.quality_pb2 import ImportSummary
from scizor.marketdata.v1.symbol_pb2 import Symbol
from scizor.type.v1.bars_pb2 import BarColumns
from scizor.type.v1.stream_pb2 import StreamEnd

Context = grpc.aio.ServicerContext[object, object]


class MarketData(MarketDataServiceServicer):
    """Two symbols on two pages; a stream that loses its connection once, and one that never ends."""

    def __init__(self) -> None:
        self.cursors: list[str] = []

    async def GetSymbol(self, request: md.GetSymbolRequest, context: Context) -> md.GetSymbolResponse:
        await context.abort(grpc.StatusCode.NOT_FOUND, f"no symbol {request.symbol}")

    async def ListSymbols(self, request: md.ListSymbolsRequest, context: Context) -> md.ListSymbolsResponse:
        if request.page_token:
            return md.ListSymbolsResponse(symbols=[Symbol(id="MSFT.NASDAQ")])
        return md.ListSymbolsResponse(symbols=[Symbol(id="AAPL.NASDAQ")], next_page_token="2")

    async def StreamBars(self, request: md.StreamBarsRequest, context: Context) -> AsyncIterator[md.StreamBarsResponse]:
        self.cursors.append(request.after_cursor)
        if not request.after_cursor:
            yield md.StreamBarsResponse(cursor="1", bars=BarColumns(session_date=[20100104], close=[1.0]))
            if "AAPL" in request.symbols:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "lost")
            return
        yield md.StreamBarsResponse(cursor="2", bars=BarColumns(session_date=[20100105], close=[2.0]))
        yield md.StreamBarsResponse(end=StreamEnd(message_count=1))

    async def GetCoverage(self, request: md.GetCoverageRequest, context: Context) -> md.GetCoverageResponse:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    async def CollectDaily(
        self, request: co.CollectDailyRequest, context: Context
    ) -> AsyncIterator[co.CollectDailyResponse]:
        yield co.CollectDailyResponse(collection=co.Collection(id=request.request_id))
        yield co.CollectDailyResponse(end=StreamEnd(message_count=1))

    async def StreamQuotes(
        self, request: live_pb2.StreamQuotesRequest, context: Context
    ) -> AsyncIterator[live_pb2.StreamQuotesResponse]:
        yield live_pb2.StreamQuotesResponse(quote=live_pb2.Quote(symbol=request.symbols[0]))

    async def ImportBars(
        self, request_iterator: AsyncIterator[md.ImportBarsRequest], context: Context
    ) -> md.ImportBarsResponse:
        rows = [len(message.rows.session_date) async for message in request_iterator]
        return md.ImportBarsResponse(summary=ImportSummary(rows_read=sum(rows)))


@pytest.fixture
async def market_data() -> MarketData:
    return MarketData()  # type: ignore[abstract]  # the methods left out answer UNIMPLEMENTED


@pytest.fixture
async def client(market_data: MarketData) -> AsyncIterator[AsyncClient]:
    server = grpc.aio.server()
    add_MarketDataServiceServicer_to_server(market_data, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with AsyncClient(f"127.0.0.1:{port}") as opened:
        yield opened
    await server.stop(None)


async def test_a_list_comes_from_all_its_pages(client: AsyncClient) -> None:
    assert [symbol.id for symbol in await client.symbols.list()] == ["AAPL.NASDAQ", "MSFT.NASDAQ"]


async def test_an_error_is_raised_as_the_clients_own(client: AsyncClient) -> None:
    with pytest.raises(CallError, match="no symbol NOPE"):
        await client.symbols.get("NOPE")


async def test_a_stream_goes_on_after_a_lost_connection(client: AsyncClient, market_data: MarketData) -> None:
    closes = [chunk.close.tolist() async for chunk in client.bars.stream(["AAPL"])]
    assert closes == [[1.0], [2.0]]
    assert market_data.cursors == ["", "1"]


async def test_a_stream_without_its_end_is_broken(client: AsyncClient) -> None:
    with pytest.raises(StreamBroken):
        [chunk async for chunk in client.bars.stream(["MSFT"])]


async def test_a_collection_is_told_as_it_goes(client: AsyncClient) -> None:
    assert [update.id async for update in client.collections.daily(request_id="r")] == ["r"]


async def test_quotes_come_until_the_stream_breaks_off(client: AsyncClient) -> None:
    quotes = client.live.quotes(["AAPL"])
    assert (await anext(quotes)).symbol == "AAPL"
    with pytest.raises(StreamBroken):
        await anext(quotes)


async def test_rows_are_imported(client: AsyncClient) -> None:
    column = np.array([1.0, 2.0])
    rows = Rows("AAPL", np.array([20100104, 20100105], dtype=np.int32), column, column, column, column, column)
    assert (await client.bars.import_rows([rows], source="test")).rows_read == 2


async def test_a_call_ends_at_its_deadline(client: AsyncClient) -> None:
    with pytest.raises(CallError) as caught:
        await client.within(0.05).bars.coverage("AAPL")
    assert caught.value.reason == "DEADLINE_EXCEEDED"
