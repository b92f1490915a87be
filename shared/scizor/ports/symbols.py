"""Storage of instruments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scizor.domain.broker import BrokerContract
from scizor.domain.instruments import Instrument, StoredInstrument, Verification

SymbolCursor = tuple[str, str, str]
"""Symbol, primary exchange and currency of the last instrument seen."""


@dataclass(frozen=True, slots=True)
class SymbolFilter:
    """Which instruments; empty means all."""

    primary_exchange: str = ""
    group: str = ""
    active_only: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What the broker said about an instrument and what follows. `contract`: when VALID.

    `active` None leaves it as it is; False because of this finding also sets the deactivation's time, unless it has one
    already; True clears it.
    """

    result: Verification
    reason: str = ""
    contract: BrokerContract | None = None
    active: bool | None = None


class SymbolRepository(Protocol):
    """Instruments by key and by reference."""

    async def add(self, instrument: Instrument) -> StoredInstrument:
        """Store a new one. Raises AlreadyExists(SYMBOL_EXISTS)."""
        ...

    async def add_missing(self, instruments: Sequence[Instrument]) -> int:
        """Store those whose key is new, leave the others as they are; the number stored."""
        ...

    async def get(self, reference: str, *, locked: bool = False) -> StoredInstrument:
        """The one a reference names. Raises NotFound(SYMBOL_NOT_FOUND), InvalidInput(SYMBOL_AMBIGUOUS).

        `locked`: until the unit of work ends no other changes it, deletes it or gives it bars; waits for one that does.
        """
        ...

    async def get_many(self, references: Sequence[str]) -> list[StoredInstrument]:
        """Those the references name, in their order; raises as `get` for the first that fails."""
        ...

    async def find_many(self, references: Sequence[str]) -> list[StoredInstrument | None]:
        """For each reference the one it names, None where it names none or several; one round trip for all."""
        ...

    async def update(self, key: int, instrument: Instrument, expected_etag: str) -> StoredInstrument:
        """Replace all but the key. Raises Conflict(ETAG_STALE) when `expected_etag` is given and no longer current.

        One that is active again has no time of deactivation.
        """
        ...

    async def all(self, which: SymbolFilter) -> list[StoredInstrument]:
        """All that match, by symbol, exchange, currency."""
        ...

    async def verified(self, key: int, finding: Finding, now: datetime) -> StoredInstrument:
        """Record what the broker said, with the contract when there is one. Raises NotFound(SYMBOL_NOT_FOUND).

        The version, and with it the etag, changes only when `active` does.
        """
        ...

    async def contracts(self, keys: Sequence[int]) -> Mapping[int, BrokerContract]:
        """The contracts recorded, by storage's number; those without one are left out."""
        ...

    async def archive(self, key: int, reason: str, now: datetime) -> str:
        """Move it with its bars, revisions and actions to the archive; the archive's id. Raises NotFound."""
        ...

    async def delete(self, key: int) -> None:
        """Remove it with its bars, their revisions and its corporate actions. Raises NotFound(SYMBOL_NOT_FOUND)."""
        ...

    async def page(self, which: SymbolFilter, after: SymbolCursor | None, limit: int) -> list[StoredInstrument]:
        """Those after the cursor, by symbol, exchange, currency."""
        ...

    async def count(self, which: SymbolFilter) -> int:
        """How many match."""
        ...
