"""What backtests came to, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, fields

import numpy as np
from sqlalchemy import insert, select

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
from scizor.ports.backtests import BacktestResults

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
        await self._session.execute(
            insert(backtest_results).values(backtest_id=backtest_id, warnings=list(results.warnings), **plain)
        )
        await self._session.copy_records(
            backtest_metrics.name,
            ("backtest_id", "place", *_METRIC),
            [(backtest_id, place, *astuple(metric)) for place, metric in enumerate(results.metrics)],
        )
        await self._session.copy_records(
            backtest_trades.name, ("backtest_id", *_TRADE), [(backtest_id, *astuple(trade)) for trade in trades]
        )
        columns = {name: getattr(curve, name).tolist() for name in ("days", "close_ns", *_CURVE)}
        await self._session.execute(insert(backtest_equity).values(backtest_id=backtest_id, **columns))

    async def results(self, backtest_id: str) -> BacktestResults:
        """Raises NotFound, FailedPrecondition(BACKTEST_NOT_FINISHED)."""
        await self._demand_results(backtest_id)
        row = (
            await self._session.execute(select(backtest_results).where(backtest_results.c.backtest_id == backtest_id))
        ).one()
        query = (
            select(backtest_metrics)
            .where(backtest_metrics.c.backtest_id == backtest_id)
            .order_by(backtest_metrics.c.place)
        )
        found = [Metric(**{name: getattr(row, name) for name in _METRIC}) for row in await self._session.all(query)]
        plain = {name: getattr(row, name) for name in _PLAIN}
        plain |= {name: kind(**getattr(row, name)) for name, kind in _GROUPS.items()}
        return BacktestResults(metrics=tuple(found), warnings=tuple(row.warnings), **plain)

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

    async def _demand_results(self, backtest_id: str) -> None:
        number = await self._session.scalar(select(backtest_jobs.c.state).where(backtest_jobs.c.id == backtest_id))
        if number is None:
            raise no_such_backtest(backtest_id)
        state = BacktestState(number)
        if state is not BacktestState.SUCCEEDED:
            raise FailedPrecondition(
                f"backtest {backtest_id} is {state.name} and has no results",
                Reason.BACKTEST_NOT_FINISHED,
                metadata={"backtest": backtest_id, "state": state.name},
            )


def no_such_backtest(backtest_id: str) -> NotFound:
    """The error for an id that names no backtest."""
    return NotFound(
        f"backtest {backtest_id} does not exist", Reason.BACKTEST_NOT_FOUND, metadata={"backtest": backtest_id}
    )
