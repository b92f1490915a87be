"""Storage of backtests: the queue, their progress and their results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from scizor.domain.backtests import BacktestJob, BacktestState, JobError, Progress
from scizor.domain.metrics import Metric
from scizor.domain.outcomes import Ambiguity, CostLines, EquityCurve, RunCounts, Trade


@dataclass(frozen=True, slots=True)
class BacktestResults:
    """What a backtest came to, without its trades and curve. Amounts are in `currency`."""

    metrics: tuple[Metric, ...]
    warnings: tuple[str, ...]
    fingerprint: str
    engine_version: str
    first_session: str
    last_session: str
    sessions: int
    bars: int
    currency: str
    initial_capital: float
    final_equity: float
    commission_paid: float
    slippage_paid: float
    trades: int
    compute_seconds: float
    costs: CostLines = field(default_factory=CostLines)
    ambiguity: Ambiguity = field(default_factory=Ambiguity)
    counts: RunCounts = field(default_factory=RunCounts)


@dataclass(frozen=True, slots=True)
class BacktestFilter:
    """Which backtests; empty means all."""

    strategy_id: str = ""
    state: BacktestState | None = None


@dataclass(frozen=True, slots=True)
class RunFigures:
    """Some metrics of a backtest that succeeded, by name."""

    backtest_id: str
    create_time: datetime
    strategy_version: int
    metrics: Mapping[str, Metric]


class BacktestRepository(Protocol):
    """Jobs and their results. An owner is a name that whoever claims a job makes for that one claim."""

    async def add(self, job: BacktestJob) -> None:
        """Store a queued job."""
        ...

    async def get(self, backtest_id: str) -> BacktestJob:
        """One job. Raises NotFound(BACKTEST_NOT_FOUND)."""
        ...

    async def page(self, which: BacktestFilter, before: str | None, limit: int) -> list[BacktestJob]:
        """Newest first, those older than the id `before`; ids sort by time."""
        ...

    async def computed(self, fingerprint: str, limit: int) -> list[BacktestJob]:
        """Those that succeeded with this fingerprint, newest first."""
        ...

    async def count_unfinished(self, caller: str) -> tuple[int, int]:
        """Jobs queued or running: all of them, and that caller's."""
        ...

    async def claim(self, owner: str, now: datetime, stale_before: datetime) -> BacktestJob | None:
        """Mark a job running for `owner`: queued, or running but not heard of since `stale_before`.

        That of the highest priority; of equal ones that of the caller with the fewest running, then the oldest. Its
        `attempts` grow by one. Safe against other claimers; None when there is none.
        """
        ...

    async def release(self, backtest_id: str, owner: str, *, counted: bool = False) -> bool:
        """Give a running job back to the queue; its claim counts as an attempt only when `counted`.

        False when it is no longer this owner's. What it had computed is lost; its start time stays.
        """
        ...

    async def save_progress(self, backtest_id: str, owner: str, progress: Progress, now: datetime) -> bool:
        """Record progress and a sign of life; False when the job is no longer this owner's: cancelled, taken over."""
        ...

    async def finish(
        self, backtest_id: str, owner: str, progress: Progress, now: datetime, error: JobError | None = None
    ) -> bool:
        """Record the end of a job run by `owner`; False when it is no longer this owner's."""
        ...

    async def cancel(self, backtest_id: str, now: datetime) -> BacktestJob:
        """End it as CANCELLED. Raises NotFound, FailedPrecondition(BACKTEST_FINISHED)."""
        ...

    async def delete(self, backtest_id: str) -> None:
        """Remove a job that has ended, with its results. Raises NotFound, FailedPrecondition(BACKTEST_NOT_FINISHED)."""
        ...

    async def save_results(
        self, backtest_id: str, results: BacktestResults, trades: Sequence[Trade], curve: EquityCurve
    ) -> None:
        """Store what it came to; in one unit of work with `finish`."""
        ...

    async def results(self, backtest_id: str) -> BacktestResults:
        """Raises NotFound, FailedPrecondition(BACKTEST_NOT_FINISHED)."""
        ...

    async def trades(self, backtest_id: str, after_number: int, limit: int) -> list[Trade]:
        """Trades with a greater number, ascending; raises as `results`."""
        ...

    async def curve(self, backtest_id: str) -> EquityCurve:
        """The whole curve; raises as `results`."""
        ...

    async def states(self, strategy_id: str, version: int = 0) -> Mapping[BacktestState, int]:
        """How many backtests of a strategy stand where; of all versions for 0. States that none is in are absent."""
        ...

    async def figures(self, strategy_id: str, version: int, names: Sequence[str], limit: int) -> list[RunFigures]:
        """Metrics of these names of its newest `limit` backtests that succeeded, newest first. `version`: as above."""
        ...
