"""Tearsheets, comparisons and performances: by both clients, and by the command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody

from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.backtest.v1 import report_pb2 as pb
from scizor.backtest.v1.backtest_service_pb2_grpc import (
    BacktestServiceServicer,
    add_BacktestServiceServicer_to_server,
)
from scizor.client import AsyncClient, CallError, Client, TearsheetFormat
from scizor.client.cli import run

FIRST, SECOND = "0190d3a2-6f2e-7c3a-9a51-3f5f0c8f2b11", "0190d3a2-8c14-7b5e-8f02-6a1d2c3e4f50"


def metric(value: float | None) -> bt.Metric:
    return bt.Metric(name="sharpe", value=value, convention="TRADING_DAY_252", n=250, unit="ratio")


class Backtests(BacktestServiceServicer):
    """One file in two pieces, one comparison, one performance."""

    def GetTearsheet(self, request: pb.GetTearsheetRequest, context: Any) -> Iterator[HttpBody]:
        if request.id != FIRST:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such backtest")
        name = pb.TearsheetFormat.Name(request.format).rpartition("_")[2].encode()
        yield HttpBody(content_type="text/plain", data=b"it is ")
        yield HttpBody(data=name)

    def CompareBacktests(self, request: pb.CompareBacktestsRequest, context: Any) -> pb.CompareBacktestsResponse:
        values = [
            pb.ComparedValue(metric=metric(1.0), difference=0.0),
            pb.ComparedValue(metric=metric(1.25), difference=0.25),
        ]
        return pb.CompareBacktestsResponse(
            backtests=[bt.Backtest(id=one) for one in request.ids],
            settings=[pb.ComparedSetting(name="commission", values=["5 bps", "7 bps"])],
            metrics=[pb.ComparedMetric(name="sharpe", values=values), pb.ComparedMetric(name="omega", values=values)],
            correlations=[pb.ReturnCorrelation(first_id=FIRST, second_id=SECOND, value=0.875, n=249)],
            common_sessions=250,
            first_common_session="2020-01-02",
            last_common_session="2020-12-31",
        )

    def GetStrategyPerformance(
        self, request: pb.GetStrategyPerformanceRequest, context: Any
    ) -> pb.GetStrategyPerformanceResponse:
        return pb.GetStrategyPerformanceResponse(
            strategy_id=request.id,
            states=pb.RunStates(succeeded=3, failed=1),
            runs=3,
            ranked_by=request.rank_by,
            spreads=[pb.MetricSpread(name="sharpe", unit="ratio", n=3, minimum=-0.5, median=0.5, maximum=1.5)],
            best=pb.RunFigures(backtest_id=SECOND, metrics=[metric(1.5)]),
        )


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with ThreadPoolExecutor(2) as threads:
        server = grpc.server(threads)
        add_BacktestServiceServicer_to_server(Backtests(), server)  # type: ignore[abstract]  # the rest is UNIMPLEMENTED
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        monkeypatch.setenv("SCIZOR_ADDRESS", f"127.0.0.1:{port}")
        yield f"127.0.0.1:{port}"
        server.stop(None).wait()


def told_by(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit status, and what was printed."""
    status = run(["backtest", *arguments])
    return status, capsys.readouterr().out


def test_a_file_is_put_together_from_its_pieces(address: str) -> None:
    with Client(address) as client:
        sheet = client.backtests.tearsheet(FIRST, format=TearsheetFormat.PNG)
    assert (sheet.content, sheet.content_type) == (b"it is PNG", "text/plain")


async def test_the_client_to_be_awaited_does_the_same(address: str) -> None:
    async with AsyncClient(address) as client:
        sheet = await client.backtests.tearsheet(FIRST)
        assert (sheet.content, sheet.content_type) == (b"it is HTML", "text/plain")
        assert len((await client.backtests.compare([FIRST, SECOND])).backtests) == 2
        assert (await client.backtests.performance("sma_cross")).runs == 3
        with pytest.raises(CallError, match="no such backtest"):
            await client.backtests.tearsheet(SECOND)


def test_a_report_is_written_where_it_is_wanted(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert told_by(capsys, "report", FIRST)[0] == 0
    assert (tmp_path / f"backtest-{FIRST}.html").read_bytes() == b"it is HTML"
    assert told_by(capsys, "report", FIRST, "--format", "csv")[0] == 0
    assert (tmp_path / f"backtest-{FIRST}.csv.zip").read_bytes() == b"it is CSV"
    status, told = told_by(capsys, "report", FIRST, "--output", "mine.png", "--json")
    assert (status, json.loads(told)["file"]) == (0, "mine.png")
    assert (tmp_path / "mine.png").read_bytes() == b"it is PNG"
    assert told_by(capsys, "report", FIRST, "--output", "no/such/folder.html")[0] == 1


def test_a_report_is_shown_when_asked(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []
    monkeypatch.chdir(tmp_path)

    def browse(uri: str) -> bool:
        shown.append(uri)
        return True

    monkeypatch.setattr("webbrowser.open", browse)
    assert "no browser" not in told_by(capsys, "report", FIRST, "--open")[1]
    assert shown == [(tmp_path / f"backtest-{FIRST}.html").as_uri()]
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    assert "no browser was found" in told_by(capsys, "report", FIRST, "--open")[1]


def test_a_report_of_no_backtest_is_an_error(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert told_by(capsys, "report", SECOND)[0] == 1


def test_a_comparison_is_three_tables(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, told = told_by(capsys, "compare", FIRST, SECOND)
    assert status == 0
    for word in ("commission", "7 bps", "1.250", "+0.250", "0.875", "250 common sessions from 2020-01-02"):
        assert word in told
    assert "omega" not in told
    assert "omega" in told_by(capsys, "compare", FIRST, SECOND, "--all")[1]
    assert json.loads(told_by(capsys, "compare", FIRST, SECOND, "--json")[1])["commonSessions"] == "250"


def test_a_performance_is_told(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, told = told_by(capsys, "performance", "sma_cross")
    assert status == 0
    for word in ("3 succeeded, 1 failed", "best sharpe", f"1.500 in {SECOND}", "-0.500"):
        assert word in told
    assert json.loads(told_by(capsys, "performance", "sma_cross", "--json")[1])["rankedBy"] == "sharpe"
