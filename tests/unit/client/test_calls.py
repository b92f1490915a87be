from __future__ import annotations

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass
from google.rpc.status_pb2 import Status

from scizor.backtest.v1 import backtest_service_pb2 as bt
from scizor.backtest.v1.backtest_pb2 import BacktestProgress
from scizor.client import backtest, collections, live, marketdata, symbols
from scizor.client.calls import StreamReader, path_of
from scizor.client.channel import IDEMPOTENT
from scizor.client.errors import CallError, StreamBroken
from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.marketdata.v1 import collection_pb2 as co
from scizor.marketdata.v1 import live_pb2
from scizor.marketdata.v1 import market_data_service_pb2 as md
from scizor.marketdata.v1.symbol_pb2 import Symbol
from scizor.type.v1.bars_pb2 import BarColumns
from scizor.type.v1.stream_pb2 import Heartbeat, StreamEnd

SERVICES = (
    md.DESCRIPTOR.services_by_name["MarketDataService"],
    bt.DESCRIPTOR.services_by_name["BacktestService"],
)
BACKTEST_ID = "0190d3a2-6f2e-7c3a-9a51-3f5f0c8f2b11"


def progress(sequence: int) -> bt.WatchBacktestResponse:
    return bt.WatchBacktestResponse(sequence=sequence, progress=BacktestProgress(bars_done=sequence))


def end(message_count: int) -> bt.WatchBacktestResponse:
    return bt.WatchBacktestResponse(end=StreamEnd(message_count=message_count))


def watching() -> StreamReader[bt.WatchBacktestResponse, BacktestProgress]:
    return StreamReader(backtest.watch_backtest(BACKTEST_ID))


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_request_type_names_its_method(service: object) -> None:
    for method in service.methods:  # type: ignore[attr-defined]  # the descriptor's type has no name in the stubs
        assert path_of(GetMessageClass(method.input_type)) == f"/{method.containing_service.full_name}/{method.name}"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_calls_that_are_retried_exist_and_only_read(service: object) -> None:
    names = IDEMPOTENT[service.full_name]  # type: ignore[attr-defined]  # as above
    assert set(names) <= set(service.methods_by_name)  # type: ignore[attr-defined]  # as above
    assert all(name.startswith(("Get", "List", "Stream", "Watch")) for name in names)


def test_a_stream_yields_its_data_and_nothing_else() -> None:
    reader = watching()
    assert [one.bars_done for one in reader.accept(progress(1))] == [1]
    assert reader.accept(bt.WatchBacktestResponse(sequence=1, heartbeat=Heartbeat())) == ()
    assert reader.accept(end(1)) == ()
    reader.finish()
    assert reader.ended


def test_a_stream_without_its_end_is_broken() -> None:
    reader = watching()
    reader.accept(progress(1))
    with pytest.raises(StreamBroken):
        reader.finish()


def test_an_end_that_counts_more_messages_than_came_breaks_the_stream() -> None:
    reader = watching()
    reader.accept(progress(1))
    with pytest.raises(StreamBroken, match="1 of 2"):
        reader.accept(end(2))


def test_an_error_in_band_is_raised() -> None:
    status = Status(code=grpc.StatusCode.DATA_LOSS.value[0], message="stored data contradicts itself")
    with pytest.raises(CallError, match="contradicts") as caught:
        watching().accept(bt.WatchBacktestResponse(status=status))
    assert caught.value.code is grpc.StatusCode.DATA_LOSS


def test_a_watch_goes_on_after_the_last_message_it_saw() -> None:
    reader = watching()
    reader.accept(progress(7))
    assert reader.pause_before_resuming_s(CallError(grpc.StatusCode.UNAVAILABLE, "gone")) > 0
    assert reader.request == bt.WatchBacktestRequest(id=BACKTEST_ID, after_sequence=7)
    reader.accept(progress(8))
    reader.accept(end(1))
    reader.finish()


def test_a_watch_is_not_resumed_for_ever() -> None:
    reader = watching()
    gone = CallError(grpc.StatusCode.UNAVAILABLE, "gone")
    pauses_s = [reader.pause_before_resuming_s(gone) for _ in range(5)]
    assert pauses_s == sorted(pauses_s)
    assert sum(pauses_s) < 10
    with pytest.raises(CallError, match="gone"):
        reader.pause_before_resuming_s(gone)


def test_progress_makes_patience_new() -> None:
    reader = watching()
    gone = CallError(grpc.StatusCode.UNAVAILABLE, "gone")
    first = reader.pause_before_resuming_s(gone)
    reader.pause_before_resuming_s(gone)
    reader.accept(progress(1))
    assert reader.pause_before_resuming_s(gone) == first


def test_only_a_lost_connection_is_resumed() -> None:
    with pytest.raises(CallError, match="no such"):
        watching().pause_before_resuming_s(CallError(grpc.StatusCode.NOT_FOUND, "no such backtest"))


def test_a_stream_of_bars_goes_on_at_its_cursor() -> None:
    reader = StreamReader(marketdata.stream_bars(["AAPL", "MSFT"], "2010-01-04"))
    reader.accept(md.StreamBarsResponse(cursor="c1", bars=BarColumns(symbol="AAPL.NASDAQ")))
    assert isinstance(reader.request, md.StreamBarsRequest)
    assert reader.request.after_cursor == "c1"
    assert list(reader.request.symbols) == ["AAPL", "MSFT"]


def test_pages_end_with_an_empty_token() -> None:
    call = symbols.list_symbols()
    following = call.following([md.ListSymbolsResponse(next_page_token="t")])
    assert following == md.ListSymbolsRequest(page_size=1000, page_token="t")
    assert call.following([md.ListSymbolsResponse(next_page_token="t"), md.ListSymbolsResponse()]) is None


def test_pages_stop_at_the_limit() -> None:
    call = symbols.list_symbols(limit=2)
    page = md.ListSymbolsResponse(symbols=[Symbol()] * 3, next_page_token="t")
    assert call.following([page]) is None
    assert len(call.decode([page])) == 2


def test_a_collection_is_found_again_by_its_request_id() -> None:
    reader = StreamReader(collections.collect_history(["AAPL"], "2015-01-02", interval=Interval.MINUTE_5))
    asked = reader.request
    assert isinstance(asked, co.CollectHistoryRequest)
    assert len(asked.request_id) == 36
    reader.accept(co.CollectHistoryResponse(sequence=4, collection=co.Collection(id=BACKTEST_ID)))
    reader.pause_before_resuming_s(CallError(grpc.StatusCode.UNAVAILABLE, "gone"))
    assert reader.request == asked


def test_the_callers_request_id_is_kept() -> None:
    request = collections.collect_daily(request_id="mine").request
    assert request == co.CollectDailyRequest(request_id="mine")


def test_a_broker_that_is_away_is_told_at_once() -> None:
    reader = StreamReader(collections.collect_daily())
    away = CallError(grpc.StatusCode.UNAVAILABLE, "the gateway is down", reason="BROKER_UNAVAILABLE")
    with pytest.raises(CallError, match="gateway"):
        reader.pause_before_resuming_s(away)


def test_a_ledger_comes_from_all_its_pages() -> None:
    call = collections.get_collection(BACKTEST_ID)
    first = co.GetCollectionResponse(chunks=[co.CollectionChunk(number=1)], next_page_token="t")
    second = co.GetCollectionResponse(collection=co.Collection(id="x"), chunks=[co.CollectionChunk(number=2)])
    assert call.following([first]) == co.GetCollectionRequest(id=BACKTEST_ID, page_size=10_000, page_token="t")
    joined = call.decode([first, second])
    assert [chunk.number for chunk in joined.chunks] == [1, 2]
    assert joined.collection.id == "x"


def test_quotes_feeds_and_gaps_all_count_as_messages() -> None:
    reader = StreamReader(live.stream_quotes(["AAPL"]))
    events = [
        live_pb2.StreamQuotesResponse(feed=live_pb2.FeedStatus(state=live_pb2.FEED_STATE_ACTIVE)),
        live_pb2.StreamQuotesResponse(quote=live_pb2.Quote(bid=1.0)),
        live_pb2.StreamQuotesResponse(heartbeat=Heartbeat()),
        live_pb2.StreamQuotesResponse(gap=live_pb2.FeedGap(reason="1101")),
        live_pb2.StreamQuotesResponse(end=StreamEnd(message_count=3)),
    ]
    seen = [event for message in events for event in reader.accept(message)]
    assert [type(event) for event in seen] == [live_pb2.FeedStatus, live_pb2.Quote, live_pb2.FeedGap]
    reader.finish()


def test_a_live_stream_is_not_opened_again_by_itself() -> None:
    reader = StreamReader(live.stream_quotes(["AAPL"]))
    with pytest.raises(CallError, match="gone"):
        reader.pause_before_resuming_s(CallError(grpc.StatusCode.UNAVAILABLE, "gone"))


def test_what_is_no_interval_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="interval"):
        marketdata.get_bars("AAPL", interval="5m")  # type: ignore[arg-type]  # what an untyped caller may give
    with pytest.raises(InvalidInput, match="interval"):
        live.stream_live_bars(["AAPL"], interval=Interval.MINUTE_5)  # type: ignore[arg-type]  # as above
