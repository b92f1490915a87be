"""The use cases of strategies. They see ports, never the wire."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from scizor.domain.backtests import BacktestSpec
from scizor.domain.errors import AlreadyExists, Conflict, FailedPrecondition, NotFound, Reason
from scizor.domain.strategies import Declared, StoredStrategy, StrategyOrigin, StrategyVersion, code_hash
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage, UnitOfWork
from scizor.ports.strategies import StrategyFilter
from scizor.services.backtest.strategies.hosting import Hosting, Text
from scizor.services.code import builtin
from scizor.services.code.pinned import known, living, pinned


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants a strategy to be. None: as it is, or as its class says."""

    title: str | None = None
    description: str | None = None
    tags: tuple[str, ...] | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Catalog:
    """Finds, stores and changes strategies. What came with the system is found here too, and never changed."""

    storage: Storage
    clock: Clock
    hosting: Hosting

    async def page(
        self, which: StrategyFilter, origin: StrategyOrigin | None, after: str, limit: int
    ) -> list[StoredStrategy]:
        """Stored and built-in ones in the order of their ids, those behind the id `after`."""
        found = builtin.page(which, after) if origin is not StrategyOrigin.UPLOADED else []
        if origin is not StrategyOrigin.BUILTIN:
            async with self.storage.begin() as work:
                found += await work.strategies.page(which, after, limit)
        return sorted(found, key=lambda one: one.id)[:limit]

    async def get(self, strategy_id: str, number: int) -> tuple[StoredStrategy, StrategyVersion, str]:
        """A strategy, a deleted one too, with one version (0: the newest) and its text. Raises NotFound."""
        if came := builtin.find(strategy_id):
            strategy = builtin.told(came)
            if number not in (0, strategy.newest.number):
                raise _no_version(strategy_id, number)
            return strategy, strategy.newest, builtin.source_of(came)
        async with self.storage.begin() as work:
            strategy = await known(work, strategy_id)
            version = await work.strategies.version(strategy_id, number) if number else strategy.newest
            return strategy, version, await work.strategies.source(strategy_id, version.number)

    async def versions(self, strategy_id: str, before: int | None, limit: int) -> list[StrategyVersion]:
        """Newest first, those below the number `before`. Raises NotFound."""
        if came := builtin.find(strategy_id):
            newest = builtin.told(came).newest
            return [newest] if before is None or newest.number < before else []
        async with self.storage.begin() as work:
            await known(work, strategy_id)
            return await work.strategies.versions(strategy_id, before, limit)

    async def declared(self, strategy_id: str, source: str, caller: str = "") -> Declared:
        """What a text declares that is to be stored under this id, or under its own where that is empty.

        Raises StrategyError where it does not load, AlreadyExists(STRATEGY_EXISTS) for a built-in one's id, and as
        Hosting does.
        """
        declared = await self.hosting.declared(Text(source, strategy_id or "strategy"), caller)
        wanted = strategy_id or declared.id
        if builtin.find(wanted):
            raise AlreadyExists(
                f"a strategy {wanted} came with the system: choose another id",
                Reason.STRATEGY_EXISTS,
                metadata={"strategy": wanted},
            )
        return declared

    async def create(self, work: UnitOfWork, strategy_id: str, draft: Draft, declared: Declared) -> StoredStrategy:
        """Store a text that declares this as a strategy's first version, or as the next one of a deleted strategy.

        Raises AlreadyExists(STRATEGY_EXISTS).
        """
        wanted, source, now = strategy_id or declared.id, draft.source or "", self.clock.now()
        try:
            before = await work.strategies.get(wanted, locked=True)
        except NotFound:
            fresh = StoredStrategy(wanted, _version(wanted, 1, source, declared, now), create_time=now, update_time=now)
            made = _drafted(fresh, draft, declared)
            await work.strategies.add(made, source)
            return made
        if before.delete_time is None:
            message = f"there is a strategy {wanted} already: update it, or choose another id"
            raise AlreadyExists(message, Reason.STRATEGY_EXISTS, metadata={"strategy": wanted})
        newest = _version(wanted, before.newest.number + 1, source, declared, now)
        blank = replace(before, newest=newest, title="", description="", tags=(), delete_time=None)
        made = _changed(_drafted(blank, draft, declared), now)
        await work.strategies.save(made, source)
        return made

    async def update(
        self, work: UnitOfWork, strategy_id: str, draft: Draft, declared: Declared | None, etag: str
    ) -> StoredStrategy:
        """Change what the draft names. Another text, which declares `declared`, becomes the next version.

        Raises NotFound, Conflict(ETAG_STALE) when `etag` is given and stale.
        """
        before = await self._changeable(work, strategy_id, etag)
        now, source, newest = self.clock.now(), draft.source, before.newest
        if source is None or declared is None or code_hash(source) == newest.code_hash:
            made = _changed(_drafted(before, draft, newest.declared), now)
            await work.strategies.save(made)
            return made
        # A description that was the class's own goes on being that.
        own = before.description == newest.declared.description
        newest = _version(strategy_id, newest.number + 1, source, declared, now)
        following = replace(before, newest=newest, description="" if own else before.description)
        made = _changed(_drafted(following, draft, declared), now)
        await work.strategies.save(made, source)
        return made

    async def delete(self, work: UnitOfWork, strategy_id: str, etag: str) -> StoredStrategy:
        """Take it out of the lists. Raises as `update`."""
        before, now = await self._changeable(work, strategy_id, etag), self.clock.now()
        made = _changed(replace(before, delete_time=now), now)
        await work.strategies.save(made)
        return made

    async def _changeable(self, work: UnitOfWork, strategy_id: str, etag: str) -> StoredStrategy:
        demand_stored(strategy_id)
        strategy = await living(work, strategy_id, locked=True)
        if etag and etag != strategy.etag:
            message = f"strategy {strategy_id} was changed: its etag is {strategy.etag}, not {etag}"
            raise Conflict(message, Reason.ETAG_STALE, metadata={"strategy": strategy_id, "etag": strategy.etag})
        return strategy


def demand_stored(strategy_id: str) -> None:
    """Raises FailedPrecondition(STRATEGY_BUILTIN) for a strategy that came with the system."""
    if builtin.find(strategy_id):
        raise FailedPrecondition(
            f"strategy {strategy_id} came with the system: store what you make of it under another id",
            Reason.STRATEGY_BUILTIN,
            metadata={"strategy": strategy_id},
        )


async def with_code(work: UnitOfWork, asked: BacktestSpec, parent: str) -> BacktestSpec:
    """What is asked, with every parameter, and the version and hash of the code that is to run.

    Raises NotFound(STRATEGY_NOT_FOUND), InvalidInput naming fields as `<parent>.<field>`.
    """
    code = await pinned(work, asked.strategy_id, asked.strategy_version, asked.parameters, parent)
    return replace(asked, parameters=code.parameters, strategy_version=code.version, code_hash=code.code_hash)


def _no_version(strategy_id: str, number: int) -> NotFound:
    metadata = {"strategy": strategy_id, "version": str(number)}
    return NotFound(f"no version {number} of strategy {strategy_id!r}", Reason.STRATEGY_NOT_FOUND, metadata=metadata)


def _version(strategy_id: str, number: int, source: str, declared: Declared, now: datetime) -> StrategyVersion:
    return StrategyVersion(strategy_id, number, code_hash(source), declared, now)


def _drafted(strategy: StoredStrategy, draft: Draft, declared: Declared) -> StoredStrategy:
    description = strategy.description if draft.description is None else draft.description
    return replace(
        strategy,
        title=strategy.title if draft.title is None else draft.title,
        description=description or declared.description,
        tags=strategy.tags if draft.tags is None else draft.tags,
    )


def _changed(strategy: StoredStrategy, now: datetime) -> StoredStrategy:
    return replace(strategy, revision=strategy.revision + 1, update_time=now)
