"""Bars, what became of them, and what is known of bars that are not there.

`daily_prices` and `bars` belong to `symbols` and `sources` by triggers in place of foreign keys: a foreign key asks
once a row, which took four fifths of the time of a bulk insert, the triggers ask once a statement. Other triggers count
a bar's revisions and keep the old row of a daily bar in `bar_revisions`; a scale date alone is no revision. All are
made by migrations. So are the partitions of `bars`, one a year: they are no tables of their own to anybody.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, Double, Index, Integer, SmallInteger, Table, Text, func, text

from scizor.adapters.sql.tables.columns import (
    INSTANT,
    QUIET_VOLUME,
    SOUND_PRICES,
    SOUND_VOLUME,
    bar_columns,
    metadata,
    of_symbol,
    required,
)

daily_prices = Table(
    "daily_prices",
    metadata,
    Column("symbol_id", Integer, primary_key=True, autoincrement=False),
    Column("session", Date, primary_key=True),
    *bar_columns(),
    required("revision", Integer, server_default=text("0")),
    CheckConstraint(SOUND_PRICES, name="prices"),
    CheckConstraint(SOUND_VOLUME, name="volume"),
    CheckConstraint("revision >= 0", name="revision"),
    CheckConstraint("isfinite(session)", name="session"),
    CheckConstraint("isfinite(scale_date)", name="scale_date"),
)

bars = Table(
    "bars",
    metadata,
    Column("symbol_id", Integer, primary_key=True, autoincrement=False),
    Column("interval", SmallInteger, primary_key=True, autoincrement=False),
    Column("start_time", INSTANT, primary_key=True),
    required("session", Date),
    *bar_columns(),
    required("revision", Integer, server_default=text("0")),
    CheckConstraint("interval BETWEEN 2 AND 6", name="interval"),
    CheckConstraint("isfinite(start_time)", name="start_time"),
    CheckConstraint("isfinite(session)", name="session"),
    CheckConstraint(SOUND_PRICES, name="prices"),
    CheckConstraint(QUIET_VOLUME, name="volume"),
    CheckConstraint("revision >= 0", name="revision"),
    CheckConstraint("isfinite(scale_date)", name="scale_date"),
    Index("ix_bars_partial", "symbol_id", "interval", "session", postgresql_where=text("partial")),
    postgresql_partition_by="RANGE (start_time)",
)

bar_revisions = Table(
    "bar_revisions",
    metadata,
    of_symbol(),
    Column("session", Date, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    *bar_columns(),
    required("replace_time", INSTANT, server_default=func.now()),
)

session_gaps = Table(
    "session_gaps",
    metadata,
    of_symbol(),
    Column("interval", SmallInteger, primary_key=True, autoincrement=False),
    Column("session", Date, primary_key=True),
    required("state", SmallInteger),
    required("reason", Text),
    required("mark_time", INSTANT),
    CheckConstraint("interval BETWEEN 1 AND 6", name="interval"),
    CheckConstraint("isfinite(session)", name="session"),
    CheckConstraint("state BETWEEN 3 AND 5", name="state"),
)

bar_flags = Table(
    "bar_flags",
    metadata,
    of_symbol(),
    Column("kind", SmallInteger, primary_key=True, autoincrement=False),
    Column("session", Date, primary_key=True),
    required("detail", Text),
    required("ratio", Double),
    required("create_time", INSTANT),
    CheckConstraint("kind BETWEEN 1 AND 2", name="kind"),
    CheckConstraint("isfinite(session)", name="session"),
    CheckConstraint("ratio >= 0 AND ratio < 'Infinity'", name="ratio"),
    Index(None, "create_time"),
)
