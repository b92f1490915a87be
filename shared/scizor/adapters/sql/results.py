"""What backtests came to, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from operator import attrgetter
from typing import Any

import numpy as np
from sqlalchemy import Select, bindparam, func, insert, select

from scizor.adapters.sql.binary_copy import array_field, encode_row, text_field
from scizor.adapters.sql.prepared import Prepared
from scizor.adapters.sql.session import Session
from scizor.adapters.sql.tables import (
    backtest_equity,
    backtest_jobs,
    backtest_metrics,
    backtest_results,
    backtest_trades,
)
from scizor.domain.backtests import BacktestState
from scizor.domain.errors import FailedPrecondition, NotFound, Reason
from scizor.domain.metrics import Metric
from scizor.domain.orders import FillCause
from scizor.domain.outcomes import Ambiguity, CostLines, Direction, EquityCurve, RunCounts, Trade
from scizor.ports.backtests import BacktestResults, RunFigures

_GROUPS: Mapping[str, type[CostLines | Ambiguity | RunCounts]] = {
    "costs": CostLines,
    "ambiguity": Ambiguity,
    "counts": RunCounts,
}
_PLAIN = tuple(field.name for field in fields(BacktestResults) if field.name not in ("metrics", "warnings", *_GROUPS))
_METRIC = tuple(field.name for field in fields(Metric))
_TRADE = tuple(field.name for field in fields(Trade))
_KINDS = {"direction": Direction, "entry_reason": FillCause, "exit_reason": FillCause}
_CURVE = ("equity", "cash", "drawdown", "exposure")
_COLUMNS: Mapping[str, type] = {"days": np.int32, "close_ns": np.int64, **dict.fromkeys(_CURVE, np.float64)}
# `astuple` copies every value: half a second for ten thousand trades, in which the loop does nothing else.
_metric_values, _trade_values = attrgetter(*_METRIC), attrgetter(*_TRADE)

# Built once: to build a statement takes longer than to run it.
_NEW_RESULTS = insert(backtest_results)
_RESULTS = Prepared(select(backtest_results).where(backtest_results.c.backtest_id == bindparam("wanted")))
_METRICS = Prepared(
    select(*[backtest_metrics.c[name] for name in _METRIC])
    .where(backtest_metrics.c.backtest_id == bindparam("wanted"))
    .order_by(backtest_metrics.c.place)
)
_STATE = Prepared(select(backtest_jobs.c.state).where(backtest_jobs.c.id == bindparam("wanted")))


class SqlBacktestResults:
    """The part of `ports.backtests.BacktestRepository` that is about results."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def save_results(
        self, backtest_id: str, results: BacktestResults, trades: Sequence[Trade], curve: EquityCurve
    ) -> None:
        """Store what it came to; in one unit of work with `finish`."""
        plain = {name: getattr(results, name) for name in _PLAIN}
        plain |= {name: asdict(getattr(results, name)) for name in _GROUPS}
        plain |= {"backtest_id": backtest_id, "warnings": list(results.warnings)}
        await self._session.execute(_NEW_RESULTS, plain)
        await self._session.copy_records(
            backtest_metrics.name,
            ("backtest_id", "place", *_METRIC),
            [(backtest_id, place, *_metric_values(metric)) for place, metric in enumerate(results.metrics)],
        )
        await self._session.copy_records(
            backtest_trades.name, ("backtest_id", *_TRADE), ((backtest_id, *_trade_values(trade)) for trade in trades)
        )
        columns = [array_field(np.ascontiguousarray(getattr(curve, name), kind)) for name, kind in _COLUMNS.items()]
        row = encode_row([text_field(backtest_id), *columns])
        await self._session.copy_in(backtest_equity.name, row, ("backtest_id", *_COLUMNS))

    async def results(self, backtest_id: str) -> BacktestResults:
        """Raises NotFound, FailedPrecondition(BACKTEST_NOT_FINISHED)."""
        await self._demand_results(backtest_id)
        (row,) = await _RESULTS.rows(self._session, wanted=backtest_id)
        found = [Metric(*metric) for metric in await _METRICS.rows(self._session, wanted=backtest_id)]
        plain = {name: row[name] for name in _PLAIN}
        plain |= {name: kind(**row[name]) for name, kind in _GROUPS.items()}
        return BacktestResults(metrics=tuple(found), warnings=tuple(row["warnings"]), **plain)

    async def trades(self, backtest_id: str, after_number: int, limit: int) -> list[Trade]:
        """Trades with a greater number, ascending; raises as `results`."""
        await self._demand_results(backtest_id)
        query = (
            select(backtest_trades)
            .where(backtest_trades.c.backtest_id == backtest_id, backtest_trades.c.number > after_number)
            .order_by(backtest_trades.c.number)
            .limit(limit)
        )
        return [
            Trade(
                **{name: getattr(row, name) for name in _TRADE}
                | {name: kind(getattr(row, name)) for name, kind in _KINDS.items()}
            )
            for row in await self._session.all(query)
        ]

    async def curve(self, backtest_id: str) -> EquityCurve:
        """The whole curve; raises as `results`."""
        await self._demand_results(backtest_id)
        row = (
            await self._session.execute(select(backtest_equity).where(backtest_equity.c.backtest_id == backtest_id))
        ).one()
        columns = {name: np.array(getattr(row, name), dtype=np.float64) for name in _CURVE}
        close_ns = np.array(row.close_ns, dtype=np.int64)
        return EquityCurve(days=np.array(row.days, dtype=np.int32), close_ns=close_ns, **columns)

    async def states(self, strategy_id: str, version: int = 0) -> Mapping[BacktestState, int]:
        """How many backtests of a strategy stand where; of all versions for 0. States that none is in are absent."""
        query = _of_strategy(select(backtest_jobs.c.state, func.count().label("jobs")), strategy_id, version)
        found = await self._session.all(query.group_by(backtest_jobs.c.state))
        return {BacktestState(row.state): row.jobs for row in found}

    async def figures(self, strategy_id: str, version: int, names: Sequence[str], limit: int) -> list[RunFigures]:
        """Metrics of these names of its newest `limit` backtests that succeeded, newest first; version as above."""
        columns = backtest_jobs.c.id, backtest_jobs.c.create_time, backtest_jobs.c.strategy_version
        succeeded = select(*columns).where(backtest_jobs.c.state == int(BacktestState.SUCCEEDED))
        runs = _of_strategy(succeeded, strategy_id, version).order_by(backtest_jobs.c.id.desc()).limit(limit).subquery()
        metrics = backtest_metrics.c
        joined = runs.outerjoin(backtest_metrics, (metrics.backtest_id == runs.c.id) & metrics.name.in_(list(names)))
        query = select(runs, *[metrics[name] for name in _METRIC]).select_from(joined)
        found: dict[str, RunFigures] = {}
        metrics_of: dict[str, dict[str, Metric]] = {}
        for row in await self._session.all(query.order_by(runs.c.id.desc(), metrics.place)):
            own = metrics_of.setdefault(row.id, {})
            found.setdefault(row.id, RunFigures(row.id, row.create_time, row.strategy_version or 0, own))
            if row.name is not None:
                own[row.name] = Metric(**{name: getattr(row, name) for name in _METRIC})
        return list(found.values())

    async def _demand_results(self, backtest_id: str) -> None:
        row = await _STATE.row(self._session, wanted=backtest_id)
        if row is None:
            raise no_such_backtest(backtest_id)
        state = BacktestState(row["state"])
        if state is not BacktestState.SUCCEEDED:
            raise FailedPrecondition(
                f"backtest {backtest_id} is {state.name} and has no results",
                Reason.BACKTEST_NOT_FINISHED,
                metadata={"backtest": backtest_id, "state": state.name},
            )


def _of_strategy(query: Select[Any], strategy_id: str, version: int) -> Select[Any]:
    query = query.where(backtest_jobs.c.strategy_id == strategy_id)
    return query.where(backtest_jobs.c.strategy_version == version) if version else query


def no_such_backtest(backtest_id: str) -> NotFound:
    """The error for an id that names no backtest."""
    return NotFound(
        f"backtest {backtest_id} does not exist", Reason.BACKTEST_NOT_FOUND, metadata={"backtest": backtest_id}
    )
