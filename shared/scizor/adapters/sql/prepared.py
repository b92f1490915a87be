"""Statements that are made once and sent as they are: to build one anew takes longer than to run it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import asyncpg
from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from scizor.adapters.sql.session import Session


class Columns(Protocol):
    """A row by its columns' names, the driver's or SQLAlchemy's."""

    def __getitem__(self, name: str, /) -> Any:
        """One column."""
        ...


class Prepared:
    """A statement whose values are named by its `bindparam`s; what is JSON goes as text."""

    def __init__(self, statement: ClauseElement) -> None:
        self._compiled = statement.compile(dialect=dialect())  # type: ignore[no-untyped-call] # SQLAlchemy's own gap
        self._query = str(self._compiled)
        self._names: Sequence[str] = getattr(self._compiled, "positiontup") or ()  # noqa: B009 - of SQL's compiler only

    async def rows(self, session: Session, **values: Any) -> Sequence[asyncpg.Record]:
        """Every row."""
        given = self._compiled.construct_params(values) or {}
        return await session.fetch(self._query, [given[name] for name in self._names])

    async def row(self, session: Session, **values: Any) -> asyncpg.Record | None:
        """The first row, or None."""
        return next(iter(await self.rows(session, **values)), None)
