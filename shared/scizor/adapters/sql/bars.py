"""Daily bars in PostgreSQL, read as COPY's binary format straight into arrays."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from itertools import pairwise

import numpy as np
from sqlalchemy import func, select, text

from scizor.adapters.sql.bar_records import MARKS, VALUES, days_by_key, key_array, series_of, session_bounds
from scizor.adapters.sql.bar_writer import SqlBarWriter, WrittenAs
from scizor.adapters.sql.binary_copy import DAYS_TO_2000, RecordArray, decode, record_dtype
from scizor.adapters.sql.session import Session
from scizor.adapters.sql.sources import Sources
from scizor.adapters.sql.symbol_rows import lock_for_bars
from scizor.adapters.sql.tables import daily_prices
from scizor.domain.bars import PRICE_COLUMNS, BarSeries
from scizor.domain.instruments import StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.scaling import PRICE_DECIMALS
from scizor.domain.sessions import DayArray, SessionRange

_BAR = record_dtype({"symbol_id": ">i4", "session": ">i4", **VALUES, **MARKS})
_DAY = record_dtype({"session": ">i4"})
_GROUP = 32
"""Instruments read by one query of a stream: enough to forget the round trip, few enough to hold in memory."""

# COPY takes no parameters: numbers and dates are written into it. Each instrument's rows come by its own walk of the
# primary key, in the order asked, which costs the server less than to sort them all.
_BARS = f"""
SELECT {", ".join(("symbol_id", "session", *VALUES, *MARKS))}
FROM unnest({{keys}}) AS asked (id) CROSS JOIN LATERAL (
    SELECT * FROM daily_prices
    WHERE symbol_id = asked.id AND session BETWEEN '{{first}}' AND '{{last}}'
    ORDER BY session {{direction}} LIMIT {{limit}}
) AS found
"""  # noqa: S608 - built of constants and numbers
_DAYS = """
SELECT session FROM daily_prices WHERE symbol_id = {key:d} AND session BETWEEN '{first}' AND '{last}' ORDER BY session
"""
_DELETE = """
DELETE FROM {table} WHERE symbol_id = {key:d} AND session BETWEEN '{first}' AND '{last}'
"""
_CLOSES_BEFORE = text("""
SELECT (
    SELECT close FROM daily_prices
    WHERE symbol_id = :key AND session < asked.session ORDER BY session DESC LIMIT 1
) AS close
FROM unnest(CAST(:sessions AS date[])) WITH ORDINALITY AS asked (session, place) ORDER BY place
""")
_DAYS_OF_MANY = """
SELECT asked.id, found.days FROM unnest({keys}) AS asked (id) CROSS JOIN LATERAL (
    SELECT array_agg(session) AS days FROM (
        SELECT session FROM daily_prices
        WHERE symbol_id = asked.id AND session BETWEEN '{first}' AND '{last}' AND NOT partial ORDER BY session
    ) AS ascending
) AS found WHERE found.days IS NOT NULL
"""
_NEWEST_OF_MANY = text("""
SELECT asked.id, found.session FROM unnest(CAST(:keys AS integer[])) AS asked (id) CROSS JOIN LATERAL (
    SELECT session FROM daily_prices WHERE symbol_id = asked.id AND NOT partial ORDER BY session DESC LIMIT 1
) AS found
""")
_HAVING_ANY = """
SELECT asked.id FROM unnest($1::integer[]) AS asked (id)
WHERE EXISTS (SELECT FROM daily_prices WHERE symbol_id = asked.id AND session BETWEEN $2 AND $3)
"""

# Bars told as traded have no scale date, which is not after anything. Rounded as `as_traded` does, so that a bar is the
# same whether its split was recorded before it was told or after.
_RESCALE = f"""
UPDATE {{table}} SET
    {", ".join(f"{name} = round(({name} * {{ratio}})::numeric, {PRICE_DECIMALS})::float8" for name in PRICE_COLUMNS)},
    volume = CASE WHEN volume > 0 THEN greatest(round(volume / {{ratio}}), 1) ELSE volume END
WHERE symbol_id = {{key:d}} AND session < '{{ex_date}}' AND scale_date >= '{{ex_date}}'
"""  # noqa: S608 - built of constants

# The scale date of a bar from a source that tells prices as traded is NULL, which is no later than anything.
_TOLD_WITHOUT_SPLITS = """
UPDATE {table} SET scale_date = '{last}'
WHERE symbol_id = {key:d} AND session <= '{last}' AND scale_date > '{last}' AND scale_date <= '{told}'
"""
_TOLD_ON = text("""
SELECT max(scale_date) FROM daily_prices WHERE symbol_id = :key AND session = :last
""")
_INTRADAY_TOLD_ON = text("""
SELECT max(scale_date) FROM bars WHERE symbol_id = :key AND session = :last AND interval = :interval
AND start_time > CAST(:last AS date) - 2 AND start_time < CAST(:last AS date) + 3
""")


class SqlBars:
    """`ports.bars.BarRepository`."""

    def __init__(self, session: Session, sources: Sources) -> None:
        self._session = session
        self._sources = sources

    async def read(self, instrument: StoredInstrument, which: SessionRange, limit: int | None = None) -> BarSeries:
        """Bars in the range, oldest first, at most `limit`."""
        return await series_of(instrument, await self._records([instrument.key], which, limit=limit), self._sources)

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
                    yield instrument, await series_of(instrument, run[first : first + chunk_bars], self._sources)

    async def latest(self, instrument: StoredInstrument) -> BarSeries:
        """A series of the newest bar, or an empty one."""
        records = await self._records([instrument.key], SessionRange(), direction="DESC", limit=1)
        return await series_of(instrument, records, self._sources)

    async def days(self, instrument: StoredInstrument, which: SessionRange) -> DayArray:
        """Session dates that have a bar, ascending."""
        query = _DAYS.format(key=instrument.key, **session_bounds(which))
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
        return {row["id"] for row in await self._session.fetch(_HAVING_ANY, [keys, *_ends(which).values()])}

    async def count(self, instrument: StoredInstrument) -> int:
        """How many bars it owns."""
        query = select(func.count()).select_from(daily_prices).where(daily_prices.c.symbol_id == instrument.key)
        return int(await self._session.scalar(query))

    async def days_of_many(self, keys: Sequence[int], which: SessionRange) -> Mapping[int, DayArray]:
        """As `days` for complete bars only, by storage's number; those without any are left out."""
        return await days_by_key(self._session, _DAYS_OF_MANY.format(keys=key_array(keys), **session_bounds(which)))

    async def newest_of_many(self, keys: Sequence[int]) -> Mapping[int, date]:
        """The last session with a complete bar, by storage's number; those without any are left out."""
        return {row.id: row.session for row in await self._session.all(_NEWEST_OF_MANY, {"keys": list(keys)})}

    async def delete(self, instrument: StoredInstrument, which: SessionRange) -> int:
        """Remove bars in the range with their revisions; how many bars."""
        await lock_for_bars(self._session, [instrument.key])
        await self._session.allow_bulk_time()
        bounds = session_bounds(which)
        await self._session.run_bulk(_DELETE.format(table="bar_revisions", key=instrument.key, **bounds))
        return await self._session.run_bulk(_DELETE.format(table="daily_prices", key=instrument.key, **bounds))

    async def rescale(self, instrument: StoredInstrument, ex_date: date, ratio: Decimal) -> int:
        """Undo a split in bars that were told with it: those before `ex_date` whose scale date is not before it.

        Prices times `ratio`, volume divided by it, as revisions; intraday bars likewise. How many bars that were.
        """
        await lock_for_bars(self._session, [instrument.key])
        await self._session.allow_bulk_time()
        values = {"key": instrument.key, "ex_date": ex_date, "ratio": f"float8 '{ratio}'"}
        daily = await self._session.run_bulk(_RESCALE.format(table="daily_prices", **values))
        return daily + await self._session.run_bulk(_RESCALE.format(table="bars", **values))

    async def told_without_splits(self, instrument: StoredInstrument, last: date, interval: Interval) -> int:
        """Learn that the bars of the session `last`, of that length, were told without the splits after it.

        So were all bars up to it, of any length, that were told no later; their scale date becomes `last`. How many.
        """
        await lock_for_bars(self._session, [instrument.key])
        await self._session.allow_bulk_time()
        which = {"key": instrument.key, "last": last}
        query = _INTRADAY_TOLD_ON.bindparams(interval=int(interval)) if interval.intraday else _TOLD_ON
        told = await self._session.scalar(query.bindparams(**which))
        if told is None:
            return 0
        daily = await self._session.run_bulk(_TOLD_WITHOUT_SPLITS.format(table="daily_prices", told=told, **which))
        return daily + await self._session.run_bulk(_TOLD_WITHOUT_SPLITS.format(table="bars", told=told, **which))

    async def closes_before(self, instrument: StoredInstrument, sessions: Sequence[date]) -> list[float]:
        """For each date the close of the last bar before it, NaN where there is none."""
        if not sessions:
            return []
        rows = await self._session.all(_CLOSES_BEFORE, {"key": instrument.key, "sessions": list(sessions)})
        return [float("nan") if row.close is None else row.close for row in rows]

    @asynccontextmanager
    async def writer(self, source: str, scale_date: date | None = None) -> AsyncIterator[SqlBarWriter]:
        """Begin a bulk write within the unit of work; leaving without `store` stores nothing."""
        yield SqlBarWriter(self._session, self._sources, WrittenAs(source, Interval.DAY_1, scale_date))

    async def _records(
        self,
        keys: Sequence[int] | dict[int, None],
        which: SessionRange,
        *,
        direction: str = "",
        limit: int | None = None,
    ) -> RecordArray:
        query = _BARS.format(
            keys=key_array(keys),
            direction=direction,
            limit="ALL" if limit is None else f"{limit:d}",
            **session_bounds(which),
        )
        return decode(await self._session.copy_out(query), _BAR)


def _ends(which: SessionRange) -> dict[str, date]:
    return {"first": which.start or date.min, "last": which.end or date.max}


def _runs(records: RecordArray) -> dict[int, RecordArray]:
    """The rows of each instrument, by storage key; rows of one stand together."""
    keys = records["symbol_id"].astype(np.int32)
    edges = [0, *(np.flatnonzero(np.diff(keys)) + 1).tolist(), len(keys)]
    return {int(keys[start]): records[start:end] for start, end in pairwise(edges) if start < end}
