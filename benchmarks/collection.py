"""How fast the universe is collected: through ib_async over TCP from ibsim, whose rate rules are those of the broker.

The peer is ib_async alone: as many requests under way as the broker allows, its own throttle, nothing judged and
nothing stored. What a collection takes beyond it is SCIZOR's.
"""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import TypeVar

import ib_async
import psutil

from benchmarks.stack import stack
from benchmarks.startup import BIN
from scizor.client import Client
from scizor.marketdata.v1 import collection_pb2 as pb

OPEN_REQUESTS = 50
_YEARS, _SYMBOLS = 20, 300
_CONNECT_S = 10.0
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Collected:
    """One collection. `busy_s`: the CPU seconds of each process meanwhile, by its name."""

    name: str
    seconds: float
    requests: int
    bars: int
    pacing_errors: int
    busy_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    """Questions to the broker over a quarter of daily validations, with the memory and without."""

    asked: int
    without: int

    @property
    def fraction(self) -> float:
        """Of the questions, those that were not asked."""
        return 1 - self.asked / self.without


def measure() -> tuple[list[Collected], Saved]:
    """All measurements on one stack of its own."""
    with stack() as environment, Client(f"127.0.0.1:{environment['SCIZOR_EDGE_PORT']}") as client:
        began = perf_counter()
        populated = _last(client.symbols.populate())
        found = [Collected("validate 357 symbols", perf_counter() - began, populated.total, 0, 0)]
        busy = Busy(environment)
        found += [_collected(client, busy, "daily, 357 symbols", client.collections.daily())]
        found += [_collected(client, busy, "the same again", client.collections.daily())]
        symbols = [symbol.id for symbol in client.symbols.list(limit=_SYMBOLS)]
        years = client.collections.history(symbols, start="2006-11-20", end="2026-11-19")
        found += [_collected(client, busy, f"{_YEARS} years of {_SYMBOLS} symbols", years)]
        saved = _quarter(client)
        found += [asyncio.run(_bare(int(environment["SCIZOR_IBSIM_PORT"]), symbols, found[-1].requests))]
    return found, saved


class Busy:
    """The CPU seconds that each process of a stack and its children have used since it was last asked."""

    def __init__(self, environment: dict[str, str]) -> None:
        said = subprocess.run(
            [BIN / "scizor", "status", "--json"], env=environment, capture_output=True, timeout=60, check=True
        )
        children = json.loads(said.stdout)["services"]
        self._processes = {one["name"]: psutil.Process(one["pid"]) for one in children if one["pid"]}
        self._seen = self._now()

    def since(self) -> dict[str, float]:
        """By name, those that were busy at all."""
        before, self._seen = self._seen, self._now()
        return {name: used - before[name] for name, used in self._seen.items() if used - before[name] >= 0.1}

    def _now(self) -> dict[str, float]:
        return {name: _cpu_s(process) for name, process in self._processes.items()}


def _cpu_s(process: psutil.Process) -> float:
    """Its own, that of its children, and that of those which have ended."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _collected(client: Client, busy: Busy, name: str, stream: Iterable[pb.Collection]) -> Collected:
    busy.since()
    began = perf_counter()
    last = _last(stream)
    seconds = perf_counter() - began
    if last.progress.state != pb.COLLECTION_STATE_SUCCEEDED:
        raise RuntimeError(f"{name}: {pb.CollectionState.Name(last.progress.state)}")
    ledger = client.collections.get(last.id).chunks
    paced = sum(chunk.error_category == pb.FAILURE_CATEGORY_PACING for chunk in ledger)
    return Collected(name, seconds, last.progress.requests, last.progress.new_bars, paced, busy.since())


def _quarter(client: Client) -> Saved:
    """Symbols are verified when they are stored; each day's validation asks again only for what has grown old."""
    days = 90
    progress = _last(client.symbols.validate())
    asked_a_day = progress.total - progress.skipped
    return Saved(asked=progress.total + asked_a_day * (days - 1), without=progress.total * days)


async def _bare(port: int, symbols: Sequence[str], requests: int) -> Collected:
    """Yearly requests for the same symbols by ib_async alone."""
    logging.getLogger("ib_async").setLevel(logging.CRITICAL)  # sessions before a listing are asked for too
    ib = ib_async.IB()
    await ib.connectAsync("127.0.0.1", port, clientId=99, timeout=_CONNECT_S)
    try:
        contracts = [contract for name in symbols if (contract := await _qualified(ib, name))]
        places = asyncio.Semaphore(OPEN_REQUESTS)
        years = range(2007, 2027)
        asked = [(contract, year) for contract in contracts for year in years][:requests]

        async def year_of(contract: ib_async.Contract, year: int) -> int:
            async with places:
                end = f"{year}1119-00:00:00"
                return len(await ib.reqHistoricalDataAsync(contract, end, "1 Y", "1 day", "TRADES", True, formatDate=2))

        began = perf_counter()
        bars = sum(await asyncio.gather(*(year_of(contract, year) for contract, year in asked)))
        return Collected("ib_async alone, nothing stored", perf_counter() - began, len(asked), bars, 0)
    finally:
        ib.disconnect()


async def _qualified(ib: ib_async.IB, name: str) -> ib_async.Contract | None:
    symbol, exchange = name.rsplit(".", 1)
    currency = "AUD" if exchange == "ASX" else "USD"
    found = await ib.reqContractDetailsAsync(ib_async.Stock(symbol, "SMART", currency, primaryExchange=exchange))
    return found[0].contract if found else None


def _last(stream: Iterable[_T]) -> _T:
    *_, last = stream
    return last


if __name__ == "__main__":
    print(*measure(), sep="\n")
