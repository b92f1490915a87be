"""Strategies in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, insert, or_, select, update
from sqlalchemy.dialects import postgresql

from scizor.adapters.sql.session import Session
from scizor.adapters.sql.tables import strategies, strategy_versions
from scizor.domain.errors import AlreadyExists, NotFound, Reason
from scizor.domain.strategies import (
    Declared,
    ParameterSpec,
    ParameterType,
    StoredStrategy,
    StrategyKind,
    StrategyVersion,
)
from scizor.ports.strategies import StrategyFilter

_VERSION: Final = [column for column in strategy_versions.c if column.name != "source"]
"""A text is read only where it is asked for."""
_OF_VERSION: Final = {column.name: column.label(f"version_{column.name}") for column in _VERSION}
_NEWEST: Final = select(strategies, *_OF_VERSION.values()).join_from(
    strategies,
    strategy_versions,
    (strategy_versions.c.strategy_id == strategies.c.id) & (strategy_versions.c.number == strategies.c.newest),
)


class SqlStrategies:
    """`ports.strategies.StrategyRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, strategy: StoredStrategy, source: str) -> None:
        """Store a strategy with its first version. Raises AlreadyExists(STRATEGY_EXISTS), a deleted one counting."""
        new = (
            postgresql.insert(strategies).values(_values(strategy)).on_conflict_do_nothing().returning(strategies.c.id)
        )
        if await self._session.first(new) is None:
            message = f"there is a strategy {strategy.id} already: update it, or choose another id"
            raise AlreadyExists(message, Reason.STRATEGY_EXISTS, metadata={"strategy": strategy.id})
        await self._add_version(strategy.newest, source)

    async def get(self, strategy_id: str, *, locked: bool = False) -> StoredStrategy:
        """One strategy, a deleted one too. Raises NotFound(STRATEGY_NOT_FOUND).

        `locked`: nobody else changes it before this unit of work ends.
        """
        if locked:
            await self._session.execute(select(strategies.c.id).where(strategies.c.id == strategy_id).with_for_update())
        row = await self._session.first(_NEWEST.where(strategies.c.id == strategy_id))
        if row is None:
            raise _no_such(strategy_id)
        return _strategy(row)

    async def page(self, which: StrategyFilter, after: str, limit: int) -> list[StoredStrategy]:
        """Strategies in the order of their ids, those behind the id `after`."""
        query: Select[Any] = _NEWEST.where(strategies.c.id > after, *_conditions(which))
        return [_strategy(row) for row in await self._session.all(query.order_by(strategies.c.id).limit(limit))]

    async def save(self, strategy: StoredStrategy, source: str | None = None) -> None:
        """Replace what is stored of it; with `source`, its newest version is stored as one more.

        For a strategy that was read `locked` in this unit of work. Raises NotFound(STRATEGY_NOT_FOUND).
        """
        changed = update(strategies).where(strategies.c.id == strategy.id).values(_values(strategy))
        if (await self._session.execute(changed)).rowcount == 0:
            raise _no_such(strategy.id)
        if source is not None:
            await self._add_version(strategy.newest, source)

    async def version(self, strategy_id: str, number: int) -> StrategyVersion:
        """One version. Raises NotFound(STRATEGY_NOT_FOUND)."""
        row = await self._session.first(select(*_OF_VERSION.values()).where(*_named(strategy_id, number)))
        if row is None:
            raise _no_such(strategy_id, number)
        return _version(row)

    async def versions(self, strategy_id: str, before: int | None, limit: int) -> list[StrategyVersion]:
        """Newest first, those below the number `before`; none of an unknown strategy."""
        query = select(*_OF_VERSION.values()).where(strategy_versions.c.strategy_id == strategy_id)
        if before is not None:
            query = query.where(strategy_versions.c.number < before)
        query = query.order_by(strategy_versions.c.number.desc()).limit(limit)
        return [_version(row) for row in await self._session.all(query)]

    async def source(self, strategy_id: str, number: int) -> str:
        """A version's text. Raises NotFound(STRATEGY_NOT_FOUND)."""
        found = await self._session.scalar(select(strategy_versions.c.source).where(*_named(strategy_id, number)))
        if found is None:
            raise _no_such(strategy_id, number)
        return str(found)

    async def _add_version(self, version: StrategyVersion, source: str) -> None:
        declared = version.declared
        await self._session.execute(
            insert(strategy_versions).values(
                strategy_id=version.strategy_id,
                number=version.number,
                source=source,
                code_hash=version.code_hash,
                declared_id=declared.id,
                class_name=declared.class_name,
                kind=int(declared.kind),
                description=declared.description,
                parameters=[asdict(one) for one in declared.parameters],
                create_time=version.create_time,
            )
        )


def _conditions(which: StrategyFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if not which.show_deleted:
        found.append(strategies.c.delete_time.is_(None))
    if which.kind is not None:
        found.append(strategy_versions.c.kind == int(which.kind))
    if which.tags:
        found.append(strategies.c.tags.contains(list(which.tags)))
    if which.text:
        texts = (strategies.c.id, strategies.c.title, strategies.c.description)
        found.append(or_(*(one.icontains(which.text, autoescape=True) for one in texts)))
    return found


def _named(strategy_id: str, number: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return strategy_versions.c.strategy_id == strategy_id, strategy_versions.c.number == number


def _values(strategy: StoredStrategy) -> dict[str, Any]:
    return {
        "id": strategy.id,
        "title": strategy.title,
        "description": strategy.description,
        "tags": list(strategy.tags),
        "newest": strategy.newest.number,
        "revision": strategy.revision,
        "create_time": strategy.create_time,
        "update_time": strategy.update_time,
        "delete_time": strategy.delete_time,
    }


def _strategy(row: Row[Any]) -> StoredStrategy:
    return StoredStrategy(
        id=row.id,
        newest=_version(row),
        title=row.title,
        description=row.description,
        tags=tuple(row.tags),
        revision=row.revision,
        create_time=row.create_time,
        update_time=row.update_time,
        delete_time=row.delete_time,
    )


def _version(row: Row[Any]) -> StrategyVersion:
    told = {name: getattr(row, label.name) for name, label in _OF_VERSION.items()}
    declared = Declared(
        id=told["declared_id"],
        class_name=told["class_name"],
        kind=StrategyKind(told["kind"]),
        description=told["description"],
        parameters=tuple(_parameter(one) for one in told["parameters"]),
    )
    return StrategyVersion(told["strategy_id"], told["number"], told["code_hash"], declared, told["create_time"])


def _parameter(stored: dict[str, Any]) -> ParameterSpec:
    return ParameterSpec(**stored | {"type": ParameterType(stored["type"]), "choices": tuple(stored["choices"])})


def _no_such(strategy_id: str, number: int | None = None) -> NotFound:
    what, version = (
        (f"strategy {strategy_id!r}", {})
        if number is None
        else (f"version {number} of strategy {strategy_id!r}", {"version": str(number)})
    )
    return NotFound(f"no {what}", Reason.STRATEGY_NOT_FOUND, metadata={"strategy": strategy_id, **version})
