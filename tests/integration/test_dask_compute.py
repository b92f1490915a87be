"""Computing on a Dask cluster, whose workers are killed."""

from __future__ import annotations

import operator
import time
from concurrent.futures import wait
from contextlib import closing

import numpy as np
import pytest

from scizor.adapters.compute import compute_at
from scizor.adapters.sql.storage import SqlStorage
from scizor.backtest.v1 import backtest_service_pb2 as rpc
from scizor.backtest.v1 import optimization_pb2 as pb
from scizor.backtest.v1 import strategy_pb2 as st
from scizor.domain.errors import Unavailable
from scizor.strategy.study import returns_of, try_sets
from tests.fakes.sandbox import FakeSandbox
from tests.integration.backtest_server import DEADLINE_S, serving
from tests.integration.dask_cluster import STARTS_WITHIN_S, cluster
from tests.integration.test_optimization_recovery import searched, trials_of, undisturbed, until
from tests.integration.test_optimization_service import CROSS, axis, ran, request_for, watched
from tests.unit.backtest.build import store_bars, waves
from tests.unit.optimization.build import study

SLOWLY = "__import__('time').sleep(1.0) or __import__('os').getpid()"


def test_a_cluster_runs_tasks_over_data_sent_once_and_outlives_a_worker() -> None:
    pytest.importorskip("distributed")
    with cluster(2) as found:
        compute = compute_at(found.address, 1)
        try:
            asked, codes = study(), np.array([[2.0, 8.0], [5.0, 20.0]])
            compute.share("study", asked)
            done = compute.submit(try_sets, "study", codes).result(STARTS_WITHIN_S)
            here = try_sets(asked, codes)
            assert np.array_equal(done.figures["sharpe"], here.figures["sharpe"])
            assert np.array_equal(done.sums, here.sums)
            deadline = time.monotonic() + STARTS_WITHIN_S
            while compute.slots < 2:
                assert time.monotonic() < deadline
                compute.share("one", 1)
                time.sleep(0.05)

            compute.share("slowly", SLOWLY)
            tasks = [compute.submit(eval, "slowly") for _ in range(4)]
            time.sleep(0.5)  # both are at work
            found.workers[0].kill()
            assert not wait(tasks, STARTS_WITHIN_S).not_done
            assert found.workers[1].pid in {task.result() for task in tasks}
            returns = compute.submit(returns_of, "study", codes).result(STARTS_WITHIN_S)
            assert np.array_equal(returns, returns_of(asked, codes))

            compute.share("one", 1)
            with pytest.raises(ZeroDivisionError):
                compute.submit(operator.truediv, "one", 0).result(STARTS_WITHIN_S)
        finally:
            compute.close()


@pytest.mark.full
@pytest.mark.timeout(300)
def test_a_scheduler_that_is_killed_is_told_and_its_successor_found() -> None:
    pytest.importorskip("distributed")
    with cluster(1) as found:
        compute = compute_at(found.address, 1)
        try:
            compute.share("one", 1)
            assert compute.submit(operator.add, "one", 1).result(STARTS_WITHIN_S) == 2
            compute.share("slowly", SLOWLY)
            task = compute.submit(eval, "slowly")
            assert found.scheduler is not None
            found.scheduler.kill()
            found.scheduler.wait()
            with pytest.raises(Unavailable):
                task.result(STARTS_WITHIN_S)
            found.start_scheduler()
            found.start_worker()
            assert eventually(lambda: compute.submit(operator.add, "one", 2).result(STARTS_WITHIN_S)) == 3
        finally:
            compute.close()


async def test_a_search_outlives_the_kill_of_a_worker_and_of_the_scheduler_and_comes_to_the_same_trials(
    sql_storage: SqlStorage,
) -> None:
    pytest.importorskip("distributed")
    await store_bars(sql_storage, "AAPL.NASDAQ", waves(1_000))
    request = searched(pb.OPTIMIZATION_METHOD_TPE)
    expected = await undisturbed(sql_storage, request)

    with cluster(2) as found, closing(compute_at(found.address, 1)) as compute:
        async with serving(sql_storage, compute=compute) as served:
            created = (await served.stub.CreateOptimization(request, timeout=DEADLINE_S)).optimization
            await until(served, created.id, lambda progress: progress.trials_done > 0)
            found.workers[0].kill()
            await until(served, created.id, lambda progress: progress.trials_done >= 10)
            found.end()
            found.start_scheduler()
            found.start_worker()
            messages = await watched(served, created.id)
            got = await until(served, created.id, lambda progress: True)
            assert got.state == pb.OPTIMIZATION_STATE_SUCCEEDED, got.error
            streamed = [number for message in messages for number in message.trials.number]
            assert sorted(streamed) == list(range(1, len(expected) + 1)), "each trial is told once"
            assert await trials_of(served, created.id) == expected


async def test_uploaded_code_is_searched_behind_locks_of_the_service_whatever_cluster_there_is(
    sql_storage: SqlStorage,
) -> None:
    pytest.importorskip("distributed")
    await store_bars(sql_storage, "AAPL.NASDAQ", waves(400))
    sandbox, nobody = FakeSandbox(), compute_at("tcp://127.0.0.1:1", 1)
    async with serving(sql_storage, sandbox=sandbox, compute=nobody) as served:
        stored = rpc.CreateStrategyRequest(strategy=st.Strategy(source=CROSS))
        await served.stub.CreateStrategy(stored, timeout=DEADLINE_S)
        got = await ran(served, request_for(axis("fast", 3, 5), axis("slow", 10, 18, 4), strategy_id="mine"))
    assert got.optimization.state == pb.OPTIMIZATION_STATE_SUCCEEDED, got.optimization.error
    assert got.optimization.progress.trials_done == 9
    assert {"try_sets"} < set(sandbox.asked)


def eventually(ask: object) -> object:
    assert callable(ask)
    deadline = time.monotonic() + 2 * STARTS_WITHIN_S
    while True:
        try:
            return ask()
        except Unavailable:
            if time.monotonic() > deadline:
                raise
