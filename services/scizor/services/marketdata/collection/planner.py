"""Which requests fetch what a symbol lacks: as few as may be. Days are days since 1970-01-01."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np
import numpy.typing as npt

from scizor.domain.collections import Chunk
from scizor.domain.intervals import Interval
from scizor.domain.sessions import DayArray, from_day

NO_DAYS: DayArray = np.zeros(0, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The sessions one symbol should have, and what is known of them.

    `days`: the exchange's sessions, ascending, some of them before the window from `first` to `last`. `present`: those
    with a complete bar; `barren`: those not to be asked for, as they are known to have none or were asked for lately.
    Neither is asked for, unless they are left empty.
    """

    key: int
    symbol: str
    days: DayArray
    first: int
    last: int
    present: DayArray = field(default_factory=lambda: NO_DAYS)
    barren: DayArray = field(default_factory=lambda: NO_DAYS)

    @property
    def lacking(self) -> DayArray:
        """The sessions to ask for."""
        return self.days[self.lacks()]

    def lacks(self) -> npt.NDArray[np.bool_]:
        """Which of `days` are to be asked for."""
        lacks = (self.days >= self.first) & (self.days <= self.last)
        for known in (self.present, self.barren):
            if len(known):
                lacks &= ~np.isin(self.days, known)
        return lacks


@dataclass(frozen=True, slots=True)
class PlanRules:
    """`span_days`: the most one request may cover; `anchors`: stored sessions asked again before lacking ones."""

    interval: Interval
    span_days: int
    anchors: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The ledger of a collection to be."""

    chunks: tuple[Chunk, ...]
    symbols_total: int

    @property
    def symbols_complete(self) -> int:
        """Symbols that lack nothing."""
        return self.symbols_total - len({chunk.key for chunk in self.chunks})


def planned(wanted: Sequence[Wanted], rules: PlanRules) -> Plan:
    """The chunks of all symbols, numbered from 1, each symbol's oldest first."""
    numbers = count(1)
    chunks = (_chunk(next(numbers), one, rules.interval, *span) for one in wanted for span in _spans(one, rules))
    return Plan(tuple(chunks), len(wanted))


def _chunk(number: int, one: Wanted, interval: Interval, first: int, last: int, sessions: int) -> Chunk:
    return Chunk(number, one.key, one.symbol, interval, from_day(first), from_day(last), sessions)


def _spans(one: Wanted, rules: PlanRules) -> list[tuple[int, int, int]]:
    """First day, last day and lacking sessions of each request.

    From the first lacking session each takes all that one request may cover: no other choice needs fewer. Where the
    sessions before it are to be asked again it takes less, if the others take what it leaves.
    """
    lacking = one.lacking
    present = one.days[np.isin(one.days, one.present)]
    spans: list[tuple[int, int, int]] = []
    start = 0
    while start < len(lacking):
        end = _end(lacking, int(lacking[start]), rules)
        before = present[present < lacking[start]]
        anchors = before[before > lacking[start - 1]] if start else before
        anchors = anchors[-rules.anchors :] if rules.anchors else NO_DAYS
        if len(anchors):
            sooner = _end(lacking, int(anchors[0]), rules)
            if sooner > start and _requests(lacking, sooner, rules) == _requests(lacking, end, rules):
                end = sooner
        last = int(lacking[end - 1])
        anchors = anchors[anchors > last - rules.span_days]
        spans.append((int(anchors[0]) if len(anchors) else int(lacking[start]), last, end - start))
        start = end
    return spans


def _end(lacking: DayArray, first: int, rules: PlanRules) -> int:
    """The place behind the last session that a request from the day `first` on may cover."""
    return int(np.searchsorted(lacking, first + rules.span_days))


def _requests(lacking: DayArray, start: int, rules: PlanRules) -> int:
    """How many requests the lacking sessions from that place on need."""
    number = 0
    while start < len(lacking):
        start = _end(lacking, int(lacking[start]), rules)
        number += 1
    return number
