"""Rows of bars as COPY's binary format has them, and as the domain does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

import numpy as np

from scizor.adapters.sql.binary_copy import DAYS_TO_2000, RecordArray, decode_arrays
from scizor.adapters.sql.session import Session
from scizor.adapters.sql.sources import Sources
from scizor.domain.bars import VALUE_COLUMNS, BarSeries, empty_bars
from scizor.domain.instruments import StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import DayArray, SessionRange

VALUES = dict.fromkeys(VALUE_COLUMNS, ">f8")
MARKS = {"revision": ">i4", "source_id": ">i4", "partial": "?"}
US_TO_2000 = DAYS_TO_2000 * 86_400_000_000
"""PostgreSQL counts instants from 2000-01-01 too, in microseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def series_of(
    instrument: StoredInstrument, records: RecordArray, sources: Sources, interval: Interval = Interval.DAY_1
) -> BarSeries:
    """Rows of one instrument, with the columns of VALUES and MARKS and its place in time, as a series."""
    bars = empty_bars(len(records), interval)
    bars["day"] = records["session"] + DAYS_TO_2000
    if interval.intraday:
        bars["time_ns"] = (records["start_time"] + US_TO_2000) * 1000
    for column in (*VALUE_COLUMNS, "revision", "partial"):
        bars[column] = records[column]
    ids = records["source_id"][:1].astype(np.int32)
    if not (records["source_id"] == ids).all():  # seldom, and the price of the other need not be paid
        ids, bars["source"] = np.unique(records["source_id"], return_inverse=True)
    names = await sources.names_of(ids.tolist())
    return BarSeries(instrument.instrument.id, instrument.instrument.currency, bars, names, interval=interval)


async def days_by_key(session: Session, query: str) -> Mapping[int, DayArray]:
    """Days of each instrument, by storage key, of a query for keys and arrays of sessions; never an empty array."""
    found = await session.copy_out(query)
    return {key: days + np.int32(DAYS_TO_2000) for key, days in decode_arrays(found)}


def key_array(keys: Iterable[int]) -> str:
    """Storage keys, to be written into a query."""
    return f"ARRAY[{', '.join(f'{key:d}' for key in keys)}]::integer[]"


def session_bounds(which: SessionRange) -> dict[str, str]:
    """First and last session of a range, to be written into a query."""
    return {
        "first": which.start.isoformat() if which.start else "-infinity",
        "last": which.end.isoformat() if which.end else "infinity",
    }


def instant(time_us: int) -> str:
    """Microseconds since 1970, to be written into a query."""
    return (_EPOCH + timedelta(microseconds=time_us)).isoformat()


def time_bounds(which: SessionRange) -> dict[str, str]:
    """Instants that surely hold the sessions of a range: a date begins and ends within a day of UTC's everywhere."""
    return {
        "since": _midnight(which.start, -1) if which.start else "-infinity",
        "until": _midnight(which.end, 2) if which.end else "infinity",
    }


def _midnight(session: date, days: int) -> str:
    """So many days after the session's date; what no calendar has is infinitely far."""
    try:
        return (datetime(session.year, session.month, session.day, tzinfo=UTC) + timedelta(days)).isoformat()
    except OverflowError:
        return "infinity" if days > 0 else "-infinity"
