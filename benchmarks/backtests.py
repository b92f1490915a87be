"""What the Backtest service adds to the engine: GOOG's SMA cross over gRPC, one after the other and by 50 at once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from time import perf_counter
from typing import NamedTuple

import numpy as np

from benchmarks.stack import scizor, stack
from scizor.client.aio import AsyncClient
from scizor.client.bundled import bundled_bars
from scizor.engine.analytics.excursions import excursions
from scizor.engine.costs import Commission
from scizor.engine.market import Market
from scizor.engine.panel import Panel, Series
from scizor.engine.settings import Settings
from scizor.strategy import get
from scizor.strategy.run import run

_ONE_BY_ONE, _CLIENTS, _EACH = 100, 50, 6
_MARK_MS, _MARK_OF_LIMIT = 30.0, 1.5


class _Took(NamedTuple):
    whole_s: float
    engine_s: float


def lines() -> Iterator[str]:
    """A table, in Markdown."""
    with stack() as environment:
        scizor(environment, "demo")
        address = f"127.0.0.1:{environment['SCIZOR_EDGE_PORT']}"
        alone, crowd, crowd_s = asyncio.run(_measure(address))
    beyond = np.array([one.whole_s - one.engine_s for one in alone]) * 1e3
    limit = _limit()
    rate = len(crowd) / crowd_s
    p50, p99 = np.percentile(beyond, [50, 99])
    yield "GOOG, 2,148 daily bars, an SMA cross, all metrics with intervals: from CreateBacktest to results in hand."
    yield ""
    yield "| work | measured | asked |"
    yield "|---|---:|---|"
    engine_ms = float(np.median([one.engine_s for one in alone])) * 1e3
    verdict = "met" if p50 <= _MARK_MS else "MISSED"
    yield f"| one after the other, p50 beyond the engine's {engine_ms:.1f} ms | {p50:.1f} ms | 30 ms: {verdict} |"
    yield f"| the same, p99 | {p99:.1f} ms | |"
    verdict = "met" if limit <= _MARK_OF_LIMIT * rate else "MISSED"
    yield f"| {_CLIENTS} clients at once, {len(crowd)} backtests, none failed | {rate:.0f}/s | |"
    yield (
        f"| the engine alone on all cores, nothing stored | {limit:.0f}/s, {limit / rate:.2f} times as many |"
        f" {_MARK_OF_LIMIT}: {verdict} |"
    )
    yield ""


async def _measure(address: str) -> tuple[list[_Took], list[_Took], float]:
    async with AsyncClient(address) as client:
        for _ in range(5):
            await _backtest(client, 10)
        alone = [await _backtest(client, 10 + number % 10) for number in range(_ONE_BY_ONE)]

        async def several(first: int) -> list[_Took]:
            return [await _backtest(client, 2 + (first + number) % 20) for number in range(_EACH)]

        began = perf_counter()
        found = await asyncio.gather(*(several(number) for number in range(_CLIENTS)))
        return alone, [one for many in found for one in many], perf_counter() - began


async def _backtest(client: AsyncClient, fast: int) -> _Took:
    began = perf_counter()
    queued = await client.backtests.create(
        "sma_cross", ["GOOG"], capital=10_000, parameters={"fast": fast, "slow": 30}, commission_bps=10
    )
    async for _ in client.backtests.watch(queued.id):
        pass
    results = await client.backtests.results(queued.id)
    return _Took(perf_counter() - began, results.compute_time.ToNanoseconds() / 1e9)


def _limit() -> float:
    """Backtests a second of the engine alone, in as many processes as there are cores."""
    cores, each = os.cpu_count() or 1, 100
    with ProcessPoolExecutor(cores) as pool:
        list(pool.map(_engine, [3] * cores))
        began = perf_counter()
        list(pool.map(_engine, [each] * cores))
        return cores * each / (perf_counter() - began)


def goog() -> Series:
    """The bundled bars."""
    found = next(rows for rows in bundled_bars() if rows.symbol == "GOOG.NASDAQ")
    days = np.array([f"{day // 10_000:04}-{day // 100 % 100:02}-{day % 100:02}" for day in found.session_date])
    return Series(days.astype("datetime64[D]"), found.open, found.high, found.low, found.close, found.volume)


def _engine(n: int) -> None:
    market = Market(Panel.align({"GOOG": goog()}))
    settings = Settings(initial_cash=10_000, commission=Commission(value_bps=10))
    for number in range(n):
        found = run(get("sma_cross")(fast=2 + number % 20, slow=30), market, settings, intervals=True)
        excursions(found.result, found.market)
