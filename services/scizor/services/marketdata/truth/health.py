"""Use case: whether the service can do its work."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from scizor.domain.broker import ConnectionStatus
from scizor.domain.errors import ScizorError
from scizor.ports.broker import BrokerConnection
from scizor.ports.storage import Storage
from scizor.ports.symbols import SymbolFilter


@dataclass(frozen=True, slots=True)
class Health:
    """`symbols`: how many are stored, 0 while storage is away."""

    storage_ok: bool
    symbols: int
    broker: ConnectionStatus


async def check(storage: Storage, broker: BrokerConnection) -> Health:
    """Never raises for a storage or a broker that is away."""
    if await storage.ping():
        with suppress(ScizorError):
            async with storage.begin() as work:
                return Health(storage_ok=True, symbols=await work.symbols.count(SymbolFilter()), broker=broker.status)
    return Health(storage_ok=False, symbols=0, broker=broker.status)
