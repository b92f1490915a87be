"""How prices of what is held moved from day to day, from stored bars."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import numpy as np

from scizor.domain.bars import Adjustment, BarSeries
from scizor.domain.errors import FailedPrecondition, Reason
from scizor.domain.instruments import StoredInstrument
from scizor.domain.sessions import SessionRange, from_day
from scizor.domain.trading.stress import History
from scizor.ports.storage import Storage, UnitOfWork


async def history(storage: Storage, instruments: Collection[str], start: date | None = None) -> History:
    """Total returns from close to close, in each instrument's own currency, of every session that any of them has.

    What has no bars has no moves. Raises FailedPrecondition(BARS_NOT_FOUND) where none has any.
    """
    names = tuple(sorted(instruments))
    async with storage.begin() as work:
        found = await work.symbols.find_many(names)
        series = [(await _adjusted(work, one, start)).bars for one in found if one is not None]
    known = [one.instrument.reference for one in found if one is not None]
    whole = [bars[~bars["partial"]] for bars in series]
    days = np.unique(np.concatenate([bars["day"] for bars in whole])) if whole else np.empty(0, np.int32)
    if len(days) < 2:
        raise FailedPrecondition("nothing that is held has stored daily bars", Reason.BARS_NOT_FOUND)
    returns = np.full((len(days), len(whole)), np.nan)
    for column, bars in enumerate(whole):
        if len(bars) > 1:
            places = np.searchsorted(days, bars["day"][1:])
            returns[places, column] = bars["close"][1:] / bars["close"][:-1] - 1.0
    return History(tuple(map(from_day, days[1:])), tuple(known), returns[1:])


async def _adjusted(work: UnitOfWork, instrument: StoredInstrument, start: date | None) -> BarSeries:
    raw = await work.bars.read(instrument, SessionRange(start))
    actions = await work.actions.of(instrument)
    closes = await work.bars.closes_before(instrument, [action.ex_date for action in actions])
    return raw.adjusted(Adjustment.TOTAL_RETURN, actions, closes)
