"""Daily bars in PostgreSQL, read as COPY's binary format straight into arrays."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from itertools import pairwise

import numpy as np
from sqlalchemy import func, select, text

from scizor.adapters.sql.bar_writer import SqlBarWriter
from scizor.adapters.sql.binary_copy import DAYS_TO_2000, RecordArray, decode, record_dtype
from scizor.adapters.sql.session import Session
from scizor.adapters.sql.sources import Sources
from scizor.adapters.sql.tables import daily_prices
from scizor.domain.bars import VALUE_COLUMNS, BarArray, BarSeries, empty_bars
from scizor.domain.instruments import StoredInstrument
from scizor.domain.sessions import DayArray, SessionRange

_VALUES = dict.fromkeys(VALUE_COLUMNS, ">f8")
_BAR = record_dtype(
    {"symbol_id": ">i4", "session": ">i4", **_VALUES, "revision": ">i4", "source_id": ">i4", "partial": "?"}
)
_DAY = record_dtype({"session": ">i4"})
_GROUP = 32
"""Instruments read by one query of a stream: enough to forget the round trip, few enough to hold in memory."""

# COPY takes no parameters: numbers and dates are written into it. Each instrument's rows come by its own walk of the
# primary key, in the order asked, which costs the server less than to sort them all.
_BARS = """
SELECT symbol_id, session, open, high, low, close, volume, revision, source_id, partial
FROM unnest(ARRAY[{keys}]) AS asked (id) CROSS JOIN LATERAL (
    SELECT * FROM daily_prices
    WHERE symbol_id = asked.id AND session BETWEEN '{first}' AND '{last}'
    ORDER BY session {direction} LIMIT {limit}
) AS found
"""
_DAYS = """
SELECT session FROM daily_prices WHERE symbol_id = {key:d} AND session BETWEEN '{first}' AND '{last}' ORDER BY session
"""
_CLOSES_BEFORE = text("""
SELECT (
    SELECT close FROM daily_prices
    WHERE symbol_id = :key AND session < asked.session ORDER BY session DESC LIMIT 1
) AS close
FROM unnest(CAST(:sessions AS date[])) WITH ORDINALITY AS asked (session, place) ORDER BY place
""")

_HAVING_ANY = text("""
SELECT asked.id FROM unnest(CAST(:keys AS integer[])) AS asked (id)
WHERE EXISTS (SELECT FROM daily_prices WHERE symbol_id = asked.id AND session BETWEEN :first AND :last)
""")


class SqlBars:
    """`ports.bars.BarRepository`."""

    def __init__(self, session: Session, sources: Sources) -> None:
        self._session = session
        self._sources = sources

    async def read(self, instrument: StoredInstrument, which: SessionRange, limit: int | None = None) -> BarSeries:
        """Bars in the range, oldest first, at most `limit`."""
        return await self._series(instrument, await self._records([instrument.key], which, limit=limit))

    async def stream(
        self, instruments: Sequence[StoredInstrument], which: SessionRange, chunk_bars: int
    ) -> AsyncIterator[tuple[StoredInstrument, BarSeries]]:
        """Bars of each instrument in turn, in chunks of at most `chunk_bars` that hold one instrument each.

        Between two chunks no query is under way: the unit of work may be used for others.
        """
        for start in range(0, len(instruments), _GROUP):
            group = instruments[start : start + _GROUP]
            records = await self._records(dict.fromkeys(instrument.key for instrument in group), which)
            runs = _runs(records)
            for instrument in group:
                run = runs.get(instrument.key, records[:0])
                for first in range(0, len(run), chunk_bars):
                    yield instrument, await self._series(instrument, run[first : first + chunk_bars])

    async def latest(self, instrument: StoredInstrument) -> BarSeries:
        """A series of the newest bar, or an empty one."""
        records = await self._records([instrument.key], SessionRange(), direction="DESC", limit=1)
        return await self._series(instrument, records)

    async def days(self, instrument: StoredInstrument, which: SessionRange) -> DayArray:
        """Session dates that have a bar, ascending."""
        query = _DAYS.format(key=instrument.key, **_bounds(which))
        days = decode(await self._session.copy_out(query), _DAY)["session"]
        return days.astype(np.int32) + np.int32(DAYS_TO_2000)

    async def extent(self, instrument: StoredInstrument) -> tuple[date, date] | None:
        """First and last session with a bar."""
        session = daily_prices.c.session
        ends = select(func.min(session).label("first"), func.max(session).label("last"))
        row = (await self._session.execute(ends.where(daily_prices.c.symbol_id == instrument.key))).one()
        return (row.first, row.last) if row.first else None

    async def having_any(self, instruments: Sequence[StoredInstrument], which: SessionRange) -> set[int]:
        """Storage keys of those instruments that have a bar in the range."""
        keys = [instrument.key for instrument in instruments]
        bounds = {"first": which.start or date.min, "last": which.end or date.max}
        return {row.id for row in await self._session.all(_HAVING_ANY, {"keys": keys, **bounds})}

    async def count(self, instrument: StoredInstrument) -> int:
        """How many bars it owns."""
        query = select(func.count()).select_from(daily_prices).where(daily_prices.c.symbol_id == instrument.key)
        return int(await self._session.scalar(query))

    async def closes_before(self, instrument: StoredInstrument, sessions: Sequence[date]) -> list[float]:
        """For each date the close of the last bar before it, NaN where there is none."""
        rows = await self._session.all(_CLOSES_BEFORE, {"key": instrument.key, "sessions": list(sessions)})
        return [float("nan") if row.close is None else row.close for row in rows]

    @asynccontextmanager
    async def writer(self, source: str) -> AsyncIterator[SqlBarWriter]:
        """Begin a bulk write within the unit of work; leaving without `store` stores nothing."""
        yield SqlBarWriter(self._session, self._sources, source)

    async def _records(
        self,
        keys: Sequence[int] | dict[int, None],
        which: SessionRange,
        *,
        direction: str = "",
        limit: int | None = None,
    ) -> RecordArray:
        query = _BARS.format(
            keys=", ".join(f"{key:d}" for key in keys),
            direction=direction,
            limit="ALL" if limit is None else f"{limit:d}",
            **_bounds(which),
        )
        return decode(await self._session.copy_out(query), _BAR)

    async def _series(self, instrument: StoredInstrument, records: RecordArray) -> BarSeries:
        bars = _bars(records)
        ids = bars["source"][:1].copy()
        if (bars["source"] == ids).all():  # the usual case, without the price of the other
            bars["source"] = 0
        else:
            ids, bars["source"] = np.unique(bars["source"], return_inverse=True)
        names = await self._sources.names_of(ids.tolist())
        return BarSeries(instrument.instrument.id, instrument.instrument.currency, bars, names)


def _bounds(which: SessionRange) -> dict[str, str]:
    return {
        "first": which.start.isoformat() if which.start else "-infinity",
        "last": which.end.isoformat() if which.end else "infinity",
    }


def _runs(records: RecordArray) -> dict[int, RecordArray]:
    """The rows of each instrument, by storage key; rows of one stand together."""
    keys = records["symbol_id"].astype(np.int32)
    edges = [0, *(np.flatnonzero(np.diff(keys)) + 1).tolist(), len(keys)]
    return {int(keys[start]): records[start:end] for start, end in pairwise(edges) if start < end}


def _bars(records: RecordArray) -> BarArray:
    """Bars as the domain has them, but for `source`, which is still a storage key."""
    bars = empty_bars(len(records))
    bars["day"] = records["session"] + DAYS_TO_2000
    for column in (*VALUE_COLUMNS, "revision", "partial"):
        bars[column] = records[column]
    bars["source"] = records["source_id"]
    return bars
