"""Who plays a strategy: asked from outside, wherever its code is kept."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from scizor.ports.trading import StoredDeployment
from scizor.strategy.live import Intent, Row, View


class Player(Protocol):
    """`scizor.strategy.live.LiveStrategy`, somewhere else. Raises StrategyError for what its code did, else Unavailable."""

    async def warm(self, rows: Sequence[Row]) -> None:
        """Rows before it acts."""
        ...

    async def advance(self, row: Row, view: View, *, acting: bool) -> Sequence[Intent]:
        """A row that has closed."""
        ...

    async def tell(self, view: View, *, acting: bool) -> Sequence[Intent]:
        """What happened since."""
        ...

    async def split(self, symbol: str, ratio: float) -> None:
        """A symbol has split."""
        ...

    async def stop(self, view: View) -> None:
        """The last row is over."""
        ...


class Players(Protocol):
    """Where players come from."""

    def play(self, stored: StoredDeployment) -> AbstractAsyncContextManager[Player]:
        """Its code, loaded. Raises StrategyError, Unavailable(SANDBOX_UNAVAILABLE), NotFound."""
        ...
