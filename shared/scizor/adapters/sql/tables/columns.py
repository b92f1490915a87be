"""What all tables share: their registry, the types they are made of, and the rules of a bar.

Texts that are compared or ordered are in the collation "C": byte by byte, the same order everywhere. Market data is
double precision, money is NUMERIC, an instant is timestamptz and a session a date.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, Date, DateTime, Double, ForeignKey, Integer, MetaData, Text, func

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
QUIET_VOLUME = "volume >= 0 AND volume < 'Infinity'"
"""A quiet minute has no trades; a day without any has no bar."""


def required(name: str, kind: Any, *rest: Any, **options: Any) -> Column[Any]:
    """A column that is never NULL."""
    return Column(name, kind, *rest, nullable=False, **options)


def created() -> Column[Any]:
    """When the row was made."""
    return required("create_time", INSTANT, server_default=func.now())


def of_symbol(name: str = "symbol_id") -> Column[Any]:
    """The first column of the key of what goes with its symbol."""
    return Column(name, Integer, ForeignKey("symbols.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)


def value_columns() -> list[Column[Any]]:
    """What a bar tells, but for its place in time and its source."""
    prices = [required(name, Double) for name in ("open", "high", "low", "close", "volume")]
    return [*prices, required("partial", Boolean), Column("scale_date", Date)]


def bar_columns() -> list[Column[Any]]:
    """The same with the source."""
    return [*value_columns(), required("source_id", Integer)]
