"""Optimisations in dicts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from scizor.domain.backtests import JobError
from scizor.domain.errors import DataCorrupt, FailedPrecondition, InvalidInput, NotFound, Reason
from scizor.domain.optimizations import (
    METRICS,
    Optimization,
    OptimizationProgress,
    OptimizationStage,
    OptimizationState,
    Verdict,
)
from scizor.ports.optimizations import (
    OptimizationFilter,
    StoredBatch,
    TrialBatch,
    TrialColumns,
    TrialOrder,
    joined,
)
from tests.fakes.journal import Journal
from tests.fakes.tables import FakeTables


@dataclass(frozen=True)
class FakeOptimization:
    """An optimisation with what only storage knows of it; `batches`: by sequence."""

    job: Optimization
    family: str
    owner: str | None = None
    heartbeat: datetime | None = None
    batches: tuple[tuple[int, TrialBatch], ...] = ()


class FakeOptimizations:
    def __init__(self, tables: FakeTables, journal: Journal) -> None:
        self._tables, self._journal = tables, journal

    async def add(self, optimization: Optimization, family: str) -> None:
        if optimization.id in self._tables.optimizations:
            raise DataCorrupt("a row that must be the only one of its key exists already", Reason.DATA_CORRUPT)
        self._put(FakeOptimization(optimization, family))

    async def get(self, optimization_id: str) -> Optimization:
        return self._find(optimization_id).job

    async def page(self, which: OptimizationFilter, before: str | None, limit: int) -> list[Optimization]:
        found = [
            stored.job
            for stored in self._tables.optimizations.values()
            if which.strategy_id in ("", stored.job.spec.backtest.strategy_id)
            and which.state in (None, stored.job.progress.state)
            and (before is None or stored.job.id < before)
        ]
        return sorted(found, key=lambda job: job.id, reverse=True)[:limit]

    async def count_unfinished(self) -> int:
        return sum(not stored.job.progress.state.ended for stored in self._tables.optimizations.values())

    async def claim(self, owner: str, now: datetime, stale_before: datetime) -> Optimization | None:
        for _, stored in sorted(self._tables.optimizations.items()):
            state, heard = stored.job.progress.state, stored.heartbeat
            stale = state is OptimizationState.RUNNING and heard is not None and heard < stale_before
            if state is OptimizationState.QUEUED or stale:
                progress = _next(stored, state=OptimizationState.RUNNING, stage=OptimizationStage.NONE)
                job = replace(
                    stored.job,
                    progress=progress,
                    start_time=stored.job.start_time or now,
                    attempts=stored.job.attempts + 1,
                )
                self._put(replace(stored, job=job, owner=owner, heartbeat=now))
                return job
        return None

    async def release(self, optimization_id: str, owner: str) -> bool:
        stored = self._owned(optimization_id, owner)
        if stored is None:
            return False
        rested = self._rest(stored, OptimizationState.QUEUED)
        self._put(replace(rested, job=replace(rested.job, attempts=max(stored.job.attempts - 1, 0))))
        return True

    async def save_progress(
        self, optimization_id: str, owner: str, progress: OptimizationProgress, now: datetime
    ) -> int | None:
        stored = self._owned(optimization_id, owner)
        if stored is None:
            return None
        kept = _following(stored, replace(progress, state=OptimizationState.RUNNING))
        self._put(replace(stored, job=replace(stored.job, progress=kept), heartbeat=now))
        return kept.sequence

    async def save_batch(
        self, optimization_id: str, owner: str, batch: TrialBatch, progress: OptimizationProgress, now: datetime
    ) -> int | None:
        sequence = await self.save_progress(optimization_id, owner, progress, now)
        if sequence is None:
            return None
        stored = self._find(optimization_id)
        known = {number for _, one in stored.batches for number in one.trials.numbers.tolist()}
        if known & set(batch.trials.numbers.tolist()):
            raise DataCorrupt("a row that must be the only one of its key exists already", Reason.DATA_CORRUPT)
        job = replace(stored.job, attempts=0)
        self._put(replace(stored, job=job, batches=(*stored.batches, (sequence, batch))))
        return sequence

    async def finish(
        self,
        optimization_id: str,
        owner: str,
        progress: OptimizationProgress,
        now: datetime,
        error: JobError | None = None,
        verdict: Verdict | None = None,
    ) -> int | None:
        stored = self._owned(optimization_id, owner)
        if stored is None:
            return None
        kept = _following(stored, progress)
        self._put(replace(stored, job=replace(stored.job, progress=kept, end_time=now, error=error, verdict=verdict)))
        return kept.sequence

    async def cancel(self, optimization_id: str, now: datetime) -> Optimization:
        stored = self._find(optimization_id)
        self._demand_unfinished(stored)
        rested = self._rest(stored, OptimizationState.CANCELLED)
        self._put(replace(rested, job=replace(rested.job, end_time=now)))
        return self._find(optimization_id).job

    async def pause(self, optimization_id: str) -> Optimization:
        stored = self._find(optimization_id)
        self._demand_unfinished(stored)
        if stored.job.progress.state is not OptimizationState.PAUSED:
            self._put(self._rest(stored, OptimizationState.PAUSED))
        return self._find(optimization_id).job

    async def resume(self, optimization_id: str) -> Optimization:
        stored = self._find(optimization_id)
        self._demand_unfinished(stored)
        if stored.job.progress.state is OptimizationState.PAUSED:
            rested = self._rest(stored, OptimizationState.QUEUED)
            self._put(replace(rested, job=replace(rested.job, attempts=0)))
        return self._find(optimization_id).job

    async def batches(self, optimization_id: str, after_sequence: int, limit: int) -> list[StoredBatch]:
        found = [
            StoredBatch(sequence, int(batch.trials.numbers[0]), len(batch.trials))
            for sequence, batch in self._find(optimization_id).batches
            if sequence > after_sequence
        ]
        return sorted(found, key=lambda one: one.sequence)[:limit]

    async def trials(self, optimization_id: str, first: int, count: int) -> TrialColumns:
        columns = self._all(optimization_id).trials
        return columns.taken((columns.numbers >= first) & (columns.numbers < first + count))

    async def ordered(self, optimization_id: str, order: TrialOrder, after: int, limit: int) -> TrialColumns:
        if order.metric and order.metric not in METRICS:
            raise InvalidInput.of_field("order_by", f"there is no {order.metric!r}")
        columns = self._all(optimization_id).trials
        if order.feasible_only:
            columns = columns.taken(columns.feasible)
        values = columns.figures[order.metric] if order.metric else columns.numbers.astype(np.float64)
        signed = -values if order.descending else values
        by = np.lexsort((columns.numbers, np.nan_to_num(signed), np.isnan(values)))
        first = 1 + by.tolist().index(columns.numbers.tolist().index(after)) if after else 0
        return columns.taken(by[first : first + limit])

    async def judged_by(self, optimization_id: str) -> TrialBatch:
        return self._all(optimization_id)

    async def family_trials(self, optimization_id: str) -> tuple[int, float]:
        family = self._find(optimization_id).family
        seen: dict[int, float] = {}
        for stored in self._tables.optimizations.values():
            if stored.family == family:
                columns = self._all(stored.job.id).trials
                sharpes = zip(columns.signatures.tolist(), columns.figures["sharpe"].tolist(), strict=True)
                seen |= {signature: sharpe for signature, sharpe in sharpes if sharpe == sharpe}
        return len(seen), float(np.var(list(seen.values()), ddof=1)) if len(seen) > 1 else float("nan")

    def _all(self, optimization_id: str) -> TrialBatch:
        stored = self._find(optimization_id)
        return joined([batch for _, batch in stored.batches], len(stored.job.spec.space.axes))

    def _find(self, optimization_id: str) -> FakeOptimization:
        if optimization_id not in self._tables.optimizations:
            raise NotFound(
                f"optimization {optimization_id} does not exist",
                Reason.OPTIMIZATION_NOT_FOUND,
                metadata={"optimization": optimization_id},
            )
        return self._tables.optimizations[optimization_id]

    def _owned(self, optimization_id: str, owner: str) -> FakeOptimization | None:
        stored = self._tables.optimizations.get(optimization_id)
        if stored is None or stored.owner != owner or stored.job.progress.state is not OptimizationState.RUNNING:
            return None
        return stored

    def _demand_unfinished(self, stored: FakeOptimization) -> None:
        state = stored.job.progress.state
        if state.ended:
            raise FailedPrecondition(
                f"optimization {stored.job.id} has ended as {state.name}",
                Reason.OPTIMIZATION_FINISHED,
                metadata={"optimization": stored.job.id, "state": state.name},
            )

    def _rest(self, stored: FakeOptimization, state: OptimizationState) -> FakeOptimization:
        progress = _next(stored, state=state, stage=OptimizationStage.NONE, remaining_s=None)
        return replace(stored, job=replace(stored.job, progress=progress), owner=None, heartbeat=None)

    def _put(self, stored: FakeOptimization) -> None:
        self._journal.put(self._tables.optimizations, stored.job.id, stored)


def _next(stored: FakeOptimization, **changes: object) -> OptimizationProgress:
    progress = stored.job.progress
    return replace(progress, sequence=progress.sequence + 1, **changes)  # type: ignore[arg-type] # by name


def _following(stored: FakeOptimization, progress: OptimizationProgress) -> OptimizationProgress:
    return replace(progress, sequence=max(stored.job.progress.sequence + 1, progress.sequence))
