"""Bars as they are read, over fakes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from scizor.domain.bars import ActionType, Adjustment, CorporateAction, empty_bars
from scizor.domain.errors import InvalidInput, NotFound, Reason
from scizor.domain.intervals import Interval
from scizor.domain.sessions import DAY_NS, SessionRange, to_day
from scizor.services.marketdata.bars import store
from scizor.services.marketdata.bars.scaling import Scale
from scizor.services.marketdata.bars.store import Selection
from scizor.services.marketdata.bars.streams import BarStreams, Place
from scizor.services.marketdata.truth import actions
from tests.fakes.storage import FakeStorage
from tests.unit.marketdata.stage import AAPL, BHP, give_bars, stored

CLOSES = {"2020-01-06": 100.0, "2020-01-07": 102.0, "2020-01-08": 51.0, "2020-01-09": 52.0, "2020-01-10": 50.0}
SPLIT = CorporateAction(ActionType.SPLIT, date(2020, 1, 8), Decimal(2), "test")
DIVIDEND = CorporateAction(ActionType.DIVIDEND, date(2020, 1, 10), Decimal("5.2"), "test")
ALL = SessionRange()


async def page_of(storage: FakeStorage, scale: Scale, after: int | None = None, limit: int = 10) -> store.BarPage:
    async with storage.begin() as work:
        return await store.page(work, "AAPL", Selection(scale=scale), after, limit)


@pytest.fixture
async def with_actions(storage: FakeStorage) -> FakeStorage:
    owner = await stored(storage, AAPL)
    await give_bars(storage, owner, CLOSES)
    async with storage.begin() as work:
        await actions.record(work, "AAPL", SPLIT)
        await actions.record(work, "AAPL", DIVIDEND)
    return storage


async def test_pages_join_to_the_whole(with_actions: FakeStorage) -> None:
    first = await page_of(with_actions, Scale(), limit=3)
    assert first.next_after == to_day(date(2020, 1, 8))
    second = await page_of(with_actions, Scale(), first.next_after, limit=3)
    assert second.next_after is None
    assert [*first.series.bars["close"], *second.series.bars["close"]] == list(CLOSES.values())


async def test_a_page_behind_the_last_is_empty_and_no_error(with_actions: FakeStorage) -> None:
    async with with_actions.begin() as work:
        last = date(2020, 1, 8)
        page = await store.page(work, "AAPL", Selection(SessionRange(None, last)), to_day(last), 3)
    assert len(page.series.bars) == 0
    assert page.series.symbol == "AAPL.NASDAQ"


@pytest.mark.parametrize(
    ("scale", "closes"),
    [
        (Scale(), [100, 102, 51, 52, 50]),
        (Scale(Adjustment.SPLIT), [50, 51, 51, 52, 50]),
        (Scale(Adjustment.TOTAL_RETURN), [45, 45.9, 45.9, 46.8, 50]),
        (Scale(Adjustment.TOTAL_RETURN, date(2020, 1, 9)), [50, 51, 51, 52, 50]),
        (Scale(Adjustment.TOTAL_RETURN, date(2020, 1, 7)), [100, 102, 51, 52, 50]),
    ],
)
@pytest.mark.parametrize("chunk", [1, 2, 10])
async def test_adjusting_does_not_depend_on_where_pages_and_chunks_end(
    with_actions: FakeStorage, scale: Scale, closes: list[float], chunk: int
) -> None:
    paged: list[float] = []
    after = None
    while True:
        page = await page_of(with_actions, scale, after, chunk)
        paged += page.series.bars["close"].tolist()
        after = page.next_after
        if after is None:
            break
    chunks = [series async for _, series in BarStreams(with_actions, 2).stream(["AAPL"], ALL, scale, None, chunk)]
    assert paged == pytest.approx(closes)
    assert [close for series in chunks for close in series.bars["close"]] == pytest.approx(closes)


async def test_shorter_bars_are_paged_by_the_instant_and_scaled_by_their_session(with_actions: FakeStorage) -> None:
    days = [to_day(date.fromisoformat(day)) for day in CLOSES for _ in range(2)]
    made = empty_bars(len(days), Interval.HOUR_1)
    made["day"], made["time_ns"] = days, [day * DAY_NS + hour for day in days[::2] for hour in (1, 2)]
    for name in ("open", "high", "low", "close"):
        made[name] = [close for close in CLOSES.values() for _ in range(2)]
    made["volume"] = 100
    async with with_actions.begin() as work, work.intraday.writer("test", Interval.HOUR_1) as writer:
        await writer.add(np.full(len(days), 1, dtype=np.int32), made)
        await writer.store()
    asked = Selection(SessionRange(date(2020, 1, 7)), Interval.HOUR_1, Scale(Adjustment.SPLIT))
    closes: list[float] = []
    volumes: list[float] = []
    after = None
    async with with_actions.begin() as work:
        while True:
            page = await store.page(work, "AAPL", asked, after, 3)
            closes += page.series.bars["close"].tolist()
            volumes += page.series.bars["volume"].tolist()
            after = page.next_after
            if after is None:
                break
        newest = await store.latest(work, "AAPL", Interval.HOUR_1)
        with pytest.raises(NotFound, match="no bars of this length"):
            await store.latest(work, "AAPL", Interval.MINUTE_1)
        assert await store.delete(work, "AAPL", SessionRange(date(2020, 1, 9)), Interval.HOUR_1) == 4
        assert await work.bars.count(await work.symbols.get("AAPL")) == 5
    assert closes == [51, 51, 51, 51, 52, 52, 50, 50]
    assert volumes == [200, 200, 100, 100, 100, 100, 100, 100]
    assert newest.bars["time_ns"].tolist() == [days[-1] * DAY_NS + 2]


async def streamed(storage: FakeStorage, after: Place | None, which: SessionRange = ALL) -> list[tuple[str, str]]:
    chunks = BarStreams(storage, 2).stream(["AAPL", "BHP"], which, Scale(), after, 2)
    return [(series.symbol, str(place[1])) async for place, series in chunks]


async def test_a_stream_goes_on_behind_any_of_its_places(with_actions: FakeStorage) -> None:
    await give_bars(with_actions, await stored(with_actions, BHP), CLOSES)
    whole = await streamed(with_actions, None)
    assert len(whole) == 6
    for sent, (symbol, day) in enumerate(whole, 1):
        place = (0 if symbol == "AAPL.NASDAQ" else 1), date.fromisoformat(day)
        assert await streamed(with_actions, place) == whole[sent:]
    until = SessionRange(None, date(2020, 1, 7))
    assert await streamed(with_actions, (0, date(2020, 1, 7)), until) == [("BHP.ASX", "2020-01-07")]


async def test_a_stream_names_each_instrument_once(with_actions: FakeStorage) -> None:
    with pytest.raises(InvalidInput, match="once"):
        await anext(BarStreams(with_actions, 2).stream(["AAPL", "AAPL.NASDAQ"], ALL, Scale(), None, 2))


async def test_the_newest_bar_of_none_is_not_found(storage: FakeStorage) -> None:
    owner = await stored(storage, AAPL)
    async with storage.begin() as work:
        with pytest.raises(NotFound) as refusal:
            await store.latest(work, "AAPL")
        assert refusal.value.reason is Reason.BARS_NOT_FOUND
    await give_bars(storage, owner, CLOSES)
    async with storage.begin() as work:
        assert (await store.latest(work, "AAPL")).bars["close"].tolist() == [50.0]
