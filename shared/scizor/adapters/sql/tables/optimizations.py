"""Optimisations and their trials."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from scizor.adapters.sql.tables.columns import INSTANT, WORD, metadata, required
from scizor.domain.optimizations import METRICS

optimizations = Table(
    "optimizations",
    metadata,
    Column("id", WORD, primary_key=True),
    Column("key", BigInteger, Identity(always=True), nullable=False),
    required("strategy_id", WORD),
    required("family", WORD),
    required("spec", JSON),
    required("sequence", BigInteger),
    required("state", SmallInteger),
    required("stage", SmallInteger),
    required("done", BigInteger),
    required("failed", BigInteger),
    required("left_out", BigInteger),
    required("total", BigInteger),
    required("trials_per_second", Double),
    Column("remaining_s", Double),
    required("attempts", Integer),
    Column("owner", WORD),
    Column("heartbeat_time", INSTANT),
    required("create_time", INSTANT),
    Column("start_time", INSTANT),
    Column("end_time", INSTANT),
    Column("error_reason", WORD),
    Column("error_message", Text),
    Column("verdict", JSON(none_as_null=True)),
    UniqueConstraint("key", name="uq_optimizations_key"),
    CheckConstraint("state BETWEEN 1 AND 6", name="state"),
    CheckConstraint("stage BETWEEN 0 AND 3", name="stage"),
    CheckConstraint(
        "sequence >= 0 AND done >= 0 AND failed BETWEEN 0 AND done AND left_out >= 0 AND total >= 0 AND attempts >= 0",
        name="progress",
    ),
    CheckConstraint("(state = 2) <= (owner IS NOT NULL AND heartbeat_time IS NOT NULL)", name="running_has_owner"),
    CheckConstraint("(state >= 4) = (end_time IS NOT NULL)", name="ended_has_time"),
    CheckConstraint("(state = 5) = (error_reason IS NOT NULL AND error_message IS NOT NULL)", name="failed_has_error"),
    Index("ix_optimizations_unfinished", "id", postgresql_where=text("state <= 3")),
    Index("ix_optimizations_family", "family"),
)


def _of_optimization() -> Column[int]:
    owner = ForeignKey("optimizations.key", ondelete="CASCADE")
    return Column("optimization_key", BigInteger, owner, primary_key=True, autoincrement=False)


trial_batches = Table(
    "trial_batches",
    metadata,
    _of_optimization(),
    Column("first", Integer, primary_key=True, autoincrement=False),
    required("count", Integer),
    required("sequence", BigInteger),
    required("errors", JSON),
    # Little-endian doubles by trial: scores of the splits' parts, sums over blocks of sessions.
    required("scores", LargeBinary),
    required("sums", LargeBinary),
    CheckConstraint("first > 0 AND count > 0", name="numbers"),
)

trials = Table(
    "trials",
    metadata,
    _of_optimization(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    required("feasible", Boolean),
    required("failed", Boolean),
    required("signature", BigInteger),
    required("codes", ARRAY(Double)),
    # An undefined figure is NaN: rows without NULLs have one size, and are written and read as records.
    *(required(metric, Double) for metric in METRICS),
    CheckConstraint("number > 0", name="number"),
)
