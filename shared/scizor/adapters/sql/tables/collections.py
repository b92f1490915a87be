"""Collections and the ledgers of their chunks."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from scizor.adapters.sql.tables.columns import INSTANT, WORD, metadata, required

COUNTS = (
    "symbols_total",
    "symbols_done",
    "symbols_complete",
    "chunks_total",
    "chunks_done",
    "chunks_failed",
    "requests",
    "bars_received",
    "new_bars",
    "bars_updated",
    "bars_rejected",
)
"""Numbers of a collection's progress, by their names in the domain."""

collections = Table(
    "collections",
    metadata,
    Column("id", WORD, primary_key=True),
    required("kind", SmallInteger),
    required("interval", SmallInteger),
    required("symbols", ARRAY(WORD)),
    required("primary_exchange", WORD),
    Column("start_date", Date),
    Column("end_date", Date),
    required("refresh", Boolean),
    required("sequence", BigInteger),
    required("state", SmallInteger),
    *[required(name, BigInteger) for name in COUNTS],
    required("symbol", WORD),
    Column("remaining_s", Double),
    required("planned", Boolean, server_default=text("false")),
    Column("owner", WORD),
    Column("heartbeat_time", INSTANT),
    required("create_time", INSTANT),
    Column("start_time", INSTANT),
    Column("end_time", INSTANT),
    Column("error_reason", WORD),
    Column("error_message", Text),
    CheckConstraint("kind BETWEEN 1 AND 3", name="kind"),
    CheckConstraint("interval BETWEEN 1 AND 6", name="interval"),
    CheckConstraint("start_date <= end_date", name="sessions"),
    CheckConstraint("state BETWEEN 1 AND 6", name="state"),
    CheckConstraint(f"least(sequence, {', '.join(COUNTS)}) >= 0", name="progress"),
    CheckConstraint("(state = 2) <= (owner IS NOT NULL AND heartbeat_time IS NOT NULL)", name="running_has_owner"),
    CheckConstraint("(state >= 3) = (end_time IS NOT NULL)", name="ended_has_time"),
    CheckConstraint("(state = 5) = (error_reason IS NOT NULL AND error_message IS NOT NULL)", name="failed_has_error"),
    Index("ix_collections_unfinished", "id", postgresql_where=text("state <= 2")),
)

collection_chunks = Table(
    "collection_chunks",
    metadata,
    Column("collection_id", WORD, ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    required("symbol_id", Integer),  # of a symbol that may be gone by now: the ledger stays
    required("symbol", WORD),
    required("interval", SmallInteger),
    required("first_session", Date),
    required("last_session", Date),
    required("sessions", Integer),
    required("state", SmallInteger),
    required("attempts", Integer),
    Column("failure_category", SmallInteger),
    Column("failure_code", BigInteger),
    Column("failure_message", Text),
    Column("next_try", INSTANT),
    required("bars_received", BigInteger),
    required("new_bars", BigInteger),
    Column("end_time", INSTANT),
    CheckConstraint("interval BETWEEN 1 AND 6", name="interval"),
    CheckConstraint("first_session <= last_session", name="sessions"),
    CheckConstraint("state BETWEEN 1 AND 4", name="state"),
    CheckConstraint("least(number, sessions, attempts, bars_received, new_bars) >= 0", name="counts"),
    CheckConstraint("num_nulls(failure_category, failure_code, failure_message) IN (0, 3)", name="failure"),
    CheckConstraint("failure_category BETWEEN 1 AND 9", name="failure_category"),
    Index("ix_collection_chunks_pending", "collection_id", "number", postgresql_where=text("state = 1")),
)
