"""Symbols, bars, coverage, findings and health, over fakes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from scizor.domain.bars import ActionType, Adjustment, CorporateAction
from scizor.domain.errors import Conflict, FailedPrecondition, InvalidInput, NotFound, Reason
from scizor.domain.instruments import AssetType, Instrument
from scizor.domain.quality import Rule
from scizor.domain.sessions import SessionRange
from scizor.ports.imports import RejectionFilter
from scizor.ports.symbols import SymbolFilter
from scizor.services.marketdata import actions, bars, health, quality, symbols
from scizor.services.marketdata.bars import Place, Scale
from scizor.services.marketdata.coverage import Coverage, CoverageReport
from tests.fakes.samples import import_of, rejected
from tests.fakes.storage import FakeStorage
from tests.unit.marketdata.stage import AAPL, BHP, HEAD, Importing, StandingClock, Weekdays, give_bars, stored

CLOSES = {"2020-01-06": 100.0, "2020-01-07": 102.0, "2020-01-08": 51.0, "2020-01-09": 52.0, "2020-01-10": 50.0}
SPLIT = CorporateAction(ActionType.SPLIT, date(2020, 1, 8), Decimal(2), "test")
DIVIDEND = CorporateAction(ActionType.DIVIDEND, date(2020, 1, 10), Decimal("5.2"), "test")
ALL = SessionRange()


def test_the_universe_has_357_instruments_each_once() -> None:
    known = symbols.universe()
    assert len(known) == len({(one.symbol, one.primary_exchange, one.currency) for one in known}) == 357
    assert {one.primary_exchange for one in known} == {"ASX", "NASDAQ", "ARCA", "BATS"}
    assert sum(one.asset_type is AssetType.ETF for one in known) == 52


async def test_populating_stores_the_universe_and_leaves_what_is_there(storage: FakeStorage) -> None:
    await stored(storage, Instrument("AAPL", "NASDAQ", "USD", name="Mine"))
    steps = [step async for step in symbols.populate(storage)]
    assert (steps[-1].done, steps[-1].total, steps[-1].created) == (357, 357, 356)
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    again = [step async for step in symbols.populate(storage)]
    assert again[-1].created == 0
    assert storage.tables.symbols[1].instrument.name == "Mine"


async def test_a_populating_that_is_given_up_leaves_nothing(storage: FakeStorage) -> None:
    steps = symbols.populate(storage)
    await anext(steps)
    await steps.aclose()
    assert not storage.tables.symbols


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


async def page_of(storage: FakeStorage, scale: Scale, after: date | None = None, limit: int = 10) -> bars.BarPage:
    async with storage.begin() as work:
        return await bars.page(work, "AAPL", ALL, scale, after, limit)


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
    assert first.next_after == date(2020, 1, 8)
    second = await page_of(with_actions, Scale(), first.next_after, limit=3)
    assert second.next_after is None
    assert [*first.series.bars["close"], *second.series.bars["close"]] == list(CLOSES.values())


async def test_a_page_behind_the_last_is_empty_and_no_error(with_actions: FakeStorage) -> None:
    async with with_actions.begin() as work:
        page = await bars.page(work, "AAPL", SessionRange(None, date(2020, 1, 8)), Scale(), date(2020, 1, 8), 3)
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


async def coverage(storage: FakeStorage, start: date | None = None, end: date | None = None) -> Coverage:
    async with storage.begin() as work:
        return await CoverageReport(Weekdays(), StandingClock()).of(work, "AAPL", SessionRange(start, end))


async def test_coverage_names_every_run_of_missing_sessions(storage: FakeStorage) -> None:
    await give_bars(
        storage, await stored(storage, AAPL), dict.fromkeys(("2020-01-06", "2020-01-09", "2020-01-14"), 1.0)
    )
    found = await coverage(storage)
    assert (found.calendar, found.expected, found.present) == ("XNASDAQ", 7, 3)
    runs = [(str(run.first), str(run.last), run.sessions) for run in found.missing]
    assert runs == [("2020-01-07", "2020-01-08", 2), ("2020-01-10", "2020-01-13", 2)]
    assert found.range == found.extent == (date(2020, 1, 6), date(2020, 1, 14))


async def test_coverage_of_a_range_counts_what_lies_beyond_the_bars(storage: FakeStorage) -> None:
    await give_bars(storage, await stored(storage, AAPL), {"2020-01-06": 1.0})
    found = await coverage(storage, date(2020, 1, 1), date(2020, 1, 31))
    assert (found.expected, found.present, sum(run.sessions for run in found.missing)) == (23, 1, 22)
    assert (await coverage(storage, start=date(2020, 1, 20))).expected == 1


async def test_coverage_of_nothing_is_whole(storage: FakeStorage) -> None:
    await stored(storage, AAPL)
    found = await coverage(storage)
    assert (found.range, found.extent, found.expected, found.missing) == (None, None, 0, ())
    assert (await coverage(storage, start=date(2020, 1, 27))).expected == 5
    assert (await coverage(storage, end=date(2020, 1, 27))).expected == 1


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


async def test_health_tells_of_a_storage_that_is_away(storage: FakeStorage) -> None:
    await stored(storage, AAPL)
    assert await health.check(storage) == health.Health(storage_ok=True, symbols=1)
    storage.available = False
    assert await health.check(storage) == health.Health(storage_ok=False, symbols=0)
