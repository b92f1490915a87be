"""Bars of a longer interval, put together as finer ones come: complete when `engine.resample` says so."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from operator import itemgetter
from typing import Final

from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.domain.sessions import to_day
from scizor.strategy.bars import COLUMNS, Column
from scizor.strategy.live_indicators import Numbers
from scizor.strategy.live_views import Row
from scizor.strategy.views import Bar

_NEVER: Final = 2**63
_NAN: Final = float("nan")


@dataclass(slots=True)
class _Growing:
    """A bar that is not complete yet; volumes that are not known are left out."""

    slot: int
    end_ns: int
    bar: Bar

    def take(self, bar: Bar) -> None:
        """One more of its parts."""
        opened, high, low, _, volume = self.bar
        more = bar.volume if volume != volume else volume if bar.volume != bar.volume else volume + bar.volume
        self.bar = Bar(opened, max(high, bar.high), min(low, bar.low), bar.close, more)


@dataclass(frozen=True, slots=True)
class Complete:
    """The bars of one slot that have become complete in this row, by symbol's index, as `live_indicators.Bars`."""

    slot: int
    bars: dict[int, Bar]
    coarse: Coarse

    def column(self, column: Column) -> Numbers:
        """All symbols' numbers; NaN for those that are not among these."""
        place = COLUMNS.index(column)
        numbers = [_NAN] * self.coarse.n_symbols
        for index, bar in self.bars.items():
            numbers[index] = bar[place]
        return numbers

    def of(self, index: int, column: Column) -> float:
        """One symbol's in this slot, as far as it is known."""
        bar = self.bars.get(index) or self.coarse.bar_of(index, self.slot)
        return _NAN if bar is None else bar[COLUMNS.index(column)]


@dataclass(slots=True)
class Coarse:
    """Bars of `interval` by symbol's index, on the scale of the first row; the last `n_kept` are kept.

    `whole`: false where rows before the first were let go of: the first bar of each symbol may then lack its beginning,
    and is left out.
    """

    interval: Interval
    n_symbols: int
    n_kept: int
    whole: bool = True
    history: list[deque[Bar]] = field(init=False)
    counts: list[int] = field(init=False)
    _growing: dict[int, _Growing] = field(init=False, default_factory=dict)
    _last: dict[int, tuple[int, Bar]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.history = [deque(maxlen=self.n_kept) for _ in range(self.n_symbols)]
        self.counts = [0] * self.n_symbols

    def take(self, row: Row, bars: Sequence[tuple[int, Bar]]) -> list[Complete]:
        """A row's bars on the scale of the first row. Returns what has become complete, oldest slot first.

        Raises InvalidInput for bars that are as long.
        """
        length_ns = self.interval.length // timedelta(microseconds=1) * 1_000
        if row.close_ns - row.open_ns >= length_ns:
            rule = (
                f"must be longer than the bars, {self.interval.word} is not: run it on shorter ones, "
                "such as --interval 1h"
            )
            raise InvalidInput.of_field("interval", rule)
        slot = row.open_ns // length_ns if self.interval.intraday else to_day(row.session)
        end_ns = (slot + 1) * length_ns if self.interval.intraday else _NEVER
        done: list[tuple[int, int, Bar]] = []
        for index, bar in bars:
            growing = self._growing.get(index)
            if growing is not None and growing.slot == slot:
                growing.take(bar)
            else:
                if growing is not None:
                    done.append((growing.slot, index, growing.bar))
                growing = self._growing[index] = _Growing(slot, end_ns, bar)
            if row.close_ns >= end_ns:
                done.append((slot, index, growing.bar))
                del self._growing[index]
        done += self._overdue(row.close_ns)
        return self._complete(done)

    def bar_of(self, index: int, slot: int) -> Bar | None:
        """A symbol's bar of a slot as far as it has come; None where it has none, or an older one."""
        growing, last = self._growing.get(index), self._last.get(index)
        if growing is not None and growing.slot == slot:
            return growing.bar
        return last[1] if last is not None and last[0] == slot else None

    def window(self, index: int, n: int, column: Column) -> list[float]:
        """A symbol's last `n` complete bars, or as many as are kept."""
        kept = self.history[index]
        place = COLUMNS.index(column)
        return [kept[at][place] for at in range(max(len(kept) - n, 0), len(kept))]

    def _overdue(self, now_ns: int) -> list[tuple[int, int, Bar]]:
        """Bars that no row can add to any more."""
        over = [index for index, one in self._growing.items() if one.end_ns < now_ns]
        ended = [(index, self._growing.pop(index)) for index in over]
        return [(one.slot, index, one.bar) for index, one in ended]

    def _complete(self, done: list[tuple[int, int, Bar]]) -> list[Complete]:
        fresh: dict[int, dict[int, Bar]] = {}
        for slot, index, bar in sorted(done, key=itemgetter(0)):
            self.counts[index] += 1
            self._last[index] = (slot, bar)
            if self.whole or self.counts[index] > 1:
                self.history[index].append(bar)
                fresh.setdefault(slot, {})[index] = bar
        return [Complete(slot, bars, self) for slot, bars in fresh.items()]
