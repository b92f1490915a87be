"""One claimed job, from its first bar to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

import structlog

from scizor.domain.backtests import BacktestJob, BacktestSpec, BacktestStage, BacktestState, JobError
from scizor.domain.errors import Reason, ScizorError, Unavailable
from scizor.ports.bus import Bus
from scizor.ports.calendar import SessionCalendar
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage
from scizor.services.backtest.benches import Bench
from scizor.services.backtest.outcome import Outcome
from scizor.services.backtest.proof import code_of, proof_of
from scizor.services.backtest.report import Pace, Reporter
from scizor.services.backtest.strategies.hosting import Hosting, Text
from scizor.services.history.load import History, load_history

Value = TypeVar("Value")

MAX_ATTEMPTS: Final = 5
"""A job that ended no attempt so often is the likely cause, and would take worker after worker with it."""

_RELEASE_S: Final = 2.0  # a stop waits no longer; a job not given back by then waits for its lease to end
_GIVEN_UP: Final = JobError(
    Reason.INTERNAL, f"the worker died or lost its database {MAX_ATTEMPTS} times while it ran the backtest"
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """What a job is run with. `bench`, `hosting`: where what came with the system, and stored code, is computed.

    `executor`: for what blocks here. `owner` names this process.
    """

    storage: Storage
    bus: Bus[BacktestJob]
    clock: Clock
    calendar: SessionCalendar
    executor: Executor
    bench: Bench
    hosting: Hosting
    owner: str
    pace: Pace = field(default_factory=Pace)


class _Lost(Exception):
    """No error: someone cancelled the job, or took it over."""


class Execution:
    """Runs a job that `owner` has claimed."""

    def __init__(self, job: BacktestJob, owner: str, means: Means) -> None:
        self._owner = owner
        self._means = means
        self._reporter = Reporter(job, owner, means.storage, means.bus, means.clock, means.pace)

    async def run(self) -> None:
        """Run the job to its end and record that end; a job that is lost on the way is left as it is.

        One that was begun MAX_ATTEMPTS times before fails instead. When cancelled, the job is given back to the queue.
        Raises Unavailable when storage is away: the job's lease then ends, and it is claimed anew; and when the sandbox
        or the processes are: the job is then given back, which counts as an attempt, as it may be what ended them.
        """
        try:
            await self._attempt()
        except _Lost:
            _log.info("job_lost", backtest=self._reporter.job.id)
        except asyncio.CancelledError:
            await self._give_back()
            raise
        except Unavailable as error:
            if error.reason is not Reason.STORAGE_UNAVAILABLE:
                await asyncio.sleep(self._means.pace.sign_of_life_s)  # they begin anew meanwhile
                await self._give_back(counted=True)
            raise

    async def _attempt(self) -> None:
        if self._reporter.job.attempts > MAX_ATTEMPTS:
            await self._end(BacktestState.FAILED, error=_GIVEN_UP)
            return
        try:
            outcome = await self._computed()
            await self._end(BacktestState.SUCCEEDED, outcome=outcome)
        except (_Lost, Unavailable):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the job ends with it and the service lives on
            await self._end(BacktestState.FAILED, error=self._told(error))

    async def _give_back(self, *, counted: bool = False) -> None:
        backtest_id = self._reporter.job.id
        try:
            async with asyncio.timeout(_RELEASE_S), self._means.storage.begin() as work:
                released = await work.backtests.release(backtest_id, self._owner, counted=counted)
        except Exception as error:  # noqa: BLE001 - the stop goes on, and the lease ends by itself
            _log.warning("job_not_released", backtest=backtest_id, error=str(error))
        else:
            _log.info("job_released" if released else "job_lost", backtest=backtest_id)

    def _told(self, error: Exception) -> JobError:
        """What the job's owner may read of an error."""
        if isinstance(error, ScizorError):
            return JobError(error.reason, error.message)
        _log.error("job_fault", backtest=self._reporter.job.id, exc_info=error)
        return JobError(Reason.INTERNAL, "the server met a fault of its own while it ran the backtest")

    async def _computed(self) -> Outcome:
        """What the job comes to, reported on while it is computed."""
        reporting = asyncio.create_task(self._reporter.run())
        try:
            return await self._compute()
        except asyncio.CancelledError:
            # Whether a report under way is saved means nothing to a job that is given back.
            reporting.cancel()
            raise
        finally:
            self._reporter.stop()
            await reporting

    async def _compute(self) -> Outcome:
        spec = self._reporter.job.spec
        self._reporter.update(BacktestStage.LOADING)
        history = await load_history(self._means.storage, spec, self._means.clock.now().date())
        total = sum(len(one.series.bars) for one in history.symbols)
        self._reporter.update(BacktestStage.SIMULATING, 0, total)

        def on_bars(done: int) -> None:
            self._reporter.update(BacktestStage.SIMULATING, min(max(done, 0), total), total)

        outcome = await (self._stored if spec.code_hash else self._came)(spec, history, on_bars)
        self._reporter.update(BacktestStage.SAVING, total, total)
        return outcome

    async def _came(self, spec: BacktestSpec, history: History, on_bars: Callable[[int], None]) -> Outcome:
        """What came with the system, in a process of ours."""
        return await self._unless_lost(self._means.bench.run(spec, history, on_bars))

    async def _stored(self, spec: BacktestSpec, history: History, on_bars: Callable[[int], None]) -> Outcome:
        """What somebody stored, in a locked process. That it is whose result it says to be, is not for it to say."""
        async with self._means.storage.begin() as work:
            code = await code_of(work, spec)
            source = await work.strategies.source(spec.strategy_id, spec.strategy_version)
        text = Text(source, spec.strategy_id)
        outcome = await self._unless_lost(self._means.hosting.run(text, spec, history, on_bars))
        loop = asyncio.get_running_loop()
        proof = await loop.run_in_executor(self._means.executor, proof_of, code, spec, history, self._means.calendar)
        return replace(outcome, results=replace(outcome.results, fingerprint=proof))

    async def _unless_lost(self, work: Coroutine[Any, Any, Value]) -> Value:
        """What the work comes to; it is cancelled, and _Lost raised, as soon as the job is this owner's no more."""
        working, lost = asyncio.create_task(work), asyncio.create_task(self._reporter.until_lost())
        try:
            await asyncio.wait([working, lost], return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise _Lost
            return working.result()
        finally:
            for task in (working, lost):
                task.cancel()
            await asyncio.gather(working, lost, return_exceptions=True)

    async def _end(self, state: BacktestState, outcome: Outcome | None = None, error: JobError | None = None) -> None:
        job, now = self._reporter.job, self._means.clock.now()
        progress = replace(
            self._reporter.latest,
            sequence=job.progress.sequence + 1,
            state=state,
            stage=BacktestStage.NONE,
            remaining_s=0.0 if outcome else None,
        )
        async with self._means.storage.begin() as work:
            if not await work.backtests.finish(job.id, self._owner, progress, now, error):
                raise _Lost
            if outcome:
                await work.backtests.save_results(job.id, outcome.results, outcome.trades, outcome.curve)
        self._means.bus.publish(job.id, replace(job, progress=progress, end_time=now, error=error))
        _log.info("job_ended", backtest=job.id, state=state.name)
