"""Storage in dicts: the semantics of the ports, errors and rollback included, without a database.

Units of work see each other's changes at once; a test that needs isolation belongs on the real database.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from scizor.domain.errors import AlreadyExists, Reason, Unavailable
from tests.fakes.backtests import FakeBacktests
from tests.fakes.bars import FakeActions, FakeBars
from tests.fakes.collections import FakeCollections
from tests.fakes.gaps import FakeFlags, FakeGaps
from tests.fakes.imports import FakeImports
from tests.fakes.intraday import FakeIntraday
from tests.fakes.journal import Journal
from tests.fakes.optimizations import FakeOptimizations
from tests.fakes.orders import FakeOrders
from tests.fakes.risk import FakeAudit, FakeDeployments, FakeMoments, FakeRisk
from tests.fakes.strategies import FakeStrategies
from tests.fakes.symbols import FakeSymbols
from tests.fakes.tables import FakeAnswer, FakeTables, MethodAndId


class FakeIdempotency:
    """Answers by request id; a claimed id is locked until the unit of work ends."""

    def __init__(self, tables: FakeTables, journal: Journal, locks: dict[MethodAndId, asyncio.Lock]) -> None:
        self._answers, self._journal, self._locks = tables.answers, journal, locks
        self._held: set[MethodAndId] = set()

    async def begin(self, method: str, request_id: str, body_hash: bytes) -> bytes | None:
        key = (method, request_id)
        if key not in self._held:
            await self._locks[key].acquire()
            self._held.add(key)
        known = self._answers.get(key)
        if known is None:
            self._journal.put(self._answers, key, FakeAnswer(body_hash))
            return None
        if known.body_hash != body_hash:
            raise AlreadyExists(
                f"request id {request_id} was used for another request",
                Reason.REQUEST_ID_REUSED,
                metadata={"request_id": request_id},
            )
        return known.answer

    async def finish(self, method: str, request_id: str, answer: bytes) -> None:
        key = (method, request_id)
        self._journal.put(self._answers, key, FakeAnswer(self._answers[key].body_hash, answer))

    def release(self) -> None:
        for key in self._held:
            self._locks[key].release()


class FakeUnitOfWork:
    """The repositories of one fake transaction."""

    def __init__(self, storage: FakeStorage) -> None:
        tables, self.journal = storage.tables, Journal()
        self.symbols = FakeSymbols(tables, self.journal, storage.now)
        self.bars = FakeBars(tables, self.journal)
        self.intraday = FakeIntraday(tables, self.journal)
        self.actions = FakeActions(tables, self.journal)
        self.imports = FakeImports(tables, self.journal)
        self.flags = FakeFlags(tables, self.journal)
        self.collections = FakeCollections(tables, self.journal)
        self.gaps = FakeGaps(tables, self.journal)
        self.strategies = FakeStrategies(tables, self.journal)
        self.backtests = FakeBacktests(tables, self.journal)
        self.optimizations = FakeOptimizations(tables, self.journal)
        self.orders = FakeOrders(tables)
        self.risk = FakeRisk(tables, self.journal)
        self.deployments = FakeDeployments(tables, self.journal)
        self.moments = FakeMoments(tables, self.journal)
        self.audit = FakeAudit(tables, self.journal)
        self.idempotency = FakeIdempotency(tables, self.journal, storage.locks)


class FakeStorage:
    """`ports.storage.Storage`. Set `available` to False to take the database away."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.tables = FakeTables()
        self.now = now
        self.available = True
        self.refusals = 0
        self.locks: dict[MethodAndId, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def begin(self, *, durable: bool = True) -> AsyncIterator[FakeUnitOfWork]:
        if not self.available:
            self.refusals += 1
            raise Unavailable("the database is not available", Reason.STORAGE_UNAVAILABLE)
        work = FakeUnitOfWork(self)
        try:
            yield work
        except BaseException:
            work.journal.roll_back()
            raise
        finally:
            work.idempotency.release()

    async def ping(self) -> bool:
        return self.available
