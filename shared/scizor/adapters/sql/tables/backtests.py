"""Backtests and what they came to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from scizor.adapters.sql.tables.columns import INSTANT, WORD, created, metadata, required

backtest_jobs = Table(
    "backtest_jobs",
    metadata,
    Column("id", WORD, primary_key=True),
    required("strategy_id", WORD),
    required("parameters", JSON),
    required("symbols", ARRAY(WORD)),
    Column("start_date", Date),
    Column("end_date", Date),
    required("initial_capital", Numeric),
    required("currency", WORD),
    required("commission_bps", Double),
    required("slippage_bps", Double),
    required("sizing", SmallInteger),
    required("adjustment", SmallInteger),
    required("title", Text),
    required("keep_open_at_end", Boolean),
    required("bar_interval", SmallInteger),
    required("account", SmallInteger),
    required("fill_timing", SmallInteger),
    required("path", SmallInteger),
    required("limit_fills", SmallInteger),
    Column("commission", JSON(none_as_null=True)),
    Column("slippage", JSON(none_as_null=True)),
    required("max_participation", Double),
    required("cash_buffer", Double),
    required("no_financing", Boolean),
    required("benchmark", WORD),
    required("sequence", BigInteger),
    required("state", SmallInteger),
    required("stage", SmallInteger),
    required("bars_done", BigInteger),
    required("bars_total", BigInteger),
    required("bars_per_second", Double),
    Column("remaining_s", Double),
    required("attempts", Integer, server_default=text("0")),
    Column("owner", WORD),
    Column("heartbeat_time", INSTANT),
    required("create_time", INSTANT),
    Column("start_time", INSTANT),
    Column("end_time", INSTANT),
    Column("error_reason", WORD),
    Column("error_message", Text),
    CheckConstraint("state BETWEEN 1 AND 5", name="state"),
    CheckConstraint("stage BETWEEN 0 AND 3", name="stage"),
    CheckConstraint("sizing BETWEEN 1 AND 2", name="sizing"),
    CheckConstraint("adjustment BETWEEN 1 AND 3", name="adjustment"),
    CheckConstraint(
        "bar_interval BETWEEN 1 AND 6 AND account BETWEEN 1 AND 3 AND fill_timing BETWEEN 1 AND 3"
        " AND path BETWEEN 1 AND 5 AND limit_fills BETWEEN 1 AND 2",
        name="choices",
    ),
    CheckConstraint(
        "max_participation BETWEEN 0 AND 1 AND cash_buffer >= 0 AND cash_buffer < 1",
        name="fractions",
    ),
    CheckConstraint("initial_capital > 0 AND initial_capital < 'Infinity'", name="initial_capital"),
    CheckConstraint("start_date <= end_date", name="sessions"),
    CheckConstraint("sequence >= 0 AND bars_done >= 0 AND bars_total >= 0", name="progress"),
    CheckConstraint("attempts >= 0", name="attempts"),
    CheckConstraint("(state = 2) <= (owner IS NOT NULL AND heartbeat_time IS NOT NULL)", name="running_has_owner"),
    CheckConstraint("(state >= 3) = (end_time IS NOT NULL)", name="ended_has_time"),
    CheckConstraint("(state = 4) = (error_reason IS NOT NULL AND error_message IS NOT NULL)", name="failed_has_error"),
    Index("ix_backtest_jobs_unfinished", "id", postgresql_where=text("state <= 2")),
)


def _of_backtest(owner: str = "backtest_results.backtest_id") -> Column[Any]:
    return Column("backtest_id", WORD, ForeignKey(owner, ondelete="CASCADE"), primary_key=True)


backtest_results = Table(
    "backtest_results",
    metadata,
    _of_backtest("backtest_jobs.id"),
    required("warnings", ARRAY(Text)),
    required("fingerprint", WORD),
    required("engine_version", WORD),
    required("first_session", WORD),
    required("last_session", WORD),
    required("sessions", BigInteger),
    required("bars", BigInteger),
    required("currency", WORD),
    required("initial_capital", Double),
    required("final_equity", Double),
    required("commission_paid", Double),
    required("slippage_paid", Double),
    required("trades", BigInteger),
    required("compute_seconds", Double),
    required("costs", JSON),
    required("ambiguity", JSON),
    required("counts", JSON),
    created(),
    CheckConstraint("sessions >= 0 AND bars >= 0 AND trades >= 0", name="counts"),
)

backtest_metrics = Table(
    "backtest_metrics",
    metadata,
    _of_backtest(),
    Column("place", SmallInteger, primary_key=True, autoincrement=False),
    required("name", WORD),
    Column("value", Double),
    required("convention", WORD),
    required("n", BigInteger),
    required("unit", WORD),
    Column("ci_low", Double),
    Column("ci_high", Double),
    Column("undefined_reason", Text),
)

backtest_trades = Table(
    "backtest_trades",
    metadata,
    _of_backtest(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    required("symbol", WORD),
    required("direction", SmallInteger),
    required("quantity", Double),
    required("entry_session", Date),
    required("exit_session", Date),
    required("entry_price", Double),
    required("exit_price", Double),
    required("commission", Double),
    required("gross_pnl", Double),
    required("net_pnl", Double),
    required("return_fraction", Double),
    required("sessions_held", Integer),
    required("closed_at_end", Boolean),
    required("entry_reason", SmallInteger),
    required("exit_reason", SmallInteger),
    Column("mae", Double),
    Column("mfe", Double),
    required("dividends", Double),
    required("conversion_cost", Double),
    Column("entry_time", INSTANT),
    Column("exit_time", INSTANT),
    CheckConstraint("direction BETWEEN 1 AND 2", name="direction"),
    CheckConstraint("quantity > 0 AND quantity < 'Infinity'", name="quantity"),
    CheckConstraint("entry_session <= exit_session AND sessions_held >= 0", name="sessions"),
    CheckConstraint("entry_reason BETWEEN 1 AND 8 AND exit_reason BETWEEN 1 AND 8", name="reasons"),
)

backtest_equity = Table(
    "backtest_equity",
    metadata,
    _of_backtest(),
    required("days", ARRAY(Integer)),
    *[required(name, ARRAY(Double)) for name in ("equity", "cash", "drawdown", "exposure")],
    required("close_ns", ARRAY(BigInteger)),
    CheckConstraint(
        "cardinality(equity) = cardinality(days) AND cardinality(cash) = cardinality(days)"
        " AND cardinality(drawdown) = cardinality(days) AND cardinality(exposure) = cardinality(days)",
        name="lengths",
    ),
)
