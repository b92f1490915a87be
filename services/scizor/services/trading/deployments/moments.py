"""What a strategy at work was shown and what it asked for, as it is stored: from these alone it can be brought back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from scizor.codec.plain import from_plain, to_plain
from scizor.ports.storage import Storage, UnitOfWork
from scizor.services.research.live_parts import Step
from scizor.strategy.live import Intent, Row, View

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Split:
    """So many shares for one, from then on."""

    symbol: str
    ratio: Decimal
    time: datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """`heard`: the newest entry of the account's journal that the view knows of; `row`: the bar that closed, or None.

    `newest_ns`: the close of the newest row it has seen by then; the first moment tells so what it was warmed up with.
    `until`: what was asked for may be carried out before then, and no later.
    """

    sequence: int
    heard: int
    newest_ns: int
    until: datetime
    view: View
    row: Row | None = None
    splits: tuple[Split, ...] = ()
    intents: tuple[Intent, ...] = ()

    @property
    def step(self) -> Step:
        """As a strategy is told it."""
        return Step(self.view, self.row, told(self.splits))


def told(splits: Sequence[Split]) -> tuple[tuple[str, float], ...]:
    """As a strategy is told them."""
    return tuple((one.symbol, float(one.ratio)) for one in splits)


async def add(work: UnitOfWork, deployment_id: str, moment: Moment) -> None:
    """Store it. Raises Conflict where another has its place."""
    await work.moments.add(deployment_id, moment.sequence, json.dumps(to_plain(moment)))


async def recall(storage: Storage, deployment_id: str) -> list[Moment]:
    """All of a deployment, oldest first."""
    found: list[Moment] = []
    while True:
        async with storage.begin() as work:
            page = await work.moments.page(deployment_id, len(found), _PAGE)
        found += [from_plain(Moment, json.loads(one)) for one in page]
        if len(page) < _PAGE:
            return found
