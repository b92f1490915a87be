"""Instruments, what the broker knows of them, their corporate actions, and where data come from."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Identity,
    Integer,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)

from scizor.adapters.sql.tables.columns import INSTANT, WORD, created, metadata, of_symbol, required

sources = Table(
    "sources",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    required("name", WORD),
    UniqueConstraint("name"),
)

symbols = Table(
    "symbols",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    required("symbol", WORD),
    required("primary_exchange", WORD),
    required("currency", WORD),
    required("exchange", WORD),
    required("name", Text),
    required("asset_type", SmallInteger),
    required("sector", Text),
    required("group", WORD),
    required("active", Boolean),
    Column("listed_date", Date),
    Column("delisted_date", Date),
    Column("last_verified", INSTANT),
    required("verified_result", SmallInteger, server_default=text("0")),
    required("verified_reason", Text, server_default=""),
    required("contract_id", BigInteger, server_default=text("0")),
    Column("deactivate_time", INSTANT),
    created(),
    required("update_time", INSTANT, server_default=func.now()),
    required("version", Integer, server_default=text("1")),
    UniqueConstraint("symbol", "primary_exchange", "currency"),
    CheckConstraint("symbol <> '' AND primary_exchange <> ''", name="key"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint("asset_type BETWEEN 0 AND 2", name="asset_type"),
    CheckConstraint("verified_result BETWEEN 0 AND 3", name="verified_result"),
    CheckConstraint("listed_date <= delisted_date", name="listing"),
    CheckConstraint("version > 0", name="version"),
    CheckConstraint("contract_id >= 0", name="contract_id"),
    CheckConstraint("deactivate_time IS NULL OR NOT active", name="deactivated"),
)

broker_contracts = Table(
    "broker_contracts",
    metadata,
    of_symbol(),
    required("con_id", BigInteger),
    required("symbol", WORD),
    required("primary_exchange", WORD),
    required("currency", WORD),
    required("exchange", WORD),
    required("name", Text),
    required("asset_type", SmallInteger),
    required("min_tick", Numeric),
    required("time_zone", WORD),
    required("origins", JSON),
    required("resolve_time", INSTANT),
    CheckConstraint("con_id > 0", name="con_id"),
    CheckConstraint("asset_type BETWEEN 0 AND 2", name="asset_type"),
    CheckConstraint("min_tick >= 0 AND min_tick < 'Infinity'", name="min_tick"),
)

corporate_actions = Table(
    "corporate_actions",
    metadata,
    of_symbol(),
    Column("type", SmallInteger, primary_key=True, autoincrement=False),
    Column("ex_date", Date, primary_key=True),
    required("value", Numeric),
    Column("pay_date", Date),
    required("source_id", Integer, ForeignKey("sources.id")),
    created(),
    CheckConstraint("type BETWEEN 1 AND 2", name="type"),
    CheckConstraint("value > 0 AND value < 'Infinity'", name="value"),
)
