"""What is there, what is missing and why, over fakes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np

from scizor.domain.bars import empty_bars
from scizor.domain.collections import SessionGap, SessionState
from scizor.domain.instruments import Instrument, StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import DAY_NS, SessionRange, to_day
from scizor.ports.collections import GapKey
from scizor.services.marketdata.truth.coverage import Coverage, CoverageReport
from tests.fakes.broker import HandClock
from tests.fakes.storage import FakeStorage
from tests.unit.marketdata.stage import AAPL, NOW, Weekdays, give_bars, stored

PRESENT, HOLIDAY, HALTED = SessionState.PRESENT, SessionState.HOLIDAY, SessionState.HALTED
NOT_LISTED, FETCH_FAILED, UNKNOWN = SessionState.NOT_LISTED, SessionState.FETCH_FAILED, SessionState.UNKNOWN


async def coverage(
    storage: FakeStorage,
    start: date | None = None,
    end: date | None = None,
    *,
    now: datetime = NOW,
    interval: Interval = Interval.DAY_1,
) -> Coverage:
    async with storage.begin() as work:
        report = CoverageReport(Weekdays(), HandClock(now))
        return await report.of(work, "AAPL", SessionRange(start, end), interval)


async def note(storage: FakeStorage, owner: StoredInstrument, *gaps: SessionGap) -> None:
    async with storage.begin() as work:
        await work.gaps.mark(GapKey(owner.key, Interval.DAY_1), gaps, NOW)


def runs_of(found: Coverage) -> list[tuple[SessionState, str, str, int]]:
    return [(run.state, f"{run.first:%m-%d}", f"{run.last:%m-%d}", run.sessions) for run in found.runs]


async def test_every_run_of_missing_sessions_is_named(storage: FakeStorage) -> None:
    days = ("2020-01-06", "2020-01-09", "2020-01-14")
    await give_bars(storage, await stored(storage, AAPL), dict.fromkeys(days, 1.0))
    found = await coverage(storage)
    assert (found.calendar, found.expected, found.present) == ("XNASDAQ", 7, 3)
    runs = [(str(run.first), str(run.last), run.sessions) for run in found.missing]
    assert runs == [("2020-01-07", "2020-01-08", 2), ("2020-01-10", "2020-01-13", 2)]
    assert found.range == found.extent == (date(2020, 1, 6), date(2020, 1, 14))


async def test_a_range_counts_what_lies_beyond_the_bars(storage: FakeStorage) -> None:
    await give_bars(storage, await stored(storage, AAPL), {"2020-01-06": 1.0})
    found = await coverage(storage, date(2020, 1, 1), date(2020, 1, 30))
    assert (found.expected, found.present, sum(run.sessions for run in found.missing)) == (20, 1, 19)
    assert (await coverage(storage, start=date(2020, 1, 21))).expected == 1


async def test_nothing_is_whole(storage: FakeStorage) -> None:
    await stored(storage, AAPL)
    found = await coverage(storage)
    assert (found.range, found.extent, found.expected, found.missing) == (None, None, 0, ())
    assert (await coverage(storage, start=date(2020, 1, 27))).expected == 4
    assert (await coverage(storage, end=date(2020, 1, 27))).expected == 1
    future = await coverage(storage, date(2030, 1, 1), date(2030, 2, 1))
    assert (future.expected, future.runs, future.counts) == (0, (), ())


async def test_every_date_has_a_state(storage: FakeStorage) -> None:
    listed = replace(AAPL, listed_date=date(2020, 1, 3), delisted_date=date(2020, 1, 28))
    owner = await stored(storage, listed)
    await give_bars(storage, owner, dict.fromkeys(("2020-01-03", "2020-01-06", "2020-01-13"), 1.0))
    await note(
        storage,
        owner,
        SessionGap(date(2020, 1, 7), HALTED),
        SessionGap(date(2020, 1, 8), FETCH_FAILED, "162: pacing"),
        SessionGap(date(2020, 1, 9), FETCH_FAILED, "162: pacing"),
        SessionGap(date(2020, 1, 10), FETCH_FAILED, "timeout"),
        SessionGap(date(2020, 1, 13), HALTED),
    )
    found = await coverage(storage, date(2019, 12, 30), date(2020, 1, 30))
    assert runs_of(found) == [
        (NOT_LISTED, "12-30", "12-31", 2),
        (HOLIDAY, "01-01", "01-01", 1),
        (NOT_LISTED, "01-02", "01-02", 1),
        (PRESENT, "01-03", "01-06", 2),
        (HALTED, "01-07", "01-07", 1),
        (FETCH_FAILED, "01-08", "01-09", 2),
        (FETCH_FAILED, "01-10", "01-10", 1),
        (PRESENT, "01-13", "01-13", 1),
        (UNKNOWN, "01-14", "01-17", 4),
        (HOLIDAY, "01-20", "01-20", 1),
        (UNKNOWN, "01-21", "01-28", 6),
        (NOT_LISTED, "01-29", "01-30", 2),
    ]
    assert [run.reason for run in found.runs if run.state is FETCH_FAILED] == ["162: pacing", "timeout"]
    assert {count.state: count.sessions for count in found.counts} == {
        PRESENT: 3,
        HOLIDAY: 2,
        HALTED: 1,
        NOT_LISTED: 5,
        FETCH_FAILED: 3,
        UNKNOWN: 10,
    }
    assert found.expected == sum(count.sessions for count in found.counts if count.state not in (HOLIDAY, NOT_LISTED))


async def test_a_session_under_way_counts_once_it_has_a_bar(storage: FakeStorage) -> None:
    owner = await stored(storage, AAPL)
    await give_bars(storage, owner, {"2020-01-30": 1.0})
    under_way, closed = datetime(2020, 1, 31, 20, tzinfo=UTC), datetime(2020, 1, 31, 21, tzinfo=UTC)
    today = date(2020, 1, 31)
    assert (await coverage(storage, date(2020, 1, 30), today, now=under_way)).expected == 1
    assert (await coverage(storage, date(2020, 1, 30), today, now=closed)).expected == 2
    await give_partial(storage, owner, today)
    found = await coverage(storage, date(2020, 1, 30), today, now=under_way)
    assert (found.expected, found.present, found.partial) == (2, 2, (today,))


async def test_a_session_with_any_shorter_bar_is_present(storage: FakeStorage) -> None:
    owner = await stored(storage, AAPL)
    bars = empty_bars(3, Interval.HOUR_1)
    bars["day"] = [to_day(date(2020, 1, day)) for day in (28, 28, 30)]
    bars["time_ns"] = bars["day"].astype(np.int64) * DAY_NS + [0, 1, 0]
    for name in ("open", "high", "low", "close", "volume"):
        bars[name] = 1.0
    bars["partial"][2] = True
    async with storage.begin() as work, work.intraday.writer("test", Interval.HOUR_1) as writer:
        await writer.add(np.full(3, owner.key, dtype=np.int32), bars)
        await writer.store()
    found = await coverage(storage, interval=Interval.HOUR_1)
    assert (found.expected, found.present, found.partial) == (3, 2, (date(2020, 1, 30),))
    assert found.extent == (date(2020, 1, 28), date(2020, 1, 30))
    assert (await coverage(storage)).extent is None


async def test_a_bar_on_a_holiday_is_present_and_not_expected(storage: FakeStorage) -> None:
    await give_bars(storage, await stored(storage, AAPL), dict.fromkeys(("2020-01-17", "2020-01-20"), 1.0))
    found = await coverage(storage)
    assert runs_of(found) == [(PRESENT, "01-17", "01-20", 2)]
    assert (found.expected, found.present) == (1, 1)


async def test_what_was_before_calendars_is_not_judged(storage: FakeStorage) -> None:
    await stored(storage, Instrument("AAPL", "NASDAQ", "USD"))
    found = await coverage(storage, date(1, 1, 1), date(1900, 1, 2))
    assert runs_of(found) == [(UNKNOWN, "01-01", "01-02", 2)]


async def give_partial(storage: FakeStorage, owner: StoredInstrument, day: date) -> None:
    bars = empty_bars(1)
    bars["day"], bars["partial"] = to_day(day), True
    for name in ("open", "high", "low", "close", "volume"):
        bars[name] = 1.0
    async with storage.begin() as work, work.bars.writer("test") as writer:
        await writer.add(np.full(1, owner.key, dtype=np.int32), bars)
        await writer.store()
