"""Judging rows before they may become bars: which rule of `scizor.domain.quality` each row breaks first.

All functions take and give columns, so that a million rows take a fraction of a second. Two rules need a number:

- A price may lie beyond [low, high] by `ROUNDING` of itself: that is the noise of a float that was scaled and scaled
  back. Such a bar is good, and `widened` makes its range hold its prices.
- A wick is an outlier when it reaches absurdly far by itself (high above 1.5 x the upper end of the body, low below
  0.5 x its lower end) *and* next to what its neighbours do: more than 10 x the median true range (Wilder 1978) of the
  10 good rows before and the 10 after it. With fewer than 5 such neighbours there is nothing to compare with, and only
  a factor of 3 is absurd. Flash crashes whose trades the exchange let stand (PG on 2010-05-06, low 35 % below the body)
  are good; those it cancelled, more than 60 % away, are not.
- Half as far (1.25 x, 0.75 x) is absurd where nobody came along: such a move draws a crowd (PG: 2.2 x the median volume
  of those neighbours), a misprint does not (GE on 2011-08-19, high 32 % above the body: 1.2 x). So it is an outlier
  when it is more than 8 x the median true range at less than 1.5 x the median volume.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from scizor.domain.arrays import FloatArray
from scizor.domain.quality import Rule
from scizor.domain.rows import BoolArray, IndexArray, PlaceArray, Rows
from scizor.domain.sessions import DayArray, from_day

RuleArray = npt.NDArray[np.int8]

ROUNDING = 1e-9
WICK_ABOVE, WICK_BELOW = 1.5, 0.5
WICK_TRUE_RANGES = 10.0
WICK_NEIGHBOURS_EACH_SIDE = 10
WICK_NEIGHBOURS_MIN = 5
WICK_ALONE = 3.0
QUIET_WICK_ABOVE, QUIET_WICK_BELOW = 1.25, 0.75
QUIET_WICK_TRUE_RANGES = 8.0
QUIET_WICK_VOLUMES = 1.5
_WICK_BLOCK_ROWS = 100_000


def judge(rows: Rows, sessions: Sequence[DayArray], calendar_of: PlaceArray) -> RuleArray:
    """The first rule each row breaks, `Rule.NONE` for a good one; shape (n,).

    `sessions`: the days each calendar held a session, ascending. `calendar_of`: each instrument's place in `sessions`.
    """
    codes = np.zeros(len(rows), dtype=np.int8)

    def mark(rule: Rule, broken: BoolArray) -> None:
        codes[broken & (codes == Rule.NONE)] = rule

    with np.errstate(invalid="ignore"):
        for rule, broken in _broken_values(rows):
            mark(rule, broken)
    order = _by_session(rows)
    duplicate, conflict = _repetitions(rows, order)
    mark(Rule.DUPLICATE, duplicate)
    mark(Rule.CONFLICT, conflict)
    mark(Rule.OFF_CALENDAR, _off_calendar(rows, sessions, calendar_of))
    good = order[codes[order] == Rule.NONE]
    codes[good[_outlier_wicks(rows, good)]] = Rule.OUTLIER_WICK
    mark(Rule.SYMBOL_UNKNOWN, rows.instrument < 0)
    return codes


def widened(rows: Rows) -> tuple[FloatArray, FloatArray]:
    """High and low that hold all prices of good rows exactly; they differ from what came by `ROUNDING` at most."""
    high = np.maximum(rows.high, np.maximum(rows.open, rows.close))
    low = np.minimum(rows.low, np.minimum(rows.open, rows.close))
    return high, low


def describe(rows: Rows, index: int, rule: Rule) -> str:
    """What was wrong with one row, in words and with the values."""
    prices = {name: float(getattr(rows, name)[index]) for name in ("open", "high", "low", "close")}
    volume = float(rows.volume[index])
    match rule:
        case Rule.PRICE_MISSING:
            return " and ".join(name for name, price in prices.items() if np.isnan(price)) + " missing"
        case Rule.PRICE_NOT_POSITIVE:
            wrong = (f"{name} {price:.15g}" for name, price in prices.items() if not 0 < price < np.inf)
            return ", ".join(wrong) + " must be above zero and finite"
        case Rule.HIGH_BELOW_LOW:
            return f"high {prices['high']:.15g} is below low {prices['low']:.15g}"
        case Rule.OUTSIDE_RANGE:
            return _outside(prices)
        case Rule.VOLUME_NEGATIVE:
            return "volume missing" if np.isnan(volume) else f"volume {volume:.15g} must not be negative and finite"
        case Rule.OUTLIER_WICK:
            body = sorted((prices["open"], prices["close"]))
            reach = f"range {prices['low']:.15g} to {prices['high']:.15g}"
            return f"{reach} lies absurdly far beyond open and close {body[0]:.15g} to {body[1]:.15g}"
        case Rule.OFF_CALENDAR:
            return f"the exchange held no session on {from_day(int(rows.day[index]))}"
        case _:
            return _SAYINGS[rule]


_SAYINGS = {
    Rule.UNREADABLE: "the row cannot be read",
    Rule.VOLUME_ZERO: "volume 0: no trade made these prices",
    Rule.DUPLICATE: "the same row came before",
    Rule.CONFLICT: "another row of this session has other values",
    Rule.SYMBOL_UNKNOWN: "the symbol names no stored instrument, or several",
}


def _outside(prices: dict[str, float]) -> str:
    low, high = prices["low"], prices["high"]
    wrong = (f"{name} {prices[name]:.15g}" for name in ("open", "close") if not low <= prices[name] <= high)
    return f"{' and '.join(wrong)} outside [{low:.15g}, {high:.15g}]"


def _broken_values(rows: Rows) -> Iterator[tuple[Rule, BoolArray]]:
    """The rules that look at one row alone, in the order of judging."""
    prices = (rows.open, rows.high, rows.low, rows.close)
    least, most = np.minimum.reduce(prices), np.maximum.reduce(prices)
    top, bottom = rows.high * (1 + ROUNDING), rows.low * (1 - ROUNDING)
    yield Rule.UNREADABLE, ~rows.readable
    yield Rule.PRICE_MISSING, np.isnan(least)
    yield Rule.PRICE_NOT_POSITIVE, (least <= 0) | np.isinf(most)
    yield Rule.HIGH_BELOW_LOW, rows.high < bottom
    yield Rule.OUTSIDE_RANGE, (most > top) | (least < bottom)
    yield Rule.VOLUME_NEGATIVE, ~((rows.volume >= 0) & np.isfinite(rows.volume))
    yield Rule.VOLUME_ZERO, rows.volume == 0


def _session_keys(rows: Rows) -> IndexArray:
    """One number for instrument and day, ascending by both."""
    return (rows.instrument.astype(np.int64) << 32) + rows.day


def _by_session(rows: Rows) -> IndexArray:
    """Places of the rows that belong to a session of an instrument, by instrument, day and first come."""
    places = np.flatnonzero(rows.readable & (rows.instrument >= 0))
    keys = _session_keys(rows)[places]
    if bool(np.all(keys[1:] >= keys[:-1])):
        return places
    return places[np.argsort(keys, kind="stable")]


def _repetitions(rows: Rows, order: IndexArray) -> tuple[BoolArray, BoolArray]:
    """Which rows repeat an earlier one, and which share a session with a row that differs; shapes (n,)."""
    duplicate, conflict = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    keys = _session_keys(rows)[order]
    same = keys[1:] == keys[:-1]
    if not same.any():
        return duplicate, conflict
    member = np.zeros(len(order), dtype=bool)
    member[1:] |= same
    member[:-1] |= same
    places, keys = order[member], keys[member]
    # Compared as bits, so that a missing value equals a missing value.
    bits = [np.where(np.isnan(column[places]), np.nan, column[places]).view(np.int64) for column in rows.values]
    by_values = np.lexsort((*bits, keys))
    places, keys = places[by_values], keys[by_values]
    same_key = keys[1:] == keys[:-1]
    same_bits = np.logical_and.reduce([column[by_values][1:] == column[by_values][:-1] for column in bits])
    duplicate[places[1:][same_key & same_bits]] = True
    differing = keys[1:][same_key & ~same_bits]
    conflict[places] = np.isin(keys, differing)
    return duplicate, conflict


def _off_calendar(rows: Rows, sessions: Sequence[DayArray], calendar_of: PlaceArray) -> BoolArray:
    off = np.zeros(len(rows), dtype=bool)
    if len(calendar_of) == 0:
        return off
    calendars = np.where(rows.instrument >= 0, calendar_of[rows.instrument], -1)
    for calendar, held in enumerate(sessions):
        if len(held) == 0:
            off |= calendars == calendar
            continue
        first, last = int(held[0]), int(held[-1])
        is_session = np.zeros(last - first + 1, dtype=bool)
        is_session[held - first] = True
        inside = (rows.day >= first) & (rows.day <= last)
        open_day = inside & is_session[np.where(inside, rows.day - first, 0)]
        off |= (calendars == calendar) & ~open_day
    return off


def _outlier_wicks(rows: Rows, order: IndexArray) -> IndexArray:
    """Places in `order` (good rows by instrument and day) whose wick is an outlier."""
    if len(order) == 0:
        return np.zeros(0, dtype=np.int64)
    first, last, high, low = (column[order] for column in (rows.open, rows.close, rows.high, rows.low))
    body_top, body_bottom = np.maximum(first, last), np.minimum(first, last)
    far = (high > WICK_ABOVE * body_top) | (low < WICK_BELOW * body_bottom)
    suspects = np.flatnonzero((high > QUIET_WICK_ABOVE * body_top) | (low < QUIET_WICK_BELOW * body_bottom))
    if len(suspects) == 0:
        return suspects
    instrument, volume = rows.instrument[order], rows.volume[order]
    before = np.concatenate((last[:1], last[:-1]))
    follows = np.concatenate(([False], instrument[1:] == instrument[:-1]))
    true_range = np.where(follows, np.maximum(high, before) - np.minimum(low, before), high - low)
    wick = np.maximum(high - body_top, body_bottom - low)[suspects]
    median_range, neighbours = _neighbours_median(true_range, instrument, suspects)
    median_volume, _ = _neighbours_median(volume, instrument, suspects)
    quiet = volume[suspects] < QUIET_WICK_VOLUMES * median_volume
    outlier = far[suspects] & (wick > WICK_TRUE_RANGES * median_range)
    outlier |= quiet & (wick > QUIET_WICK_TRUE_RANGES * median_range)
    alone = (high > WICK_ALONE * body_top) | (low * WICK_ALONE < body_bottom)
    return suspects[np.where(neighbours >= WICK_NEIGHBOURS_MIN, outlier, alone[suspects])]


def _neighbours_median(values: FloatArray, instrument: PlaceArray, places: IndexArray) -> tuple[FloatArray, IndexArray]:
    """Lower median of the neighbours' values, and how many there are. Shapes (len(places),)."""
    reach = WICK_NEIGHBOURS_EACH_SIDE
    steps = np.concatenate((np.arange(-reach, 0), np.arange(1, reach + 1)))
    medians, counts = np.empty(len(places)), np.empty(len(places), dtype=np.int64)
    for start in range(0, len(places), _WICK_BLOCK_ROWS):
        block = slice(start, start + _WICK_BLOCK_ROWS)
        around = places[block, None] + steps
        inside = (around >= 0) & (around < len(values))
        around = np.where(inside, around, 0)
        inside &= instrument[around] == instrument[places[block], None]
        window = np.sort(np.where(inside, values[around], np.inf), axis=1)
        counts[block] = inside.sum(axis=1)
        middle = np.maximum(counts[block] - 1, 0) // 2
        medians[block] = np.take_along_axis(window, middle[:, None], axis=1)[:, 0]
    return medians, counts
