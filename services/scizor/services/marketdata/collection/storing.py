"""One batch of outcomes, stored in one transaction: bars, gaps, flags, rejected rows, the ledger and the progress.

So whenever the process dies, a chunk is either done with all that follows from it, or still to be asked.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np

from scizor.domain.bars import BarSeries, CorporateAction, empty_bars
from scizor.domain.collections import Chunk, ChunkState, CollectionSpec, SessionGap, SessionState
from scizor.domain.instruments import StoredInstrument
from scizor.domain.sessions import SessionRange, from_day, to_day
from scizor.ports.bars import WriteCounts
from scizor.ports.collections import GapKey
from scizor.ports.storage import UnitOfWork
from scizor.services.marketdata.collection.digest import Digest, Known, Mode, digested, lacking
from scizor.services.marketdata.collection.means import Means
from scizor.services.marketdata.collection.outcomes import Answered, Failed, Outcome
from scizor.services.marketdata.collection.planning import newest_sessions
from scizor.services.marketdata.collection.rejections import Taken, summaries
from scizor.services.marketdata.collection.tally import Counts

_AROUND = timedelta(days=21)
"""What is read beside a chunk: wicks are judged among their neighbours."""
_MOST_BARS = 1_000_000


class Outdated(Exception):
    """No error: others recorded a split, or stored the same bars, since storage was read; all is to be stored anew."""


class Stock:
    """Takes outcomes of one collection into storage."""

    def __init__(
        self, collection_id: str, spec: CollectionSpec, instruments: Mapping[int, StoredInstrument], means: Means
    ) -> None:
        self._collection_id = collection_id
        self._spec = spec
        self._instruments = instruments
        self._means = means
        self._newest: dict[int, date] = {}
        self._actions: dict[int, list[CorporateAction]] = {}

    def expect(self, chunks: Sequence[Chunk]) -> None:
        """Learn which chunks there are, and so which is each symbol's newest."""
        for chunk in chunks:
            self._newest[chunk.key] = max(chunk.last, self._newest.get(chunk.key, chunk.last))

    async def take(self, work: UnitOfWork, outcomes: Sequence[Outcome]) -> tuple[list[Chunk], Counts]:
        """Store all but the ledger; the chunks as they now stand, and what they add. Raises ScizorError, Outdated."""
        now = self._means.clock.now()
        final = [one for one in outcomes if isinstance(one, Answered) or (one.known and not self._again(one))]
        known = await self._known(work, final, now)
        digests = await asyncio.to_thread(self._digests, final, known)
        await self._flag(work, digests, now)
        written = await self._write(work, digests)
        if sum(one.inserted for one in written.values()) != sum(digest.new for digest in digests):
            raise Outdated
        await self._demand_same_actions(work, digests)
        gaps: dict[int, list[SessionGap]] = defaultdict(list)
        for digest in digests:
            gaps[digest.chunk.key] += digest.gaps
        for failed in (one for one in final if isinstance(one, Failed)):
            gaps[failed.chunk.key] += _failed_gaps(failed, known[failed.chunk.number])
        for key, found in gaps.items():
            if found:
                await work.gaps.mark(GapKey(key, self._spec.interval), found, now)
        filled = sorted({digest.chunk.key for digest in digests if digest.fills_gap})
        if filled:
            await work.gaps.forget_present(filled, self._spec.interval)
        for summary, rows in summaries(self._collection_id, digests, written, now):
            await work.imports.accumulate(summary, rows)
        by_number = {digest.chunk.number: digest for digest in digests}
        chunks = [self._settled(one, by_number.get(one.chunk.number), now) for one in outcomes]
        return chunks, _counts(outcomes, digests, written)

    async def _known(self, work: UnitOfWork, outcomes: Sequence[Outcome], now: datetime) -> dict[int, Known]:
        """What storage has of each chunk's symbol, by chunk's number. A batch is mostly one symbol's, or one time's."""
        if not outcomes:
            return {}
        chunks = [one.chunk for one in outcomes]
        instruments = {chunk.key: self._instruments[chunk.key] for chunk in chunks}
        which = SessionRange(
            min(chunk.first for chunk in chunks) - _AROUND, max(chunk.last for chunk in chunks) + _AROUND
        )
        stored = await self._stored(work, [*instruments.values()], which)
        gaps = await work.gaps.of_many(list(instruments), self._spec.interval, which)
        newest = await newest_sessions(work, [*instruments.values()], self._spec.interval)
        for key in instruments.keys() - self._actions.keys():
            self._actions[key] = await work.actions.of(instruments[key])
        known = {}
        for one in outcomes:
            chunk, asked = one.chunk, one.answer if isinstance(one, Answered) else None
            instrument = instruments[chunk.key].instrument
            times, at = self._means.times, asked.receive_time if asked else now
            known[chunk.number] = Known(
                instrument,
                _around(chunk, stored[chunk.key]),
                self._actions[chunk.key],
                {gap.session: gap for gap in gaps.get(chunk.key, ())},
                times.held(instrument.primary_exchange, chunk.first, chunk.last, at),
                times.newest_settled(instrument.primary_exchange, at),
                newest.get(chunk.key, date.min),
            )
        return known

    async def _stored(
        self, work: UnitOfWork, instruments: Sequence[StoredInstrument], which: SessionRange
    ) -> dict[int, BarSeries]:
        interval = self._spec.interval
        if interval.intraday:
            return {one.key: await work.intraday.read(one, interval, which) for one in instruments}
        found = {
            one.key: BarSeries(one.instrument.id, one.instrument.currency, empty_bars(), ()) for one in instruments
        }
        async for instrument, series in work.bars.stream(instruments, which, _MOST_BARS):
            found[instrument.key] = series
        return found

    def _digests(self, outcomes: Sequence[Outcome], known: Mapping[int, Known]) -> list[Digest]:
        return [
            digested(one, known[one.chunk.number], self._mode(one.chunk))
            for one in outcomes
            if isinstance(one, Answered)
        ]

    def _mode(self, chunk: Chunk) -> Mode:
        return Mode(self._spec.refresh, chunk.last >= self._newest.get(chunk.key, chunk.last))

    async def _flag(self, work: UnitOfWork, digests: Sequence[Digest], now: datetime) -> None:
        """What is suspicious; before the answer's own bars are stored, as those were told with the split."""
        for digest in digests:
            if digest.flags:
                await work.flags.raise_(digest.chunk.key, digest.flags, now)
            if digest.split_after is not None:
                instrument = self._instruments[digest.chunk.key]
                await work.bars.told_without_splits(instrument, digest.split_after, self._spec.interval)

    async def _write(self, work: UnitOfWork, digests: Sequence[Digest]) -> dict[str, WriteCounts]:
        """The bars, together as far as they share source and scale; what became of each source's."""
        groups: dict[tuple[str, date], list[Taken]] = defaultdict(list)
        for digest in digests:
            for place, source in enumerate(digest.sources):
                bars = digest.bars[digest.bars["source"] == place]
                if len(bars):
                    groups[source, digest.scale_date].append(Taken(digest.chunk.key, bars))
        counts: dict[str, WriteCounts] = {}
        for (source, scale_date), taken in sorted(groups.items()):
            interval = self._spec.interval
            opened = (
                work.intraday.writer(source, interval, scale_date)
                if interval.intraday
                else work.bars.writer(source, scale_date)
            )
            async with opened as writer:
                keys = np.concatenate([np.full(len(one.bars), one.key, dtype=np.int32) for one in taken])
                await writer.add(keys, np.concatenate([one.bars for one in taken]))
                stored, before = await writer.store(), counts.get(source, WriteCounts(0, 0, 0))
            counts[source] = WriteCounts(
                before.inserted + stored.inserted, before.updated + stored.updated, before.unchanged + stored.unchanged
            )
        return counts

    async def _demand_same_actions(self, work: UnitOfWork, digests: Sequence[Digest]) -> None:
        """From the writing on nobody records a split of these instruments. Raises Outdated if somebody did before."""
        for key in {digest.chunk.key for digest in digests if len(digest.bars)}:
            actions = await work.actions.of(self._instruments[key])
            if actions != self._actions[key]:
                self._actions[key] = actions
                raise Outdated

    def _again(self, failed: Failed) -> bool:
        """Whether it is asked once more."""
        attempts = failed.chunk.attempts + int(failed.counts)
        return failed.passes and attempts < self._means.settings.max_attempts

    def _settled(self, outcome: Outcome, digest: Digest | None, now: datetime) -> Chunk:
        """The chunk as it now stands."""
        chunk = outcome.chunk
        if isinstance(outcome, Answered):
            return replace(
                chunk,
                state=ChunkState.DONE,
                attempts=chunk.attempts + int(outcome.answer is not None),
                next_try=None,
                bars_received=digest.received if digest else 0,
                new_bars=digest.new if digest else 0,
                end_time=now,
            )
        tried = replace(chunk, attempts=chunk.attempts + int(outcome.counts), failure=outcome.failure)
        if not self._again(outcome):
            return replace(tried, state=ChunkState.FAILED, next_try=None, end_time=now)
        return replace(tried, next_try=now + timedelta(seconds=self._backoff_s(outcome, tried.attempts)))

    def _backoff_s(self, failed: Failed, attempts: int) -> float:
        """Nothing for one that was cut off: it waits for the connection."""
        if not failed.counts:
            return 0.0
        settings = self._means.settings
        first_s = settings.backoff_s.get(failed.failure.category, 1.0)
        return float(min(first_s * 2 ** (attempts - 1), settings.backoff_most_s))


def _around(chunk: Chunk, stored: BarSeries) -> BarSeries:
    """The stored bars of the chunk's dates and of some days on both sides."""
    bounds = [to_day(chunk.first - _AROUND), to_day(chunk.last + _AROUND) + 1]
    first, behind = np.searchsorted(stored.bars["day"], bounds)
    return replace(stored, bars=stored.bars[first:behind])


def _failed_gaps(failed: Failed, known: Known) -> list[SessionGap]:
    failure = failed.failure
    reason = f"{failure.category.name} {failure.code}: {failure.message}"
    return [
        SessionGap(from_day(day), SessionState.FETCH_FAILED, reason)
        for day in lacking(failed.chunk, known, known.stored.bars["day"])
        if from_day(day) not in known.gaps or known.gaps[from_day(day)].state is SessionState.FETCH_FAILED
    ]


def _counts(outcomes: Sequence[Outcome], digests: Sequence[Digest], written: Mapping[str, WriteCounts]) -> Counts:
    return Counts(
        requests=sum(one.requests for one in outcomes),
        received=sum(digest.received for digest in digests),
        inserted=sum(one.inserted for one in written.values()),
        updated=sum(one.updated for one in written.values()),
        rejected=sum(len(digest.rejected) for digest in digests),
    )
