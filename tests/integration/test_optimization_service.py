"""Optimisations over gRPC, on a real database."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from google.type.money_pb2 import Money

from scizor.adapters.sql.storage import SqlStorage
from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.backtest.v1 import backtest_service_pb2 as rpc
from scizor.backtest.v1 import optimization_pb2 as pb
from scizor.backtest.v1 import strategy_pb2 as st
from tests.fakes.sandbox import FakeSandbox
from tests.integration.backtest_server import DEADLINE_S, Served, serving
from tests.integration.backtest_server import request_for as backtest_for
from tests.unit.backtest.build import store_bars, waves

CROSS = """
from scizor.strategy import Bars, Int, VectorStrategy, indicators as ta


class Mine(VectorStrategy):
    \"\"\"Holds while the fast mean is above the slow one.\"\"\"

    fast = Int(5, 1, 100, "Bars")
    slow = Int(20, 2, 200, "Bars")
    quick = ta.sma("close", window=fast)
    calm = ta.sma("close", window=slow)

    def check(self):
        if self.fast == 7:
            raise RuntimeError("seven is not liked here")

    def targets(self, bars: Bars):
        if self.fast == 6:
            raise ValueError("six is not liked here")
        return (self.quick.matrix > self.calm.matrix) * 1.0
"""


def axis(name: str, low: float, high: float, step: float = 1.0) -> pb.SearchAxis:
    return pb.SearchAxis(name=name, range=pb.NumberRange(min=low, max=high, step=step))


def request_for(*space: pb.SearchAxis, request_id: str = "", **fields: Any) -> pb.CreateOptimizationRequest:
    template = bt.Backtest(
        strategy_id=fields.pop("strategy_id", "sma_cross"),
        symbols=["AAPL"],
        initial_capital=Money(currency_code="USD", units=10_000),
    )
    optimization = pb.Optimization(
        backtest=template, space=space or [axis("fast", 2, 8), axis("slow", 10, 24, 2)], **fields
    )
    return pb.CreateOptimizationRequest(optimization=optimization, request_id=request_id)


async def watched(served: Served, optimization_id: str, after: int = 0) -> list[pb.WatchOptimizationResponse]:
    request = pb.WatchOptimizationRequest(id=optimization_id, after_sequence=after)
    return [message async for message in served.stub.WatchOptimization(request, timeout=DEADLINE_S)]


async def ran(served: Served, request: pb.CreateOptimizationRequest) -> pb.GetOptimizationResponse:
    created = await served.stub.CreateOptimization(request, timeout=DEADLINE_S)
    await watched(served, created.optimization.id)
    got: pb.GetOptimizationResponse = await served.stub.GetOptimization(
        pb.GetOptimizationRequest(id=created.optimization.id), timeout=DEADLINE_S
    )
    return got


async def test_a_grid_is_run_stored_streamed_and_judged(sql_storage: SqlStorage) -> None:
    await store_bars(sql_storage, "AAPL.NASDAQ", waves(400))
    async with serving(sql_storage) as served:
        created = await served.stub.CreateOptimization(request_for(), timeout=DEADLINE_S)
        optimization_id = created.optimization.id
        messages = await watched(served, optimization_id)
        assert messages[-1].WhichOneof("event") == "end"
        numbers = [number for message in messages for number in message.trials.number]
        assert sorted(numbers) == list(range(1, 57))
        assert [message.sequence for message in messages] == sorted(message.sequence for message in messages)

        got = await served.stub.GetOptimization(pb.GetOptimizationRequest(id=optimization_id), timeout=DEADLINE_S)
        assert got.optimization.state == pb.OPTIMIZATION_STATE_SUCCEEDED, got.optimization.error
        assert got.optimization.progress.fraction == 1.0
        sharpes = [trial.figures["sharpe"] for trial in got.best]
        assert sharpes == sorted(sharpes, reverse=True)
        verdict = got.optimization.verdict
        assert verdict.trials_overall == 56
        assert 0.0 <= verdict.overfitting <= 1.0
        assert 0.0 <= verdict.deflated_sharpe <= 1.0
        assert 0.0 <= verdict.plateau <= 1.0

        surface = (await served.stub.GetSurface(pb.GetSurfaceRequest(id=optimization_id), timeout=DEADLINE_S)).surface
        assert (surface.x.name, surface.y.name) == ("slow", "fast")
        assert len(surface.value) == 56
        assert max(surface.value) == pytest.approx(sharpes[0])


@pytest.mark.parametrize("order_by", ["", "sharpe", "volatility"])
async def test_pages_of_trials_are_the_whole_list(sql_storage: SqlStorage, order_by: str) -> None:
    await store_bars(sql_storage, "AAPL.NASDAQ", waves(400))
    async with serving(sql_storage) as served:
        got = await ran(served, request_for())
        request = pb.ListTrialsRequest(id=got.optimization.id, order_by=order_by)
        whole = [trial.number for trial in (await served.stub.ListTrials(request, timeout=DEADLINE_S)).trials]
        request.page_size, paged = 20, []
        for size in (20, 20, 16):
            page = await served.stub.ListTrials(request, timeout=DEADLINE_S)
            assert len(page.trials) == size
            paged += [trial.number for trial in page.trials]
            request.page_token = page.next_page_token
        assert not request.page_token
        assert paged == whole


async def test_trials_are_the_backtests_of_their_parameters(sql_storage: SqlStorage) -> None:
    await store_bars(sql_storage, "AAPL.NASDAQ", waves(400))
    async with serving(sql_storage) as served:
        got = await ran(served, request_for())
        best = got.best[0]
        windows: dict[str, float | str] = {name: float(str(best.parameters[name])) for name in ("fast", "slow")}
        job = await served.run(backtest_for(parameters=windows))
        results = (await served.stub.GetBacktestResults(rpc.GetBacktestResultsRequest(id=job.id))).results
        metrics = {metric.name: metric.value for metric in results.metrics}
        for name in ("sharpe", "sortino", "max_drawdown", "cagr"):
            assert best.figures[name] == pytest.approx(metrics[name]), name


@pytest.mark.parametrize(
    "method", [pb.OPTIMIZATION_METHOD_RANDOM, pb.OPTIMIZATION_METHOD_TPE, pb.OPTIMIZATION_METHOD_CMA_ES]
)
async def test_a_seed_repeats_the_same_trials_in_the_same_order(
    sql_storage: SqlStorage, method: pb.OptimizationMethod.ValueType
) -> None:
    await store_bars(sql_storage, "AAPL.NASDAQ", waves(300))
    async with serving(sql_storage) as served:
        found = []
        for _ in range(2):
            got = await ran(served, request_for(method=method, max_trials=24, seed=7))
            assert got.optimization.state == pb.OPTIMIZATION_STATE_SUCCEEDED, got.optimization.error
            listed = await served.stub.ListTrials(pb.ListTrialsRequest(id=got.optimization.id), timeout=DEADLINE_S)
            assert listed.total_size == 24
            found.append([(trial.number, dict(trial.parameters), dict(trial.figures)) for trial in listed.trials])
        assert found[0] == found[1]
        assert [number for number, _, _ in found[0]] == list(range(1, 25))


@pytest.mark.parametrize(
    ("scheme", "folds", "n_splits"),
    [
        (pb.VALIDATION_SCHEME_ANCHORED, 4, 4),
        (pb.VALIDATION_SCHEME_ROLLING, 4, 4),
        (pb.VALIDATION_SCHEME_PURGED_K_FOLD, 5, 5),
        (pb.VALIDATION_SCHEME_COMBINATORIAL_PURGED, 5, 10),
    ],
)
async def test_what_is_chosen_in_each_division_is_held_against_what_it_did_not_see(
    sql_storage: SqlStorage, scheme: pb.ValidationScheme.ValueType, folds: int, n_splits: int
) -> None:
    await store_bars(sql_storage, "AAPL.NASDAQ", waves(500))
    walks_forward = scheme in {pb.VALIDATION_SCHEME_ANCHORED, pb.VALIDATION_SCHEME_ROLLING}
    embargo = 0 if walks_forward else 2
    validation = pb.Validation(scheme=scheme, folds=folds, purge_sessions=2, embargo_sessions=embargo)
    async with serving(sql_storage) as served:
        got = await ran(served, request_for(validation=validation))
        assert got.optimization.state == pb.OPTIMIZATION_STATE_SUCCEEDED, got.optimization.error
        verdict = got.optimization.verdict
        assert len(verdict.folds) == n_splits
        assert all(fold.train_score >= fold.test_score - 10 for fold in verdict.folds)
        assert np.isfinite(verdict.out_of_sample["sharpe"])
        assert len(verdict.path_scores) == (4 if scheme == pb.VALIDATION_SCHEME_COMBINATORIAL_PURGED else 0)


async def test_a_stored_strategy_is_searched_in_the_sandbox_and_a_set_it_fails_on_fails_alone(
    sql_storage: SqlStorage,
) -> None:
    await store_bars(sql_storage, "AAPL.NASDAQ", waves(400))
    sandbox = FakeSandbox()
    async with serving(sql_storage, sandbox=sandbox) as served:
        stored = rpc.CreateStrategyRequest(strategy=st.Strategy(source=CROSS))
        await served.stub.CreateStrategy(stored, timeout=DEADLINE_S)
        got = await ran(served, request_for(axis("fast", 5, 8), axis("slow", 10, 18, 4), strategy_id="mine"))
        assert got.optimization.state == pb.OPTIMIZATION_STATE_SUCCEEDED, got.optimization.error
        listed = await served.stub.ListTrials(pb.ListTrialsRequest(id=got.optimization.id), timeout=DEADLINE_S)
        failed = {int(str(trial.parameters["fast"])[0]): trial.error for trial in listed.trials if trial.error}
        assert failed.keys() == {6, 7}
        assert "six is not liked here" in failed[6]
        assert got.optimization.progress.trials_failed == 6
        assert sandbox.asked.count("try_sets") > 1
