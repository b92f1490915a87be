"""Backtests from request to results, over real gRPC and a real database."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from scizor.adapters.sql.storage import SqlStorage
from scizor.backtest.v1 import backtest_pb2 as pb
from scizor.backtest.v1 import backtest_service_pb2 as rpc
from tests.fakes import bench
from tests.fakes.storage import FakeStorage
from tests.integration.backtest_server import DEADLINE_S, NAME, Served, request_for, serving
from tests.integration.slow_computation import SlowComputation
from tests.unit.backtest.build import FIRST_SESSION, store_bars, waves

SYMBOLS = ["AAPL.NASDAQ", "IBM.NYSE"]


@pytest.fixture
async def storage(compiled: None, sql_storage: SqlStorage) -> SqlStorage:
    await store_bars(sql_storage, SYMBOLS[0], waves(1500))
    await store_bars(sql_storage, SYMBOLS[1], waves(1200, FIRST_SESSION + timedelta(days=100), phase=2.0))
    return sql_storage


@pytest.fixture
async def served(storage: SqlStorage) -> AsyncIterator[Served]:
    async with serving(storage) as running:
        yield running


async def test_an_sma_cross_is_created_watched_and_read(served: Served) -> None:
    request = request_for(
        SYMBOLS, parameters={"fast": 4, "slow": 9, "direction": "long_short"}, commission_bps=5, slippage_bps=2
    )
    created = (await served.stub.CreateBacktest(request, timeout=DEADLINE_S)).backtest
    assert created.state == pb.BACKTEST_STATE_QUEUED
    assert list(created.symbols) == SYMBOLS
    assert dict(created.parameters) == {"fast": 4, "slow": 9, "direction": "long_short"}

    *moves, end = await served.finished(created.id)
    assert [message.WhichOneof("event") for message in moves] == ["progress"] * len(moves)
    assert end.end.message_count == len(moves)
    assert (moves[-1].progress.state, moves[-1].progress.fraction) == (pb.BACKTEST_STATE_SUCCEEDED, 1.0)
    assert moves[-1].progress.bars_done == 2700
    sequences = [message.sequence for message in moves]
    assert sequences == sorted(set(sequences))

    results = (
        await served.stub.GetBacktestResults(rpc.GetBacktestResultsRequest(id=created.id), timeout=DEADLINE_S)
    ).results
    assert (results.bars, results.sessions, results.currency) == (2700, 1500, "USD")
    assert len(results.fingerprint) == 64
    assert results.trades > 50
    assert {"sharpe", "cagr", "max_drawdown"} <= {metric.name for metric in results.metrics}
    assert all(metric.convention and metric.unit for metric in results.metrics)
    assert results.commission_paid > 0
    assert results.slippage_paid > 0


async def all_trades(served: Served, backtest_id: str, page_size: int) -> list[pb.BacktestTrade]:
    trades: list[pb.BacktestTrade] = []
    token = ""
    while True:
        page = await served.stub.ListBacktestTrades(
            rpc.ListBacktestTradesRequest(id=backtest_id, page_size=page_size, page_token=token), timeout=DEADLINE_S
        )
        assert len(page.trades) <= page_size
        trades += page.trades
        token = page.next_page_token
        if not token:
            assert page.total_size == len(trades)
            return trades


async def test_trades_come_in_pages_in_order_of_exit(served: Served) -> None:
    job = await served.run(request_for(SYMBOLS))
    trades = await all_trades(served, job.id, 7)
    assert [trade.number for trade in trades] == list(range(1, len(trades) + 1))
    assert [trade.exit_session for trade in trades] == sorted(trade.exit_session for trade in trades)
    assert trades == await all_trades(served, job.id, len(trades))


async def test_the_account_adds_up(served: Served) -> None:
    job = await served.run(request_for(SYMBOLS, commission_bps=10))
    results = (await served.stub.GetBacktestResults(rpc.GetBacktestResultsRequest(id=job.id))).results
    trades = await all_trades(served, job.id, 1000)
    profit, costs = sum(trade.net_pnl for trade in trades), results.costs
    interest = costs.credit_interest + costs.debit_interest + costs.borrow
    assert interest > 0, "cash beyond what is held earns interest"
    assert results.final_equity == pytest.approx(10_000 + profit + interest)
    assert results.commission_paid == pytest.approx(sum(trade.commission for trade in trades)) == -costs.commission


async def test_buy_and_hold_trades_once_a_symbol_and_its_curve_is_whole(served: Served) -> None:
    job = await served.run(request_for(["IBM"], "buy_and_hold"))
    (trade,) = await all_trades(served, job.id, 10)
    assert trade.closed_at_end
    whole = await served.stub.GetEquityCurve(rpc.GetEquityCurveRequest(id=job.id), timeout=DEADLINE_S)
    thin = await served.stub.GetEquityCurve(rpc.GetEquityCurveRequest(id=job.id, max_points=50), timeout=DEADLINE_S)
    assert whole.currency == "USD"
    equity = list(whole.curve.equity)
    assert len(equity) == len(whole.curve.session_date) == len(whole.curve.drawdown) == 1200
    assert whole.curve.session_date[0] == 20200411
    assert len(thin.curve.equity) <= 50
    assert {equity[0], equity[-1], max(equity), min(equity)} <= set(thin.curve.equity)


async def test_the_same_input_gives_the_same_fingerprint_and_figures(served: Served) -> None:
    answers = []
    for _ in range(2):
        job = await served.run(request_for(SYMBOLS))
        results = (await served.stub.GetBacktestResults(rpc.GetBacktestResultsRequest(id=job.id))).results
        results.ClearField("backtest_id")
        results.ClearField("compute_time")
        answers.append(results)
    assert answers[0] == answers[1]


async def test_a_retry_with_a_request_id_queues_nothing_new(served: Served) -> None:
    request = request_for(request_id="one")
    first, second = [(await served.stub.CreateBacktest(request, timeout=DEADLINE_S)).backtest for _ in range(2)]
    assert first == second
    assert len((await served.stub.ListBacktests(rpc.ListBacktestsRequest())).backtests) == 1


async def test_backtests_are_listed_newest_first_by_page_state_and_strategy(storage: SqlStorage) -> None:
    async with serving(storage, max_jobs=0) as served:
        made = []
        for strategy in ("sma_cross", "buy_and_hold", "sma_cross"):
            created = await served.stub.CreateBacktest(request_for(strategy_id=strategy), timeout=DEADLINE_S)
            made.append(created.backtest.id)
        await served.stub.CancelBacktest(rpc.CancelBacktestRequest(id=made[0]), timeout=DEADLINE_S)

        async def ids(**query: Any) -> list[str]:
            request = rpc.ListBacktestsRequest(**query)
            return [each.id for each in (await served.stub.ListBacktests(request, timeout=DEADLINE_S)).backtests]

        assert await ids() == sorted(made, reverse=True)
        assert set(await ids(strategy_id="sma_cross")) == {made[0], made[2]}
        assert await ids(state=pb.BACKTEST_STATE_CANCELLED) == [made[0]]
        first = await served.stub.ListBacktests(rpc.ListBacktestsRequest(page_size=2))
        rest = await ids(page_size=2, page_token=first.next_page_token)
        assert [each.id for each in first.backtests] + rest == sorted(made, reverse=True)


async def test_a_queued_backtest_is_cancelled_and_its_watcher_told(storage: SqlStorage) -> None:
    async with serving(storage, max_jobs=0) as served:
        job = (await served.stub.CreateBacktest(request_for(), timeout=DEADLINE_S)).backtest
        watching = asyncio.create_task(served.finished(job.id))
        request = rpc.CancelBacktestRequest(id=job.id, request_id="cancel")
        answers = [await served.stub.CancelBacktest(request, timeout=DEADLINE_S) for _ in range(2)]
        assert answers[0] == answers[1]
        assert answers[0].backtest.state == pb.BACKTEST_STATE_CANCELLED
        *_, last, end = await watching
        assert last.progress.state == pb.BACKTEST_STATE_CANCELLED
        assert end.HasField("end")


@pytest.fixture
async def slow(storage: SqlStorage, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    await store_bars(storage, "LONG.NYSE", waves(20_000))
    monkeypatch.setattr(bench, "Computation", SlowComputation)
    monkeypatch.setattr(SlowComputation, "let", threading.Event())
    async with serving(storage, heartbeat_s=0.5) as running:
        yield running


async def long_running(served: Served) -> pb.Backtest:
    job = (await served.stub.CreateBacktest(request_for(["LONG"], "buy_and_hold"), timeout=DEADLINE_S)).backtest
    return await served.until(job.id, lambda seen: 0 < seen.progress.bars_done < seen.progress.bars_total)


async def test_a_watch_that_is_cancelled_does_not_cancel_the_job(slow: Served) -> None:
    job = await long_running(slow)
    for _ in range(3):
        call = slow.stub.WatchBacktest(rpc.WatchBacktestRequest(id=job.id))
        first = await anext(aiter(call))
        assert first.progress.state == pb.BACKTEST_STATE_RUNNING
        assert 0 < first.progress.fraction < 1
        call.cancel()
    SlowComputation.let.set()
    *_, last, end = await slow.finished(job.id)
    assert last.progress.state == pb.BACKTEST_STATE_SUCCEEDED
    assert end.HasField("end")


async def test_a_late_watcher_and_a_resumed_one_see_the_same_numbers(slow: Served) -> None:
    job = await long_running(slow)
    early = []
    async for message in slow.stub.WatchBacktest(rpc.WatchBacktestRequest(id=job.id), timeout=DEADLINE_S):
        early.append(message)
        if message.progress.bars_done == job.progress.bars_total // 2:
            SlowComputation.let.set()
    late = await slow.finished(job.id)
    assert late[0] == early[-2]
    assert [message.end.message_count for message in late] == [0, 1]
    after = rpc.WatchBacktestRequest(id=job.id, after_sequence=early[-2].sequence)
    resumed = [message async for message in slow.stub.WatchBacktest(after)]
    assert [message.WhichOneof("event") for message in resumed] == ["end"]
    assert resumed[0].end.message_count == 0
    # A slow machine may leave room for a sign of life between two of them.
    moves = [message for message in early if message.HasField("progress")]
    assert sorted({message.sequence for message in moves}) == [message.sequence for message in moves]
    done = [message.progress.bars_done for message in moves]
    assert done == sorted(done)
    assert len(done) >= 3


async def test_a_running_job_is_cancelled_within_a_second_or_so(slow: Served) -> None:
    job = await long_running(slow)
    answer = await slow.stub.CancelBacktest(rpc.CancelBacktestRequest(id=job.id), timeout=DEADLINE_S)
    assert answer.backtest.state == pb.BACKTEST_STATE_CANCELLED
    *_, last, end = await slow.finished(job.id)
    assert last.progress.state == pb.BACKTEST_STATE_CANCELLED
    assert end.HasField("end")
    SlowComputation.let.set()
    other = await slow.run(request_for(["AAPL"]))
    assert other.state == pb.BACKTEST_STATE_SUCCEEDED
    seen = await slow.get(job.id)
    assert seen.state == pb.BACKTEST_STATE_CANCELLED
    assert seen.progress.bars_done < seen.progress.bars_total


async def test_the_service_answers_while_a_long_job_runs(slow: Served) -> None:
    job = await long_running(slow)
    health = health_pb2_grpc.HealthStub(slow.channel)
    for _ in range(50):
        answer = await health.Check(health_pb2.HealthCheckRequest(service=NAME), timeout=1.0)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        assert (await slow.get(job.id)).state == pb.BACKTEST_STATE_RUNNING
    await slow.stub.CancelBacktest(rpc.CancelBacktestRequest(id=job.id), timeout=DEADLINE_S)


async def test_a_quiet_watch_has_heartbeats_and_a_broken_one_says_so_in_band() -> None:
    storage = FakeStorage()
    await store_bars(storage, "AAPL.NASDAQ", waves(60))
    async with serving(storage, max_jobs=0, heartbeat_s=0.05) as served:
        job = (await served.stub.CreateBacktest(request_for(), timeout=DEADLINE_S)).backtest
        messages = aiter(served.stub.WatchBacktest(rpc.WatchBacktestRequest(id=job.id), timeout=DEADLINE_S))
        assert (await anext(messages)).progress.state == pb.BACKTEST_STATE_QUEUED
        beat = await anext(messages)
        assert (beat.WhichOneof("event"), beat.sequence) == ("heartbeat", 1)
        storage.available = False
        while (told := await anext(messages)).WhichOneof("event") == "heartbeat":
            pass
        assert told.status.code == grpc.StatusCode.UNAVAILABLE.value[0]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await anext(messages)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_deadline_of_a_millisecond_ends_the_call_and_nothing_else(served: Served) -> None:
    for _ in range(5):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await served.stub.CreateBacktest(request_for(), timeout=0.001)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert (await served.run(request_for())).state == pb.BACKTEST_STATE_SUCCEEDED
