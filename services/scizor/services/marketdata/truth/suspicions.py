"""Use case: stored bars are looked over for splits that nobody recorded."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np

from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.instruments import StoredInstrument
from scizor.domain.quality import DataFlag, FlagKind, StoredFlag
from scizor.domain.rows import PlaceArray
from scizor.domain.sessions import DayArray, SessionRange, from_day, to_day
from scizor.domain.splits import suspected
from scizor.ports.storage import UnitOfWork

MOST_FLAGS = 1000
_BEFORE, _AFTER = timedelta(days=60), timedelta(days=14)
_NEAR = timedelta(days=10)
_RATIO_TOLERANCE = 0.1


async def flag_splits(
    work: UnitOfWork, instrument: StoredInstrument, first: date, last: date, now: datetime
) -> list[DataFlag]:
    """Flag what looks like a split in the bars from `first` to `last`, or right behind them; all that was found."""
    which = SessionRange(_moved(first, -_BEFORE), _moved(last, _AFTER))
    series = await work.bars.read(instrument, which)
    found = suspected(series, [])
    if found:  # few series have any, so that the recorded ones need not be asked for
        recorded = await work.actions.of(instrument)
        found = [flag for flag in suspected(series, recorded) if to_day(flag.session) >= to_day(first)]
        await work.flags.raise_(instrument.key, found, now)
    return found


async def lower_explained(work: UnitOfWork, instrument: StoredInstrument, split: CorporateAction) -> None:
    """Lower the suspicions that a split just recorded explains."""
    for stored in await work.flags.newest(instrument, MOST_FLAGS):
        if _explains(split, stored):
            await work.flags.lower(instrument.key, stored.flag.kind, stored.flag.session)


async def lower_within(work: UnitOfWork, instrument: StoredInstrument, which: SessionRange) -> None:
    """Lower every flag of sessions whose bars were removed."""
    first, last = which.start or date.min, which.end or date.max
    for stored in await work.flags.newest(instrument, MOST_FLAGS):
        if first <= stored.flag.session <= last:
            await work.flags.lower(instrument.key, stored.flag.kind, stored.flag.session)


def _explains(split: CorporateAction, stored: StoredFlag) -> bool:
    flag = stored.flag
    if split.type is not ActionType.SPLIT or flag.kind is not FlagKind.SUSPECTED_SPLIT or flag.ratio <= 0:
        return False
    is_near = abs(flag.session - split.ex_date) <= _NEAR
    return is_near and abs(float(split.value) / flag.ratio - 1) <= _RATIO_TOLERANCE


def spans(places: PlaceArray, days: DayArray) -> list[tuple[int, date, date]]:
    """For each place that occurs, with its first and last day. Shapes (n,)."""
    if len(places) == 0:
        return []
    found = np.unique(places)
    first, last = np.full(found[-1] + 1, days.max()), np.full(found[-1] + 1, days.min())
    np.minimum.at(first, places, days)
    np.maximum.at(last, places, days)
    return [(place, from_day(first[place]), from_day(last[place])) for place in found.tolist()]


def _moved(day: date, by: timedelta) -> date:
    """As far as there are dates."""
    try:
        return day + by
    except OverflowError:
        return date.max if by > timedelta() else date.min
