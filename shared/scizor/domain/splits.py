"""Splits that nobody recorded, as raw prices betray them.

A split moves the price overnight by the factor of its terms and leaves all else alone: the new level stays, and as
much money changes hands as before. A crash or a bid may move it as far, but draws a crowd. In 138,000 bars of US
stocks from 1962 to 2018 the first day of a split saw at most 2.1 x the usual trade, and a gap that resembles one
(AAPL on 2000-09-29, AABA on 2008-02-01, AMZN on 2001-04-09) at least 6.3 x.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.bars import ActionType, BarArray, BarSeries, CorporateAction
from scizor.domain.quality import DataFlag, FlagKind
from scizor.domain.rows import PlaceArray
from scizor.domain.sessions import DayArray, from_day, to_day

SESSIONS_BEFORE = 20
SESSIONS_BEFORE_MIN = 5
LEVEL_SESSIONS = 3
OPEN_TOLERANCE = 0.10
LEVEL_TOLERANCE = 0.30
CROWD = 4.0
_TERMS = (1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 8.0, 10.0, 20.0)
_RATIOS = np.array(sorted((*_TERMS, *(1.0 / terms for terms in _TERMS))))


def suspected(series: BarSeries, actions: Sequence[CorporateAction]) -> list[DataFlag]:
    """A flag for each session of RAW daily bars that begins with what looks like a split `actions` does not hold.

    It compares the open with the close before, and the session's trade with that of the sessions before: fewer than
    `SESSIONS_BEFORE_MIN` prove nothing. The first `LEVEL_SESSIONS` of the new level tell whether it stays.
    """
    bars = series.bars
    if len(bars) <= SESSIONS_BEFORE_MIN:
        return []
    recorded = _recorded(bars, actions)
    gap = bars["open"][1:] / bars["close"][:-1] * recorded
    ratio = _RATIOS[np.abs(np.log(_RATIOS[:, None] * gap)).argmin(axis=0)]
    alike = np.flatnonzero(np.abs(np.log(gap * ratio)) < np.log1p(OPEN_TOLERANCE))
    return [
        DataFlag(
            FlagKind.SUSPECTED_SPLIT, from_day(bars["day"][at + 1]), _told(bars, at + 1, ratio[at]), float(ratio[at])
        )
        for at in alike.tolist()
        if _holds(bars, at + 1, float(ratio[at] * recorded[at]))
    ]


def with_gaps(instrument: PlaceArray, day: DayArray, opened: FloatArray, closed: FloatArray) -> set[int]:
    """The instruments with a gap as wide as a split's, at a glance. Columns of good rows in any order, shape (n,)."""
    order = np.lexsort((day, instrument))
    instrument, opened, closed = instrument[order], opened[order], closed[order]
    gap = np.abs(np.log(opened[1:] / closed[:-1]))
    wide = (gap > np.log(min(_TERMS) / (1 + OPEN_TOLERANCE))) & (instrument[1:] == instrument[:-1])
    return set(np.unique(instrument[1:][wide]).tolist())


def _holds(bars: BarArray, place: int, factor: float) -> bool:
    """Whether the level and the trade stayed what they were, on the scale of `factor` shares for each before."""
    before, after = bars[max(0, place - SESSIONS_BEFORE) : place], bars[place : place + LEVEL_SESSIONS]
    if len(before) < SESSIONS_BEFORE_MIN:
        return False
    level = float(np.median(after["close"]) * factor / np.median(before["close"][-LEVEL_SESSIONS:]))
    crowd = float(bars["volume"][place]) / (float(np.median(before["volume"])) * factor)
    return abs(np.log(level)) < np.log1p(LEVEL_TOLERANCE) and crowd < CROWD


def _recorded(bars: BarArray, actions: Sequence[CorporateAction]) -> FloatArray:
    """The product of recorded splits between each bar and the one before it, shape (n - 1,)."""
    product = np.ones(len(bars) - 1)
    for action in actions:
        place = int(np.searchsorted(bars["day"], to_day(action.ex_date), side="left"))
        if action.type is ActionType.SPLIT and 0 < place < len(bars):
            product[place - 1] *= float(action.value)
    return product


def _told(bars: BarArray, place: int, ratio: float) -> str:
    said = f"{ratio:g} for 1" if ratio >= 1 else f"1 for {1 / ratio:g}"
    opened, closed = float(bars["open"][place]), float(bars["close"][place - 1])
    return (
        f"open {opened:.15g} after close {closed:.15g} on {from_day(bars['day'][place - 1])} looks like a split {said}"
    )
