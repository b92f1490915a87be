"""The queue of optimisations in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from asyncpg import Record
from sqlalchemy import ColumnElement, and_, bindparam, func, insert, or_, select, update

from scizor.adapters.sql.documents import from_document
from scizor.adapters.sql.prepared import Prepared
from scizor.adapters.sql.tables import optimizations as jobs
from scizor.adapters.sql.trials import SqlTrials, no_such_optimization
from scizor.codec.plain import to_plain
from scizor.domain.backtests import JobError
from scizor.domain.errors import FailedPrecondition, Reason
from scizor.domain.optimizations import (
    Optimization,
    OptimizationProgress,
    OptimizationSpec,
    OptimizationStage,
    OptimizationState,
    Verdict,
)
from scizor.ports.optimizations import OptimizationFilter, TrialBatch

_QUEUED, _RUNNING, _PAUSED = (int(state) for state in list(OptimizationState)[:3])
_UNFINISHED = jobs.c.state <= _PAUSED  # as the partial index has it


_PROGRESS = ("state", "stage", "done", "failed", "left_out", "total", "trials_per_second", "remaining_s")


def _new(*names: str) -> dict[str, Any]:
    """Values that are given by name with each call."""
    return {name: bindparam(f"new_{name}") for name in names}


_NEXT = {"sequence": func.greatest(jobs.c.sequence + 1, bindparam("new_sequence", type_=jobs.c.sequence.type))}
_OWNED = and_(jobs.c.id == bindparam("id"), jobs.c.owner == bindparam("by"), jobs.c.state == _RUNNING)
_SAVED = update(jobs).where(_OWNED).returning(jobs.c.key, jobs.c.sequence)
_ENDING = ("end_time", "error_reason", "error_message", "verdict")

_ADD = Prepared(
    insert(jobs).values(
        _new("id", "strategy_id", "family", "spec", "sequence", "attempts", "create_time", *_PROGRESS),
    )
)
_FIND = Prepared(select(jobs).where(jobs.c.id == bindparam("id")))
_SAVE = Prepared(_SAVED.values(_NEXT | _new("heartbeat_time", *_PROGRESS)))
_SAVE_BATCH = Prepared(_SAVED.values(_NEXT | _new("heartbeat_time", *_PROGRESS) | {"attempts": 0}))
_FINISH = Prepared(_SAVED.values(_NEXT | _new(*_ENDING, *_PROGRESS)))
_STALE = and_(jobs.c.state == _RUNNING, jobs.c.heartbeat_time < bindparam("stale_before"))
_OLDEST = (
    select(jobs.c.id)
    .where(_UNFINISHED, or_(jobs.c.state == _QUEUED, _STALE))
    .order_by(jobs.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_CLAIM = Prepared(
    update(jobs)
    .where(jobs.c.id == _OLDEST.scalar_subquery())
    .values(
        sequence=jobs.c.sequence + 1,
        state=_RUNNING,
        stage=int(OptimizationStage.NONE),
        start_time=func.coalesce(jobs.c.start_time, bindparam("new_heartbeat_time")),
        attempts=jobs.c.attempts + 1,
        **_new("owner", "heartbeat_time"),
    )
    .returning(jobs)
)


class SqlOptimizations(SqlTrials):
    """`ports.optimizations.OptimizationRepository`."""

    async def add(self, optimization: Optimization, family: str) -> None:
        """Store a queued one."""
        await _ADD.rows(
            self._session,
            new_id=optimization.id,
            new_strategy_id=optimization.spec.backtest.strategy_id,
            new_family=family,
            new_spec=json.dumps(to_plain(optimization.spec)),
            new_attempts=optimization.attempts,
            new_create_time=optimization.create_time,
            **_values(optimization.progress),
        )

    async def get(self, optimization_id: str) -> Optimization:
        """One, as it stands."""
        return await self._find(optimization_id)

    async def page(self, which: OptimizationFilter, before: str | None, limit: int) -> list[Optimization]:
        """Newest first, those older than the id `before`; ids sort by time."""
        query = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
        if which.strategy_id:
            query = query.where(jobs.c.strategy_id == which.strategy_id)
        if which.state is not None:
            query = query.where(jobs.c.state == int(which.state))
        if before is not None:
            query = query.where(jobs.c.id < before)
        return [_optimization(row._asdict()) for row in await self._session.all(query)]

    async def count_unfinished(self) -> int:
        """Those queued, running or paused."""
        return int(await self._session.scalar(select(func.count()).select_from(jobs).where(_UNFINISHED)))

    async def claim(self, owner: str, now: datetime, stale_before: datetime) -> Optimization | None:
        """Take the oldest that is queued, or runs but was not heard of since `stale_before`; as one attempt more."""
        row = await _CLAIM.row(self._session, new_owner=owner, new_heartbeat_time=now, stale_before=stale_before)
        return _optimization(row) if row else None

    async def release(self, optimization_id: str, owner: str) -> bool:
        """Queue one run by `owner` again, as if it had not been claimed; False when it is no longer this owner's."""
        values = _resting(OptimizationState.QUEUED) | {"attempts": func.greatest(jobs.c.attempts - 1, 0)}
        owned = and_(jobs.c.id == optimization_id, jobs.c.owner == owner, jobs.c.state == _RUNNING)
        return await self._session.first(update(jobs).where(owned).values(values).returning(jobs.c.key)) is not None

    async def save_progress(
        self, optimization_id: str, owner: str, progress: OptimizationProgress, now: datetime
    ) -> int | None:
        """Record progress and a sign of life; its sequence, or None when it is no longer this owner's to run."""
        values = _values(replace(progress, state=OptimizationState.RUNNING))
        row = await _SAVE.row(self._session, id=optimization_id, by=owner, new_heartbeat_time=now, **values)
        return None if row is None else int(row["sequence"])

    async def save_batch(
        self, optimization_id: str, owner: str, batch: TrialBatch, progress: OptimizationProgress, now: datetime
    ) -> int | None:
        """The same with trials that are done; nothing is stored when it is no longer this owner's."""
        values = _values(replace(progress, state=OptimizationState.RUNNING))
        row = await _SAVE_BATCH.row(self._session, id=optimization_id, by=owner, new_heartbeat_time=now, **values)
        if row is None:
            return None
        await self._add_batch(row["key"], row["sequence"], batch)
        return int(row["sequence"])

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
        row = await _FINISH.row(
            self._session,
            id=optimization_id,
            by=owner,
            new_end_time=now,
            new_error_reason=error.reason if error else None,
            new_error_message=error.message if error else None,
            new_verdict=json.dumps(to_plain(verdict)) if verdict else None,
            **_values(progress),
        )
        return None if row is None else int(row["sequence"])

    async def cancel(self, optimization_id: str, now: datetime) -> Optimization:
        """End it as CANCELLED. Raises FailedPrecondition(OPTIMIZATION_FINISHED)."""
        return await self._turn(optimization_id, _UNFINISHED, _resting(OptimizationState.CANCELLED) | {"end_time": now})

    async def pause(self, optimization_id: str) -> Optimization:
        """Let it rest."""
        busy = jobs.c.state < _PAUSED
        return await self._turn(optimization_id, busy, _resting(OptimizationState.PAUSED), OptimizationState.PAUSED)

    async def resume(self, optimization_id: str) -> Optimization:
        """Queue a resting one."""
        resting = jobs.c.state == _PAUSED
        under_way = (OptimizationState.QUEUED, OptimizationState.RUNNING)
        values = _resting(OptimizationState.QUEUED) | {"attempts": 0}
        return await self._turn(optimization_id, resting, values, *under_way)

    async def _turn(
        self, optimization_id: str, when: ColumnElement[bool], values: dict[str, Any], *also: OptimizationState
    ) -> Optimization:
        """Change it when that holds; in the states `also` it stays as it is."""
        changing = update(jobs).where(jobs.c.id == optimization_id, when).values(values).returning(jobs)
        row = await self._session.first(changing)
        found = _optimization(row._asdict()) if row else await self._find(optimization_id)
        if row is None and found.progress.state not in also:
            raise FailedPrecondition(
                f"optimization {optimization_id} has ended as {found.progress.state.name}",
                Reason.OPTIMIZATION_FINISHED,
                metadata={"optimization": optimization_id, "state": found.progress.state.name},
            )
        return found

    async def _find(self, optimization_id: str) -> Optimization:
        row = await _FIND.row(self._session, id=optimization_id)
        if row is None:
            raise no_such_optimization(optimization_id)
        return _optimization(row)


def _resting(state: OptimizationState) -> dict[str, Any]:
    """Nobody's any more; what it came to so far stays."""
    return {
        "sequence": jobs.c.sequence + 1,
        "state": int(state),
        "stage": int(OptimizationStage.NONE),
        "remaining_s": None,
        "owner": None,
        "heartbeat_time": None,
    }


def _values(progress: OptimizationProgress) -> dict[str, Any]:
    return {"new_sequence": progress.sequence} | {f"new_{name}": getattr(progress, name) for name in _PROGRESS}


def _optimization(row: Record | Mapping[str, Any]) -> Optimization:
    progress = OptimizationProgress(
        sequence=row["sequence"],
        state=OptimizationState(row["state"]),
        stage=OptimizationStage(row["stage"]),
        done=row["done"],
        failed=row["failed"],
        left_out=row["left_out"],
        total=row["total"],
        trials_per_second=row["trials_per_second"],
        remaining_s=row["remaining_s"],
    )
    return Optimization(
        id=row["id"],
        spec=from_document(OptimizationSpec, row["spec"]),
        progress=progress,
        create_time=row["create_time"],
        start_time=row["start_time"],
        end_time=row["end_time"],
        error=JobError(Reason(row["error_reason"]), row["error_message"]) if row["error_reason"] else None,
        attempts=row["attempts"],
        verdict=from_document(Verdict, row["verdict"]) if row["verdict"] else None,
    )
