"""Use case: rows come in, are judged, and the good ones become bars, all or nothing."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from hashlib import sha256

import numpy as np

from scizor.domain.errors import FailedPrecondition, LimitExceeded, Reason
from scizor.domain.ids import RANDOM_BYTES, new_id
from scizor.domain.instruments import StoredInstrument
from scizor.domain.quality import ImportSummary, RejectedRow, Rule, Verdict
from scizor.domain.rows import PlaceArray, RowBatch
from scizor.domain.splits import with_gaps
from scizor.ports.bars import WriteCounts
from scizor.ports.calendar import FIRST_SESSION, SessionCalendar
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage, UnitOfWork
from scizor.services.marketdata.imports.gathering import ImportLimits, too_large
from scizor.services.marketdata.imports.intake import ImportOrder, Intake
from scizor.services.marketdata.imports.verdict import Judged, judged
from scizor.services.marketdata.truth.suspicions import flag_splits, spans

Act = Callable[[], Awaitable[ImportSummary]]
Once = Callable[[UnitOfWork, bytes, Act], Awaitable[ImportSummary]]
"""Does the act, or gives the answer it gave before to a request with this hash."""


class _Refused(Exception):
    """More rows are bad than the import allows."""

    def __init__(self, summary: ImportSummary, rows: list[RejectedRow]) -> None:
        super().__init__()
        self.summary, self.rows = summary, rows


class Imports:
    """Takes imports."""

    def __init__(
        self,
        storage: Storage,
        calendar: SessionCalendar,
        clock: Clock,
        intake: Intake,
        limits: ImportLimits,
    ) -> None:
        self._storage = storage
        self._calendar = calendar
        self._clock = clock
        self._intake = intake
        self._limits = limits
        self._under_way = 0

    async def run(self, order: ImportOrder, pieces: AsyncIterator[bytes | RowBatch], once: Once) -> ImportSummary:
        """Take it all in, judge it, and store the good rows with a record of the bad ones.

        Raises InvalidInput(FILE_UNREADABLE), LimitExceeded(IMPORT_TOO_LARGE), NotFound for the order's symbol, and
        FailedPrecondition(IMPORT_REFUSED) when more rows are bad than the order allows: then only the record is kept.
        Raises LimitExceeded(QUEUE_FULL) before anything is taken in when too many others are under way.
        """
        with self._turn():
            return await self._run(order, pieces, once)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One of the few: each may hold a large file on the disk and all its rows in memory."""
        most = self._limits.at_once
        if self._under_way >= most:
            message = f"{most} imports are under way, as many as may be: retry when one has ended"
            raise LimitExceeded(message, Reason.QUEUE_FULL, metadata={"limit": str(most)})
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def _run(self, order: ImportOrder, pieces: AsyncIterator[bytes | RowBatch], once: Once) -> ImportSummary:
        batch, content = await self._intake.taken(order, pieces)
        said = (order.symbol, order.source, str(order.file_format.value), repr(order.max_rejected_fraction))
        digest = sha256("\0".join(said).encode() + content).digest()
        try:
            async with self._storage.begin() as work:
                return await once(work, digest, lambda: self._store(work, order, batch))
        except _Refused as refused:
            async with self._storage.begin() as work:
                await work.imports.add(refused.summary, refused.rows)
            raise _refusal(refused.summary, order) from None

    async def _store(self, work: UnitOfWork, order: ImportOrder, batch: RowBatch) -> ImportSummary:
        instruments, instrument_of = await _resolved(work, order.symbol, batch.symbols)
        found = await asyncio.to_thread(self._judged, batch, instruments, instrument_of)
        if found.rejected > order.max_rejected_fraction * len(batch):
            summary = self._summary(order, instruments, found, None)
            raise _Refused(summary, await asyncio.to_thread(found.rejections))
        keys = np.array([one.key for one in instruments], dtype=np.int32)
        known = await work.bars.newest_of_many(keys.tolist())
        async with work.bars.writer(order.source) as writer:
            for row_keys, bars in found.bars(keys):
                await writer.add(row_keys, bars)
            counts = await writer.store()
        if counts.inserted or counts.updated:
            await self._look_over(work, instruments, found, known)
        summary = self._summary(order, instruments, found, counts)
        await work.imports.add(summary, await asyncio.to_thread(found.rejections))
        return summary

    async def _look_over(
        self, work: UnitOfWork, instruments: Sequence[StoredInstrument], found: Judged, known: Container[int]
    ) -> None:
        """Flag what looks like a split among the new bars and next to them. `known`: keys of those that had bars."""
        for place, first, last, has_gap in await asyncio.to_thread(_spans, found):
            if has_gap or instruments[place].key in known:
                await flag_splits(work, instruments[place], first, last, self._clock.now())

    def _judged(self, batch: RowBatch, instruments: Sequence[StoredInstrument], instrument_of: PlaceArray) -> Judged:
        """Judge by the sessions held until today: tomorrow's bar cannot be there yet."""
        exchanges = [one.instrument.primary_exchange for one in instruments]
        codes = [self._calendar.code(exchange) for exchange in exchanges]
        of_code = dict(zip(codes, exchanges, strict=True))
        today = self._clock.now().date()
        sessions = [self._calendar.sessions(exchange, FIRST_SESSION, today) for exchange in of_code.values()]
        calendar_of = np.array([list(of_code).index(code) for code in codes], dtype=np.int32)
        found = judged(batch, instrument_of, sessions, calendar_of)
        if found.rejected > self._limits.rejected_rows:
            raise too_large(self._limits.rejected_rows, "rows that break a rule")
        return found

    def _summary(
        self, order: ImportOrder, instruments: Sequence[StoredInstrument], found: Judged, counts: WriteCounts | None
    ) -> ImportSummary:
        """`counts`: None when the import is refused."""
        now = self._clock.now()
        bad = Verdict.PARTIAL if found.rejected else Verdict.CLEAN
        return ImportSummary(
            import_id=new_id(int(now.timestamp() * 1000), secrets.token_bytes(RANDOM_BYTES)),
            verdict=bad if counts else Verdict.REFUSED,
            rows_read=len(found.rows),
            rows_inserted=counts.inserted if counts else 0,
            rows_updated=counts.updated if counts else 0,
            rows_unchanged=counts.unchanged if counts else 0,
            rows_rejected=found.rejected,
            rejected_by_rule=found.by_rule,
            source=order.source,
            symbols=tuple(sorted(instruments[place].instrument.id for place in found.instruments)),
            create_time=now,
        )


def _spans(found: Judged) -> list[tuple[int, date, date, bool]]:
    """For each place with good rows their first and last day, and whether there is a gap among them."""
    good, rows = found.codes == Rule.NONE, found.rows
    places, days = rows.instrument[good], rows.day[good]
    gaps = with_gaps(places, days, rows.open[good], rows.close[good])
    return [(place, first, last, place in gaps) for place, first, last in spans(places, days)]


async def _resolved(work: UnitOfWork, symbol: str, symbols: Sequence[str]) -> tuple[list[StoredInstrument], PlaceArray]:
    """The instruments that the symbols name, and for each symbol its instrument's place, -1 where it names none.

    Raises NotFound or InvalidInput when `symbol`, which names all rows', is such a one.
    """
    if symbol:
        return [await work.symbols.get(symbol)], np.zeros(len(symbols), dtype=np.int32)
    named = await work.symbols.find_many(symbols)
    instruments = list({one.key: one for one in named if one}.values())
    places = {one.key: place for place, one in enumerate(instruments)}
    return instruments, np.array([places[one.key] if one else -1 for one in named], dtype=np.int32)


def _refusal(summary: ImportSummary, order: ImportOrder) -> FailedPrecondition:
    rejected, rows = summary.rows_rejected, summary.rows_read
    rules = ", ".join(f"{rule.name} {count}" for rule, count in summary.rejected_by_rule)
    return FailedPrecondition(
        f"{rejected} of {rows} rows broke a rule, more than the {order.max_rejected_fraction:g} allowed, so no bar was "
        f"stored: {rules}",
        Reason.IMPORT_REFUSED,
        metadata={
            "import_id": summary.import_id,
            "rejected": str(rejected),
            "rows": str(rows),
            "max_rejected_fraction": f"{order.max_rejected_fraction:g}",
        },
    )
