"""The stored instruments and the built-in ones, over fakes."""

from __future__ import annotations

import pytest

from scizor.domain.errors import Conflict, FailedPrecondition, NotFound
from scizor.domain.instruments import AssetType, Instrument
from scizor.ports.symbols import SymbolFilter
from scizor.services.marketdata.symbols import catalog
from scizor.services.marketdata.symbols.universe import universe
from tests.fakes.samples import import_of, rejected
from tests.fakes.storage import FakeStorage
from tests.unit.marketdata.stage import AAPL, BHP, give_bars, stored

CLOSES = {"2020-01-06": 100.0, "2020-01-07": 102.0, "2020-01-08": 51.0, "2020-01-09": 52.0, "2020-01-10": 50.0}


def test_the_universe_has_357_instruments_each_once() -> None:
    known = universe()
    assert len(known) == len({(one.symbol, one.primary_exchange, one.currency) for one in known}) == 357
    assert {one.primary_exchange for one in known} == {"ASX", "NASDAQ", "ARCA", "BATS"}
    assert sum(one.asset_type is AssetType.ETF for one in known) == 52


async def test_a_page_says_where_the_next_goes_on(storage: FakeStorage) -> None:
    for name in ("C", "A", "B"):
        await stored(storage, Instrument(name, "NYSE", "USD"))
    async with storage.begin() as work:
        page = await catalog.list_page(work, SymbolFilter(), None, 2)
        assert [one.instrument.symbol for one in page.symbols] == ["A", "B"]
        assert (page.total, page.next_cursor) == (3, ("B", "NYSE", "USD"))
        rest = await catalog.list_page(work, SymbolFilter(), page.next_cursor, 2)
        assert [one.instrument.symbol for one in rest.symbols] == ["C"]
        assert rest.next_cursor is None


async def test_a_symbol_with_bars_is_removed_only_by_force(storage: FakeStorage) -> None:
    await give_bars(storage, await stored(storage, AAPL), CLOSES)
    async with storage.begin() as work:
        with pytest.raises(FailedPrecondition) as refusal:
            await catalog.delete(work, "AAPL", "", force=False)
        assert refusal.value.metadata == {"symbol": "AAPL.NASDAQ", "bars": "5"}
        with pytest.raises(Conflict):
            await catalog.delete(work, "AAPL", "v9", force=True)
        assert await catalog.delete(work, "AAPL", "v1", force=True) == 5
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
        await catalog.delete(work, "BHP.ASX.AUD", "", force=False)
    assert [row.symbol for row in storage.tables.rejections.values()] == left
    assert list(storage.tables.imports.values()) == [import_of("01")]
