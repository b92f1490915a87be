"""Leases in the tables of a fake storage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from scizor.domain.errors import Reason, Unavailable
from scizor.ports.leases import Lease
from tests.fakes.storage import FakeStorage
from tests.fakes.trading_tables import FakeHolder

_LOOK_S = 0.005


class FakeLeases:
    """`ports.leases.Leases`. `held`: those that are somebody's now; several of these over one storage are as one."""

    def __init__(self, storage: FakeStorage) -> None:
        self._storage = storage
        self.held: dict[str, Lease] = storage.tables.trading.held

    @asynccontextmanager
    async def hold(self, name: str, holder: str) -> AsyncIterator[Lease]:
        self._check_available()
        while name in self.held:
            await asyncio.sleep(_LOOK_S)
            self._check_available()
        leases = self._storage.tables.trading.leases
        epoch = leases[name].epoch + 1 if name in leases else 1
        leases[name] = FakeHolder(epoch, holder)
        lease = self.held[name] = Lease(name, epoch, asyncio.get_running_loop().create_future())
        try:
            yield lease
        finally:
            self.lose(lease, "it was let go")

    async def holder(self, name: str) -> str:
        self._check_available()
        known = self._storage.tables.trading.leases.get(name)
        return known.holder if known else ""

    def lose(self, lease: Lease, reason: str = "the connection to the database ended") -> None:
        """As if the holder's connection died: the next in line may have it."""
        if self.held.get(lease.name) is lease:
            del self.held[lease.name]
        if not lease.lost.done():
            lease.lost.set_result(reason)

    def _check_available(self) -> None:
        if not self._storage.available:
            raise Unavailable("the database is not available", Reason.STORAGE_UNAVAILABLE)
