"""Storage of what looks wrong in stored bars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from scizor.domain.instruments import StoredInstrument
from scizor.domain.quality import DataFlag, FlagKind, StoredFlag


class FlagRepository(Protocol):
    """Flags of stored instruments, one a session and kind."""

    async def raise_(self, key: int, flags: Sequence[DataFlag], now: datetime) -> None:
        """Record them; one that is there already keeps its time."""
        ...

    async def lower(self, key: int, kind: FlagKind, session: date) -> None:
        """Remove the flag of that session, if there is one."""
        ...

    async def newest(self, instrument: StoredInstrument | None, limit: int) -> list[StoredFlag]:
        """Of the instrument, or of all; newest first."""
        ...
