"""Orders and their journal.

`order_events` is the truth, and append-only by a trigger; `orders`, `executions` and `broker_orders` are what it comes
to, kept so that it can be searched and is read in part. All are written by the function `append_to_journal` alone, in
one statement with the fence of `account_leases`; it keeps them together, so that no foreign key need look at each row.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from scizor.adapters.sql.tables.columns import INSTANT, WORD, metadata, required

# `end_state` and `end_time` are NULL while the order is open: what indexes look at changes only when it ends.
orders = Table(
    "orders",
    metadata,
    Column("id", Uuid, primary_key=True),
    required("account", WORD),
    required("client_order_id", WORD),
    required("instrument", WORD),
    required("side", SmallInteger),
    required("strategy_id", WORD),
    required("deployment_id", WORD),
    required("origin", SmallInteger),
    required("group", WORD),
    Column("parent_id", Uuid),
    required("number", BigInteger),
    required("state", SmallInteger),
    Column("end_state", SmallInteger),
    required("create_time", INSTANT),
    required("update_time", INSTANT),
    Column("end_time", INSTANT),
    required("sequence", Integer),
    CheckConstraint("side IN (1, -1)", name="side"),
    CheckConstraint("origin BETWEEN 1 AND 2", name="origin"),
    CheckConstraint("state BETWEEN 1 AND 12", name="state"),
    CheckConstraint("number >= 0 AND sequence > 0", name="numbers"),
    CheckConstraint("(end_state IS NULL) = (end_time IS NULL) AND coalesce(end_state, state) = state", name="end"),
    Index(
        "uq_orders_client_order_id",
        "account",
        "client_order_id",
        unique=True,
        postgresql_where=text("client_order_id <> ''"),
    ),
    # Of all accounts: those of one connection share its numbers, and one used twice would change another's order.
    Index("uq_orders_number", "number", unique=True, postgresql_where=text("number > 0")),
    Index("ix_orders_time", "account", "create_time", "id"),
    Index("ix_orders_open", "account", "create_time", "id", postgresql_where=text("end_time IS NULL")),
    Index("ix_orders_end_time", "account", "end_time", postgresql_where=text("end_time IS NOT NULL")),
    Index(
        "ix_orders_end_state",
        "account",
        "end_state",
        "create_time",
        "id",
        postgresql_where=text("end_state IS NOT NULL"),
    ),
    Index(
        "ix_orders_strategy_id",
        "account",
        "strategy_id",
        "create_time",
        "id",
        postgresql_where=text("strategy_id <> ''"),
    ),
    Index("ix_orders_instrument", "account", "instrument", "create_time", "id"),
    Index("ix_orders_external", "account", "create_time", "id", postgresql_where=text("origin = 2")),
    postgresql_with={"fillfactor": 70},  # where an order stands changes some times, in its own page
)

order_events = Table(
    "order_events",
    metadata,
    Column("account", WORD, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    required("order_id", Uuid),
    required("order_sequence", Integer),
    required("time", INSTANT),
    required("source", SmallInteger),
    required("kind", SmallInteger),
    required("payload", JSONB),
    UniqueConstraint("order_id", "order_sequence", name="uq_order_events"),
    CheckConstraint("sequence > 0 AND order_sequence > 0", name="sequence"),
    CheckConstraint("source BETWEEN 1 AND 4", name="source"),
    CheckConstraint("kind BETWEEN 1 AND 20", name="kind"),
    CheckConstraint("(order_sequence = 1) = (kind = 1)", name="placed"),
)

# One row for all revisions of an execution: what the newest says.
executions = Table(
    "executions",
    metadata,
    Column("order_id", Uuid, primary_key=True),
    Column("root_id", WORD, primary_key=True),
    required("revision", SmallInteger),
    required("exec_id", WORD),
    required("account", WORD),
    required("instrument", WORD),
    required("side", SmallInteger),
    required("quantity", Numeric),
    required("price", Numeric),
    required("time", INSTANT),
    Column("commission", Numeric),
    Column("currency", WORD),
    required("busted", Boolean),
    required("reconciled", Boolean),
    required("strategy_id", WORD),
    required("deployment_id", WORD),
    CheckConstraint("side IN (1, -1)", name="side"),
    CheckConstraint("quantity >= 0 AND quantity < 'Infinity'", name="quantity"),
    CheckConstraint("price > '-Infinity' AND price < 'Infinity'", name="price"),
    CheckConstraint("commission > '-Infinity' AND commission < 'Infinity'", name="commission"),
    CheckConstraint("(commission IS NULL) = (currency IS NULL)", name="currency"),
    Index("ix_executions_time", "account", "time", "exec_id"),
    Index(
        "ix_executions_strategy_id",
        "account",
        "strategy_id",
        "time",
        "exec_id",
        postgresql_where=text("strategy_id <> ''"),
    ),
    Index("ix_executions_instrument", "account", "instrument", "time", "exec_id"),
    postgresql_with={"fillfactor": 80},  # what it cost is told later
)

broker_orders = Table(
    "broker_orders",
    metadata,
    Column("order_id", Uuid, primary_key=True),
    Column("broker_id", WORD, primary_key=True),
    Index(None, "broker_id"),
)

account_postings = Table(
    "account_postings",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    required("account", WORD),
    required("kind", SmallInteger),
    required("time", INSTANT),
    required("instrument", WORD),
    required("shares", Numeric),
    required("price", Numeric),
    required("ratio", Numeric),
    required("currency", WORD),
    required("amount", Numeric),
    required("note", Text),
    CheckConstraint("kind BETWEEN 1 AND 5", name="kind"),
    CheckConstraint("ratio > 0 AND ratio < 'Infinity'", name="ratio"),
    CheckConstraint(
        "shares > '-Infinity' AND shares < 'Infinity' AND price > '-Infinity' AND price < 'Infinity' "
        "AND amount > '-Infinity' AND amount < 'Infinity'",
        name="numbers",
    ),
    Index(None, "account", "time", "id"),
)

account_leases = Table(
    "account_leases",
    metadata,
    Column("name", WORD, primary_key=True),
    required("epoch", BigInteger),
    required("holder", Text),
    required("since", INSTANT),
    CheckConstraint("epoch > 0", name="epoch"),
)
