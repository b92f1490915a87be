"""What every storage promises of what the broker said, and of the archive."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.errors import NotFound, Reason
from scizor.domain.instruments import Verification
from scizor.domain.sessions import SessionRange
from scizor.ports.storage import Storage
from scizor.ports.symbols import Finding, SymbolFilter
from tests.fakes.samples import (
    AAPL,
    BHP_ASX,
    BHP_NYSE,
    NOW,
    bars_of,
    contract_of,
    minutes_of,
    stored_symbol,
    write,
    write_minutes,
)

LATER = NOW + timedelta(days=1)


async def test_what_the_broker_said_is_kept_and_changes_no_etag(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    async with storage.begin() as work:
        found = await work.symbols.verified(stored.key, Finding(Verification.VALID, "", contract_of()), NOW)
        expected = replace(stored, last_verified=NOW, verified_result=Verification.VALID, contract_id=265598)
        assert found == expected
        assert await work.symbols.get("AAPL") == expected
        unknown = Finding(Verification.AMBIGUOUS, "two contracts", active=None)
        found = await work.symbols.verified(stored.key, unknown, LATER)
        assert (found.last_verified, found.verified_reason, found.contract_id) == (LATER, "two contracts", 265598)
        assert found.etag == stored.etag


async def test_a_deactivation_is_a_change_and_keeps_its_time(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    gone = Finding(Verification.INVALID, "no such contract", active=False)
    async with storage.begin() as work:
        found = await work.symbols.verified(stored.key, gone, NOW)
        assert (found.instrument.active, found.deactivate_time, found.version) == (False, NOW, 2)
        found = await work.symbols.verified(stored.key, gone, LATER)
        assert (found.deactivate_time, found.last_verified, found.version) == (NOW, LATER, 2)
        found = await work.symbols.verified(stored.key, Finding(Verification.VALID, active=True), LATER)
        assert (found.instrument.active, found.deactivate_time, found.version) == (True, None, 3)


async def test_one_that_was_inactive_before_is_not_held_against_the_broker(storage: Storage) -> None:
    stored = await stored_symbol(storage, BHP_NYSE)
    async with storage.begin() as work:
        found = await work.symbols.verified(stored.key, Finding(Verification.INVALID, "unknown"), NOW)
        assert (found.instrument.active, found.deactivate_time) == (False, None)


async def test_who_makes_it_active_again_clears_the_deactivation(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    async with storage.begin() as work:
        await work.symbols.verified(stored.key, Finding(Verification.INVALID, "unknown", active=False), NOW)
        found = await work.symbols.update(stored.key, replace(AAPL, active=False, name="Apple"), "")
        assert found.deactivate_time == NOW
        found = await work.symbols.update(stored.key, AAPL, "")
        assert found.deactivate_time is None


async def test_nothing_is_said_of_a_symbol_that_is_not_stored(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    async with storage.begin() as work:
        await work.symbols.delete(stored.key)
        for change in (
            work.symbols.verified(stored.key, Finding(Verification.VALID), NOW),
            work.symbols.archive(stored.key, "unknown", NOW),
        ):
            with pytest.raises(NotFound) as caught:
                await change
            assert caught.value.reason is Reason.SYMBOL_NOT_FOUND


async def test_the_newest_contract_of_each_symbol_is_kept_whole(storage: Storage) -> None:
    stored, other = await stored_symbol(storage), await stored_symbol(storage, BHP_ASX)
    moved = replace(contract_of(), symbol="AAPL OLD", con_id=2, min_tick=Decimal("0.0001"))
    async with storage.begin() as work:
        for contract in (contract_of(), moved):
            await work.symbols.verified(stored.key, Finding(Verification.VALID, contract=contract), NOW)
        assert await work.symbols.contracts([other.key, stored.key]) == {stored.key: moved}
        assert await work.symbols.contracts([]) == {}


async def test_all_symbols_come_in_order(storage: Storage) -> None:
    async with storage.begin() as work:
        await work.symbols.add_missing([BHP_NYSE, BHP_ASX, AAPL])
        found = await work.symbols.all(SymbolFilter())
        assert [one.instrument for one in found] == [AAPL, BHP_ASX, BHP_NYSE]
        active = await work.symbols.all(SymbolFilter(active_only=True))
        assert [one.instrument for one in active] == [AAPL, BHP_ASX]


async def test_an_archived_symbol_is_gone_with_all_it_had_and_may_come_again(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    await write(storage, stored, bars_of(date(2024, 1, 1), [1.0]))
    await write(storage, stored, bars_of(date(2024, 1, 1), [2.0]))
    await write_minutes(storage, stored, minutes_of(datetime(2024, 1, 2, 15, tzinfo=UTC), [1.0]))
    async with storage.begin() as work:
        await work.symbols.verified(stored.key, Finding(Verification.VALID, contract=contract_of()), NOW)
        split = CorporateAction(ActionType.SPLIT, date(2024, 6, 1), Decimal(2), "test")
        await work.actions.record(stored, split)
        archive_id = await work.symbols.archive(stored.key, "unknown to the broker", NOW)
    assert archive_id
    again = await stored_symbol(storage)
    async with storage.begin() as work:
        assert await work.bars.count(again) == 0
        assert await work.actions.of(again) == []
        assert await work.symbols.contracts([stored.key, again.key]) == {}
        assert await work.symbols.count(SymbolFilter()) == 1
        assert len(await work.bars.days(stored, SessionRange())) == 0


async def test_an_archiving_that_is_undone_brings_everything_back(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    await write(storage, stored, bars_of(date(2024, 1, 1), [1.0]))

    async def archive_and_give_up() -> None:
        async with storage.begin() as work:
            await work.symbols.archive(stored.key, "unknown", NOW)
            raise KeyError

    with pytest.raises(KeyError):
        await archive_and_give_up()
    async with storage.begin() as work:
        assert await work.symbols.get("AAPL") == stored
        assert await work.bars.count(stored) == 1
