"""The queue of backtests in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import asyncpg
from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update

from scizor.adapters.sql.backtest_rows import error_values, job_of, values_of
from scizor.adapters.sql.prepared import Prepared
from scizor.adapters.sql.results import SqlBacktestResults, no_such_backtest
from scizor.adapters.sql.tables import backtest_jobs as jobs
from scizor.adapters.sql.tables import backtest_results
from scizor.domain.backtests import BacktestJob, BacktestStage, BacktestState, JobError, Progress
from scizor.domain.errors import FailedPrecondition, Reason
from scizor.ports.backtests import BacktestFilter

_RUNNING: Final = int(BacktestState.RUNNING)
_UNFINISHED = jobs.c.state <= _RUNNING  # as the partial index has it

# What every job does is built once: building a statement costs more than the server takes to run it.
_BY_ID = Prepared(select(jobs).where(jobs.c.id == bindparam("wanted")))
_ADDED = insert(jobs)
_COUNTED = Prepared(
    select(func.count().label("all"), func.count().filter(jobs.c.caller == bindparam("by")).label("callers")).where(
        _UNFINISHED
    )
)

_at_work = (
    select(jobs.c.caller, func.count().label("jobs")).where(jobs.c.state == _RUNNING).group_by(jobs.c.caller).subquery()
)
_first = (
    select(jobs.c.id)
    .outerjoin(_at_work, _at_work.c.caller == jobs.c.caller)
    .where(
        _UNFINISHED,
        or_(
            jobs.c.state == int(BacktestState.QUEUED),
            and_(jobs.c.state == _RUNNING, jobs.c.heartbeat_time < bindparam("stale_before")),
        ),
    )
    .order_by(jobs.c.priority.desc(), func.coalesce(_at_work.c.jobs, 0), jobs.c.id)
    .limit(1)
    .with_for_update(skip_locked=True, of=jobs)
)
_CLAIMED = Prepared(
    update(jobs)
    .where(jobs.c.id == _first.scalar_subquery())
    .values(
        sequence=jobs.c.sequence + 1,
        state=_RUNNING,
        stage=int(BacktestStage.NONE),
        bars_done=0,
        bars_total=0,
        bars_per_second=0.0,
        remaining_s=None,
        owner=bindparam("by"),
        heartbeat_time=bindparam("now"),
        start_time=func.coalesce(jobs.c.start_time, bindparam("now")),
        attempts=jobs.c.attempts + 1,
    )
    .returning(jobs)
)
_OWNED = update(jobs).where(jobs.c.id == bindparam("wanted"), jobs.c.owner == bindparam("by"), jobs.c.state == _RUNNING)
_PROGRESS: dict[str, Any] = {name: bindparam(f"new_{name}") for name in asdict(Progress(0, BacktestState.QUEUED))} | {
    "sequence": func.greatest(jobs.c.sequence + 1, bindparam("new_sequence"))
}
_TOLD = Prepared(_OWNED.values(_PROGRESS | {"heartbeat_time": bindparam("now")}).returning(jobs.c.id))
_ENDING: dict[str, Any] = {name: bindparam(f"new_{name}") for name in ("end_time", "error_reason", "error_message")}
_FINISHED = Prepared(_OWNED.values(_PROGRESS | _ENDING).returning(jobs.c.id))
_RELEASED = Prepared(
    _OWNED.values(
        _PROGRESS | {"owner": None, "heartbeat_time": None, "attempts": jobs.c.attempts - bindparam("uncounted")}
    ).returning(jobs.c.id)
)


class SqlBacktests(SqlBacktestResults):
    """`ports.backtests.BacktestRepository`."""

    async def add(self, job: BacktestJob) -> None:
        """Store a queued job."""
        await self._session.execute(_ADDED, values_of(job))

    async def get(self, backtest_id: str) -> BacktestJob:
        """One job. Raises NotFound(BACKTEST_NOT_FOUND)."""
        return job_of(await self._find(backtest_id))

    async def page(self, which: BacktestFilter, before: str | None, limit: int) -> list[BacktestJob]:
        """Newest first, those older than the id `before`; ids sort by time."""
        query = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
        if which.strategy_id:
            query = query.where(jobs.c.strategy_id == which.strategy_id)
        if which.state is not None:
            query = query.where(jobs.c.state == int(which.state))
        if before is not None:
            query = query.where(jobs.c.id < before)
        return [job_of(row._mapping) for row in await self._session.all(query)]

    async def computed(self, fingerprint: str, limit: int) -> list[BacktestJob]:
        """Those that succeeded with this fingerprint, newest first."""
        query = (
            select(jobs)
            .join(backtest_results, backtest_results.c.backtest_id == jobs.c.id)
            .where(backtest_results.c.fingerprint == fingerprint)
            .order_by(jobs.c.id.desc())
            .limit(limit)
        )
        return [job_of(row._mapping) for row in await self._session.all(query)]

    async def count_unfinished(self, caller: str) -> tuple[int, int]:
        """Jobs queued or running: all of them, and that caller's."""
        (row,) = await _COUNTED.rows(self._session, by=caller)
        return row["all"], row["callers"]

    async def claim(self, owner: str, now: datetime, stale_before: datetime) -> BacktestJob | None:
        """Take a job that is queued, or runs but was not heard of since `stale_before`.

        The most urgent; of equal ones that of the caller with the fewest at work, then the oldest. It is marked as
        running for `owner`, as one attempt more; a job that another claimer is just taking is passed over.
        """
        row = await _CLAIMED.row(self._session, by=owner, now=now, stale_before=stale_before)
        return job_of(row) if row else None

    async def release(self, backtest_id: str, owner: str, *, counted: bool = False) -> bool:
        """Queue a job run by `owner` again; False when it is no longer this owner's.

        `counted`: the attempt counts; else it is as if the job had not been claimed.
        """
        queued = _progress(Progress(0, BacktestState.QUEUED))
        return await self._changed(_RELEASED, backtest_id, owner, {**queued, "uncounted": 0 if counted else 1})

    async def save_progress(self, backtest_id: str, owner: str, progress: Progress, now: datetime) -> bool:
        """Record progress and a sign of life; False when the job is no longer this owner's to run.

        That is, when it was cancelled or taken over. The stored sequence grows with every change, and is never less
        than `progress.sequence`.
        """
        told = _progress(progress) | {"new_state": _RUNNING, "now": now}
        return await self._changed(_TOLD, backtest_id, owner, told)

    async def finish(
        self, backtest_id: str, owner: str, progress: Progress, now: datetime, error: JobError | None = None
    ) -> bool:
        """Record the end of a job run by `owner`; False when it is no longer this owner's.

        `error` goes with FAILED and with nothing else: DataCorrupt otherwise.
        """
        why = {f"new_{name}": value for name, value in error_values(error).items()}
        return await self._changed(_FINISHED, backtest_id, owner, {**_progress(progress), "new_end_time": now, **why})

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
            state = BacktestState((await self._find(backtest_id))["state"]).name
            raise FailedPrecondition(
                f"backtest {backtest_id} has ended as {state}",
                Reason.BACKTEST_FINISHED,
                metadata={"backtest": backtest_id, "state": state},
            )
        return job_of(row._mapping)

    async def delete(self, backtest_id: str) -> None:
        """Remove a job that has ended, with its results. Raises NotFound, FailedPrecondition(BACKTEST_NOT_FINISHED)."""
        removed = await self._session.execute(delete(jobs).where(jobs.c.id == backtest_id, ~_UNFINISHED))
        if removed.rowcount == 0:
            state = BacktestState((await self._find(backtest_id))["state"]).name
            raise FailedPrecondition(
                f"backtest {backtest_id} is {state}: cancel it, or wait for its end",
                Reason.BACKTEST_NOT_FINISHED,
                metadata={"backtest": backtest_id, "state": state},
            )

    async def _changed(self, change: Prepared, backtest_id: str, owner: str, values: dict[str, Any]) -> bool:
        return await change.row(self._session, wanted=backtest_id, by=owner, **values) is not None

    async def _find(self, backtest_id: str) -> asyncpg.Record:
        row = await _BY_ID.row(self._session, wanted=backtest_id)
        if row is None:
            raise no_such_backtest(backtest_id)
        return row


def _progress(progress: Progress) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in asdict(progress).items()}
