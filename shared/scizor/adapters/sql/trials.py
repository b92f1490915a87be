"""Trials in PostgreSQL: written and read as records, never row by row."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
from sqlalchemy import bindparam, func, insert, select, text

from scizor.adapters.sql.binary_copy import encode
from scizor.adapters.sql.prepared import Prepared
from scizor.adapters.sql.session import Session
from scizor.adapters.sql.tables import optimizations as jobs
from scizor.adapters.sql.tables import trial_batches, trials
from scizor.adapters.sql.trial_records import from_copy, to_records
from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput, NotFound, Reason
from scizor.domain.optimizations import METRICS
from scizor.ports.optimizations import StoredBatch, TrialBatch, TrialColumns, TrialOrder

_COLUMNS = ", ".join(column.name for column in trials.columns)
_FAMILY = Prepared(
    text("""
SELECT count(*) AS n, var_samp(sharpe) AS variance FROM (
    SELECT min(sharpe) AS sharpe FROM trials JOIN optimizations ON key = optimization_key
    WHERE family = (SELECT family FROM optimizations WHERE id = :id) AND NOT trials.failed AND sharpe <> 'NaN'
    GROUP BY signature ORDER BY signature
) AS different
""")
)
_AXES = func.json_array_length(jobs.c.spec["space"]["axes"])
_SHAPE = Prepared(select(jobs.c.key, _AXES.label("n_axes")).where(jobs.c.id == bindparam("id")))
_ADD_BATCH = Prepared(
    insert(trial_batches).values({column.name: bindparam(f"new_{column.name}") for column in trial_batches.columns})
)


class SqlTrials:
    """The part of `ports.optimizations.OptimizationRepository` that is about trials."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def batches(self, optimization_id: str, after_sequence: int, limit: int) -> list[StoredBatch]:
        """Stored batches in the order they were stored, those behind the sequence."""
        key, _ = await self._shape(optimization_id)
        query = (
            select(trial_batches.c.sequence, trial_batches.c.first, trial_batches.c.count)
            .where(trial_batches.c.optimization_key == key, trial_batches.c.sequence > after_sequence)
            .order_by(trial_batches.c.sequence)
            .limit(limit)
        )
        return [StoredBatch(*map(int, row)) for row in await self._session.all(query)]

    async def trials(self, optimization_id: str, first: int, count: int) -> TrialColumns:
        """Those of a range of numbers, ascending."""
        where = f"number BETWEEN {first:d} AND {first + count - 1:d}"
        return await self._read(optimization_id, f"AND {where} ORDER BY number")

    async def ordered(self, optimization_id: str, order: TrialOrder, after: int, limit: int) -> TrialColumns:
        """Trials in some order, those behind the trial of the number `after`; 0 for all. Equal ones are by number."""
        if order.metric and order.metric not in METRICS:
            raise InvalidInput.of_field("order_by", f"there is no {order.metric!r}")
        # NaN sorts as the greatest, and so does its negative: last both ways.
        sign = "-" if order.descending else ""
        by = f"{sign}{order.metric}, number" if order.metric else f"{sign}number"
        feasible = "AND feasible" if order.feasible_only else ""
        one = f"SELECT {by} FROM trials WHERE optimization_key = {{key:d}} AND number = {after:d}"  # noqa: S608 - as below
        behind = f"AND ({by}) > ({one})" if after else ""
        return await self._read(optimization_id, f"{feasible} {behind} ORDER BY {by} LIMIT {limit:d}")

    async def judged_by(self, optimization_id: str) -> TrialBatch:
        """All trials by number, with what they are judged by."""
        key, _ = await self._shape(optimization_id)
        query = (
            select(trial_batches.c.count.label("n"), trial_batches.c.scores, trial_batches.c.sums)
            .where(trial_batches.c.optimization_key == key)
            .order_by(trial_batches.c.first)
        )
        found = await self._session.all(query)
        columns = await self._read(optimization_id, "ORDER BY number")
        return TrialBatch(columns, _joined(found, "scores"), _joined(found, "sums"))

    async def family_trials(self, optimization_id: str) -> tuple[int, float]:
        """How many different trials all optimisations of the same family have, and the variance of their Sharpe."""
        row = await _FAMILY.row(self._session, id=optimization_id)
        if row is None or row["variance"] is None:
            return (0 if row is None else int(row["n"])), math.nan
        return int(row["n"]), float(row["variance"])

    async def _add_batch(self, key: int, sequence: int, batch: TrialBatch) -> None:
        columns = batch.trials
        await _ADD_BATCH.rows(
            self._session,
            new_optimization_key=key,
            new_first=int(columns.numbers[0]),
            new_count=len(columns),
            new_sequence=sequence,
            new_errors=json.dumps({str(number): message for number, message in columns.errors.items()}),
            new_scores=_bytes(batch.scores),
            new_sums=_bytes(batch.sums),
        )
        await self._session.copy_in(trials.name, encode([to_records(key, columns)]))

    async def _read(self, optimization_id: str, rest: str) -> TrialColumns:
        """`rest`: of the query, built of constants and numbers; `{key:d}` in it stands for the optimisation's key."""
        key, n_axes = await self._shape(optimization_id)
        rest = rest.format(key=key)
        query = f"SELECT {_COLUMNS} FROM trials WHERE optimization_key = {key:d} {rest}"  # noqa: S608 - see above
        copied = await self._session.copy_out(query)
        return from_copy(copied, n_axes, await self._errors(key))

    async def _errors(self, key: int) -> dict[int, str]:
        told = text("SELECT errors FROM trial_batches WHERE optimization_key = :key AND errors::text <> '{}'")
        rows = await self._session.all(told, {"key": key})
        return {int(number): message for row in rows for number, message in row.errors.items()}

    async def _shape(self, optimization_id: str) -> tuple[int, int]:
        """The key, and how many codes a set has."""
        row = await _SHAPE.row(self._session, id=optimization_id)
        if row is None:
            raise no_such_optimization(optimization_id)
        return int(row["key"]), int(row["n_axes"])


def no_such_optimization(optimization_id: str) -> NotFound:
    """The error for an id that names no optimisation."""
    return NotFound(
        f"optimization {optimization_id} does not exist",
        Reason.OPTIMIZATION_NOT_FOUND,
        metadata={"optimization": optimization_id},
    )


def _bytes(values: FloatArray) -> bytes:
    return np.ascontiguousarray(values, "<f8").tobytes()


def _joined(rows: Any, name: str) -> FloatArray:
    """Of all batches, shape (n, parts, 2)."""
    n = sum(row.n for row in rows)
    flat = np.frombuffer(b"".join(getattr(row, name) for row in rows), "<f8")
    return flat.reshape(n, len(flat) // (2 * max(n, 1)), 2).astype(np.float64)
