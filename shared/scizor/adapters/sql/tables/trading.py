"""What is stored of trading beside the journal: limits, risk events, trading states, equity, deployments, the audit."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from scizor.adapters.sql.tables.columns import INSTANT, WORD, metadata, required

risk_limits = Table(
    "risk_limits",
    metadata,
    Column("id", WORD, primary_key=True),
    required("rule", SmallInteger),
    required("scope", SmallInteger),
    required("key", WORD),
    required("value", Numeric),
    required("on_breach", SmallInteger),
    required("update_time", INSTANT),
    required("version", Integer),
    UniqueConstraint("rule", "scope", "key", name="uq_risk_limits"),
    CheckConstraint("rule BETWEEN 1 AND 19", name="rule"),
    CheckConstraint("scope BETWEEN 1 AND 3", name="scope"),
    CheckConstraint("value >= 0 AND value < 'Infinity'", name="value"),
    CheckConstraint("on_breach BETWEEN 1 AND 4", name="on_breach"),
    CheckConstraint("version > 0", name="version"),
)

risk_events = Table(
    "risk_events",
    metadata,
    Column("account", WORD, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    required("time", INSTANT),
    required("kind", SmallInteger),
    required("message", Text),
    required("strategy_id", WORD),
    required("instrument", WORD),
    required("order_id", WORD),
    required("violations", JSON),
    Column("state", SmallInteger),
    CheckConstraint("sequence > 0", name="sequence"),
    CheckConstraint("kind BETWEEN 1 AND 6", name="kind"),
    CheckConstraint("state BETWEEN 1 AND 3", name="state"),
    Index("ix_risk_events_time", "account", "time"),
    Index("ix_risk_events_kind", "account", "kind", "sequence"),
    Index(
        "ix_risk_events_strategy_id",
        "account",
        "strategy_id",
        "sequence",
        postgresql_where=text("strategy_id <> ''"),
    ),
)

trading_states = Table(
    "trading_states",
    metadata,
    Column("account", WORD, primary_key=True),
    required("state", SmallInteger),
    required("time", INSTANT),
    required("reason", Text),
    required("by", Text),
    required("flattening", Boolean),
    CheckConstraint("state BETWEEN 1 AND 3", name="state"),
)

equity_marks = Table(
    "equity_marks",
    metadata,
    Column("account", WORD, primary_key=True),
    Column("deployment_id", WORD, primary_key=True),
    Column("minute", INSTANT, primary_key=True),
    required("time", INSTANT),
    required("session", Date),
    required("equity", Numeric),
    CheckConstraint("equity > '-Infinity' AND equity < 'Infinity'", name="equity"),
    CheckConstraint("time >= minute AND time < minute + interval '1 minute'", name="minute"),
)

deployments = Table(
    "deployments",
    metadata,
    Column("id", WORD, primary_key=True),
    required("account", WORD),
    required("strategy_id", WORD),
    Column("strategy_version", Integer),
    required("spec", JSON),
    required("interval", SmallInteger),
    required("code_hash", WORD),
    required("state", SmallInteger),
    required("stop_mode", SmallInteger),
    required("error", Text),
    required("error_reason", WORD),
    Column("last_bar", INSTANT),
    required("create_time", INSTANT),
    required("update_time", INSTANT),
    Column("end_time", INSTANT),
    required("version", Integer),
    ForeignKeyConstraint(
        ["strategy_id", "strategy_version"],
        ["strategy_versions.strategy_id", "strategy_versions.number"],
        name="fk_deployments_strategy_version",
    ),
    CheckConstraint("state BETWEEN 1 AND 6", name="state"),
    CheckConstraint("stop_mode BETWEEN 1 AND 3", name="stop_mode"),
    CheckConstraint("version > 0", name="version"),
    Index("uq_deployments_unfinished", "account", "strategy_id", unique=True, postgresql_where=text("state <> 5")),
    Index(None, "account", "id"),
    Index(None, "strategy_id", "id"),
)

# Append-only by a trigger. `document` is JSON, kept to the letter: what a strategy at work was shown and asked for.
deployment_moments = Table(
    "deployment_moments",
    metadata,
    Column("deployment_id", WORD, ForeignKey("deployments.id"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    required("document", Text),
    CheckConstraint("sequence > 0", name="sequence"),
)

# Append-only by a trigger. `before` and `after` are JSON, kept to the letter.
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    required("time", INSTANT),
    required("account", WORD),
    required("actor", Text),
    required("source", Text),
    required("action", Text),
    required("subject", Text),
    required("before", Text),
    required("after", Text),
    Index(None, "account", "id"),
)
