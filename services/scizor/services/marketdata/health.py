"""Use case: whether the service can do its work."""

from __future__ import annotations

from dataclasses import dataclass

from scizor.domain.errors import ScizorError
from scizor.ports.storage import Storage
from scizor.ports.symbols import SymbolFilter


@dataclass(frozen=True, slots=True)
class Health:
    """`symbols`: how many are stored, 0 while storage is away."""

    storage_ok: bool
    symbols: int


async def check(storage: Storage) -> Health:
    """Never raises for a storage that is away."""
    if not await storage.ping():
        return Health(storage_ok=False, symbols=0)
    try:
        async with storage.begin() as work:
            return Health(storage_ok=True, symbols=await work.symbols.count(SymbolFilter()))
    except ScizorError:
        return Health(storage_ok=False, symbols=0)
