"""The queue of backtests in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, or_, select, update

from scizor.adapters.sql.results import SqlBacktestResults, no_such_backtest
from scizor.adapters.sql.tables import backtest_jobs as jobs
from scizor.adapters.sql.tables import backtest_results
from scizor.domain.backtests import (
    BacktestJob,
    BacktestSpec,
    BacktestStage,
    BacktestState,
    CommissionPlan,
    CommissionTerms,
    JobError,
    Progress,
    Sizing,
    SlippageKind,
    SlippageTerms,
)
from scizor.domain.bars import Adjustment
from scizor.domain.errors import FailedPrecondition, Reason
from scizor.domain.intervals import Interval
from scizor.domain.orders import AccountType, FillTiming, LimitPolicy, PathPolicy
from scizor.domain.sessions import SessionRange
from scizor.ports.backtests import BacktestFilter

_UNFINISHED = jobs.c.state <= int(BacktestState.RUNNING)  # as the partial index has it


class SqlBacktests(SqlBacktestResults):
    """`ports.backtests.BacktestRepository`."""

    async def add(self, job: BacktestJob) -> None:
        """Store a queued job."""
        await self._session.execute(insert(jobs).values(_values(job)))

    async def get(self, backtest_id: str) -> BacktestJob:
        """One job. Raises NotFound(BACKTEST_NOT_FOUND)."""
        return _job(await self._find(backtest_id))

    async def page(self, which: BacktestFilter, before: str | None, limit: int) -> list[BacktestJob]:
        """Newest first, those older than the id `before`; ids sort by time."""
        query = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
        if which.strategy_id:
            query = query.where(jobs.c.strategy_id == which.strategy_id)
        if which.state is not None:
            query = query.where(jobs.c.state == int(which.state))
        if before is not None:
            query = query.where(jobs.c.id < before)
        return [_job(row) for row in await self._session.all(query)]

    async def computed(self, fingerprint: str, limit: int) -> list[BacktestJob]:
        """Those that succeeded with this fingerprint, newest first."""
        query = (
            select(jobs)
            .join(backtest_results, backtest_results.c.backtest_id == jobs.c.id)
            .where(backtest_results.c.fingerprint == fingerprint)
            .order_by(jobs.c.id.desc())
            .limit(limit)
        )
        return [_job(row) for row in await self._session.all(query)]

    async def count_unfinished(self, caller: str | None = None) -> int:
        """Jobs queued or running; only that caller's when one is named."""
        query = select(func.count()).select_from(jobs).where(_UNFINISHED)
        return int(await self._session.scalar(query if caller is None else query.where(jobs.c.caller == caller)))

    async def claim(self, owner: str, now: datetime, stale_before: datetime) -> BacktestJob | None:
        """Take a job that is queued, or runs but was not heard of since `stale_before`.

        The most urgent, and of equal ones the oldest. It is marked as running for `owner`, as one attempt more; a job
        that another claimer is just taking is passed over.
        """
        free = or_(
            jobs.c.state == int(BacktestState.QUEUED),
            and_(jobs.c.state == int(BacktestState.RUNNING), jobs.c.heartbeat_time < stale_before),
        )
        first = (
            select(jobs.c.id)
            .where(_UNFINISHED, free)
            .order_by(jobs.c.priority.desc(), jobs.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        taken = (
            update(jobs)
            .where(jobs.c.id == first.scalar_subquery())
            .values(
                _progress_values(Progress(0, BacktestState.RUNNING))
                | {
                    "owner": owner,
                    "heartbeat_time": now,
                    "start_time": func.coalesce(jobs.c.start_time, now),
                    "attempts": jobs.c.attempts + 1,
                }
            )
            .returning(jobs)
        )
        row = await self._session.first(taken)
        return _job(row) if row else None

    async def release(self, backtest_id: str, owner: str) -> bool:
        """Queue a job run by `owner` again, as if it had not been claimed; False when it is no longer this owner's."""
        values = _progress_values(Progress(0, BacktestState.QUEUED)) | {
            "owner": None,
            "heartbeat_time": None,
            "attempts": jobs.c.attempts - 1,
        }
        released = await self._session.execute(update(jobs).where(_owned(backtest_id, owner)).values(values))
        return released.rowcount > 0

    async def save_progress(self, backtest_id: str, owner: str, progress: Progress, now: datetime) -> bool:
        """Record progress and a sign of life; False when the job is no longer this owner's to run.

        That is, when it was cancelled or taken over. The stored sequence grows with every change, and is never less
        than `progress.sequence`.
        """
        values = _progress_values(progress) | {"state": int(BacktestState.RUNNING), "heartbeat_time": now}
        saved = await self._session.execute(update(jobs).where(_owned(backtest_id, owner)).values(values))
        return saved.rowcount > 0

    async def finish(
        self, backtest_id: str, owner: str, progress: Progress, now: datetime, error: JobError | None = None
    ) -> bool:
        """Record the end of a job run by `owner`; False when it is no longer this owner's.

        `error` goes with FAILED and with nothing else: DataCorrupt otherwise.
        """
        values = _progress_values(progress) | {"end_time": now, **_error_values(error)}
        ended = await self._session.execute(update(jobs).where(_owned(backtest_id, owner)).values(values))
        return ended.rowcount > 0

    async def cancel(self, backtest_id: str, now: datetime) -> BacktestJob:
        """End it as CANCELLED. Raises NotFound, FailedPrecondition(BACKTEST_FINISHED)."""
        cancelled = (
            update(jobs)
            .where(jobs.c.id == backtest_id, _UNFINISHED)
            .values(
                state=int(BacktestState.CANCELLED),
                stage=int(BacktestStage.NONE),
                sequence=jobs.c.sequence + 1,
                remaining_s=None,
                end_time=now,
            )
            .returning(jobs)
        )
        row = await self._session.first(cancelled)
        if row is None:
            state = BacktestState((await self._find(backtest_id)).state).name
            raise FailedPrecondition(
                f"backtest {backtest_id} has ended as {state}",
                Reason.BACKTEST_FINISHED,
                metadata={"backtest": backtest_id, "state": state},
            )
        return _job(row)

    async def delete(self, backtest_id: str) -> None:
        """Remove a job that has ended, with its results. Raises NotFound, FailedPrecondition(BACKTEST_NOT_FINISHED)."""
        removed = await self._session.execute(delete(jobs).where(jobs.c.id == backtest_id, ~_UNFINISHED))
        if removed.rowcount == 0:
            state = BacktestState((await self._find(backtest_id)).state).name
            raise FailedPrecondition(
                f"backtest {backtest_id} is {state}: cancel it, or wait for its end",
                Reason.BACKTEST_NOT_FINISHED,
                metadata={"backtest": backtest_id, "state": state},
            )

    async def _find(self, backtest_id: str) -> Row[Any]:
        row = await self._session.first(select(jobs).where(jobs.c.id == backtest_id))
        if row is None:
            raise no_such_backtest(backtest_id)
        return row


def _owned(backtest_id: str, owner: str) -> ColumnElement[bool]:
    return and_(jobs.c.id == backtest_id, jobs.c.owner == owner, jobs.c.state == int(BacktestState.RUNNING))


def _progress_values(progress: Progress) -> dict[str, Any]:
    return {
        "sequence": func.greatest(jobs.c.sequence + 1, progress.sequence),
        "state": int(progress.state),
        "stage": int(progress.stage),
        "bars_done": progress.bars_done,
        "bars_total": progress.bars_total,
        "bars_per_second": progress.bars_per_second,
        "remaining_s": progress.remaining_s,
    }


def _error_values(error: JobError | None) -> dict[str, str | None]:
    return {"error_reason": error.reason if error else None, "error_message": error.message if error else None}


def _values(job: BacktestJob) -> dict[str, Any]:
    spec = job.spec
    return {
        "id": job.id,
        "strategy_id": spec.strategy_id,
        "parameters": dict(spec.parameters),
        "symbols": list(spec.symbols),
        "start_date": spec.sessions.start,
        "end_date": spec.sessions.end,
        "initial_capital": spec.initial_capital,
        "currency": spec.currency,
        "commission_bps": spec.commission_bps,
        "slippage_bps": spec.slippage_bps,
        "sizing": int(spec.sizing),
        "adjustment": int(spec.adjustment),
        "title": spec.title,
        "keep_open_at_end": spec.keep_open_at_end,
        "bar_interval": int(spec.interval),
        "account": int(spec.account),
        "fill_timing": int(spec.fill_timing),
        "path": int(spec.path),
        "limit_fills": int(spec.limit_fills),
        "commission": asdict(spec.commission) if spec.commission else None,
        "slippage": asdict(spec.slippage) if spec.slippage else None,
        "max_participation": spec.max_participation,
        "cash_buffer": spec.cash_buffer,
        "no_financing": spec.no_financing,
        "benchmark": spec.benchmark,
        "strategy_version": spec.strategy_version or None,
        "code_hash": spec.code_hash,
        **_progress_values(job.progress),
        "sequence": job.progress.sequence,
        "create_time": job.create_time,
        "start_time": job.start_time,
        "end_time": job.end_time,
        **_error_values(job.error),
        "attempts": job.attempts,
        "priority": job.priority,
        "caller": job.caller,
    }


def _spec(row: Row[Any]) -> BacktestSpec:
    return BacktestSpec(
        strategy_id=row.strategy_id,
        parameters=row.parameters,
        symbols=tuple(row.symbols),
        sessions=SessionRange(row.start_date, row.end_date),
        initial_capital=row.initial_capital,
        currency=row.currency,
        commission_bps=row.commission_bps,
        slippage_bps=row.slippage_bps,
        sizing=Sizing(row.sizing),
        adjustment=Adjustment(row.adjustment),
        title=row.title,
        keep_open_at_end=row.keep_open_at_end,
        interval=Interval(row.bar_interval),
        account=AccountType(row.account),
        fill_timing=FillTiming(row.fill_timing),
        path=PathPolicy(row.path),
        limit_fills=LimitPolicy(row.limit_fills),
        commission=_commission(row.commission) if row.commission else None,
        slippage=_slippage(row.slippage) if row.slippage else None,
        max_participation=row.max_participation,
        cash_buffer=row.cash_buffer,
        no_financing=row.no_financing,
        benchmark=row.benchmark,
        strategy_version=row.strategy_version or 0,
        code_hash=row.code_hash,
    )


def _commission(stored: dict[str, Any]) -> CommissionTerms:
    return CommissionTerms(**stored | {"plan": CommissionPlan(stored["plan"])})


def _slippage(stored: dict[str, Any]) -> SlippageTerms:
    return SlippageTerms(**stored | {"model": SlippageKind(stored["model"])})


def _job(row: Row[Any]) -> BacktestJob:
    progress = Progress(
        sequence=row.sequence,
        state=BacktestState(row.state),
        stage=BacktestStage(row.stage),
        bars_done=row.bars_done,
        bars_total=row.bars_total,
        bars_per_second=row.bars_per_second,
        remaining_s=row.remaining_s,
    )
    error = JobError(Reason(row.error_reason), row.error_message) if row.error_reason else None
    return BacktestJob(
        id=row.id,
        spec=_spec(row),
        progress=progress,
        create_time=row.create_time,
        start_time=row.start_time,
        end_time=row.end_time,
        error=error,
        attempts=row.attempts,
        priority=row.priority,
        caller=row.caller,
    )
