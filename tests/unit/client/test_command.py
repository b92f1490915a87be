"""The command against a small server: what it prints, where, and how it ends. The real stack is for the e2e tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.status_pb2 import Status

from scizor.backtest.v1 import backtest_pb2, backtest_service_pb2_grpc
from scizor.backtest.v1 import backtest_service_pb2 as bt
from scizor.client.cli import run
from scizor.client.cli.entry import COMMANDS
from scizor.marketdata.v1 import market_data_service_pb2 as md
from scizor.marketdata.v1 import market_data_service_pb2_grpc
from scizor.marketdata.v1.symbol_pb2 import Symbol
from scizor.type.v1.bars_pb2 import BarColumns
from scizor.type.v1.stream_pb2 import StreamEnd

BACKTEST_ID = "0190d3a2-6f2e-7c3a-9a51-3f5f0c8f2b11"
FAILING_ID = "0190d3a2-6f2e-7c3a-9a51-3f5f0c8f2b12"
BARS = BarColumns(
    symbol="AAPL.NASDAQ",
    currency="USD",
    session_date=[20100104, 20100105],
    open=[213.43, 214.6],
    high=[214.5, 215.59],
    low=[212.38, 213.25],
    close=[214.01, 214.38],
    volume=[17633200.0, 21496600.0],
)


class MarketData(market_data_service_pb2_grpc.MarketDataServiceServicer):
    """Knows one symbol and two bars."""

    def ListSymbols(self, request: md.ListSymbolsRequest, context: Any) -> md.ListSymbolsResponse:
        return md.ListSymbolsResponse(symbols=[Symbol(id="AAPL.NASDAQ", currency="USD", active=True)], total_size=1)

    def GetSymbol(self, request: md.GetSymbolRequest, context: Any) -> md.GetSymbolResponse:
        context.abort(grpc.StatusCode.NOT_FOUND, f"symbol {request.symbol} is not stored")
        raise AssertionError("abort raises")

    def GetBars(self, request: md.GetBarsRequest, context: Any) -> md.GetBarsResponse:
        return md.GetBarsResponse(bars=BARS)

    def StreamBars(self, request: md.StreamBarsRequest, context: Any) -> Iterator[md.StreamBarsResponse]:
        yield md.StreamBarsResponse(sequence=1, bars=BARS)
        yield md.StreamBarsResponse(sequence=2, end=StreamEnd(message_count=1))


class Backtests(backtest_service_pb2_grpc.BacktestServiceServicer):
    """Every backtest succeeds at once, but for FAILING_ID."""

    def CreateBacktest(self, request: bt.CreateBacktestRequest, context: Any) -> bt.CreateBacktestResponse:
        request.backtest.id = BACKTEST_ID
        return bt.CreateBacktestResponse(backtest=request.backtest)

    def GetBacktest(self, request: bt.GetBacktestRequest, context: Any) -> bt.GetBacktestResponse:
        done = backtest_pb2.Backtest(
            id=request.id, strategy_id="sma_cross", state=backtest_pb2.BACKTEST_STATE_SUCCEEDED
        )
        return bt.GetBacktestResponse(backtest=done)

    def WatchBacktest(self, request: bt.WatchBacktestRequest, context: Any) -> Iterator[bt.WatchBacktestResponse]:
        if request.id == FAILING_ID:
            failed = Status(code=grpc.StatusCode.INTERNAL.value[0], message="it divided by zero")
            yield bt.WatchBacktestResponse(status=failed)
        progress = backtest_pb2.BacktestProgress(state=backtest_pb2.BACKTEST_STATE_SUCCEEDED, fraction=1.0)
        yield bt.WatchBacktestResponse(sequence=1, progress=progress)
        yield bt.WatchBacktestResponse(end=StreamEnd(message_count=1))

    def GetBacktestResults(self, request: bt.GetBacktestResultsRequest, context: Any) -> bt.GetBacktestResultsResponse:
        sharpe = backtest_pb2.Metric(name="sharpe", value=1.25, convention="TRADING_DAY_252", n=250, unit="ratio")
        undefined = backtest_pb2.Metric(name="sortino", unit="ratio")
        results = backtest_pb2.BacktestResults(backtest_id=request.id, metrics=[sharpe, undefined], currency="USD")
        return bt.GetBacktestResultsResponse(results=results)

    def GetEquityCurve(self, request: bt.GetEquityCurveRequest, context: Any) -> bt.GetEquityCurveResponse:
        curve = backtest_pb2.EquityColumns(
            session_date=[20100104, 20100105],
            equity=[100_000.0, 101_000.0],
            cash=[0.0, 0.0],
            drawdown=[0.0, 0.0],
            exposure=[1.0, 1.0],
        )
        return bt.GetEquityCurveResponse(curve=curve, currency="USD")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadPoolExecutor(max_workers=2) as threads:
        started = grpc.server(threads)
        market_data_service_pb2_grpc.add_MarketDataServiceServicer_to_server(
            MarketData(),  # type: ignore[abstract]  # the methods left out answer UNIMPLEMENTED
            started,
        )
        backtest_service_pb2_grpc.add_BacktestServiceServicer_to_server(
            Backtests(),  # type: ignore[abstract]  # as above
            started,
        )
        port = started.add_insecure_port("127.0.0.1:0")
        started.start()
        monkeypatch.setenv("SCIZOR_ADDRESS", f"127.0.0.1:{port}")
        yield
        started.stop(None).wait(10)


COMMAND_LINES = (
    [[word] for word in ("up", "down", "status", "demo", "coverage", "quality", "market-hours")]
    + [["symbols", word] for word in ("list", "get", "create", "update", "delete", "populate", "validate")]
    + [["bars", word] for word in ("import", "get", "latest", "stream", "delete", "coverage", "quality")]
    + [["collect", word] for word in ("daily", "symbol", "history", "status", "cancel", "check")]
    + [["stream", word] for word in ("quotes", "bars")]
    + [["actions", word] for word in ("list", "record")]
    + [["strategy", word] for word in ("list", "show", "create", "update", "check", "delete")]
    + [["backtest", word] for word in ("run", "check", "watch", "show", "list", "cancel", "delete")]
    + [["backtest", word] for word in ("report", "compare", "performance")]
    + [["strategy"], [], ["symbols"], ["bars"], ["actions"], ["backtest"], ["collect"], ["stream"]]
)


@pytest.mark.parametrize("words", COMMAND_LINES, ids=" ".join)
def test_every_help_ends_with_an_example(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*words, "--help"]) == 0
    last = capsys.readouterr().out.strip().split("\n\n")[-1]
    assert last.replace("\n", " ").split("Example: ")[-1].startswith(" ".join(["scizor", *words]))


def test_help_loads_neither_grpc_nor_numpy() -> None:
    program = (
        "import sys; from scizor.client.cli import run; run(['--help']); print({'grpc', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


def test_every_first_word_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    run(["--help"])
    shown = capsys.readouterr().out
    assert all(word in shown for word in COMMANDS)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["nonsense"], "nonsense"),
        (["bars", "gt", "AAPL"], "gt"),
        (["bars", "get"], "SYMBOL"),
        (["bars", "get", "AAPL", "--limit", "0"], "--limit"),
        (["bars", "get", "AAPL", "--start", "2010-02-30"], "start"),
        (["bars", "import"], "--bundled"),
        (["bars", "quality", "--rule", "ugly"], "off_calendar"),
        (["symbols", "update", "AAPL"], "nothing to change"),
        (["actions", "record", "AAPL", "2005-02-28", "--source", "issuer"], "--split or --dividend"),
        (["backtest", "run", "sma_cross", "--symbols", "AAPL", "--set", "fast"], "name=value"),
        (["backtest", "run", "sma_cross", "--symbols", "AAPL", "--capital", "much"], "capital"),
    ],
)
def test_a_wrong_call_is_one_line_and_status_2(
    words: list[str], named: str, server: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert named in said.err


def test_nobody_listening_is_one_line_and_status_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCIZOR_ADDRESS", "127.0.0.1:1")
    assert run(["actions", "list", "AAPL"]) == 3
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "127.0.0.1:1" in said
    assert "scizor up" in said


def test_an_error_of_the_server_is_one_line_and_status_1(server: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["symbols", "get", "NOPE"]) == 1
    assert capsys.readouterr().err == "scizor: symbol NOPE is not stored (NOT_FOUND)\n"


def test_a_file_that_is_not_there_is_named(server: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bars", "import", "none.csv", "--symbol", "AAPL"]) == 1
    assert "none.csv: No such file" in capsys.readouterr().err


def test_symbols_are_a_table_or_json(server: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["symbols", "list"]) == 0
    assert "AAPL.NASDAQ" in capsys.readouterr().out
    assert run(["symbols", "list", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["totalSize"] == 1
    assert document["symbols"][0]["primaryExchange"] == ""


def test_bars_become_a_file_that_can_be_imported(
    server: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bars.csv"
    assert run(["bars", "get", "AAPL", "--csv", str(path)]) == 0
    assert "2 bars written" in capsys.readouterr().out
    assert path.read_text().splitlines() == [
        "symbol,date,open,high,low,close,volume",
        "AAPL.NASDAQ,2010-01-04,213.43,214.5,212.38,214.01,17633200.0",
        "AAPL.NASDAQ,2010-01-05,214.6,215.59,213.25,214.38,21496600.0",
    ]


def test_bars_go_to_standard_output_as_they_go_to_a_file(
    server: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["bars", "get", "AAPL", "--csv", "bars.csv"]) == 0
    capsys.readouterr()
    assert run(["bars", "get", "AAPL", "--csv", "-"]) == 0
    assert capsys.readouterr().out == Path("bars.csv").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["bars.csv"]
    assert run(["bars", "get", "AAPL", "--csv", "-", "--json"]) == 2
    assert "--csv - and --json" in capsys.readouterr().err


def test_a_stream_is_csv_lines_or_json_lines(server: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bars", "stream", "AAPL,MSFT"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert run(["bars", "stream", "AAPL", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["close"] == [214.01, 214.38]


def test_a_backtest_is_run_watched_and_shown(server: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backtest", "run", "sma_cross", "--symbols", "AAPL", "--set", "fast=10"]) == 0
    said = capsys.readouterr()
    assert "sharpe" in said.out
    assert "1.250" in said.out
    assert "101,000" in said.out
    assert said.err == ""


def test_a_backtest_for_machines_is_one_document(server: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backtest", "watch", BACKTEST_ID, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["equity"]["equity"] == [100_000.0, 101_000.0]
    assert document["results"]["metrics"][0]["name"] == "sharpe"
    assert "value" not in document["results"]["metrics"][1]


def test_a_backtest_that_failed_is_one_line_and_status_1(server: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backtest", "watch", FAILING_ID]) == 1
    assert "it divided by zero" in capsys.readouterr().err


def test_a_backtest_that_is_not_waited_for_tells_its_id(server: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backtest", "run", "sma_cross", "--symbols", "AAPL", "--no-wait"]) == 0
    assert f"scizor backtest watch {BACKTEST_ID}" in capsys.readouterr().out
