"""A MarketData that answers collections, live prices and the like from a script, on a port of its own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.status_pb2 import Status

from scizor.marketdata.v1 import collection_pb2 as co
from scizor.marketdata.v1 import live_pb2, quality_pb2, symbol_pb2
from scizor.marketdata.v1 import market_data_service_pb2 as md
from scizor.marketdata.v1 import market_data_service_pb2_grpc as rpc
from scizor.type.v1.bars_pb2 import BAR_INTERVAL_5M, BarColumns
from scizor.type.v1.stream_pb2 import Heartbeat, StreamEnd

COLLECTION_ID = "0190d3a2-6f2e-7c3a-9a51-3f5f0c8f2b21"
AAPL = symbol_pb2.Symbol(id="AAPL.NASDAQ", primary_exchange="NASDAQ", currency="USD", contract_id=265598, active=True)


def stamp(text: str) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(datetime.fromisoformat(text))
    return made


def collection(state: co.CollectionState.ValueType, **progress: Any) -> co.Collection:
    return co.Collection(
        id=COLLECTION_ID,
        kind=co.COLLECTION_KIND_DAILY,
        create_time=stamp("2026-11-22T09:00:00"),
        progress=co.CollectionProgress(state=state, **progress),
    )


RUNNING = collection(co.COLLECTION_STATE_RUNNING, symbols_total=3, chunks_total=2, requests=1)
DONE = collection(
    co.COLLECTION_STATE_SUCCEEDED,
    symbols_total=3,
    symbols_done=2,
    symbols_complete=1,
    chunks_total=2,
    chunks_done=2,
    requests=3,
    bars_received=10,
    new_bars=9,
)
PARTIAL = collection(
    co.COLLECTION_STATE_PARTIAL, symbols_total=3, chunks_total=2, chunks_done=1, chunks_failed=1, requests=5, new_bars=4
)
CHUNKS = [
    co.CollectionChunk(number=1, symbol="AAPL.NASDAQ", start="2026-11-16", end="2026-11-20", state=co.CHUNK_STATE_DONE),
    co.CollectionChunk(
        number=2,
        symbol="FB.NASDAQ",
        start="2026-11-16",
        end="2026-11-20",
        state=co.CHUNK_STATE_FAILED,
        attempts=3,
        error_code=200,
        error_category=co.FAILURE_CATEGORY_UNKNOWN_CONTRACT,
        error_message="No security definition",
    ),
]
QUOTE = live_pb2.Quote(
    symbol="AAPL.NASDAQ",
    receive_time=stamp("2026-11-20T20:59:58"),
    market_data_type=live_pb2.MARKET_DATA_TYPE_DELAYED,
    bid=271.48,
    ask=271.5,
    last=271.49,
    previous_close=266.25,
    source="ibsim:synthetic",
    conflated=7,
)
ACTIVE = live_pb2.FeedStatus(symbol="AAPL.NASDAQ", state=live_pb2.FEED_STATE_ACTIVE)
GAP = live_pb2.FeedGap(symbol="AAPL.NASDAQ", end_time=stamp("2026-11-20T21:00:00"), reason="1101")
BAR = live_pb2.LiveBar(symbol="AAPL.NASDAQ", open=1, high=2, low=0.5, close=1.5, volume=100, complete=True)
HOURS = md.GetMarketHoursResponse(
    calendar="XNYS",
    time_zone="America/New_York",
    previous=md.MarketSession(
        date="2026-11-20", open_time=stamp("2026-11-20T14:30:00"), close_time=stamp("2026-11-20T21:00:00")
    ),
    next=md.MarketSession(
        date="2099-11-23", open_time=stamp("2099-11-23T14:30:00"), close_time=stamp("2099-11-23T21:00:00")
    ),
)


class MarketData(rpc.MarketDataServiceServicer):
    """Keeps what it was asked; a test changes what it answers."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.updates: list[co.Collection] = [RUNNING, DONE]
        self.stored = DONE
        self.says_end = True
        self.symbols = 357
        self.failure: Status | None = None
        self.lost_first = False
        self.quotes: list[Any] = [ACTIVE, QUOTE, GAP]
        self.stays_open = False
        self.broker = md.BrokerHealth(
            state=md.CONNECTION_STATE_READY, address="127.0.0.1:4002", simulated=True, server_version=178
        )

    def _collecting(self, request: Any, context: Any, response: Any) -> Iterator[Any]:
        self.asked.append(request)
        if self.lost_first:
            self.lost_first = False
            yield response(sequence=1, collection=self.updates[0])
            context.abort(grpc.StatusCode.UNAVAILABLE, "lost")
        for number, update in enumerate(self.updates, start=1):
            yield response(sequence=number, collection=update)
            yield response(heartbeat=Heartbeat())
        if self.failure is not None:
            yield response(status=self.failure)
        elif self.says_end:
            yield response(end=StreamEnd(message_count=len(self.updates)))

    def CollectDaily(self, request: co.CollectDailyRequest, context: Any) -> Iterator[co.CollectDailyResponse]:
        yield from self._collecting(request, context, co.CollectDailyResponse)

    def CollectSymbol(self, request: co.CollectSymbolRequest, context: Any) -> Iterator[co.CollectSymbolResponse]:
        yield from self._collecting(request, context, co.CollectSymbolResponse)

    def CollectHistory(self, request: co.CollectHistoryRequest, context: Any) -> Iterator[co.CollectHistoryResponse]:
        if request.dry_run and request.refresh:
            self.asked.append(request)
            planned = collection(co.COLLECTION_STATE_SUCCEEDED, symbols_total=1, chunks_total=1)
            yield co.CollectHistoryResponse(collection=planned)
            yield co.CollectHistoryResponse(end=StreamEnd(message_count=1))
            return
        yield from self._collecting(request, context, co.CollectHistoryResponse)

    def ListCollections(self, request: co.ListCollectionsRequest, context: Any) -> co.ListCollectionsResponse:
        self.asked.append(request)
        return co.ListCollectionsResponse(collections=[DONE, PARTIAL])

    def GetCollection(self, request: co.GetCollectionRequest, context: Any) -> co.GetCollectionResponse:
        self.asked.append(request)
        chunks = [chunk for chunk in CHUNKS if request.chunk_state in (0, chunk.state)]
        at = int(request.page_token or 0)
        token = str(at + 1) if at + 1 < len(chunks) else ""
        return co.GetCollectionResponse(collection=self.stored, chunks=chunks[at : at + 1], next_page_token=token)

    def CancelCollection(self, request: co.CancelCollectionRequest, context: Any) -> co.CancelCollectionResponse:
        return co.CancelCollectionResponse(collection=collection(co.COLLECTION_STATE_CANCELLED, new_bars=4))

    def StreamQuotes(
        self, request: live_pb2.StreamQuotesRequest, context: Any
    ) -> Iterator[live_pb2.StreamQuotesResponse]:
        self.asked.append(request)
        names = {live_pb2.Quote: "quote", live_pb2.FeedStatus: "feed", live_pb2.FeedGap: "gap"}
        for event in self.quotes:
            yield live_pb2.StreamQuotesResponse(**{names[type(event)]: event})
        while self.stays_open and context.is_active():
            yield live_pb2.StreamQuotesResponse(heartbeat=Heartbeat())
        if self.failure is not None:
            yield live_pb2.StreamQuotesResponse(status=self.failure)
        elif self.says_end:
            yield live_pb2.StreamQuotesResponse(end=StreamEnd(message_count=len(self.quotes)))

    def StreamLiveBars(
        self, request: live_pb2.StreamLiveBarsRequest, context: Any
    ) -> Iterator[live_pb2.StreamLiveBarsResponse]:
        self.asked.append(request)
        yield live_pb2.StreamLiveBarsResponse(bar=BAR)
        yield live_pb2.StreamLiveBarsResponse(end=StreamEnd(message_count=1))

    def GetMarketHours(self, request: md.GetMarketHoursRequest, context: Any) -> md.GetMarketHoursResponse:
        self.asked.append(request)
        return HOURS

    def GetSymbol(self, request: md.GetSymbolRequest, context: Any) -> md.GetSymbolResponse:
        return md.GetSymbolResponse(symbol=AAPL)

    def CreateSymbol(self, request: md.CreateSymbolRequest, context: Any) -> md.CreateSymbolResponse:
        self.asked.append(request)
        return md.CreateSymbolResponse(symbol=AAPL)

    def UpdateSymbol(self, request: md.UpdateSymbolRequest, context: Any) -> md.UpdateSymbolResponse:
        self.asked.append(request)
        return md.UpdateSymbolResponse(symbol=AAPL)

    def GetHealth(self, request: md.GetHealthRequest, context: Any) -> md.GetHealthResponse:
        return md.GetHealthResponse(
            serving=True, storage_ok=True, version="1", symbols=self.symbols, broker=self.broker
        )

    def PopulateSymbols(self, request: md.PopulateSymbolsRequest, context: Any) -> Iterator[md.PopulateSymbolsResponse]:
        yield md.PopulateSymbolsResponse(progress=md.PopulateProgress(done=1, total=2, created=1, valid=1))
        yield md.PopulateSymbolsResponse(progress=md.PopulateProgress(done=2, total=2, created=2, valid=1, invalid=1))
        yield md.PopulateSymbolsResponse(end=StreamEnd(message_count=2))

    def ValidateSymbols(self, request: md.ValidateSymbolsRequest, context: Any) -> Iterator[md.ValidateSymbolsResponse]:
        self.asked.append(request)
        gone = md.ValidationOutcome(
            symbol="FB.NASDAQ",
            result=symbol_pb2.VERIFICATION_INVALID,
            reason="200: No security definition",
            action=md.VALIDATION_ACTION_ARCHIVED,
            archive_id="17",
        )
        doubtful = md.ValidationOutcome(
            symbol="BHP.ASX",
            result=symbol_pb2.VERIFICATION_AMBIGUOUS,
            candidates=["BHP.ASX.AUD (BHP GROUP)", "BHP.ASX.USD (BHP ADR)"],
            action=md.VALIDATION_ACTION_DEACTIVATED,
        )
        for progress in (
            md.ValidateProgress(done=1, total=2, invalid=1, outcomes=[gone]),
            md.ValidateProgress(done=2, total=2, invalid=1, ambiguous=1, outcomes=[doubtful]),
        ):
            yield md.ValidateSymbolsResponse(progress=progress)
        yield md.ValidateSymbolsResponse(end=StreamEnd(message_count=2))

    def GetBars(self, request: md.GetBarsRequest, context: Any) -> md.GetBarsResponse:
        self.asked.append(request)
        begins = 1_795_185_000_000_000_000
        bars = BarColumns(
            symbol="AAPL.NASDAQ",
            interval=BAR_INTERVAL_5M,
            time_ns=[begins],
            session_date=[20261120],
            open=[1.0],
            high=[2.0],
            low=[0.5],
            close=[1.5],
            volume=[100.0],
        )
        return md.GetBarsResponse(bars=bars)

    def DeleteBars(self, request: md.DeleteBarsRequest, context: Any) -> md.DeleteBarsResponse:
        self.asked.append(request)
        return md.DeleteBarsResponse(bars_deleted=5)

    def GetCoverage(self, request: md.GetCoverageRequest, context: Any) -> md.GetCoverageResponse:
        self.asked.append(request)
        runs = [
            (md.SESSION_STATE_PRESENT, "2026-11-02", "2026-11-18", 13, ""),
            (md.SESSION_STATE_FETCH_FAILED, "2026-11-19", "2026-11-19", 1, "162 no permission"),
            (md.SESSION_STATE_HOLIDAY, "2026-11-26", "2026-11-26", 1, ""),
        ]
        return md.GetCoverageResponse(
            symbol="AAPL.NASDAQ",
            calendar="XNYS",
            sessions_expected=14,
            sessions_present=13,
            fraction=13 / 14,
            runs=[
                md.SessionRun(state=state, first=first, last=last, sessions=sessions, reason=reason)
                for state, first, last, sessions, reason in runs
            ],
            counts=[md.SessionCount(state=run[0], sessions=run[3]) for run in runs],
            partial=["2026-11-20"],
        )

    def GetDataQuality(self, request: md.GetDataQualityRequest, context: Any) -> md.GetDataQualityResponse:
        self.asked.append(request)
        flag = quality_pb2.DataFlag(
            symbol="AAPL.NASDAQ",
            session_date="2020-08-31",
            kind=quality_pb2.DATA_FLAG_KIND_SUSPECTED_SPLIT,
            detail="close 499.23, then open 127.58",
            ratio=4.0,
        )
        rejected = quality_pb2.RuleCount(rule=quality_pb2.QUALITY_RULE_OFF_CALENDAR, rows=2)
        return md.GetDataQualityResponse(flags=[flag], rows_rejected=2, rejected_by_rule=[rejected])


@contextmanager
def serving(market_data: MarketData) -> Iterator[str]:
    """Its address while the block runs."""
    with ThreadPoolExecutor(max_workers=2) as threads:
        server = grpc.server(threads)
        rpc.add_MarketDataServiceServicer_to_server(market_data, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait(10)
