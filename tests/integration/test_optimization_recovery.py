"""Services and workers that are killed in the middle of a search, and the trials that come of it all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import psutil

from scizor.adapters.sql.storage import SqlStorage
from scizor.backtest.v1 import optimization_pb2 as pb
from tests.integration.backtest_server import DEADLINE_S, Served, serving
from tests.integration.test_backtest_recovery import ServiceProcess, service_process
from tests.integration.test_optimization_service import axis, ran, request_for, watched
from tests.unit.backtest.build import store_bars, waves

WORKER = "scizor.adapters.compute.worker"
Figures = list[tuple[int, dict[str, object], dict[str, float], bool]]


def searched(method: pb.OptimizationMethod.ValueType) -> pb.CreateOptimizationRequest:
    """A search of a strategy in Python: each trial takes a while."""
    return request_for(
        axis("fast", 2, 12), axis("slow", 14, 40), strategy_id="sma_cross_event", method=method, max_trials=40, seed=3
    )


async def trials_of(served: Served, optimization_id: str) -> Figures:
    request = pb.ListTrialsRequest(id=optimization_id, page_size=1_000)
    listed = await served.stub.ListTrials(request, timeout=DEADLINE_S)
    return [(one.number, dict(one.parameters), dict(one.figures), one.feasible) for one in listed.trials]


async def undisturbed(storage: SqlStorage, request: pb.CreateOptimizationRequest) -> Figures:
    async with serving(storage) as served:
        got = await ran(served, request)
        assert got.optimization.state == pb.OPTIMIZATION_STATE_SUCCEEDED, got.optimization.error
        return await trials_of(served, got.optimization.id)


async def until(
    served: Served, optimization_id: str, holds: Callable[[pb.OptimizationProgress], bool]
) -> pb.Optimization:
    async with asyncio.timeout(DEADLINE_S):
        while True:
            request = pb.GetOptimizationRequest(id=optimization_id)
            got: pb.Optimization = (await served.stub.GetOptimization(request, timeout=DEADLINE_S)).optimization
            if holds(got.progress):
                return got
            await asyncio.sleep(0.01)


def workers_of(service: ServiceProcess) -> list[psutil.Process]:
    return [child for child in psutil.Process(service.process.pid).children() if WORKER in command(child)]


def command(process: psutil.Process) -> str:
    """Nothing of one that has just ended."""
    with suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""


def is_busy(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.cpu_percent(0.1) > 50.0
    return False


async def until_idle(service: ServiceProcess, within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while any([await asyncio.to_thread(is_busy, worker) for worker in workers_of(service)]):
            pass


async def test_a_search_outlives_the_kill_of_its_service_and_of_a_worker_and_comes_to_the_same_trials(
    database: str, sql_storage: SqlStorage
) -> None:
    await store_bars(sql_storage, "AAPL.NASDAQ", waves(1_000))
    request = searched(pb.OPTIMIZATION_METHOD_TPE)
    expected = await undisturbed(sql_storage, request)

    async with service_process(database) as first:
        created = (await first.served.stub.CreateOptimization(request, timeout=DEADLINE_S)).optimization
        await until(first.served, created.id, lambda progress: progress.trials_done > 0)
        workers = workers_of(first)
        workers[0].kill()
        before = await until(first.served, created.id, lambda progress: progress.trials_done >= 10)
        workers = workers_of(first)
        await first.kill()
    psutil.wait_procs(workers, timeout=DEADLINE_S)
    assert not any(worker.is_running() for worker in workers), "workers end with their service"

    async with service_process(database) as last:
        messages = await watched(last.served, created.id, after=0)
        done = await until(last.served, created.id, lambda progress: progress.fraction == 1.0)
        assert done.state == pb.OPTIMIZATION_STATE_SUCCEEDED, done.error
        assert done.start_time == before.start_time
        streamed = [number for message in messages for number in message.trials.number]
        assert sorted(streamed) == list(range(1, 41)), "a late watcher gets every trial once"
        assert await trials_of(last.served, created.id) == expected
        assert await last.stop() == 0


async def test_a_search_rests_when_paused_goes_on_where_it_was_and_stops_within_a_second_when_cancelled(
    database: str, sql_storage: SqlStorage
) -> None:
    await store_bars(sql_storage, "AAPL.NASDAQ", waves(1_000))
    request = searched(pb.OPTIMIZATION_METHOD_GRID)
    request.optimization.max_trials = 0
    async with service_process(database) as service:
        stub = service.served.stub
        created = (await stub.CreateOptimization(request, timeout=DEADLINE_S)).optimization
        await until(service.served, created.id, lambda progress: progress.trials_done > 0)
        await stub.PauseOptimization(pb.PauseOptimizationRequest(id=created.id), timeout=DEADLINE_S)
        resting = await until(service.served, created.id, lambda progress: True)
        assert resting.state == pb.OPTIMIZATION_STATE_PAUSED
        kept = await trials_of(service.served, created.id)
        assert len(kept) == resting.progress.trials_done < 297

        await stub.ResumeOptimization(pb.ResumeOptimizationRequest(id=created.id), timeout=DEADLINE_S)
        await until(service.served, created.id, lambda progress: progress.trials_done > len(kept))
        await stub.CancelOptimization(pb.CancelOptimizationRequest(id=created.id), timeout=DEADLINE_S)
        await until_idle(service, within_s=1.0)
        left = await until(service.served, created.id, lambda progress: True)
        assert left.state == pb.OPTIMIZATION_STATE_CANCELLED
        found = await trials_of(service.served, created.id)
        assert len(found) == left.progress.trials_done < 297
        assert [trial for trial in found if trial in kept] == kept
