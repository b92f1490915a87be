"""The judged rows of one import: the good as bars, the bad as rows to keep aside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scizor.domain.bars import VALUE_COLUMNS, BarArray, empty_bars
from scizor.domain.judge import RuleArray, describe, judge, widened
from scizor.domain.quality import RejectedRow, Rule
from scizor.domain.rows import PlaceArray, RowBatch, Rows, written
from scizor.domain.sessions import DayArray, from_day

_PIECE_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows with the rule each breaks first, `Rule.NONE` for the good."""

    batch: RowBatch
    rows: Rows
    codes: RuleArray

    @property
    def rejected(self) -> int:
        """How many rows are bad."""
        return int(np.count_nonzero(self.codes))

    @property
    def by_rule(self) -> tuple[tuple[Rule, int], ...]:
        """How many rows broke each rule, most first."""
        counts = np.bincount(self.codes, minlength=1)
        found = [(rule, int(counts[rule])) for rule in map(Rule, np.flatnonzero(counts).tolist()) if rule]
        return tuple(sorted(found, key=lambda count: (-count[1], count[0])))

    @property
    def instruments(self) -> PlaceArray:
        """Places of the instruments that have rows, ascending."""
        places = np.unique(self.rows.instrument)
        return places[places >= 0]

    def bars(self, keys: npt.NDArray[np.int32]) -> Iterator[tuple[npt.NDArray[np.int32], BarArray]]:
        """The good rows in pieces, with storage's key of each; `keys`: by place of the instrument."""
        high, low = widened(self.rows)
        columns = {name: getattr(self.rows, name) for name in VALUE_COLUMNS} | {"high": high, "low": low}
        good = np.flatnonzero(self.codes == Rule.NONE)
        for start in range(0, len(good), _PIECE_ROWS):
            places = good[start : start + _PIECE_ROWS]
            bars = empty_bars(len(places))
            bars["day"] = self.rows.day[places]
            for name, column in columns.items():
                bars[name] = column[places]
            yield keys[self.rows.instrument[places]], bars

    def rejections(self) -> list[RejectedRow]:
        """The bad rows in the order of their numbers."""
        bad = np.flatnonzero(self.codes)
        return [self._rejection(int(place)) for place in bad[np.argsort(self.batch.number[bad], kind="stable")]]

    def _rejection(self, place: int) -> RejectedRow:
        batch, rule = self.batch, Rule(int(self.codes[place]))
        number, symbol = int(batch.number[place]), batch.symbols[batch.symbol[place]]
        unread = batch.unreadable.get(place)
        if unread is not None:
            return RejectedRow(number, rule, unread.detail, unread.symbol or symbol, unread.session, unread.raw)
        raw = ",".join(written(float(column[place])) for column in self.rows.values)
        return RejectedRow(
            number, rule, describe(self.rows, place, rule), symbol, str(from_day(int(batch.day[place]))), raw
        )


def judged(batch: RowBatch, instrument_of: PlaceArray, sessions: Sequence[DayArray], calendar_of: PlaceArray) -> Judged:
    """Judge all rows. `instrument_of`: for each of the batch's symbols its instrument's place, -1 for none."""
    readable = np.ones(len(batch), dtype=bool)
    readable[list(batch.unreadable)] = False
    values = {name: getattr(batch, name) for name in VALUE_COLUMNS}
    rows = Rows(instrument=instrument_of[batch.symbol], day=batch.day, readable=readable, **values)
    return Judged(batch, rows, judge(rows, sessions, calendar_of))
