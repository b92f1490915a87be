"""Every error that the contract promises, over real gRPC and a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.type.money_pb2 import Money

from scizor.adapters.sql.storage import SqlStorage
from scizor.backtest.v1 import backtest_pb2 as pb
from scizor.backtest.v1 import backtest_service_pb2 as rpc
from scizor.domain.backtests import BacktestState, JobError, Progress
from scizor.domain.errors import Reason
from scizor.domain.instruments import Instrument
from scizor.type.v1 import bars_pb2
from tests.integration.backtest_server import DEADLINE_S, Served, fields_of, info_of, reason_of, request_for, serving
from tests.unit.backtest.build import HandClock, store_bars, waves

Code = grpc.StatusCode


@asynccontextmanager
async def queueing(storage: SqlStorage) -> AsyncIterator[Served]:
    """Nothing is run here: backtests stay queued."""
    await store_bars(storage, "AAPL.NASDAQ", waves(60))
    await store_bars(storage, "BHP.ASX", waves(60), "AUD")
    async with storage.begin() as work:
        await work.symbols.add_missing([Instrument("NEW", "NYSE", "USD"), Instrument("BHP", "NYSE", "USD")])
    async with serving(storage, max_jobs=0, queue_limit=3) as running:
        yield running


@pytest.fixture
async def served(sql_storage: SqlStorage) -> AsyncIterator[Served]:
    async with queueing(sql_storage) as running:
        yield running


@pytest.fixture(scope="module")
async def refusing(module_storage: SqlStorage) -> AsyncIterator[Served]:
    """One service for all that it refuses, which leaves nothing behind."""
    async with queueing(module_storage) as running:
        yield running


async def refused(call: Awaitable[Any]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


CREATE_REFUSALS = {
    "an unknown strategy": (request_for(strategy_id="none_such"), Code.NOT_FOUND, "STRATEGY_NOT_FOUND"),
    "an unknown symbol": (request_for(["NOPE"]), Code.NOT_FOUND, "SYMBOL_NOT_FOUND"),
    "an ambiguous symbol": (request_for(["BHP"]), Code.INVALID_ARGUMENT, "SYMBOL_AMBIGUOUS"),
    "an unknown parameter": (
        request_for(parameters={"quick": 1}),
        Code.INVALID_ARGUMENT,
        "STRATEGY_PARAMETER_INVALID",
    ),
    "parameters that contradict each other": (
        request_for(parameters={"fast": 9, "slow": 3}),
        Code.INVALID_ARGUMENT,
        "STRATEGY_PARAMETER_INVALID",
    ),
    "reversed dates": (
        request_for(start="2021-01-01", end="2020-01-01"),
        Code.INVALID_ARGUMENT,
        "DATE_RANGE_INVALID",
    ),
    "a date that is none": (request_for(start="2020-02-30"), Code.INVALID_ARGUMENT, "DATE_RANGE_INVALID"),
    "a range without bars": (
        request_for(start="1990-01-01", end="1990-12-31"),
        Code.FAILED_PRECONDITION,
        "BARS_NOT_FOUND",
    ),
    "a symbol without bars": (request_for(["NEW"]), Code.FAILED_PRECONDITION, "BARS_NOT_FOUND"),
    "negative capital": (request_for(capital=-1), Code.INVALID_ARGUMENT, "FIELD_INVALID"),
    "no capital": (request_for(capital=0), Code.INVALID_ARGUMENT, "FIELD_INVALID"),
    "another currency": (request_for(["AAPL", "BHP.ASX"]), Code.INVALID_ARGUMENT, "FIELD_INVALID"),
    "one symbol by two names": (request_for(["AAPL", "AAPL.NASDAQ"]), Code.INVALID_ARGUMENT, "FIELD_INVALID"),
    "a negative commission": (request_for(commission_bps=-1), Code.INVALID_ARGUMENT, "FIELD_INVALID"),
    "a commission that is no number": (
        request_for(commission_bps=float("nan")),
        Code.INVALID_ARGUMENT,
        "FIELD_INVALID",
    ),
    "two commissions": (
        request_for(commission_bps=5, commission=pb.Commission(per_share=0.005)),
        Code.INVALID_ARGUMENT,
        "FIELD_INVALID",
    ),
    "a plan with figures of its own": (
        request_for(commission=pb.Commission(plan=pb.COMMISSION_PLAN_IB_FIXED, minimum=1)),
        Code.INVALID_ARGUMENT,
        "FIELD_INVALID",
    ),
    "slippage of no model": (
        request_for(slippage=pb.Slippage(amount=1)),
        Code.INVALID_ARGUMENT,
        "FIELD_INVALID",
    ),
    "an impact that no market has": (
        request_for(slippage=pb.Slippage(model=pb.SLIPPAGE_MODEL_VOLUME_SHARE, amount=2)),
        Code.INVALID_ARGUMENT,
        "FIELD_INVALID",
    ),
    "more than a bar's volume": (request_for(max_participation=1.5), Code.INVALID_ARGUMENT, "FIELD_INVALID"),
    "a buffer that leaves nothing": (request_for(cash_buffer=1.0), Code.INVALID_ARGUMENT, "FIELD_INVALID"),
    "an account of no kind": (request_for(account=9), Code.INVALID_ARGUMENT, "FIELD_INVALID"),
    "an unknown benchmark": (request_for(benchmark="NOPE"), Code.NOT_FOUND, "SYMBOL_NOT_FOUND"),
    "minutes that are not there": (
        request_for(interval=bars_pb2.BAR_INTERVAL_1M),
        Code.FAILED_PRECONDITION,
        "BARS_NOT_FOUND",
    ),
    "nothing": (rpc.CreateBacktestRequest(), Code.INVALID_ARGUMENT, "FIELD_INVALID"),
    "a title of ten million letters": (request_for(title="x" * 10_000_000), Code.INVALID_ARGUMENT, "FIELD_INVALID"),
}


@pytest.mark.parametrize("what", CREATE_REFUSALS)
async def test_a_backtest_that_cannot_be_is_refused_with_its_reason(refusing: Served, what: str) -> None:
    request, code, reason = CREATE_REFUSALS[what]
    error = await refused(refusing.stub.CreateBacktest(request, timeout=DEADLINE_S))
    assert (error.code(), reason_of(error)) == (code, reason)
    assert list((await refusing.stub.ListBacktests(rpc.ListBacktestsRequest())).backtests) == []


async def test_the_fields_that_broke_a_rule_are_named(refusing: Served) -> None:
    async def fields(request: rpc.CreateBacktestRequest) -> list[str]:
        return fields_of(await refused(refusing.stub.CreateBacktest(request, timeout=DEADLINE_S)))

    assert await fields(request_for(capital=-1)) == ["backtest.initial_capital"]
    assert await fields(request_for(start="2020-02-30")) == ["backtest.start"]
    assert await fields(request_for(parameters={"fast": 0})) == ["backtest.parameters.fast"]
    assert await fields(request_for(["AAPL", "AAPL.NASDAQ"])) == ["backtest.symbols"]


async def test_a_request_id_with_another_body_is_refused(served: Served) -> None:
    await served.stub.CreateBacktest(request_for(request_id="one"), timeout=DEADLINE_S)
    error = await refused(served.stub.CreateBacktest(request_for(request_id="one", title="other"), timeout=DEADLINE_S))
    assert (error.code(), reason_of(error)) == (Code.ALREADY_EXISTS, "REQUEST_ID_REUSED")


async def test_a_refused_request_leaves_its_id_free(served: Served) -> None:
    await refused(served.stub.CreateBacktest(request_for(["NOPE"], request_id="one"), timeout=DEADLINE_S))
    await served.stub.CreateBacktest(request_for(request_id="one"), timeout=DEADLINE_S)


async def test_a_full_queue_is_said_and_an_earlier_answer_still_given(served: Served) -> None:
    first = await served.stub.CreateBacktest(request_for(request_id="one"), timeout=DEADLINE_S)
    for _ in range(2):
        await served.stub.CreateBacktest(request_for(), timeout=DEADLINE_S)
    error = await refused(served.stub.CreateBacktest(request_for(), timeout=DEADLINE_S))
    assert (error.code(), reason_of(error)) == (Code.RESOURCE_EXHAUSTED, "QUEUE_FULL")
    assert await served.stub.CreateBacktest(request_for(request_id="one"), timeout=DEADLINE_S) == first


def calls_by_id(served: Served, backtest_id: str) -> list[Awaitable[Any]]:
    stub = served.stub
    return [
        stub.GetBacktest(rpc.GetBacktestRequest(id=backtest_id)),
        stub.CancelBacktest(rpc.CancelBacktestRequest(id=backtest_id)),
        *finished_only(served, backtest_id),
        anext(aiter(stub.WatchBacktest(rpc.WatchBacktestRequest(id=backtest_id)))),
    ]


def finished_only(served: Served, backtest_id: str) -> list[Awaitable[Any]]:
    stub = served.stub
    return [
        stub.GetBacktestResults(rpc.GetBacktestResultsRequest(id=backtest_id)),
        stub.ListBacktestTrades(rpc.ListBacktestTradesRequest(id=backtest_id)),
        stub.GetEquityCurve(rpc.GetEquityCurveRequest(id=backtest_id)),
    ]


async def test_an_unknown_backtest_is_not_found_by_any_call(refusing: Served) -> None:
    for call in calls_by_id(refusing, str(uuid4())):
        error = await refused(call)
        assert (error.code(), reason_of(error)) == (Code.NOT_FOUND, "BACKTEST_NOT_FOUND")


async def test_an_id_that_is_none_is_invalid_for_every_call(refusing: Served) -> None:
    for call in calls_by_id(refusing, "none"):
        error = await refused(call)
        assert (error.code(), reason_of(error)) == (Code.INVALID_ARGUMENT, "FIELD_INVALID")


async def test_results_are_refused_before_the_end_and_a_cancel_after_it(served: Served) -> None:
    job = (await served.stub.CreateBacktest(request_for(), timeout=DEADLINE_S)).backtest
    for call in finished_only(served, job.id):
        error = await refused(call)
        assert (error.code(), reason_of(error)) == (Code.FAILED_PRECONDITION, "BACKTEST_NOT_FINISHED")
    await served.stub.CancelBacktest(rpc.CancelBacktestRequest(id=job.id))
    error = await refused(served.stub.CancelBacktest(rpc.CancelBacktestRequest(id=job.id)))
    assert (error.code(), reason_of(error)) == (Code.FAILED_PRECONDITION, "BACKTEST_FINISHED")


async def test_a_page_token_serves_its_own_query_only(served: Served) -> None:
    for _ in range(2):
        await served.stub.CreateBacktest(request_for(), timeout=DEADLINE_S)
    token = (await served.stub.ListBacktests(rpc.ListBacktestsRequest(page_size=1))).next_page_token
    for call in (
        served.stub.ListBacktests(rpc.ListBacktestsRequest(page_token=token, strategy_id="sma_cross")),
        served.stub.ListBacktests(rpc.ListBacktestsRequest(page_token="made up")),
        served.stub.ListBacktestTrades(rpc.ListBacktestTradesRequest(id=str(uuid4()), page_token=token)),
    ):
        error = await refused(call)
        assert (error.code(), reason_of(error)) == (Code.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")


async def test_a_failed_backtest_tells_its_error_everywhere(served: Served, sql_storage: SqlStorage) -> None:
    job = (await served.stub.CreateBacktest(request_for(), timeout=DEADLINE_S)).backtest
    now = HandClock().now()
    async with sql_storage.begin() as work:
        await work.backtests.claim("owner", now, now)
        error = JobError(Reason.BARS_NOT_FOUND, "the bars were deleted")
        await work.backtests.finish(job.id, "owner", Progress(3, BacktestState.FAILED), now, error)
    failed = await served.get(job.id)
    assert failed.state == pb.BACKTEST_STATE_FAILED
    assert failed.error.code == Code.FAILED_PRECONDITION.value[0]
    assert failed.error.message == "the bars were deleted"
    assert info_of(failed.error).reason == "BARS_NOT_FOUND"
    progress, status, end = await served.finished(job.id)
    assert progress.progress.state == pb.BACKTEST_STATE_FAILED
    assert status.status == failed.error
    assert end.end.message_count == 1


async def test_the_largest_capital_is_kept_to_the_nano(served: Served) -> None:
    request = request_for()
    capital = Money(currency_code="USD", units=9_999_999_999_999, nanos=999_999_999)
    request.backtest.initial_capital.CopyFrom(capital)
    job = (await served.stub.CreateBacktest(request, timeout=DEADLINE_S)).backtest
    assert (await served.get(job.id)).initial_capital == capital


async def test_more_capital_than_figures_can_tell_cents_of_is_refused(refusing: Served) -> None:
    request = request_for()
    request.backtest.initial_capital.CopyFrom(Money(currency_code="USD", units=10**13, nanos=1))
    with pytest.raises(grpc.aio.AioRpcError, match="initial_capital") as caught:
        await refusing.stub.CreateBacktest(request, timeout=DEADLINE_S)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
