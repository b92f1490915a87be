"""Symbols, bars, findings and health, over fakes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from scizor.domain.bars import ActionType, Adjustment, CorporateAction, empty_bars
from scizor.domain.broker import ConnectionState
from scizor.domain.errors import Conflict, FailedPrecondition, InvalidInput, NotFound, Reason
from scizor.domain.instruments import AssetType, Instrument
from scizor.domain.intervals import Interval
from scizor.domain.quality import Rule
from scizor.domain.sessions import DAY_NS, SessionRange, to_day
from scizor.ports.imports import RejectionFilter
from scizor.ports.symbols import SymbolFilter
from scizor.services.marketdata import actions, bars, health, quality, symbols
from scizor.services.marketdata.bars import Place, Scale, Selection
from tests.fakes.broker import FakeBroker
from tests.fakes.samples import import_of, rejected
from tests.fakes.storage import FakeStorage
from tests.unit.marketdata.stage import AAPL, BHP, HEAD, Importing, give_bars, stored

CLOSES = {"2020-01-06": 100.0, "2020-01-07": 102.0, "2020-01-08": 51.0, "2020-01-09": 52.0, "2020-01-10": 50.0}
SPLIT = CorporateAction(ActionType.SPLIT, date(2020, 1, 8), Decimal(2), "test")
DIVIDEND = CorporateAction(ActionType.DIVIDEND, date(2020, 1, 10), Decimal("5.2"), "test")
ALL = SessionRange()


def test_the_universe_has_357_instruments_each_once() -> None:
    known = symbols.universe()
    assert len(known) == len({(one.symbol, one.primary_exchange, one.currency) for one in known}) == 357
    assert {one.primary_exchange for one in known} == {"ASX", "NASDAQ", "ARCA", "BATS"}
    assert sum(one.asset_type is AssetType.ETF for one in known) == 52


async def test_a_page_says_where_the_next_goes_on(storage: FakeStorage) -> None:
    for name in ("C", "A", "B"):
        await stored(storage, Instrument(name, "NYSE", "USD"))
    async with storage.begin() as work:
        page = await symbols.list_page(work, SymbolFilter(), None, 2)
        assert [one.instrument.symbol for one in page.symbols] == ["A", "B"]
        assert (page.total, page.next_cursor) == (3, ("B", "NYSE", "USD"))
        rest = await symbols.list_page(work, SymbolFilter(), page.next_cursor, 2)
        assert [one.instrument.symbol for one in rest.symbols] == ["C"]
        assert rest.next_cursor is None


async def test_a_symbol_with_bars_is_removed_only_by_force(storage: FakeStorage) -> None:
    await give_bars(storage, await stored(storage, AAPL), CLOSES)
    async with storage.begin() as work:
        with pytest.raises(FailedPrecondition) as refusal:
            await symbols.delete(work, "AAPL", "", force=False)
        assert refusal.value.metadata == {"symbol": "AAPL.NASDAQ", "bars": "5"}
        with pytest.raises(Conflict):
            await symbols.delete(work, "AAPL", "v9", force=True)
        assert await symbols.delete(work, "AAPL", "v1", force=True) == 5
        with pytest.raises(NotFound):
            await work.symbols.get("AAPL")


@pytest.mark.parametrize(
    ("others", "left"),
    [
        ((), ["BHP.NYSE", "BHP.ASX.USD", "AAPL"]),
        ((Instrument("BHP", "NYSE", "USD"),), ["BHP", "BHP.NYSE", "BHP.ASX.USD", "AAPL"]),
        ((Instrument("BHP", "ASX", "USD"),), ["BHP", "BHP.ASX", "BHP.NYSE", "BHP.ASX.USD", "AAPL"]),
        ((Instrument("BHP.ASX", "NYSE", "USD"),), ["BHP.NYSE", "BHP.ASX.USD", "AAPL"]),
    ],
)
async def test_a_removed_symbol_takes_along_the_rejected_rows_that_mean_it_and_no_other(
    storage: FakeStorage, others: tuple[Instrument, ...], left: list[str]
) -> None:
    for instrument in (BHP, AAPL, *others):
        await stored(storage, instrument)
    texts = ("BHP", "BHP.ASX", "BHP.ASX.AUD", "BHP.NYSE", "BHP.ASX.USD", "AAPL")
    async with storage.begin() as work:
        await work.imports.add(import_of("01"), [rejected(number, symbol=text) for number, text in enumerate(texts)])
    async with storage.begin() as work:
        await symbols.delete(work, "BHP.ASX.AUD", "", force=False)
    assert [row.symbol for row in storage.tables.rejections.values()] == left
    assert list(storage.tables.imports.values()) == [import_of("01")]


async def page_of(storage: FakeStorage, scale: Scale, after: int | None = None, limit: int = 10) -> bars.BarPage:
    async with storage.begin() as work:
        return await bars.page(work, "AAPL", Selection(scale=scale), after, limit)


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
        page = await bars.page(work, "AAPL", Selection(SessionRange(None, last)), to_day(last), 3)
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
    chunks = [series async for _, series in bars.BarStreams(with_actions, 2).stream(["AAPL"], ALL, scale, None, chunk)]
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
            page = await bars.page(work, "AAPL", asked, after, 3)
            closes += page.series.bars["close"].tolist()
            volumes += page.series.bars["volume"].tolist()
            after = page.next_after
            if after is None:
                break
        newest = await bars.latest(work, "AAPL", Interval.HOUR_1)
        with pytest.raises(NotFound, match="no bars of this length"):
            await bars.latest(work, "AAPL", Interval.MINUTE_1)
        assert await bars.delete(work, "AAPL", SessionRange(date(2020, 1, 9)), Interval.HOUR_1) == 4
        assert await work.bars.count(await work.symbols.get("AAPL")) == 5
    assert closes == [51, 51, 51, 51, 52, 52, 50, 50]
    assert volumes == [200, 200, 100, 100, 100, 100, 100, 100]
    assert newest.bars["time_ns"].tolist() == [days[-1] * DAY_NS + 2]


async def streamed(storage: FakeStorage, after: Place | None, which: SessionRange = ALL) -> list[tuple[str, str]]:
    chunks = bars.BarStreams(storage, 2).stream(["AAPL", "BHP"], which, Scale(), after, 2)
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
        await anext(bars.BarStreams(with_actions, 2).stream(["AAPL", "AAPL.NASDAQ"], ALL, Scale(), None, 2))


async def test_the_newest_bar_of_none_is_not_found(storage: FakeStorage) -> None:
    owner = await stored(storage, AAPL)
    async with storage.begin() as work:
        with pytest.raises(NotFound) as refusal:
            await bars.latest(work, "AAPL")
        assert refusal.value.reason is Reason.BARS_NOT_FOUND
    await give_bars(storage, owner, CLOSES)
    async with storage.begin() as work:
        assert (await bars.latest(work, "AAPL")).bars["close"].tolist() == [50.0]


async def test_findings_are_paged_and_counted_whole(storage: FakeStorage, importing: Importing) -> None:
    await stored(storage, AAPL)
    bad = HEAD + "".join(f"2020-01-{day:02},0,1,1,1,1\n" for day in range(6, 11))
    await importing.file(bad, max_rejected_fraction=1)
    async with storage.begin() as work:
        page = await quality.findings(work, RejectionFilter(symbol="AAPL"), None, 3)
        assert page.by_rule == [(Rule.PRICE_NOT_POSITIVE, 5)]
        assert [one.row.row_number for one in page.rows] == [1, 2, 3]
        assert [one.rows_rejected for one in page.imports] == [5]
        rest = await quality.findings(work, RejectionFilter(symbol="AAPL"), page.next_cursor, 3)
        assert [one.row.row_number for one in rest.rows] == [4, 5]
        assert rest.next_cursor is None
        with pytest.raises(NotFound):
            await quality.findings(work, RejectionFilter(symbol="NONE"), None, 3)


async def test_health_tells_of_a_storage_and_a_broker_that_are_away(storage: FakeStorage) -> None:
    await stored(storage, AAPL)
    broker = FakeBroker()
    found = await health.check(storage, broker.connection)
    assert found == health.Health(storage_ok=True, symbols=1, broker=broker.connection.status)
    broker.set_state(ConnectionState.DOWN, "gone")
    storage.available = False
    found = await health.check(storage, broker.connection)
    assert found == health.Health(storage_ok=False, symbols=0, broker=broker.connection.status)
    assert (await health.check(storage, None)).broker is None
