"""The tables. What must never be stored is refused here, whoever writes.

Texts that are compared or ordered are in the collation "C": byte by byte, the same order everywhere. Market data is
double precision, money is NUMERIC, an instant is timestamptz and a session a date.

`daily_prices` belongs to `symbols` and `sources` by triggers in place of foreign keys: a foreign key asks once a row,
which took four fifths of the time of a bulk insert, the triggers ask once a statement. Another trigger keeps the old
row of an update in `bar_revisions`. All are made by the migration of the table.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

WORD = Text(collation="C")
INSTANT = DateTime(timezone=True)
SOUND_PRICES = "low > 0 AND low <= open AND low <= close AND open <= high AND close <= high AND high < 'Infinity'"
"""Also refuses NaN, which PostgreSQL holds to be greater than infinity."""
SOUND_VOLUME = "volume > 0 AND volume < 'Infinity'"


def _required(name: str, kind: Any, *rest: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, *rest, nullable=False, **options)


def _created() -> Column[Any]:
    return _required("create_time", INSTANT, server_default=func.now())


def _bar_columns() -> list[Column[Any]]:
    prices = [_required(name, Double) for name in ("open", "high", "low", "close", "volume")]
    return [*prices, _required("source_id", Integer), _required("partial", Boolean)]


sources = Table(
    "sources",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    _required("name", WORD),
    UniqueConstraint("name"),
)

symbols = Table(
    "symbols",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    _required("symbol", WORD),
    _required("primary_exchange", WORD),
    _required("currency", WORD),
    _required("exchange", WORD),
    _required("name", Text),
    _required("asset_type", SmallInteger),
    _required("sector", Text),
    _required("group", WORD),
    _required("active", Boolean),
    Column("listed_date", Date),
    Column("delisted_date", Date),
    Column("last_verified", INSTANT),
    _required("verified_result", SmallInteger, server_default=text("0")),
    _created(),
    _required("update_time", INSTANT, server_default=func.now()),
    _required("version", Integer, server_default=text("1")),
    UniqueConstraint("symbol", "primary_exchange", "currency"),
    CheckConstraint("symbol <> '' AND primary_exchange <> ''", name="key"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint("asset_type BETWEEN 0 AND 2", name="asset_type"),
    CheckConstraint("verified_result BETWEEN 0 AND 3", name="verified_result"),
    CheckConstraint("listed_date <= delisted_date", name="listing"),
    CheckConstraint("version > 0", name="version"),
)

daily_prices = Table(
    "daily_prices",
    metadata,
    Column("symbol_id", Integer, primary_key=True, autoincrement=False),
    Column("session", Date, primary_key=True),
    *_bar_columns(),
    _required("revision", Integer, server_default=text("0")),
    CheckConstraint(SOUND_PRICES, name="prices"),
    CheckConstraint(SOUND_VOLUME, name="volume"),
    CheckConstraint("revision >= 0", name="revision"),
    CheckConstraint("isfinite(session)", name="session"),
)

bar_revisions = Table(
    "bar_revisions",
    metadata,
    Column("symbol_id", Integer, ForeignKey("symbols.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("session", Date, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    *_bar_columns(),
    _required("replace_time", INSTANT, server_default=func.now()),
)

corporate_actions = Table(
    "corporate_actions",
    metadata,
    Column("symbol_id", Integer, ForeignKey("symbols.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("type", SmallInteger, primary_key=True, autoincrement=False),
    Column("ex_date", Date, primary_key=True),
    _required("value", Numeric),
    Column("pay_date", Date),
    _required("source_id", Integer, ForeignKey("sources.id")),
    _created(),
    CheckConstraint("type BETWEEN 1 AND 2", name="type"),
    CheckConstraint("value > 0 AND value < 'Infinity'", name="value"),
)

imports = Table(
    "imports",
    metadata,
    Column("id", WORD, primary_key=True),
    _required("verdict", SmallInteger),
    _required("rows_read", BigInteger),
    _required("rows_inserted", BigInteger),
    _required("rows_updated", BigInteger),
    _required("rows_unchanged", BigInteger),
    _required("rows_rejected", BigInteger),
    _required("rejected_by_rule", JSON),
    _required("source_id", Integer, ForeignKey("sources.id")),
    _required("symbols", ARRAY(WORD)),
    _required("create_time", INSTANT),
    CheckConstraint("verdict BETWEEN 1 AND 3", name="verdict"),
    CheckConstraint(
        "least(rows_read, rows_inserted, rows_updated, rows_unchanged, rows_rejected) >= 0", name="row_counts"
    ),
    Index(None, "symbols", postgresql_using="gin"),
)

rejected_rows = Table(
    "rejected_rows",
    metadata,
    Column("import_id", WORD, ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True),
    Column("row_number", BigInteger, primary_key=True, autoincrement=False),
    _required("rule", SmallInteger),
    _required("detail", Text),
    _required("symbol", WORD),
    _required("session", Text),
    _required("raw", Text),
    CheckConstraint("row_number >= 0", name="row_number"),
    CheckConstraint("rule BETWEEN 1 AND 12", name="rule"),
    Index(None, "symbol"),
)

backtest_jobs = Table(
    "backtest_jobs",
    metadata,
    Column("id", WORD, primary_key=True),
    _required("strategy_id", WORD),
    _required("parameters", JSON),
    _required("symbols", ARRAY(WORD)),
    Column("start_date", Date),
    Column("end_date", Date),
    _required("initial_capital", Numeric),
    _required("currency", WORD),
    _required("commission_bps", Double),
    _required("slippage_bps", Double),
    _required("sizing", SmallInteger),
    _required("adjustment", SmallInteger),
    _required("title", Text),
    _required("keep_open_at_end", Boolean),
    _required("sequence", BigInteger),
    _required("state", SmallInteger),
    _required("stage", SmallInteger),
    _required("bars_done", BigInteger),
    _required("bars_total", BigInteger),
    _required("bars_per_second", Double),
    Column("remaining_s", Double),
    _required("attempts", Integer, server_default=text("0")),
    Column("owner", WORD),
    Column("heartbeat_time", INSTANT),
    _required("create_time", INSTANT),
    Column("start_time", INSTANT),
    Column("end_time", INSTANT),
    Column("error_reason", WORD),
    Column("error_message", Text),
    CheckConstraint("state BETWEEN 1 AND 5", name="state"),
    CheckConstraint("stage BETWEEN 0 AND 3", name="stage"),
    CheckConstraint("sizing BETWEEN 1 AND 2", name="sizing"),
    CheckConstraint("adjustment BETWEEN 1 AND 3", name="adjustment"),
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
    _required("warnings", ARRAY(Text)),
    _required("fingerprint", WORD),
    _required("engine_version", WORD),
    _required("first_session", WORD),
    _required("last_session", WORD),
    _required("sessions", BigInteger),
    _required("bars", BigInteger),
    _required("currency", WORD),
    _required("initial_capital", Double),
    _required("final_equity", Double),
    _required("commission_paid", Double),
    _required("slippage_paid", Double),
    _required("trades", BigInteger),
    _required("compute_seconds", Double),
    _created(),
    CheckConstraint("sessions >= 0 AND bars >= 0 AND trades >= 0", name="counts"),
)

backtest_metrics = Table(
    "backtest_metrics",
    metadata,
    _of_backtest(),
    Column("place", SmallInteger, primary_key=True, autoincrement=False),
    _required("name", WORD),
    Column("value", Double),
    _required("convention", WORD),
    _required("n", BigInteger),
    _required("unit", WORD),
)

backtest_trades = Table(
    "backtest_trades",
    metadata,
    _of_backtest(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _required("symbol", WORD),
    _required("direction", SmallInteger),
    _required("quantity", Double),
    _required("entry_session", Date),
    _required("exit_session", Date),
    _required("entry_price", Double),
    _required("exit_price", Double),
    _required("commission", Double),
    _required("gross_pnl", Double),
    _required("net_pnl", Double),
    _required("return_fraction", Double),
    _required("sessions_held", Integer),
    _required("closed_at_end", Boolean),
    CheckConstraint("direction BETWEEN 1 AND 2", name="direction"),
    CheckConstraint("quantity > 0 AND quantity < 'Infinity'", name="quantity"),
    CheckConstraint("entry_session <= exit_session AND sessions_held >= 0", name="sessions"),
)

backtest_equity = Table(
    "backtest_equity",
    metadata,
    _of_backtest(),
    _required("days", ARRAY(Integer)),
    *[_required(name, ARRAY(Double)) for name in ("equity", "cash", "drawdown", "exposure")],
    CheckConstraint(
        "cardinality(equity) = cardinality(days) AND cardinality(cash) = cardinality(days)"
        " AND cardinality(drawdown) = cardinality(days) AND cardinality(exposure) = cardinality(days)",
        name="lengths",
    ),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("method", WORD, primary_key=True),
    Column("request_id", WORD, primary_key=True),
    _required("body_hash", LargeBinary),
    Column("answer", LargeBinary),
    _created(),
    Index(None, "create_time"),
)
