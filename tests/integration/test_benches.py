"""Backtests in processes of their own: the same as here, whoever is killed, and ended when nobody waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import psutil
import pytest

from scizor.adapters.calendar import ExchangeSessions
from scizor.adapters.clock import SystemClock
from scizor.adapters.compute import ProcessCompute
from scizor.domain.bars import BarSeries
from scizor.services.backtest.benches import ProcessBench
from scizor.services.backtest.computation import Computation
from scizor.services.backtest.outcome import Outcome
from scizor.services.history.load import History, SymbolHistory
from scizor.strategy.registry import get
from tests.unit.backtest.build import spec_of, waves

CALENDAR = ExchangeSessions(SystemClock())
SPEC = spec_of(strategy_id="sma_cross_event", parameters={"fast": 3, "slow": 8})
HISTORY = History([SymbolHistory(BarSeries("AAPL.NASDAQ", "USD", waves(20_000), ("test",)))])


@pytest.fixture
async def bench(compiled: None) -> AsyncIterator[ProcessBench]:
    compute = ProcessCompute(1)
    yield ProcessBench(compute, CALENDAR)
    await asyncio.to_thread(compute.close)


def workers() -> set[psutil.Process]:
    found = set()
    for one in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if "scizor.adapters.compute.worker" in " ".join(one.cmdline()):
                found.add(one)
    return found


def without_time(outcome: Outcome) -> object:
    results = replace(outcome.results, compute_seconds=0.0)
    return results, outcome.trades, outcome.curve.equity.tolist()


async def test_a_backtest_comes_to_the_same_in_a_process_and_says_how_far_it_is(bench: ProcessBench) -> None:
    told: list[int] = []
    found = await bench.run(SPEC, HISTORY, told.append)
    here = Computation(SPEC, get(SPEC.strategy_id)(**SPEC.parameters), HISTORY, CALENDAR).run()
    assert without_time(found) == without_time(here)
    assert told
    assert told == sorted(told)


async def test_a_killed_process_is_replaced_and_one_that_nobody_waits_for_ends(bench: ProcessBench) -> None:
    others, begun = workers(), asyncio.Event()
    running = asyncio.create_task(bench.run(SPEC, HISTORY, lambda _: begun.set()))
    await begun.wait()
    (workers() - others).pop().kill()
    found = await running

    begun.clear()
    unwanted = asyncio.create_task(bench.run(SPEC, HISTORY, lambda _: begun.set()))
    await begun.wait()
    worker = (workers() - others).pop()
    unwanted.cancel()
    await asyncio.to_thread(psutil.wait_procs, [worker], timeout=5.0)
    assert not worker.is_running()
    assert without_time(await bench.run(SPEC, HISTORY, lambda _: None)) == without_time(found)
