"""The use cases of backtests. They see ports, never the wire."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from scizor.domain.backtests import MIDDLE_PRIORITY, BacktestJob, BacktestSpec, BacktestState, Progress
from scizor.domain.errors import InvalidInput, LimitExceeded, Reason
from scizor.domain.ids import RANDOM_BYTES, new_id
from scizor.domain.instruments import StoredInstrument
from scizor.domain.outcomes import EquityCurve, Trade
from scizor.ports.backtests import BacktestFilter, BacktestResults
from scizor.ports.bus import Bus
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage, UnitOfWork
from scizor.services.backtest.downsample import thinned
from scizor.services.backtest.strategies.catalog import with_code
from scizor.services.backtest.terms import settings_of
from scizor.services.history.load import as_benchmark, no_bars


@dataclass(frozen=True, slots=True)
class Wish:
    """How a job is to be queued. `caller`: who asks, as far as is known."""

    priority: int = MIDDLE_PRIORITY
    caller: str = ""


@dataclass(frozen=True, slots=True)
class Backtests:
    """Queue, find and end backtests, and read what they came to.

    `queue_limit`: jobs that may be unfinished at once, `caller_limit`: of one caller.
    """

    storage: Storage
    bus: Bus[BacktestJob]
    clock: Clock
    wake_runner: Callable[[], None]
    queue_limit: int = 1000
    caller_limit: int = 1000

    async def create(self, work: UnitOfWork, asked: BacktestSpec, wish: Wish | None = None) -> BacktestJob:
        """Queue what is asked, with every parameter and symbol resolved. Call `announce` once it is committed.

        Raises NotFound(STRATEGY_NOT_FOUND, SYMBOL_NOT_FOUND), InvalidInput, FailedPrecondition(BARS_NOT_FOUND),
        LimitExceeded(QUEUE_FULL).
        """
        wish, spec = wish or Wish(), await self.resolved(work, asked)
        await self._demand_room(work, wish.caller)
        now = self.clock.now()
        backtest_id = new_id(int(now.timestamp() * 1000), secrets.token_bytes(RANDOM_BYTES))
        queued = Progress(1, BacktestState.QUEUED)
        job = BacktestJob(backtest_id, spec, queued, create_time=now, priority=wish.priority, caller=wish.caller)
        await work.backtests.add(job)
        return job

    async def resolved(self, work: UnitOfWork, asked: BacktestSpec) -> BacktestSpec:
        """What is asked with every default said, code and symbols by their full ids. Raises as `create`."""
        spec = await with_code(work, asked, "backtest")
        instruments = await work.symbols.get_many(asked.symbols)
        _demand_each_once(instruments)
        _demand_currency(instruments, asked.currency)
        await _demand_bars(work, instruments, asked)
        benchmark = await _benchmark_id(work, asked) if asked.benchmark else ""
        symbols = tuple(instrument.instrument.id for instrument in instruments)
        spec = replace(spec, symbols=symbols, benchmark=benchmark)
        settings_of(spec)
        return spec

    async def cancel(self, work: UnitOfWork, backtest_id: str) -> BacktestJob:
        """End a job that has not ended. Call `announce` once it is committed.

        Raises NotFound, FailedPrecondition(BACKTEST_FINISHED).
        """
        return await work.backtests.cancel(backtest_id, self.clock.now())

    async def delete(self, work: UnitOfWork, backtest_id: str) -> None:
        """Remove a job that has ended, with its results. Raises NotFound, FailedPrecondition(BACKTEST_NOT_FINISHED)."""
        await work.backtests.delete(backtest_id)

    def announce(self, job: BacktestJob) -> None:
        """Tell watchers and workers of a change that is committed."""
        self.bus.publish(job.id, job)
        self.wake_runner()

    async def get(self, backtest_id: str) -> BacktestJob:
        """A backtest as it stands. Raises NotFound."""
        async with self.storage.begin() as work:
            return await work.backtests.get(backtest_id)

    async def page(self, which: BacktestFilter, before: str | None, limit: int) -> list[BacktestJob]:
        """Newest first, those older than `before`."""
        async with self.storage.begin() as work:
            return await work.backtests.page(which, before, limit)

    async def results(self, backtest_id: str) -> BacktestResults:
        """The figures. Raises NotFound, FailedPrecondition(BACKTEST_NOT_FINISHED)."""
        async with self.storage.begin() as work:
            return await work.backtests.results(backtest_id)

    async def trades(self, backtest_id: str, after_number: int, limit: int) -> tuple[list[Trade], int]:
        """Trades in order of exit, and how many there are over all pages. Raises as `results`."""
        async with self.storage.begin() as work:
            results = await work.backtests.results(backtest_id)
            return await work.backtests.trades(backtest_id, after_number, limit), results.trades

    async def equity(self, backtest_id: str, max_points: int) -> tuple[EquityCurve, str]:
        """The curve with at most `max_points` points (0: all), and its currency. Raises as `results`."""
        async with self.storage.begin() as work:
            job = await work.backtests.get(backtest_id)
            return thinned(await work.backtests.curve(backtest_id), max_points), job.spec.currency

    async def _demand_room(self, work: UnitOfWork, caller: str) -> None:
        unfinished, of_caller = await work.backtests.count_unfinished(caller)
        if unfinished >= self.queue_limit:
            raise LimitExceeded(
                f"{self.queue_limit} backtests are queued or running: retry when some have ended",
                Reason.QUEUE_FULL,
                metadata={"limit": str(self.queue_limit)},
            )
        if of_caller >= self.caller_limit:
            raise LimitExceeded(
                f"{self.caller_limit} backtests of {caller} are queued or running: retry when some have ended",
                Reason.QUEUE_FULL,
                metadata={"limit": str(self.caller_limit), "caller": caller},
            )


async def _benchmark_id(work: UnitOfWork, asked: BacktestSpec) -> str:
    found = await work.symbols.get_many([asked.benchmark])
    _demand_currency(found, asked.currency)
    await _demand_bars(work, found, as_benchmark(asked))
    return found[0].instrument.id


async def _demand_bars(work: UnitOfWork, instruments: list[StoredInstrument], asked: BacktestSpec) -> None:
    having_bars = await _having_bars(work, instruments, asked)
    for instrument in instruments:
        if instrument.key not in having_bars:
            raise no_bars(instrument.instrument.id, asked.sessions, asked.interval)


async def _having_bars(work: UnitOfWork, instruments: list[StoredInstrument], asked: BacktestSpec) -> set[int]:
    if not asked.interval.intraday:
        return await work.bars.having_any(instruments, asked.sessions)
    firsts = [await work.intraday.read(one, asked.interval, asked.sessions, limit=1) for one in instruments]
    return {one.key for one, first in zip(instruments, firsts, strict=True) if len(first.bars)}


def _demand_each_once(instruments: list[StoredInstrument]) -> None:
    seen: set[int] = set()
    for instrument in instruments:
        if instrument.key in seen:
            raise InvalidInput.of_field("backtest.symbols", f"{instrument.instrument.id} is named twice")
        seen.add(instrument.key)


def _demand_currency(instruments: list[StoredInstrument], currency: str) -> None:
    for instrument in instruments:
        traded_in = instrument.instrument.currency
        if traded_in != currency:
            rule = f"is in {currency}, but {instrument.instrument.id} trades in {traded_in}: one account, one currency"
            raise InvalidInput.of_field("backtest.initial_capital", rule)
