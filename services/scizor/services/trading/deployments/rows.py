"""The rows that deployed strategies are shown, wherever they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from scizor.ports.trading import StoredDeployment
from scizor.services.trading.deployments.moments import Split
from scizor.strategy.live import Row


@dataclass(frozen=True, slots=True)
class Past:
    """Rows of the past. `splits`: by the place of the row they come before."""

    rows: Sequence[Row]
    splits: Mapping[int, Sequence[Split]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Coming:
    """A row that has closed. `newest`: no later one is known. `fresh_for`: how long after its close it may be acted on.

    `splits`: since the row before.
    """

    row: Row
    newest: bool
    fresh_for: timedelta
    splits: tuple[Split, ...] = ()


class Rows(Protocol):
    """Of the symbols of one deployment."""

    def now(self) -> datetime:
        """The instant by the broker's clock, which in a replay is another than ours."""
        ...

    async def before(self, until: datetime, count: int) -> Past:
        """The last `count` whole rows that closed at or before the instant. Raises Unavailable."""
        ...

    async def next(self, after_ns: int) -> Coming:
        """The oldest whole row that closed after; waits for it. Raises Unavailable."""
        ...


RowsOf = Callable[[StoredDeployment], Rows]
