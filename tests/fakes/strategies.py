"""Strategies in dicts."""

from __future__ import annotations

from scizor.domain.errors import AlreadyExists, NotFound, Reason
from scizor.domain.strategies import StoredStrategy, StrategyVersion
from scizor.ports.strategies import StrategyFilter
from tests.fakes.journal import Journal
from tests.fakes.tables import FakeTables


class FakeStrategies:
    def __init__(self, tables: FakeTables, journal: Journal) -> None:
        self._tables, self._journal = tables, journal

    async def add(self, strategy: StoredStrategy, source: str) -> None:
        if strategy.id in self._tables.strategies:
            message = f"there is a strategy {strategy.id} already: update it, or choose another id"
            raise AlreadyExists(message, Reason.STRATEGY_EXISTS, metadata={"strategy": strategy.id})
        self._put(strategy, source)

    async def get(self, strategy_id: str, *, locked: bool = False) -> StoredStrategy:
        if strategy_id not in self._tables.strategies:
            raise _no_such(strategy_id)
        return self._tables.strategies[strategy_id]

    async def page(self, which: StrategyFilter, after: str, limit: int) -> list[StoredStrategy]:
        found = [one for one in self._tables.strategies.values() if one.id > after and _matches(one, which)]
        return sorted(found, key=lambda one: one.id)[:limit]

    async def save(self, strategy: StoredStrategy, source: str | None = None) -> None:
        await self.get(strategy.id)
        self._put(strategy, source)

    async def version(self, strategy_id: str, number: int) -> StrategyVersion:
        return self._find(strategy_id, number)[0]

    async def versions(self, strategy_id: str, before: int | None, limit: int) -> list[StrategyVersion]:
        found = [
            version
            for (owner, number), (version, _) in self._tables.versions.items()
            if owner == strategy_id and (before is None or number < before)
        ]
        return sorted(found, key=lambda one: -one.number)[:limit]

    async def source(self, strategy_id: str, number: int) -> str:
        return self._find(strategy_id, number)[1]

    def _find(self, strategy_id: str, number: int) -> tuple[StrategyVersion, str]:
        if (strategy_id, number) not in self._tables.versions:
            raise _no_such(strategy_id)
        return self._tables.versions[strategy_id, number]

    def _put(self, strategy: StoredStrategy, source: str | None) -> None:
        self._journal.put(self._tables.strategies, strategy.id, strategy)
        if source is not None:
            key = (strategy.id, strategy.newest.number)
            self._journal.put(self._tables.versions, key, (strategy.newest, source))


def _matches(strategy: StoredStrategy, which: StrategyFilter) -> bool:
    texts = (strategy.id, strategy.title, strategy.description)
    return (
        (which.show_deleted or strategy.delete_time is None)
        and which.kind in (None, strategy.newest.declared.kind)
        and set(which.tags) <= set(strategy.tags)
        and any(which.text.lower() in text.lower() for text in texts)
    )


def _no_such(strategy_id: str) -> NotFound:
    return NotFound(f"no strategy {strategy_id!r}", Reason.STRATEGY_NOT_FOUND, metadata={"strategy": strategy_id})
