"""Storage of imports and the rows they had to keep aside."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from scizor.domain.quality import ImportSummary, RejectedRow, Rule, StoredRejection

RejectionCursor = tuple[str, int]
"""Import id and row number of the last row seen; import ids sort by time."""


@dataclass(frozen=True, slots=True)
class RejectionFilter:
    """Which rejected rows; empty means all. `symbol` is a full id."""

    symbol: str = ""
    import_id: str = ""
    rule: Rule = Rule.NONE


class ImportRepository(Protocol):
    """Imports, newest first."""

    async def add(self, summary: ImportSummary, rows: Sequence[RejectedRow]) -> None:
        """Store an import with its rejected rows."""
        ...

    async def accumulate(self, summary: ImportSummary, rows: Sequence[RejectedRow]) -> None:
        """Add its counts, symbols and rows to the import of the same id and source, or store it when there is none.

        The verdict becomes PARTIAL once a row was rejected. Row numbers must be new to the import.
        """
        ...

    async def summaries(self, symbol: str, import_id: str, limit: int) -> list[ImportSummary]:
        """The newest imports that touched the symbol and have the id; empty means any."""
        ...

    async def rejections(
        self, which: RejectionFilter, after: RejectionCursor | None, limit: int
    ) -> list[StoredRejection]:
        """Rejected rows, newest import first, then by row number."""
        ...

    async def forget_rejections(self, symbols: Collection[str]) -> int:
        """Remove the rejected rows whose symbol is one of these texts; how many. The imports' records stay."""
        ...

    async def count_by_rule(self, which: RejectionFilter) -> list[tuple[Rule, int]]:
        """How many rows match, by rule, most first."""
        ...
