"""Tearsheets, comparisons and performances over real gRPC and a real database."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody

from scizor.adapters.compute import ProcessCompute
from scizor.adapters.sql.storage import SqlStorage
from scizor.backtest.v1 import report_pb2 as pb
from scizor.ports.storage import Storage
from tests.fakes.storage import FakeStorage
from tests.integration.backtest_server import DEADLINE_S, Served, reason_of, request_for, serving
from tests.unit.backtest.build import store_bars, waves
from tests.unit.tearsheet.reading import Page

UNKNOWN = "3f2b8a52-0000-4000-8000-000000000000"
HOSTILE = "<script>alert(1)</script>"


async def filled(storage: Storage) -> Storage:
    await store_bars(storage, "AAPL.NASDAQ", waves(600))
    await store_bars(storage, "SPY.ARCA", waves(600, phase=1.0))
    return storage


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving(await filled(FakeStorage())) as running:
        yield running


async def sheet(served: Served, backtest_id: str, kind: str) -> tuple[list[HttpBody], dict[str, Any]]:
    """The pieces of a file, and the headers before them."""
    wanted = pb.TearsheetFormat.Value(f"TEARSHEET_FORMAT_{kind}")
    call = served.stub.GetTearsheet(pb.GetTearsheetRequest(id=backtest_id, format=wanted), timeout=DEADLINE_S)
    pieces = [piece async for piece in call]
    return pieces, dict(await call.initial_metadata() or ())


async def test_a_stored_backtest_becomes_every_kind_of_file(sql_storage: SqlStorage) -> None:
    drawing = ProcessCompute(1)
    async with serving(await filled(sql_storage), drawing=drawing) as served:
        request = request_for(["AAPL"], title=HOSTILE, benchmark="SPY", commission_bps=5)
        backtest = await served.run(request)
        pieces, headers = await sheet(served, backtest.id, "HTML")
        assert pieces[0].content_type == "text/html; charset=utf-8"
        assert headers["content-disposition"] == f'inline; filename="backtest-{backtest.id}.html"'
        page = Page(b"".join(piece.data for piece in pieces).decode())
        assert not page.all("script")
        assert page.all("h1")[0].text == HOSTILE
        assert "SPY.ARCA" in page.text
        assert "changed since the run" not in page.text

        pieces, _ = await sheet(served, backtest.id, "PNG")
        assert (pieces[0].content_type, pieces[0].data[:4]) == ("image/png", b"\x89PNG")
        pieces, _ = await sheet(served, backtest.id, "JSON")
        found = json.loads(b"".join(piece.data for piece in pieces))
        assert found["results"]["backtestId"] == backtest.id
        for kind in ("CSV", "PARQUET"):
            pieces, headers = await sheet(served, backtest.id, kind)
            assert headers["content-disposition"].startswith("attachment;")
            with zipfile.ZipFile(io.BytesIO(b"".join(piece.data for piece in pieces))) as archive:
                assert len(archive.namelist()) == 3


async def test_a_large_file_comes_in_pieces_of_half_a_megabyte(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scizor.services.backtest.review.calls._PIECE_BYTES", 1_000)
    backtest = await served.run(request_for(["AAPL"]))
    pieces, _ = await sheet(served, backtest.id, "JSON")
    assert len(pieces) > 10
    assert {len(piece.data) for piece in pieces[:-1]} == {1_000}
    assert [piece.content_type for piece in pieces[:2]] == ["application/json", ""]
    assert json.loads(b"".join(piece.data for piece in pieces))["backtest"]["id"] == backtest.id


async def test_what_has_no_results_has_no_tearsheet_and_no_comparison() -> None:
    async with serving(await filled(FakeStorage()), max_jobs=0) as served:
        queued = (await served.stub.CreateBacktest(request_for(["AAPL"]), timeout=DEADLINE_S)).backtest
        for asked, reason in ((queued.id, "BACKTEST_NOT_FINISHED"), (UNKNOWN, "BACKTEST_NOT_FOUND")):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await sheet(served, asked, "HTML")
            assert reason_of(caught.value) == reason
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await served.stub.CompareBacktests(pb.CompareBacktestsRequest(ids=[queued.id, UNKNOWN]), timeout=DEADLINE_S)
        assert reason_of(caught.value) == "BACKTEST_NOT_FINISHED"


BAD: list[tuple[str, Any]] = [
    ("GetTearsheet", pb.GetTearsheetRequest(id="no-id")),
    ("GetTearsheet", pb.GetTearsheetRequest(id=UNKNOWN, format=99)),  # type: ignore[arg-type]  # none of them
    ("CompareBacktests", pb.CompareBacktestsRequest(ids=[UNKNOWN])),
    ("CompareBacktests", pb.CompareBacktestsRequest(ids=[UNKNOWN, UNKNOWN])),
    ("GetStrategyPerformance", pb.GetStrategyPerformanceRequest(id="No Id")),
    ("GetStrategyPerformance", pb.GetStrategyPerformanceRequest(id="sma_cross", rank_by="nope")),
]


@pytest.mark.parametrize("place", range(len(BAD)))
async def test_a_bad_request_is_refused(served: Served, place: int) -> None:
    method, request = BAD[place]
    call = getattr(served.stub, method)(request, timeout=DEADLINE_S)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await (call.read() if method == "GetTearsheet" else call)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_backtests_stand_side_by_side(served: Served) -> None:
    first = await served.run(request_for(["AAPL"]))
    second = await served.run(request_for(["AAPL"], parameters={"fast": 4, "slow": 12}, commission_bps=9))
    request = pb.CompareBacktestsRequest(ids=[first.id, second.id])
    found = await served.stub.CompareBacktests(request, timeout=DEADLINE_S)
    assert [one.id for one in found.backtests] == [first.id, second.id]
    settings = {one.name: list(one.values) for one in found.settings}
    assert settings["parameters.slow"] == ["8", "12"]
    sharpe = next(one for one in found.metrics if one.name == "sharpe")
    ours, theirs = sharpe.values
    assert ours.difference == 0.0
    assert theirs.difference == pytest.approx(theirs.metric.value - ours.metric.value)
    (pair,) = found.correlations
    assert (pair.first_id, pair.second_id) == (first.id, second.id)
    assert -1.0 <= pair.value <= 1.0
    assert found.common_sessions == pair.n + 1


async def test_a_strategy_is_told_over_all_its_runs(served: Served) -> None:
    runs = [await served.run(request_for(["AAPL"], parameters={"fast": 3, "slow": slow})) for slow in (8, 9, 10)]
    request = pb.GetStrategyPerformanceRequest(id="sma_cross", rank_by="total_return")
    found = await served.stub.GetStrategyPerformance(request, timeout=DEADLINE_S)
    assert (found.states.succeeded, found.states.failed, found.runs) == (3, 0, 3)
    assert found.latest.backtest_id == runs[-1].id
    assert {found.best.backtest_id, found.worst.backtest_id} <= {run.id for run in runs}
    spread = next(one for one in found.spreads if one.name == "total_return")
    assert spread.minimum <= spread.lower_quartile <= spread.median <= spread.upper_quartile <= spread.maximum
    value = {metric.name: metric.value for metric in found.best.metrics}
    assert value["total_return"] == spread.maximum
    assert next(one.unit for one in found.spreads if one.name == "n_trades") == "trades"
