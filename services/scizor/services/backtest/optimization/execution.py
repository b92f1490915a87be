"""One claimed optimisation, from its first trial to its verdict."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

import numpy as np
import structlog

from scizor.domain.arrays import FloatArray
from scizor.domain.backtests import BacktestSpec, JobError
from scizor.domain.errors import FailedPrecondition, Reason, ScizorError, Unavailable
from scizor.domain.optimizations import Optimization, OptimizationStage, OptimizationState, Verdict
from scizor.engine.arrays import DateArray
from scizor.ports.bus import Bus
from scizor.ports.calendar import SessionCalendar
from scizor.ports.clock import Clock
from scizor.ports.compute import Compute, ComputeAway
from scizor.ports.optimizations import TrialBatch, joined
from scizor.ports.search import Search, SearchFactory
from scizor.ports.storage import Storage
from scizor.services.backtest.optimization.divisions import Divisions, divisions_of
from scizor.services.backtest.optimization.hosted import HostedWorkshop
from scizor.services.backtest.optimization.progress import Lost, Teller
from scizor.services.backtest.optimization.recent import RecentTrials
from scizor.services.backtest.optimization.search import SearchRun
from scizor.services.backtest.optimization.study import sessions_of, study_of
from scizor.services.backtest.optimization.verdict import Evidence, held_against, judge, reruns
from scizor.services.backtest.optimization.workshop import ComputeWorkshop, ThreadWorkshop, Workshop
from scizor.services.backtest.strategies.hosting import Hosting, Text
from scizor.services.history.load import load_history
from scizor.services.history.market import market_of
from scizor.strategy.study import Study
from scizor.strategy.trials import compiled

Value = TypeVar("Value")

MAX_ATTEMPTS: Final = 5
"""Attempts in a row that stored no trial; the job is then the likely cause."""
_RELEASE_S: Final = 2.0
_OUTAGE_S: Final = 10.0
_OUTAGE_POLL_S: Final = 0.5
_GIVEN_UP: Final = JobError(
    Reason.INTERNAL, f"the worker died or lost its database {MAX_ATTEMPTS} times without a trial done"
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """What optimisations are run with. `owner` names this process; `executor` is for what blocks in it.

    `confined`: how many locked processes one of uploaded code has at a time. `cells_for_threads`: sets times bars up to
    which a search that no Python slows runs in this process, a tenth of a second; for those workers cost more.
    """

    storage: Storage
    bus: Bus[Optimization]
    clock: Clock
    calendar: SessionCalendar
    executor: Executor
    compute: Compute
    searches: SearchFactory
    hosting: Hosting
    owner: str
    confined: int = 2
    sign_of_life_s: float = 0.5
    cells_for_threads: int = 1 << 23
    recent: RecentTrials = field(default_factory=RecentTrials)


@dataclass(frozen=True, slots=True, eq=False)
class _Ready:
    """What a search needs."""

    search: Search
    sessions: DateArray
    divisions: Divisions
    workshop: Workshop


class Execution:
    """Runs an optimisation that `owner` has claimed."""

    def __init__(self, optimization: Optimization, owner: str, means: Means) -> None:
        self._owner, self._means = owner, means
        self._teller = Teller(
            optimization, owner, means.storage, means.bus, means.clock, means.sign_of_life_s, means.recent
        )

    async def run(self) -> None:
        """Run it to its end and record that end; one that is lost on the way is left as it is.

        When cancelled, it is given back to the queue, trials kept. Raises Unavailable when storage or all computing is
        away: then too it is given back, as soon as that can be said, or its lease ends.
        """
        try:
            await self._attempt()
        except Lost:
            _log.info("optimization_lost", optimization=self._teller.optimization.id)
        except asyncio.CancelledError:
            await self._give_back()
            raise
        except Unavailable as error:
            # That storage or workers are away is no fault of the job's, and counts as no attempt of it.
            if error.reason is Reason.STORAGE_UNAVAILABLE or isinstance(error, ComputeAway):
                await self._give_back(_OUTAGE_S)
            raise

    async def _attempt(self) -> None:
        if self._teller.optimization.attempts > MAX_ATTEMPTS:
            await self._end(OptimizationState.FAILED, error=_GIVEN_UP)
            return
        try:
            verdict = await self._while_alive(self._search)
            await self._end(OptimizationState.SUCCEEDED, verdict=verdict)
        except (Lost, Unavailable):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the job ends with it and the service lives on
            await self._end(OptimizationState.FAILED, error=self._told(error))

    async def _while_alive(self, work: Callable[[], Awaitable[Value]]) -> Value:
        """What the work comes to, given up as soon as the optimisation is no longer ours."""
        working = asyncio.ensure_future(work())
        telling = asyncio.create_task(self._teller.keep_alive())
        try:
            await asyncio.wait([working, telling], return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                telling.result()
            return await working
        finally:
            for task in (working, telling):
                task.cancel()
            await asyncio.gather(working, telling, return_exceptions=True)

    async def _search(self) -> Verdict:
        spec = self._teller.optimization.spec
        self._teller.at(OptimizationStage.LOADING)
        ready = await self._prepared()
        try:
            run = SearchRun(spec, ready.search, ready.workshop, self._teller, await self._stored())
            await run.run()
            self._teller.at(OptimizationStage.JUDGING, ready.search.total, ready.search.left_out)
            return await self._judged(ready, run)
        finally:
            ready.workshop.close()

    async def _prepared(self) -> _Ready:
        spec, calendar = self._teller.optimization.spec, self._means.calendar
        history = await load_history(self._means.storage, spec.backtest, self._means.clock.now().date())

        text = await self._text(spec.backtest)

        def prepare() -> _Ready:
            market = market_of(history, calendar)
            sessions = sessions_of(market)
            divisions = divisions_of(spec.validation, len(sessions))
            study = study_of(spec, market, divisions)
            if text is None:
                search = self._means.searches(spec, study.allowed)
                return _Ready(search, sessions, divisions, self._workshop(study, search.total))
            shape = (len(divisions.splits), len(sessions))
            slots = self._means.confined
            hosted = HostedWorkshop(self._means.hosting, text, spec, history, slots=slots, shape=shape)
            # Only its own code knows its rules: a set that breaks them fails.
            search = self._means.searches(spec, lambda codes: np.ones(len(codes), np.bool_))
            return _Ready(search, sessions, divisions, hosted)

        return await self._in_thread(prepare)

    def _workshop(self, study: Study, n_sets: int) -> Workshop:
        compute, quick = self._means.compute, compiled(study.strategy)
        if quick and n_sets * study.market.panel.close.size <= self._means.cells_for_threads:
            return ThreadWorkshop(study, min(compute.slots, os.cpu_count() or 1))
        return ComputeWorkshop(compute, self._owner, study, quick=quick)

    async def _text(self, spec: BacktestSpec) -> Text | None:
        """That of a stored strategy; None for one that came with the system."""
        if not spec.code_hash:
            return None
        async with self._means.storage.begin() as work:
            source = await work.strategies.source(spec.strategy_id, spec.strategy_version)
        return Text(source, spec.strategy_id)

    async def _stored(self) -> TrialBatch:
        if not self._teller.optimization.progress.done:
            return joined((), len(self._teller.optimization.spec.space.axes))
        async with self._means.storage.begin() as work:
            return await work.optimizations.judged_by(self._teller.optimization.id)

    async def _judged(self, ready: _Ready, run: SearchRun) -> Verdict:
        """The verdict, most of it made while the last trials are stored."""
        evidence = Evidence(self._teller.optimization.spec, run.found, ready.sessions, ready.divisions)
        family = asyncio.create_task(self._family(run))
        try:
            _demand_one_good(evidence.trials)
            evidence = replace(evidence, returns=await self._returns(ready, evidence))
            verdict = await self._in_thread(lambda: judge(evidence))
        except asyncio.CancelledError:
            family.cancel()
            raise
        finally:
            await asyncio.gather(family, return_exceptions=True)
        return held_against(verdict, evidence, *family.result())

    async def _family(self, run: SearchRun) -> tuple[int, float]:
        """How many trials there are overall, these among them, and the variance of their Sharpe ratio."""
        await run.stored()
        async with self._means.storage.begin() as work:
            return await work.optimizations.family_trials(self._teller.optimization.id)

    async def _returns(self, ready: _Ready, evidence: Evidence) -> dict[int, FloatArray]:
        """By session, of the trials that a verdict looks at closely."""
        rows = await self._in_thread(lambda: reruns(evidence))
        if not len(rows):
            return {}
        trials = evidence.trials.trials
        returns = await ready.workshop.returns_of(np.ascontiguousarray(trials.codes[rows]))
        return dict(zip(trials.numbers[rows].tolist(), returns, strict=True))

    async def _in_thread(self, work: Callable[[], Value]) -> Value:
        return await asyncio.get_running_loop().run_in_executor(self._means.executor, work)

    async def _give_back(self, within_s: float = _RELEASE_S) -> None:
        optimization_id = self._teller.optimization.id
        try:
            async with asyncio.timeout(within_s):
                released = await self._released(optimization_id)
        except Exception as error:  # noqa: BLE001 - the stop goes on, and the lease ends by itself
            _log.warning("optimization_not_released", optimization=optimization_id, error=str(error))
        else:
            event = "optimization_released" if released else "optimization_lost"
            _log.info(event, optimization=optimization_id)

    async def _released(self, optimization_id: str) -> bool:
        """Whether it was ours to give back; tried until storage answers."""
        while True:
            try:
                async with self._means.storage.begin() as work:
                    return await work.optimizations.release(optimization_id, self._owner)
            except Unavailable:
                await asyncio.sleep(_OUTAGE_POLL_S)

    def _told(self, error: Exception) -> JobError:
        """What the job's owner may read of an error."""
        if isinstance(error, ScizorError):
            return JobError(error.reason, error.message)
        _log.error("optimization_fault", optimization=self._teller.optimization.id, exc_info=error)
        return JobError(Reason.INTERNAL, "the server met a fault of its own while it ran the optimization")

    async def _end(
        self, state: OptimizationState, verdict: Verdict | None = None, error: JobError | None = None
    ) -> None:
        optimization, now = self._teller.optimization, self._means.clock.now()
        progress = replace(
            self._teller.latest,
            sequence=optimization.progress.sequence + 1,
            state=state,
            stage=OptimizationStage.NONE,
            remaining_s=0.0 if verdict else None,
        )
        async with self._means.storage.begin() as work:
            sequence = await work.optimizations.finish(optimization.id, self._owner, progress, now, error, verdict)
        if sequence is None:
            raise Lost
        ended = replace(
            optimization, progress=replace(progress, sequence=sequence), end_time=now, error=error, verdict=verdict
        )
        self._teller.ended(sequence)
        self._means.bus.publish(optimization.id, ended)
        _log.info("optimization_ended", optimization=optimization.id, state=state.name)


def _demand_one_good(trials: TrialBatch) -> None:
    """Raises FailedPrecondition when nothing at all came of it."""
    columns = trials.trials
    if not len(columns):
        raise FailedPrecondition("no set of parameters keeps the strategy's rules", Reason.STRATEGY_PARAMETER_INVALID)
    if columns.failed.all():
        first = next(iter(columns.errors.values()), "")
        raise FailedPrecondition(f"every trial failed, the first with: {first}", Reason.STRATEGY_FAILED)
