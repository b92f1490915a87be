"""A finished run as storage and the wire take it: dates and names in place of indices."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.orders import FillCause
from scizor.domain.outcomes import Ambiguity, CostLines, Direction, EquityCurve, RunCounts, Trade
from scizor.engine.panel import Panel
from scizor.engine.result import Result
from scizor.ports.backtests import BacktestResults

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a backtest came to, as storage takes it."""

    results: BacktestResults
    trades: tuple[Trade, ...]
    curve: EquityCurve


def trades_of(result: Result, panel: Panel, mae: FloatArray, mfe: FloatArray) -> tuple[Trade, ...]:
    """The round trips in order of exit. `mae`, `mfe`: their excursions, shape (n_trades,), NaN where unknown."""
    rows = _Rows(panel)
    records = zip(result.trades, _or_none(mae), _or_none(mfe), strict=True)
    return tuple(
        _trade(number, record, result, rows, (adverse, favourable))
        for number, (record, adverse, favourable) in enumerate(records, start=1)
    )


def curve_of(result: Result, panel: Panel) -> EquityCurve:
    """The account's value at the close of each row."""
    return EquityCurve(
        days=panel.sessions.astype(np.int32),
        equity=result.equity,
        cash=result.cash,
        drawdown=result.equity / np.maximum.accumulate(result.equity) - 1.0,
        exposure=result.gross_exposure,
        close_ns=panel.close_ns,
    )


def costs_of(result: Result) -> CostLines:
    """Where equity went that prices did not move."""
    return CostLines(**asdict(result.costs))


def ambiguity_of(result: Result) -> Ambiguity:
    """What hung on the way prices went within bars."""
    told = result.ambiguity
    return Ambiguity(bars=told.n_bars, best=told.best, worst=told.worst, touch_fills=told.n_touch_fills)


def counts_of(result: Result) -> RunCounts:
    """What happened how often."""
    return RunCounts(
        orders=len(result.orders),
        fills=len(result.fills),
        cut_fills=result.n_cut,
        rejected_orders=result.n_rejected,
        zero_volume_fills=result.n_zero_volume_fills,
        margin_calls=result.n_margin_calls,
        open_orders=result.n_open_orders,
    )


class _Rows:
    """What a row's number stands for."""

    def __init__(self, panel: Panel) -> None:
        self.symbols = panel.symbols
        self.sessions = panel.sessions.tolist()
        self.session_numbers = np.unique(panel.sessions, return_inverse=True)[1].tolist()
        self._open_ns, self._close_ns = panel.open_ns, panel.close_ns

    def time(self, row: int, phase: int) -> datetime:
        """The row's open for what happened there (phase 0), else its close."""
        nanoseconds = self._close_ns[row] if phase else self._open_ns[row]
        return _EPOCH + timedelta(microseconds=int(nanoseconds) // 1_000)


def _trade(
    number: int, record: Any, result: Result, rows: _Rows, excursion: tuple[float | None, float | None]
) -> Trade:
    entry, left = int(record["entry_row"]), int(record["exit_row"])
    exit_reason = FillCause(record["exit_cause"])
    return Trade(
        number=number,
        symbol=rows.symbols[record["symbol"]],
        direction=Direction.LONG if record["direction"] > 0 else Direction.SHORT,
        quantity=float(record["quantity"]),
        entry_session=rows.sessions[entry],
        exit_session=rows.sessions[left],
        entry_price=float(record["entry_price"]),
        exit_price=float(record["exit_price"]),
        commission=float(record["commission"]),
        gross_pnl=float(record["gross_pnl"]),
        net_pnl=float(record["net_pnl"]),
        return_fraction=float(record["return_fraction"]),
        sessions_held=rows.session_numbers[left] - rows.session_numbers[entry],
        closed_at_end=exit_reason is FillCause.END_OF_RUN,
        entry_reason=_cause_of(int(record["entry_order"]), result),
        exit_reason=exit_reason,
        mae=excursion[0],
        mfe=excursion[1],
        dividends=float(record["dividends"]),
        conversion_cost=float(record["fx_cost"]),
        entry_time=rows.time(entry, int(record["entry_phase"])),
        exit_time=rows.time(left, int(record["exit_phase"])),
    )


def _cause_of(order: int, result: Result) -> FillCause:
    """Why an order was placed; only orders open positions."""
    return FillCause(result.orders["cause"][order - 1]) if order else FillCause.ORDER


def _or_none(values: FloatArray) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]
