"""Storage of strategies: what people call them by, and every version of their code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from scizor.domain.strategies import StoredStrategy, StrategyKind, StrategyVersion


@dataclass(frozen=True, slots=True)
class StrategyFilter:
    """Which strategies; empty means all. `tags`: all of them; `text`: in id, title or description, whatever its case.

    `kind`: of the newest version.
    """

    kind: StrategyKind | None = None
    tags: tuple[str, ...] = ()
    text: str = ""
    show_deleted: bool = False


class StrategyRepository(Protocol):
    """Strategies and their versions. A version never changes, and none is ever removed: runs name them."""

    async def add(self, strategy: StoredStrategy, source: str) -> None:
        """Store a strategy with its first version. Raises AlreadyExists(STRATEGY_EXISTS), a deleted one counting."""
        ...

    async def get(self, strategy_id: str, *, locked: bool = False) -> StoredStrategy:
        """One strategy, a deleted one too. `locked`: nobody else changes it before this unit of work ends.

        Raises NotFound(STRATEGY_NOT_FOUND).
        """
        ...

    async def page(self, which: StrategyFilter, after: str, limit: int) -> list[StoredStrategy]:
        """Strategies in the order of their ids, those behind the id `after`."""
        ...

    async def save(self, strategy: StoredStrategy, source: str | None = None) -> None:
        """Replace what is stored of it; with `source`, its newest version is stored as one more.

        For a strategy that was read `locked` in this unit of work. Raises NotFound(STRATEGY_NOT_FOUND).
        """
        ...

    async def version(self, strategy_id: str, number: int) -> StrategyVersion:
        """One version. Raises NotFound(STRATEGY_NOT_FOUND)."""
        ...

    async def versions(self, strategy_id: str, before: int | None, limit: int) -> list[StrategyVersion]:
        """Newest first, those below the number `before`; none of an unknown strategy."""
        ...

    async def source(self, strategy_id: str, number: int) -> str:
        """A version's text. Raises NotFound(STRATEGY_NOT_FOUND)."""
        ...
