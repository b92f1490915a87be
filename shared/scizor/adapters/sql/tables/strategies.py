"""Strategies and the versions of their code."""

from __future__ import annotations

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKey, Integer, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from scizor.adapters.sql.tables.columns import INSTANT, WORD, metadata, required

strategies = Table(
    "strategies",
    metadata,
    Column("id", WORD, primary_key=True),
    required("title", Text),
    required("description", Text),
    required("tags", ARRAY(WORD)),
    required("newest", Integer),
    required("revision", Integer),
    required("create_time", INSTANT),
    required("update_time", INSTANT),
    Column("delete_time", INSTANT),
    CheckConstraint("id ~ '^[a-z][a-z0-9_]{0,63}$'", name="id"),
    CheckConstraint("newest > 0 AND revision > 0", name="numbers"),
)

# No version goes while a run names it: a strategy is only marked as deleted.
strategy_versions = Table(
    "strategy_versions",
    metadata,
    Column("strategy_id", WORD, ForeignKey("strategies.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    required("source", Text),
    required("code_hash", WORD),
    required("declared_id", WORD),
    required("class_name", WORD),
    required("kind", SmallInteger),
    required("description", Text),
    required("parameters", JSON),
    required("create_time", INSTANT),
    CheckConstraint("number > 0", name="number"),
    CheckConstraint("kind BETWEEN 1 AND 2", name="kind"),
    CheckConstraint("code_hash ~ '^[0-9a-f]{64}$'", name="code_hash"),
)
