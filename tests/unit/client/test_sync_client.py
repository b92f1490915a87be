from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import grpc
import grpc_testing
import numpy as np
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from scizor.backtest.v1 import backtest_service_pb2 as bt
from scizor.backtest.v1.backtest_pb2 import Backtest, BacktestProgress
from scizor.client import CallError, Client, Rows, StreamBroken
from scizor.domain.errors import InvalidInput
from scizor.marketdata.v1 import market_data_service_pb2 as md
from scizor.marketdata.v1.quality_pb2 import ImportSummary
from scizor.marketdata.v1.symbol_pb2 import Symbol
from scizor.type.v1.bars_pb2 import BarColumns
from scizor.type.v1.stream_pb2 import StreamEnd

T = TypeVar("T")
MARKET_DATA = md.DESCRIPTOR.services_by_name["MarketDataService"].methods_by_name
BACKTEST = bt.DESCRIPTOR.services_by_name["BacktestService"].methods_by_name
BACKTEST_ID = "0190d3a2-6f2e-7c3a-9a51-3f5f0c8f2b11"
WAIT_S = 10.0


class Server:
    """The other side of a testing channel: a call runs in a thread, the test answers it."""

    def __init__(self, channel: Any, threads: ThreadPoolExecutor) -> None:
        self.channel = channel
        self.client = Client(channel=channel)
        self._threads = threads

    def calling(self, call: Callable[[], T]) -> Future[T]:
        return self._threads.submit(call)

    def answer(self, method: Any, response: Any) -> Any:
        """Answers the next call of a method; returns its request."""
        _, request, rpc = self.channel.take_unary_unary(method)
        rpc.terminate(response, (), grpc.StatusCode.OK, "")
        return request

    def refuse(self, method: Any, code: grpc.StatusCode, reason: str, message: str) -> None:
        detail = AnyMessage()
        detail.Pack(ErrorInfo(reason=reason, domain="scizor"))
        status = Status(code=code.value[0], message=message, details=[detail])
        _, _, rpc = self.channel.take_unary_unary(method)
        trailing = (("grpc-status-details-bin", status.SerializeToString()),)
        rpc.terminate(None, trailing, code, message)

    def stream(self, method: Any, responses: list[Any]) -> Any:
        _, request, rpc = self.channel.take_unary_stream(method)
        for response in responses:
            rpc.send_response(response)
        rpc.terminate((), grpc.StatusCode.OK, "")
        return request


@pytest.fixture
def server() -> Iterator[Server]:
    services = [md.DESCRIPTOR.services_by_name["MarketDataService"], bt.DESCRIPTOR.services_by_name["BacktestService"]]
    channel = grpc_testing.channel(services, grpc_testing.strict_real_time())
    with ThreadPoolExecutor(max_workers=1) as threads:
        yield Server(channel, threads)


def until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < give_up
        threading.Event().wait(0.005)


def progress(sequence: int) -> bt.WatchBacktestResponse:
    return bt.WatchBacktestResponse(sequence=sequence, progress=BacktestProgress(bars_done=sequence))


def end(message_count: int) -> bt.WatchBacktestResponse:
    return bt.WatchBacktestResponse(end=StreamEnd(message_count=message_count))


def test_a_symbol_is_asked_for_by_name_and_returned(server: Server) -> None:
    call = server.calling(lambda: server.client.symbols.get("AAPL"))
    request = server.answer(MARKET_DATA["GetSymbol"], md.GetSymbolResponse(symbol=Symbol(id="AAPL.NASDAQ")))
    assert request == md.GetSymbolRequest(symbol="AAPL")
    assert call.result(WAIT_S).id == "AAPL.NASDAQ"


def test_a_list_comes_from_all_its_pages(server: Server) -> None:
    call = server.calling(lambda: server.client.symbols.list(group="ASX200"))
    server.answer(MARKET_DATA["ListSymbols"], md.ListSymbolsResponse(symbols=[Symbol(id="A.ASX")], next_page_token="t"))
    second = server.answer(MARKET_DATA["ListSymbols"], md.ListSymbolsResponse(symbols=[Symbol(id="B.ASX")]))
    assert (second.page_token, second.group) == ("t", "ASX200")
    assert [symbol.id for symbol in call.result(WAIT_S)] == ["A.ASX", "B.ASX"]


def test_bars_come_as_arrays(server: Server) -> None:
    call = server.calling(lambda: server.client.bars.get("AAPL", "2010-01-04", limit=2))
    columns = BarColumns(session_date=[20100104, 20100105], close=[214.01, 214.38])
    request = server.answer(MARKET_DATA["GetBars"], md.GetBarsResponse(bars=columns))
    assert (request.start, request.page_size) == ("2010-01-04", 2)
    np.testing.assert_array_equal(call.result(WAIT_S).close, [214.01, 214.38])


def test_an_error_brings_its_reason(server: Server) -> None:
    call = server.calling(lambda: server.client.symbols.get("NOPE"))
    server.refuse(MARKET_DATA["GetSymbol"], grpc.StatusCode.NOT_FOUND, "SYMBOL_NOT_FOUND", "no symbol NOPE")
    with pytest.raises(CallError, match="no symbol NOPE") as caught:
        call.result(WAIT_S)
    assert caught.value.reason == "SYMBOL_NOT_FOUND"
    assert "symbols list" in caught.value.hint


def test_a_watch_is_read_to_its_end(server: Server) -> None:
    call = server.calling(lambda: list(server.client.backtests.watch(BACKTEST_ID)))
    server.stream(BACKTEST["WatchBacktest"], [progress(1), progress(3), end(2)])
    assert [one.bars_done for one in call.result(WAIT_S)] == [1, 3]


def test_a_watch_survives_a_lost_connection(server: Server) -> None:
    seen: list[int] = []
    call = server.calling(lambda: seen.extend(one.bars_done for one in server.client.backtests.watch(BACKTEST_ID)))
    _, _, rpc = server.channel.take_unary_stream(BACKTEST["WatchBacktest"])
    rpc.send_response(progress(1))
    until(lambda: seen == [1])  # this channel drops what was not read when the call fails
    rpc.terminate((), grpc.StatusCode.UNAVAILABLE, "gone")
    again = server.stream(BACKTEST["WatchBacktest"], [progress(2), end(1)])
    assert again.after_sequence == 1
    call.result(WAIT_S)
    assert seen == [1, 2]


def test_a_watch_that_stops_without_its_end_is_broken(server: Server) -> None:
    call = server.calling(lambda: list(server.client.backtests.watch(BACKTEST_ID)))
    server.stream(BACKTEST["WatchBacktest"], [progress(1)])
    with pytest.raises(StreamBroken):
        call.result(WAIT_S)


def test_the_error_of_a_failed_backtest_is_raised(server: Server) -> None:
    failed = bt.WatchBacktestResponse(status=Status(code=grpc.StatusCode.INTERNAL.value[0], message="it failed"))
    call = server.calling(lambda: list(server.client.backtests.watch(BACKTEST_ID)))
    server.stream(BACKTEST["WatchBacktest"], [failed, end(0)])
    with pytest.raises(CallError, match="it failed"):
        call.result(WAIT_S)


def imported(server: Server, call: Callable[[], Any], messages: int) -> list[Any]:
    done = server.calling(call)
    _, rpc = server.channel.take_stream_unary(MARKET_DATA["ImportBars"])
    taken = [rpc.take_request() for _ in range(messages)]
    rpc.requests_closed()
    rpc.terminate(md.ImportBarsResponse(summary=ImportSummary(import_id="7")), (), grpc.StatusCode.OK, "")
    assert done.result(WAIT_S).import_id == "7"
    return taken


def test_a_file_is_sent_behind_its_header(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "AAPL 2010.csv"
    path.write_bytes(b"x" * 1_500_000)
    told: list[int] = []
    header, first, second = imported(
        server, lambda: server.client.bars.import_file(path, symbol="AAPL", progress=told.append), 3
    )
    assert header.header == md.ImportBarsHeader(symbol="AAPL", source="file:AAPL_2010.csv", format=md.FILE_FORMAT_CSV)
    assert len(first.data + second.data) == 1_500_000
    assert told == [1024 * 1024, 1_500_000]


def test_rows_are_sent_as_columns(server: Server) -> None:
    column = np.array([1.0, np.nan])
    rows = Rows("AAPL", np.array([20100104, 20100105], dtype=np.int32), column, column, column, column, column)
    _, sent = imported(server, lambda: server.client.bars.import_rows([rows], source="test"), 2)
    typed = md.ImportBarsRequest.FromString(sent.SerializeToString())
    assert list(typed.rows.session_date) == [20100104, 20100105]
    assert np.isnan(typed.rows.close[1])


def test_a_file_that_is_not_there_is_told_before_any_call(server: Server, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        server.client.bars.import_file(tmp_path / "none.csv")


def test_a_file_of_an_unknown_kind_is_told_before_any_call(server: Server, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="csv or parquet"):
        server.client.bars.import_file(tmp_path / "bars.xlsx")


def test_a_backtest_is_asked_for_in_the_contracts_words(server: Server) -> None:
    call = server.calling(
        lambda: server.client.backtests.create("sma_cross", ["AAPL"], capital="1000.5", parameters={"fast": 10})
    )
    request = server.answer(BACKTEST["CreateBacktest"], bt.CreateBacktestResponse(backtest=Backtest(id=BACKTEST_ID)))
    asked = request.backtest
    assert (asked.initial_capital.units, asked.initial_capital.nanos) == (1000, 500_000_000)
    assert asked.parameters["fast"] == 10
    assert call.result(WAIT_S).id == BACKTEST_ID


def test_methods_keep_the_parameters_and_the_words_of_their_call(server: Server) -> None:
    assert list(inspect.signature(server.client.symbols.delete).parameters) == ["symbol", "force", "etag", "request_id"]
    assert inspect.getdoc(server.client.symbols.get) == "One symbol."
