"""Imports and the rows they kept aside. An import that goes on, as a collection does, may have several sources."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from scizor.adapters.sql.tables.columns import INSTANT, WORD, metadata, required

imports = Table(
    "imports",
    metadata,
    Column("id", WORD, primary_key=True),
    required("verdict", SmallInteger),
    required("rows_read", BigInteger),
    required("rows_inserted", BigInteger),
    required("rows_updated", BigInteger),
    required("rows_unchanged", BigInteger),
    required("rows_rejected", BigInteger),
    required("rejected_by_rule", JSON),
    Column("source_id", Integer, ForeignKey("sources.id"), primary_key=True, autoincrement=False),
    required("symbols", ARRAY(WORD)),
    required("create_time", INSTANT),
    CheckConstraint("verdict BETWEEN 1 AND 3", name="verdict"),
    CheckConstraint(
        "least(rows_read, rows_inserted, rows_updated, rows_unchanged, rows_rejected) >= 0", name="row_counts"
    ),
    Index(None, "symbols", postgresql_using="gin"),
)

rejected_rows = Table(
    "rejected_rows",
    metadata,
    Column("import_id", WORD, primary_key=True),
    Column("row_number", BigInteger, primary_key=True, autoincrement=False),
    required("source_id", Integer),
    required("rule", SmallInteger),
    required("detail", Text),
    required("symbol", WORD),
    required("session", Text),
    required("raw", Text),
    ForeignKeyConstraint(["import_id", "source_id"], ["imports.id", "imports.source_id"], ondelete="CASCADE"),
    CheckConstraint("row_number >= 0", name="row_number"),
    CheckConstraint("rule BETWEEN 1 AND 12", name="rule"),
    Index(None, "symbol"),
)
