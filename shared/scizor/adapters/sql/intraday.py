"""Bars shorter than a session in PostgreSQL, read as COPY's binary format straight into arrays.

Which sessions there are is found by walking the primary key from session to session, not by reading all their bars.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date

import numpy as np

from scizor.adapters.sql.bar_records import (
    MARKS,
    VALUES,
    days_by_key,
    instant,
    key_array,
    series_of,
    session_bounds,
    time_bounds,
)
from scizor.adapters.sql.bar_writer import SqlBarWriter, WrittenAs
from scizor.adapters.sql.binary_copy import decode, record_dtype
from scizor.adapters.sql.session import Session
from scizor.adapters.sql.sources import Sources
from scizor.adapters.sql.symbol_rows import lock_for_bars
from scizor.domain.bars import BarSeries
from scizor.domain.instruments import StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import DayArray, SessionRange

_BAR = record_dtype({"start_time": ">i8", "session": ">i4", **VALUES, **MARKS})

# Times are written into the queries, not given as parameters: so a plan holds only partitions that may have the bars.
_WITHIN = """interval = {interval:d} AND start_time >= '{since}' AND start_time < '{until}'
AND session BETWEEN '{first}' AND '{last}'"""
_BARS = f"""
SELECT {", ".join(("start_time", "session", *VALUES, *MARKS))} FROM bars
WHERE symbol_id = {{key:d}} AND {_WITHIN} {{after}} ORDER BY start_time {{direction}} LIMIT {{limit}}
"""  # noqa: S608 - built of constants and numbers
# The next session begins more than six hours after this one's first bar, whatever its hours and however late that was.
_SESSIONS = f"""
SELECT asked.id, array_agg(found.session ORDER BY found.session)
FROM unnest({{keys}}) AS asked (id) CROSS JOIN LATERAL (
    WITH RECURSIVE walk AS (
        (SELECT session, start_time FROM bars WHERE symbol_id = asked.id AND {_WITHIN} ORDER BY start_time LIMIT 1)
        UNION ALL
        SELECT following.session, following.start_time FROM walk CROSS JOIN LATERAL (
            SELECT session, start_time FROM bars
            WHERE symbol_id = asked.id AND {_WITHIN}
            AND start_time > walk.start_time + interval '6 hours' AND session > walk.session
            ORDER BY start_time LIMIT 1
        ) AS following
    )
    SELECT session FROM walk
) AS found {{condition}} GROUP BY asked.id
"""  # noqa: S608 - built of constants and numbers
_WHOLE = f"""WHERE NOT EXISTS (
    SELECT FROM bars WHERE symbol_id = asked.id AND session = found.session AND partial AND {_WITHIN}
)"""
_DELETE = f"DELETE FROM bars WHERE symbol_id = {{key:d}} AND {_WITHIN}"  # noqa: S608 - built of constants and numbers


class SqlIntraday:
    """`ports.intraday.IntradayRepository`."""

    def __init__(self, session: Session, sources: Sources) -> None:
        self._session = session
        self._sources = sources

    async def read(
        self,
        instrument: StoredInstrument,
        interval: Interval,
        which: SessionRange,
        after_ns: int | None = None,
        limit: int | None = None,
    ) -> BarSeries:
        """Bars of the sessions in the range that begin after `after_ns`, oldest first, at most `limit`."""
        after = "" if after_ns is None else f"AND start_time > '{instant(after_ns // 1000)}'"
        return await self._read(instrument, interval, which, after=after, limit=limit)

    async def latest(self, instrument: StoredInstrument, interval: Interval) -> BarSeries:
        """A series of the newest bar, or an empty one."""
        return await self._read(instrument, interval, SessionRange(), direction="DESC", limit=1)

    async def days(self, instrument: StoredInstrument, interval: Interval, which: SessionRange) -> DayArray:
        """Sessions that have a bar, ascending."""
        found = await self._sessions([instrument.key], interval, which, "")
        return found.get(instrument.key, np.empty(0, np.int32))

    async def days_of_many(
        self, keys: Sequence[int], interval: Interval, which: SessionRange
    ) -> Mapping[int, DayArray]:
        """Sessions that have bars, none of them partial, by storage's number; those without any are left out."""
        return await self._sessions(keys, interval, which, _WHOLE)

    async def delete(self, instrument: StoredInstrument, interval: Interval, which: SessionRange) -> int:
        """Remove bars in the range; how many."""
        await lock_for_bars(self._session, [instrument.key])
        await self._session.allow_bulk_time()
        return await self._session.run_bulk(_DELETE.format(key=instrument.key, **_bounds(interval, which)))

    @asynccontextmanager
    async def writer(
        self, source: str, interval: Interval, scale_date: date | None = None
    ) -> AsyncIterator[SqlBarWriter]:
        """Begin a bulk write within the unit of work; leaving without `store` stores nothing."""
        yield SqlBarWriter(self._session, self._sources, WrittenAs(source, interval, scale_date))

    async def _read(
        self,
        instrument: StoredInstrument,
        interval: Interval,
        which: SessionRange,
        *,
        after: str = "",
        direction: str = "",
        limit: int | None = None,
    ) -> BarSeries:
        query = _BARS.format(
            key=instrument.key,
            after=after,
            direction=direction,
            limit="ALL" if limit is None else f"{limit:d}",
            **_bounds(interval, which),
        )
        records = decode(await self._session.copy_out(query), _BAR)
        return await series_of(instrument, records, self._sources, interval)

    async def _sessions(
        self, keys: Sequence[int], interval: Interval, which: SessionRange, condition: str
    ) -> Mapping[int, DayArray]:
        bounds = _bounds(interval, which)
        condition = condition.format(**bounds)
        return await days_by_key(self._session, _SESSIONS.format(keys=key_array(keys), condition=condition, **bounds))


def _bounds(interval: Interval, which: SessionRange) -> dict[str, str | int]:
    return {"interval": int(interval), **session_bounds(which), **time_bounds(which)}
