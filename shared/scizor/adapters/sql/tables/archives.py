"""What is left of symbols that were removed: their bars with everything that was ever told of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Date, ForeignKey, Index, Integer, SmallInteger, Table, Text

from scizor.adapters.sql.tables.columns import INSTANT, WORD, metadata, required, value_columns

symbol_archives = Table(
    "symbol_archives",
    metadata,
    Column("id", WORD, primary_key=True),
    required("symbol", WORD),
    required("primary_exchange", WORD),
    required("currency", WORD),
    required("details", JSON),  # the symbol's row, its contract, corporate actions, flags and gaps
    required("reason", Text),
    required("archive_time", INSTANT),
    required("bars", BigInteger),
    required("intraday_bars", BigInteger),
    Column("first_session", Date),
    Column("last_session", Date),
    Index(None, "symbol"),
)


def _of_archive() -> Column[Any]:
    return Column("archive_id", WORD, ForeignKey("symbol_archives.id", ondelete="CASCADE"), primary_key=True)


archived_prices = Table(
    "archived_prices",
    metadata,
    _of_archive(),
    Column("session", Date, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    *value_columns(),
    required("source", WORD),
    Column("replace_time", INSTANT),  # NULL for the bar as it was last
)

archived_bars = Table(
    "archived_bars",
    metadata,
    _of_archive(),
    Column("interval", SmallInteger, primary_key=True, autoincrement=False),
    Column("start_time", INSTANT, primary_key=True),
    required("session", Date),
    *value_columns(),
    required("source", WORD),
    required("revision", Integer),
)
