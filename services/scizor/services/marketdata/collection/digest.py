"""What one answer means for what is stored: new bars, changed ones, and sessions that have none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
import numpy.typing as npt

from scizor.domain.bars import VALUE_COLUMNS, BarArray, BarSeries, CorporateAction, empty_bars
from scizor.domain.collections import NO_BAR_YET, Chunk, SessionGap, SessionState
from scizor.domain.instruments import Instrument
from scizor.domain.intervals import Interval
from scizor.domain.judge import RuleArray, describe, judge
from scizor.domain.quality import DataFlag, FlagKind, RejectedRow, Rule
from scizor.domain.rows import Rows, written
from scizor.domain.scaling import as_traded, differing, suspected_split
from scizor.domain.sessions import DayArray, from_day
from scizor.services.marketdata.collection.outcomes import Answered
from scizor.services.marketdata.collection.sessions import Held

_ROWS_A_CHUNK = 1_000_000
"""More than a chunk ever has: a rejected row's number must be its own in the whole collection."""


@dataclass(frozen=True, slots=True)
class Known:
    """What storage has of one chunk's symbol, around the chunk. `held`: the sessions of the chunk's dates.

    `settled`: when the newest session of its exchange was. `newest`: its newest session with bars, anywhere.
    """

    instrument: Instrument
    stored: BarSeries
    actions: Sequence[CorporateAction]
    gaps: Mapping[date, SessionGap]
    held: Held
    settled: datetime
    newest: date


@dataclass(frozen=True, slots=True)
class Mode:
    """`refresh`: what is stored is asked for again. `is_newest`: no later chunk of the symbol is to come."""

    refresh: bool = False
    is_newest: bool = True


@dataclass(frozen=True, slots=True)
class Digest:
    """What to store. `bars`: those that are new or differ, their `source` a place in `sources`.

    `read`: by source how many bars were judged. `split_after`: a session whose stored bars were told without the split
    that is suspected after it.
    """

    chunk: Chunk
    bars: BarArray
    sources: tuple[str, ...]
    scale_date: date
    received: int = 0
    new: int = 0
    read: Mapping[str, int] = field(default_factory=dict)
    rejected: tuple[tuple[str, RejectedRow], ...] = ()
    gaps: tuple[SessionGap, ...] = ()
    flags: tuple[DataFlag, ...] = ()
    fills_gap: bool = False
    split_after: date | None = None


def digested(answered: Answered, known: Known, mode: Mode) -> Digest:
    """All that follows from an answer."""
    chunk, answer = answered.chunk, answered.answer
    if answer is None:
        gaps = tuple(_gaps(answered, known, mode, empty_bars(0, chunk.interval), {}))
        return Digest(chunk, empty_bars(0, chunk.interval), (), date.min, gaps=gaps)
    told = _with_partials(as_traded(answer.bars, answer.scale_date, known.actions), chunk.interval, known.held)
    reasons: dict[int, str] = {}
    if not chunk.interval.intraday:
        quiet = told["volume"] == 0
        reasons |= dict.fromkeys(told["day"][quiet].tolist(), "no trade")
        told = told[~quiet]
    codes = judged(told, known.stored.bars, known.held.days, chunk.interval)
    rejected = tuple(_rejected(chunk, told, codes, answer.sources))
    good = _widened(told[codes == Rule.NONE])
    reasons |= {int(told["day"][place]): Rule(int(codes[place])).name for place in np.flatnonzero(codes)}
    comparison = _compared(good, answer.sources, known, chunk, mode)
    places = Counter(told["source"].tolist())
    return Digest(
        chunk=chunk,
        bars=good[comparison.written],
        sources=answer.sources,
        scale_date=answer.scale_date,
        received=len(answer.bars),
        new=comparison.new,
        read={answer.sources[place]: rows for place, rows in places.items()},
        rejected=rejected,
        gaps=tuple(_gaps(answered, known, mode, good, reasons)),
        flags=comparison.flags,
        split_after=comparison.split_after,
        fills_gap=any(from_day(day) in known.gaps for day in np.unique(good["day"]).tolist()),
    )


def lacking(chunk: Chunk, known: Known, present: DayArray) -> DayArray:
    """Sessions of the chunk's dates that are over, while it was listed, and have no bar among `present`."""
    over = known.held.over
    listed, delisted = known.instrument.listed_date or date.min, known.instrument.delisted_date or date.max
    days = over[~np.isin(over, present)]
    inside = [chunk.first <= from_day(day) <= chunk.last and listed <= from_day(day) <= delisted for day in days]
    return days[np.array(inside, dtype=bool)] if len(days) else days


def judged(told: BarArray, context: BarArray, sessions: DayArray, interval: Interval) -> RuleArray:
    """The rule each told bar breaks first, judged among the stored bars around it; shape (n,).

    A shorter bar has a place of its own in the session in the place of a day; no trade in it is no fault.
    """
    length_ns = int(interval.length / timedelta(microseconds=1)) * 1000
    places = (told["time_ns"] // length_ns).astype(np.int32) if interval.intraday else told["day"]
    around = empty_bars(0, interval) if interval.intraday else context[~np.isin(context["day"], told["day"])]
    every = np.concatenate((told, around))
    days = np.concatenate((places, around["day"]))
    held = np.concatenate((places[np.isin(told["day"], sessions)], around["day"]))
    values = {name: every[name] for name in VALUE_COLUMNS}
    nobody = np.zeros(len(every), dtype=np.int32)
    rows = Rows(instrument=nobody, day=days, readable=np.ones(len(every), dtype=bool), **values)
    codes = judge(rows, [np.unique(held)], np.zeros(1, dtype=np.int32))[: len(told)]
    return np.where(codes == Rule.VOLUME_ZERO, 0, codes).astype(np.int8) if interval.intraday else codes


def _with_partials(bars: BarArray, interval: Interval, held: Held) -> BarArray:
    """The bars of a session under way marked: the day's, or the last of the shorter ones."""
    partial = np.isin(bars["day"], held.under_way)
    if not partial.any():
        return bars
    marked = bars.copy()
    marked["partial"][np.flatnonzero(partial)[-1:] if interval.intraday else partial] = True
    return marked


def _widened(good: BarArray) -> BarArray:
    """Ranges that hold their prices exactly; the rules let them differ by the rounding of a float."""
    good["high"] = np.maximum(good["high"], np.maximum(good["open"], good["close"]))
    good["low"] = np.minimum(good["low"], np.minimum(good["open"], good["close"]))
    return good


@dataclass(frozen=True, slots=True)
class _Comparison:
    """`written`: which of the good bars are to be stored, shape (n,); `new`: how many of them were not there.

    `split_after`: the last session before a split that is flagged.
    """

    written: npt.NDArray[np.bool_]
    new: int
    flags: tuple[DataFlag, ...]
    split_after: date | None


def _compared(good: BarArray, sources: tuple[str, ...], known: Known, chunk: Chunk, mode: Mode) -> _Comparison:
    """Stored bars stay where the answer says the same, is another source's, or seems to be on another scale."""
    key = "time_ns" if chunk.interval.intraday else "day"
    stored = known.stored.bars
    _, told_at, stored_at = np.intersect1d(good[key], stored[key], assume_unique=True, return_indices=True)
    written = np.ones(len(good), dtype=bool)
    written[told_at] = stored["partial"][stored_at]
    final = ~stored["partial"][stored_at] & ~good["partial"][told_at]
    told_at, stored_at = told_at[final], stored_at[final]
    new = len(good) - int(np.isin(good[key], stored[key]).sum())
    split = suspected_split(stored[stored_at], good[told_at])
    flags: list[DataFlag] = []
    split_after = None
    if split is not None:
        last_place = int(told_at[split.bars - 1])
        flags += _split_flags(split.ratio, good, last_place, mode)
        split_after = from_day(good["day"][last_place]) if flags else None
        told_at, stored_at = told_at[split.bars :], stored_at[split.bars :]
    changed = differing(stored[stored_at], good[told_at])
    if not mode.refresh:
        same = [
            known.stored.sources[old] == sources[now]
            for old, now in zip(stored["source"][stored_at], good["source"][told_at], strict=True)
        ]
        changed &= np.array(same, dtype=bool)
    written[told_at[changed]] = True
    flags += _revised_flags(stored[stored_at[changed]], good[told_at[changed]])
    return _Comparison(written, new, tuple(flags), split_after)


def _split_flags(ratio: float, good: BarArray, last_place: int, mode: Mode) -> Iterator[DataFlag]:
    """A split that lies in a later chunk is that chunk's to tell."""
    last = from_day(good["day"][last_place])
    following = np.flatnonzero(good["day"] > good["day"][last_place])
    if len(following) or mode.is_newest:
        session = from_day(good["day"][following[0]]) if len(following) else last + timedelta(days=1)
        detail = (
            f"bars up to {last} are told {ratio:.6g} times smaller than they are stored; those were left as they are"
        )
        yield DataFlag(FlagKind.SUSPECTED_SPLIT, session, detail, round(ratio, 6))


def _revised_flags(stored: BarArray, told: BarArray) -> Iterator[DataFlag]:
    """One a session."""
    seen: set[int] = set()
    for old, now in zip(stored, told, strict=True):
        if int(now["day"]) not in seen:
            seen.add(int(now["day"]))
            changes = (f"{name} {old[name]:.10g} became {now[name]:.10g}" for name in VALUE_COLUMNS)
            detail = ", ".join(
                said for said, name in zip(changes, VALUE_COLUMNS, strict=True) if old[name] != now[name]
            )
            yield DataFlag(FlagKind.REVISED, from_day(now["day"]), detail)


def _rejected(
    chunk: Chunk, told: BarArray, codes: RuleArray, sources: tuple[str, ...]
) -> Iterator[tuple[str, RejectedRow]]:
    places = np.flatnonzero(codes)
    if len(places) == 0:
        return
    values = {name: told[name] for name in VALUE_COLUMNS}
    everyone = np.zeros(len(told), dtype=np.int32)
    rows = Rows(instrument=everyone, day=told["day"], readable=np.ones(len(told), dtype=bool), **values)
    for place in places.tolist():
        rule = Rule(int(codes[place]))
        raw = ",".join(written(float(told[name][place])) for name in VALUE_COLUMNS)
        session = str(from_day(told["day"][place]))
        number = chunk.number * _ROWS_A_CHUNK + place + 1
        detail = describe(rows, place, rule)
        yield sources[told["source"][place]], RejectedRow(number, rule, detail, chunk.symbol, session, raw)


def _gaps(
    answered: Answered, known: Known, mode: Mode, good: BarArray, reasons: Mapping[int, str]
) -> Iterator[SessionGap]:
    """Sessions that stay without a bar. What is final of one stays, unless an answer to a refresh says otherwise."""
    present = np.concatenate((known.stored.bars["day"], good["day"]))
    told = good["day"][~good["partial"]]
    last_told = from_day(told.max()) if len(told) else date.min
    for day in lacking(answered.chunk, known, present).tolist():
        session = from_day(day)
        before = known.gaps.get(session)
        final = before is not None and before.state is not SessionState.FETCH_FAILED
        if final and not mode.refresh:
            continue
        if session < answered.earliest:
            yield SessionGap(session, SessionState.NOT_LISTED, "before the broker's first session of it")
        elif answered.answer is None:  # nobody was asked
            continue
        elif reasons.get(day, "no trade") != "no trade":
            yield SessionGap(session, SessionState.FETCH_FAILED, f"the broker's bar broke the rule {reasons[day]}")
        elif session < last_told or (session < known.newest and _is_proof(before, known, told)):
            yield SessionGap(session, SessionState.HALTED, reasons.get(day, "the broker has no bar of it"))
        elif not final:
            yield SessionGap(session, SessionState.FETCH_FAILED, NO_BAR_YET)


def _is_proof(before: SessionGap | None, known: Known, told: DayArray) -> bool:
    """Whether silence about a session before the newest stored one says that it has no bar.

    An answer without any bar may be an outage, until another one has said the same after a later session.
    """
    return len(told) > 0 or (before is not None and before.awaited and not before.awaited_since(known.settled))
