"""The bulk write of bars of any length: COPY into a temporary table, and from there what differs and what is new.

That takes less time than INSERT … ON CONFLICT DO UPDATE, which tries each row for itself (see `benchmarks`).
It is right only if nobody else writes the same instruments meanwhile, so their rows in `symbols` are locked first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import count

import numpy as np
import numpy.typing as npt

from scizor.adapters.sql.bar_records import US_TO_2000, VALUES, instant
from scizor.adapters.sql.binary_copy import DAYS_TO_2000, RecordArray, encode, new_records, record_dtype
from scizor.adapters.sql.session import Session
from scizor.adapters.sql.sources import Sources
from scizor.adapters.sql.symbol_rows import lock_for_bars
from scizor.domain.bars import VALUE_COLUMNS, BarArray
from scizor.domain.errors import DataCorrupt, Reason
from scizor.domain.intervals import Interval
from scizor.ports.bars import WriteCounts

_FLUSH_ROWS = 100_000
_MINUTE_US = 60_000_000
_TIME_OFFSET = 1 << 31  # a place is the key above 32 bits of time, which must not be negative
_TIME_MASK = (1 << 32) - 1
_NOWHERE = np.empty(0, np.int64)
_table_numbers = count(1)

_CREATE = "CREATE TEMPORARY TABLE {staged} ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA"
# What is done with is taken out of the staged rows, so that the last step only inserts what is left. To leave out what
# the table has already while inserting could walk its index over the very bars that are being inserted.
_COUNT_UNCHANGED = """
SELECT count(*) FROM {staged} AS staged JOIN {table} AS kept ON {same_bar} WHERE {equal} OR {protected}
"""
_SET_SCALE = """
UPDATE {table} AS kept SET scale_date = {scale_date}
FROM {staged} AS staged WHERE {same_bar} AND {equal} AND kept.scale_date IS DISTINCT FROM {scale_date}
"""
_DROP_UNCHANGED = """
DELETE FROM {staged} AS staged USING {table} AS kept WHERE {same_bar} AND ({equal} OR {protected})
"""
_UPDATE = """
UPDATE {table} AS kept SET
    open = staged.open, high = staged.high, low = staged.low, close = staged.close,
    volume = staged.volume, partial = staged.partial, source_id = {source_id:d}, scale_date = {scale_date}
FROM {staged} AS staged WHERE {same_bar}
"""
_DROP_UPDATED = "DELETE FROM {staged} AS staged USING {table} AS kept WHERE {same_bar}"
_INSERT = """
INSERT INTO {table} ({columns}, source_id, scale_date)
SELECT {columns}, {source_id:d}, {scale_date} FROM {staged} {order}
"""


@dataclass(frozen=True, slots=True)
class _Layout:
    """A table of bars. `key`: its primary key."""

    table: str
    key: dict[str, str]
    rest: dict[str, str]

    @property
    def columns(self) -> dict[str, str]:
        """What is staged, by name, as COPY has it."""
        return {**self.key, **self.rest}


_VALUES = {**VALUES, "partial": "?"}
_DAILY = _Layout("daily_prices", {"symbol_id": ">i4", "session": ">i4"}, _VALUES)
_INTRADAY = _Layout("bars", {"symbol_id": ">i4", "interval": ">i2", "start_time": ">i8"}, {"session": ">i4", **_VALUES})


@dataclass(frozen=True, slots=True)
class WrittenAs:
    """What is the same for all bars of one write; see `ports.bars.BarRepository.writer`."""

    source: str
    interval: Interval
    scale_date: date | None


class SqlBarWriter:
    """`ports.bars.BarWriter`."""

    def __init__(self, session: Session, sources: Sources, written: WrittenAs) -> None:
        self._session = session
        self._sources = sources
        self._written = written
        self._layout = _INTRADAY if written.interval.intraday else _DAILY
        self._dtype = record_dtype(self._layout.columns)
        self._staged = ""
        self._pending: list[RecordArray] = []
        self._pending_rows = 0
        self._places: list[npt.NDArray[np.int64]] = []

    async def add(self, keys: npt.NDArray[np.int32], bars: BarArray) -> None:
        """Stage bars: row i belongs to the instrument `keys[i]`; `source` and `revision` are ignored."""
        records = new_records(len(bars), self._dtype)
        records["symbol_id"] = keys
        records["session"] = bars["day"] - DAYS_TO_2000
        for column in (*VALUE_COLUMNS, "partial"):
            records[column] = bars[column]
        times = bars["day"].astype(np.int64)
        if self._written.interval.intraday:
            time_us = bars["time_ns"] // 1000
            records["interval"] = int(self._written.interval)
            records["start_time"] = time_us - US_TO_2000
            times = time_us // _MINUTE_US  # no bar is shorter, so no two of an instrument begin in one minute
        self._places.append((keys.astype(np.int64) << 32) + (times + _TIME_OFFSET))
        self._pending.append(records)
        self._pending_rows += len(bars)
        if self._pending_rows >= _FLUSH_ROWS:
            await self._flush()

    async def store(self) -> WriteCounts:
        """Upsert what was staged: new bars are inserted, equal ones left, others replaced, a daily one's old self kept.

        Equal are bars of the same prices, volume and source, all complete or all partial; their scale date may change.
        A complete bar stays when a partial one comes. Raises DataCorrupt for a bar staged twice or against the rules
        of the table, NotFound(SYMBOL_NOT_FOUND) for a bar of an instrument that is not stored.
        """
        places = np.concatenate([_NOWHERE, *self._places])
        if len(places) == 0:
            return WriteCounts(0, 0, 0)
        ordered = bool((np.diff(places) > 0).all())
        if not ordered:
            places.sort()
            if not np.diff(places).all():
                raise DataCorrupt("a bar was staged twice", Reason.DATA_CORRUPT)
        await self._flush()
        await self._session.allow_bulk_time()
        keys = places >> 32
        await lock_for_bars(self._session, keys[np.flatnonzero(np.diff(keys, prepend=-1))].tolist())
        counts = await self._merged(len(places), await self._names(places, ordered=ordered))
        self._staged, self._places = "", []
        return counts

    async def _merged(self, rows: int, names: dict[str, str | int]) -> WriteCounts:
        """Bring the staged rows into the table."""

        async def run(command: str) -> int:
            return await self._session.run_bulk(command.format(**names))

        updated = inserted = 0
        await run("ANALYZE {staged} ({key})")
        unchanged = await self._session.count_bulk(_COUNT_UNCHANGED.format(**names))
        if unchanged:
            await run(_SET_SCALE)
        if 0 < unchanged < rows:
            await run(_DROP_UNCHANGED)
        if unchanged < rows:
            updated = await run(_UPDATE)
        if updated:
            await run(_DROP_UPDATED)
        if unchanged + updated < rows:
            inserted = await run(_INSERT)
        await run("DROP TABLE {staged}")
        return WriteCounts(inserted, updated, unchanged)

    async def _names(self, places: npt.NDArray[np.int64], *, ordered: bool) -> dict[str, str | int]:
        """What the statements are made with. `ordered`: whether the rows were staged in the order of the key."""
        key = list(self._layout.key)
        same_bar = [f"kept.{column} = staged.{column}" for column in key]
        if self._written.interval.intraday:  # so that only partitions with such bars are looked at
            minutes = (places & _TIME_MASK) - _TIME_OFFSET
            since, until = (instant(int(minute) * _MINUTE_US) for minute in (minutes.min(), minutes.max() + 1))
            same_bar.append(f"kept.start_time >= '{since}' AND kept.start_time < '{until}'")
        source_id = await self._sources.id_of(self._written.source)
        kept, staged = (", ".join(f"{row}.{column}" for column in _VALUES) for row in ("kept", "staged"))
        scale_date = self._written.scale_date
        return {
            "table": self._layout.table,
            "staged": self._staged,
            "columns": ", ".join(self._layout.columns),
            "key": ", ".join(key),
            "same_bar": " AND ".join(same_bar),
            "order": "" if ordered else f"ORDER BY {', '.join(key)}",
            "protected": "(staged.partial AND NOT kept.partial)",
            "equal": f"({kept}, kept.source_id) IS NOT DISTINCT FROM ({staged}, {source_id:d})",
            "source_id": source_id,
            "scale_date": f"date '{scale_date}'" if scale_date else "NULL::date",
        }

    async def _flush(self) -> None:
        if not self._pending:
            return
        if not self._staged:
            self._staged = f"staged_bars_{next(_table_numbers)}"
            columns = ", ".join(self._layout.columns)
            await self._session.run_bulk(_CREATE.format(staged=self._staged, columns=columns, table=self._layout.table))
        pieces, self._pending, self._pending_rows = self._pending, [], 0
        await self._session.copy_in(self._staged, encode(pieces))
