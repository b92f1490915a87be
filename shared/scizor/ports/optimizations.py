"""Storage of optimisations: the queue, their progress, and their trials as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import numpy as np
import numpy.typing as npt

from scizor.domain.arrays import FloatArray
from scizor.domain.backtests import JobError
from scizor.domain.optimizations import METRICS, Optimization, OptimizationProgress, OptimizationState, Verdict

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class TrialColumns:
    """n trials, by number. `codes` (n, n_axes); `figures`: a column for each of `domain.optimizations.METRICS`.

    Failed trials have figures of NaN and, by number, their `errors`. `signatures`: equal for sets that are the same
    run, whichever optimisation tried them.
    """

    numbers: Numbers
    codes: FloatArray
    figures: Mapping[str, FloatArray]
    feasible: Flags
    failed: Flags
    signatures: Numbers
    errors: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.numbers)

    def taken(self, which: Numbers | Flags) -> TrialColumns:
        """Some of the rows, by place or by mask."""
        numbers = self.numbers[which]
        figures = {metric: column[which] for metric, column in self.figures.items()}
        errors = {number: self.errors[number] for number in numbers.tolist() if number in self.errors}
        plain = (self.feasible[which], self.failed[which], self.signatures[which])
        return TrialColumns(numbers, self.codes[which], figures, *plain, errors)


def no_trials(n_axes: int) -> TrialColumns:
    """Columns of nothing."""
    none, flags = np.empty(0, np.int64), np.empty(0, np.bool_)
    return TrialColumns(none, np.empty((0, n_axes)), {metric: np.empty(0) for metric in METRICS}, flags, flags, none)


@dataclass(frozen=True, slots=True, eq=False)
class TrialBatch:
    """Trials whose numbers follow each other, with what is judged by: `scores` (n, n_splits, 2), `sums` (n, blocks, 2).

    Both as in `scizor.strategy.study.Found`.
    """

    trials: TrialColumns
    scores: FloatArray
    sums: FloatArray


def joined(batches: Sequence[TrialBatch], n_axes: int) -> TrialBatch:
    """All of them as one, by number; of sets of `n_axes` codes."""
    if not batches:
        return TrialBatch(no_trials(n_axes), np.empty((0, 0, 2)), np.empty((0, 0, 2)))
    order = np.argsort(np.concatenate([one.trials.numbers for one in batches]))
    scores, sums = (np.concatenate(parts)[order] for parts in zip(*((b.scores, b.sums) for b in batches), strict=True))
    columns = [one.trials for one in batches]
    plain = {
        name: np.concatenate([getattr(one, name) for one in columns])[order]
        for name in ("numbers", "codes", "feasible", "failed", "signatures")
    }
    figures = {metric: np.concatenate([one.figures[metric] for one in columns])[order] for metric in METRICS}
    errors = {number: message for one in columns for number, message in one.errors.items()}
    return TrialBatch(TrialColumns(**plain, figures=figures, errors=errors), scores, sums)


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """Where a stored batch is: numbers `first` … `first` + `count` - 1; `sequence`: of the optimisation's progress."""

    sequence: int
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class TrialOrder:
    """How trials are listed: by number, or by a metric, the best first. Undefined figures come last."""

    metric: str = ""
    descending: bool = True
    feasible_only: bool = False


@dataclass(frozen=True, slots=True)
class OptimizationFilter:
    """Which optimisations; empty means all."""

    strategy_id: str = ""
    state: OptimizationState | None = None


class OptimizationRepository(Protocol):
    """Jobs and their trials. An owner is a name that whoever claims a job makes for that one claim.

    Those that name an optimisation raise NotFound(OPTIMIZATION_NOT_FOUND).
    """

    async def add(self, optimization: Optimization, family: str) -> None:
        """Store a queued one. `family`: equal for all that look for the same strategy's parameters on the same data."""
        ...

    async def get(self, optimization_id: str) -> Optimization:
        """One, as it stands."""
        ...

    async def page(self, which: OptimizationFilter, before: str | None, limit: int) -> list[Optimization]:
        """Newest first, those older than the id `before`; ids sort by time."""
        ...

    async def count_unfinished(self) -> int:
        """Those queued, running or paused."""
        ...

    async def claim(self, owner: str, now: datetime, stale_before: datetime) -> Optimization | None:
        """Mark one as running for `owner`: the oldest queued, or running but not heard of since `stale_before`.

        Its `attempts` grow by one. Safe against other claimers; None when there is none.
        """
        ...

    async def release(self, optimization_id: str, owner: str) -> bool:
        """Give a running one back to the queue; its claim counts as no attempt. False when it is not this owner's."""
        ...

    async def save_progress(
        self, optimization_id: str, owner: str, progress: OptimizationProgress, now: datetime
    ) -> int | None:
        """Record progress and a sign of life; its sequence, or None when it is no longer this owner's to run."""
        ...

    async def save_batch(
        self, optimization_id: str, owner: str, batch: TrialBatch, progress: OptimizationProgress, now: datetime
    ) -> int | None:
        """The same with trials that are done; nothing is stored when it is no longer this owner's.

        An optimisation that got so far has its attempts forgotten: only those in vain count.
        """
        ...

    async def finish(
        self,
        optimization_id: str,
        owner: str,
        progress: OptimizationProgress,
        now: datetime,
        error: JobError | None = None,
        verdict: Verdict | None = None,
    ) -> int | None:
        """Record the end of one run by `owner`; None when it is no longer this owner's."""
        ...

    async def cancel(self, optimization_id: str, now: datetime) -> Optimization:
        """End it as CANCELLED. Raises FailedPrecondition(OPTIMIZATION_FINISHED)."""
        ...

    async def pause(self, optimization_id: str) -> Optimization:
        """Let it rest; one that rests already stays as it is. Raises FailedPrecondition(OPTIMIZATION_FINISHED)."""
        ...

    async def resume(self, optimization_id: str) -> Optimization:
        """Queue a resting one; one that is under way stays as it is. Raises as `pause`."""
        ...

    async def batches(self, optimization_id: str, after_sequence: int, limit: int) -> list[StoredBatch]:
        """Stored batches in the order they were stored, those behind the sequence."""
        ...

    async def trials(self, optimization_id: str, first: int, count: int) -> TrialColumns:
        """Those of a range of numbers, ascending."""
        ...

    async def ordered(self, optimization_id: str, order: TrialOrder, after: int, limit: int) -> TrialColumns:
        """Trials in some order, those behind the trial of the number `after`; 0 for all. Equal ones are by number."""
        ...

    async def judged_by(self, optimization_id: str) -> TrialBatch:
        """All trials by number, with what they are judged by."""
        ...

    async def family_trials(self, optimization_id: str) -> tuple[int, float]:
        """How many different trials with a Sharpe ratio all optimisations of the same family have, and its variance.

        The variance is NaN for fewer than two.
        """
        ...
