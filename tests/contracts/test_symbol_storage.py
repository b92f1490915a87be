"""What every storage of instruments promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.errors import AlreadyExists, Conflict, InvalidInput, NotFound, Reason
from scizor.domain.instruments import AssetType, Instrument
from scizor.domain.sessions import SessionRange
from scizor.ports.storage import Storage
from scizor.ports.symbols import SymbolFilter
from tests.fakes.samples import AAPL, BHP_ASX, BHP_NYSE, bars_of, stored_symbol, write

ALL = (AAPL, BHP_ASX, BHP_NYSE)


async def test_a_symbol_is_read_back_as_it_was_added(storage: Storage) -> None:
    full = replace(AAPL, asset_type=AssetType.ETF, sector="Technology", delisted_date=date(2030, 1, 1))
    added = await stored_symbol(storage, full)
    async with storage.begin() as work:
        found = await work.symbols.get("AAPL")
    assert found == added
    assert (found.instrument, found.version, found.etag) == (full, 1, "v1")
    assert found.create_time == found.update_time
    assert found.create_time.tzinfo is not None


async def test_a_symbol_is_not_added_twice(storage: Storage) -> None:
    await stored_symbol(storage)
    async with storage.begin() as work:
        with pytest.raises(AlreadyExists) as caught:
            await work.symbols.add(replace(AAPL, name="Another"))
        await work.symbols.add(BHP_ASX)  # the refusal does not spoil the unit of work
    assert caught.value.reason is Reason.SYMBOL_EXISTS
    async with storage.begin() as work:
        assert await work.symbols.count(SymbolFilter()) == 2


async def test_only_missing_symbols_are_added(storage: Storage) -> None:
    await stored_symbol(storage)
    async with storage.begin() as work:
        assert await work.symbols.add_missing([replace(AAPL, name="Another"), BHP_NYSE, BHP_ASX]) == 2
        assert await work.symbols.add_missing([]) == 0
        assert (await work.symbols.get("AAPL")).instrument == AAPL


async def test_a_thousand_missing_symbols_are_counted_rightly(storage: Storage) -> None:
    async with storage.begin() as work:
        many = [Instrument(f"S{number}", "NYSE", "USD") for number in range(2_500)]
        assert await work.symbols.add_missing(many) == 2_500
        assert await work.symbols.add_missing([*many, AAPL]) == 1


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("AAPL", AAPL),
        ("AAPL.NASDAQ", AAPL),
        ("AAPL.NASDAQ.USD", AAPL),
        ("BHP.ASX", BHP_ASX),
        ("BHP.NYSE.USD", BHP_NYSE),
    ],
)
async def test_a_reference_names_as_much_as_is_needed(storage: Storage, reference: str, expected: Instrument) -> None:
    async with storage.begin() as work:
        await work.symbols.add_missing(ALL)
        assert (await work.symbols.get(reference)).instrument == expected


@pytest.mark.parametrize(
    "reference", ["", "aapl", "AAPL.NYSE", "AAPL.NASDAQ.AUD", "A.B.C.D", "AAPL\0", "\udfff", "'; --", "."]
)
async def test_a_reference_that_names_nothing_is_not_found(storage: Storage, reference: str) -> None:
    async with storage.begin() as work:
        await work.symbols.add_missing(ALL)
        with pytest.raises(NotFound) as caught:
            await work.symbols.get(reference)
    assert caught.value.reason is Reason.SYMBOL_NOT_FOUND


async def test_a_reference_that_names_two_lists_them(storage: Storage) -> None:
    async with storage.begin() as work:
        await work.symbols.add_missing(ALL)
        with pytest.raises(InvalidInput, match=r"BHP\.ASX\.AUD, BHP\.NYSE\.USD") as caught:
            await work.symbols.get("BHP")
    assert caught.value.reason is Reason.SYMBOL_AMBIGUOUS


async def test_a_full_id_is_preferred_to_a_ticker_that_looks_like_one(storage: Storage) -> None:
    dotted = Instrument("BRK.B", "NYSE", "USD")
    plain = Instrument("BRK", "B", "USD")
    async with storage.begin() as work:
        await work.symbols.add_missing([dotted, plain])
        assert (await work.symbols.get("BRK.B")).instrument == plain
        assert (await work.symbols.get("BRK.B.NYSE")).instrument == dotted
        assert (await work.symbols.get("BRK.B.USD")).instrument == plain


async def test_many_references_come_back_in_their_order(storage: Storage) -> None:
    async with storage.begin() as work:
        await work.symbols.add_missing(ALL)
        found = await work.symbols.get_many(["BHP.NYSE", "AAPL", "BHP.ASX", "AAPL"])
        assert [stored.instrument for stored in found] == [BHP_NYSE, AAPL, BHP_ASX, AAPL]
        assert await work.symbols.get_many([]) == []
        with pytest.raises(NotFound, match="NOPE"):
            await work.symbols.get_many(["AAPL", "NOPE", "BHP"])


async def test_finding_many_leaves_a_gap_for_each_that_names_none_or_several(storage: Storage) -> None:
    async with storage.begin() as work:
        await work.symbols.add_missing(ALL)
        found = await work.symbols.find_many(["BHP.NYSE", "NOPE", "BHP", "AAPL", "\0", "A\ud800", "AAPL"])
        assert [stored and stored.instrument for stored in found] == [BHP_NYSE, None, None, AAPL, None, None, AAPL]
        assert await work.symbols.find_many([]) == []


async def test_ten_thousand_symbols_are_found_as_one(storage: Storage) -> None:
    async with storage.begin() as work:
        await work.symbols.add_missing(ALL)
        found = await work.symbols.find_many([f"S{number}.A.B.C" for number in range(9_999)] + ["AAPL"])
    assert [stored.instrument for stored in found if stored] == [AAPL]


async def test_a_locked_symbol_may_be_changed_and_deleted_by_who_locked_it(storage: Storage) -> None:
    added = await stored_symbol(storage)
    async with storage.begin() as work:
        assert await work.symbols.get("AAPL", locked=True) == added
        await work.symbols.update(added.key, AAPL, added.etag)
        await work.symbols.delete(added.key)
        with pytest.raises(NotFound):
            await work.symbols.get("AAPL", locked=True)


async def test_an_update_changes_all_but_the_key(storage: Storage) -> None:
    added = await stored_symbol(storage)
    wanted = replace(AAPL, name="Apple", active=False, sector="Tech")
    async with storage.begin() as work:
        changed = await work.symbols.update(added.key, replace(wanted, symbol="X", currency="EUR"), added.etag)
    assert changed.instrument == wanted
    assert (changed.version, changed.etag) == (2, "v2")
    assert changed.update_time >= added.update_time
    async with storage.begin() as work:
        assert await work.symbols.get("AAPL") == changed


async def test_an_update_of_a_stale_view_is_refused(storage: Storage) -> None:
    added = await stored_symbol(storage)
    async with storage.begin() as work:
        await work.symbols.update(added.key, AAPL, "")
        with pytest.raises(Conflict) as caught:
            await work.symbols.update(added.key, AAPL, added.etag)
    assert caught.value.reason is Reason.ETAG_STALE


async def test_a_deleted_symbol_takes_its_bars_and_actions_along(storage: Storage) -> None:
    added = await stored_symbol(storage)
    await write(storage, added, bars_of(date(2024, 1, 2), [1.0, 2.0]))
    await write(storage, added, bars_of(date(2024, 1, 2), [1.0, 3.0]))
    async with storage.begin() as work:
        split = CorporateAction(ActionType.SPLIT, date(2024, 1, 3), Decimal(2), "test")
        await work.actions.record(added, split)
    async with storage.begin() as work:
        await work.symbols.delete(added.key)
    again = await stored_symbol(storage)
    async with storage.begin() as work:
        assert again.key != added.key
        for stored in (added, again):
            assert await work.bars.count(stored) == 0
            assert len((await work.bars.read(stored, SessionRange())).bars) == 0
            assert await work.actions.of(stored) == []


async def test_what_was_deleted_can_be_neither_updated_nor_deleted(storage: Storage) -> None:
    added = await stored_symbol(storage)
    async with storage.begin() as work:
        await work.symbols.delete(added.key)
        with pytest.raises(NotFound):
            await work.symbols.update(added.key, AAPL, "")
        with pytest.raises(NotFound):
            await work.symbols.delete(added.key)


async def test_pages_walk_every_symbol_once_in_byte_order(storage: Storage) -> None:
    more = [Instrument(ticker, "NYSE", "USD") for ticker in ("Z", "A", "A-B", "A.B", "AB", "a", "É")]
    async with storage.begin() as work:
        await work.symbols.add_missing([*ALL, *more])
        seen: list[tuple[str, str, str]] = []
        while page := await work.symbols.page(SymbolFilter(), seen[-1] if seen else None, 3):
            seen += [(one.instrument.symbol, one.instrument.primary_exchange, one.instrument.currency) for one in page]
        assert len(seen) == await work.symbols.count(SymbolFilter()) == 10
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (SymbolFilter(), 3),
        (SymbolFilter(primary_exchange="ASX"), 1),
        (SymbolFilter(group="us-tech"), 1),
        (SymbolFilter(active_only=True), 2),
        (SymbolFilter(primary_exchange="NYSE", active_only=True), 0),
    ],
)
async def test_a_filter_narrows_pages_and_counts_alike(storage: Storage, which: SymbolFilter, expected: int) -> None:
    async with storage.begin() as work:
        await work.symbols.add_missing(ALL)
        assert len(await work.symbols.page(which, None, 10)) == expected
        assert await work.symbols.count(which) == expected
