from __future__ import annotations

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass
from google.rpc.status_pb2 import Status

from scizor.backtest.v1 import backtest_service_pb2 as bt
from scizor.backtest.v1.backtest_pb2 import BacktestProgress
from scizor.client import backtest, marketdata
from scizor.client.calls import StreamReader, path_of
from scizor.client.channel import IDEMPOTENT
from scizor.client.errors import CallError, StreamBroken
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
    call = marketdata.list_symbols()
    following = call.following([md.ListSymbolsResponse(next_page_token="t")])
    assert following == md.ListSymbolsRequest(page_size=1000, page_token="t")
    assert call.following([md.ListSymbolsResponse(next_page_token="t"), md.ListSymbolsResponse()]) is None


def test_pages_stop_at_the_limit() -> None:
    call = marketdata.list_symbols(limit=2)
    page = md.ListSymbolsResponse(symbols=[Symbol()] * 3, next_page_token="t")
    assert call.following([page]) is None
    assert len(call.decode([page])) == 2
