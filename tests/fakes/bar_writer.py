"""The bulk write of bars of any length, in dicts."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt

from scizor.domain.bars import BarArray
from scizor.domain.errors import DataCorrupt, NotFound, Reason
from scizor.ports.bars import WriteCounts
from tests.fakes.journal import Journal
from tests.fakes.tables import FakeBar, FakeTables

Place = tuple[Any, ...]


@dataclass(frozen=True)
class FakeTarget:
    """Where bars go. `place_of`: an instrument's key and a row to the bar's key; `quiet`: whether a volume may be 0."""

    rows: MutableMapping[Any, FakeBar]
    place_of: Callable[[int, np.void], Place]
    revisions: MutableMapping[Any, FakeBar] | None = None
    quiet: bool = False


class FakeBarWriter:
    def __init__(
        self, tables: FakeTables, journal: Journal, target: FakeTarget, source: str, scale_date: date | None
    ) -> None:
        self._tables, self._journal, self._target = tables, journal, target
        self._source, self._scale_date = source, scale_date
        self._staged: list[tuple[Place, FakeBar]] = []

    async def add(self, keys: npt.NDArray[np.int32], bars: BarArray) -> None:
        for key, bar in zip(keys.tolist(), bars, strict=True):
            prices = (float(bar["open"]), float(bar["high"]), float(bar["low"]), float(bar["close"]))
            volume, partial = float(bar["volume"]), bool(bar["partial"])
            row = FakeBar(int(bar["day"]), prices, volume, partial, 0, self._source, self._scale_date)
            self._staged.append((self._target.place_of(key, bar), row))

    async def store(self) -> WriteCounts:
        self._staged.sort(key=lambda staged: staged[0])
        if any(one[0] == other[0] for one, other in pairwise(self._staged)):
            raise DataCorrupt("a bar was staged twice", Reason.DATA_CORRUPT)
        if any(place[0] not in self._tables.symbols for place, _ in self._staged):
            raise NotFound("an instrument of these bars is no longer stored", Reason.SYMBOL_NOT_FOUND)
        if not all(_is_sound(bar, quiet=self._target.quiet) for _, bar in self._staged):
            raise DataCorrupt("a row breaks a rule of the table it is for", Reason.DATA_CORRUPT)
        inserted = updated = 0
        for place, bar in self._staged:
            old = self._target.rows.get(place)
            if old is None:
                inserted += 1
                self._journal.put(self._target.rows, place, bar)
            elif old.partial or not bar.partial:
                updated += replaced(self._journal, self._target, place, bar)
        staged, self._staged = len(self._staged), []
        return WriteCounts(inserted, updated, staged - inserted - updated)


def replaced(journal: Journal, target: FakeTarget, place: Place, bar: FakeBar) -> bool:
    """Put a bar in the place of another; False when it was the same but for its scale date."""
    old = target.rows[place]
    same = replace(bar, revision=old.revision, scale_date=old.scale_date) == old
    if not same and target.revisions is not None:
        journal.put(target.revisions, (*place, old.revision), old)
    journal.put(target.rows, place, replace(bar, revision=old.revision + (not same)))
    return not same


def _is_sound(bar: FakeBar, *, quiet: bool) -> bool:
    opened, high, low, close = bar.prices
    traded = bar.volume >= 0 if quiet else bar.volume > 0
    return 0 < low <= min(opened, close) <= max(opened, close) <= high < inf and traded and bar.volume < inf
