"""Splits nobody recorded are flagged when bars come in, and explained when they are recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.instruments import StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.quality import DataFlag, FlagKind, StoredFlag
from scizor.domain.sessions import SessionRange, from_day
from scizor.ports.imports import RejectionFilter
from scizor.services.marketdata.bars import store
from scizor.services.marketdata.truth import actions, quality
from tests.fakes.samples import bars_of as made
from tests.fakes.storage import FakeStorage
from tests.unit.marketdata.stage import AAPL, BHP, HEAD, NOW, Importing, Weekdays, bars_of, stored

SESSIONS = [from_day(day) for day in Weekdays().sessions("NASDAQ", date(2019, 11, 1), date(2020, 1, 30))]
EX_DATE = SESSIONS[30]
SPLIT = CorporateAction(ActionType.SPLIT, EX_DATE, Decimal(4), "test")


def rows(first: int = 0, behind: int | None = None, symbol: str = "") -> str:
    """Sessions at about 100, from the ex-date on at a quarter of it."""
    lines = []
    for place, session in list(enumerate(SESSIONS))[first:behind]:
        level, volume = (25.0, 4000) if session >= EX_DATE else (100.0, 1000)
        level += place % 3 / 10
        lines.append(f"{session},{level},{level + 1},{level - 1},{level},{volume}{',' + symbol if symbol else ''}\n")
    return "".join(lines)


async def flags(storage: FakeStorage, symbol: str = "AAPL") -> list[StoredFlag]:
    async with storage.begin() as work:
        return (await quality.findings(work, RejectionFilter(symbol=symbol), None, 10)).flags


async def record(storage: FakeStorage, action: CorporateAction, symbol: str = "AAPL") -> None:
    async with storage.begin() as work:
        await actions.record(work, symbol, action)


async def test_an_import_with_a_split_is_flagged(storage: FakeStorage, importing: Importing) -> None:
    await stored(storage, AAPL)
    await importing.file(HEAD + rows())
    (found,) = await flags(storage)
    assert (found.symbol, found.create_time) == ("AAPL.NASDAQ", NOW)
    assert (found.flag.kind, found.flag.session, found.flag.ratio) == (FlagKind.SUSPECTED_SPLIT, EX_DATE, 4.0)


async def test_a_split_between_two_imports_is_flagged(storage: FakeStorage, importing: Importing) -> None:
    await stored(storage, AAPL)
    await importing.file(HEAD + rows(0, 30))
    assert await flags(storage) == []
    await importing.file(HEAD + rows(30, 31))
    assert [found.flag.session for found in await flags(storage)] == [EX_DATE]


async def test_each_symbol_of_a_file_is_looked_over(storage: FakeStorage, importing: Importing) -> None:
    await stored(storage, AAPL)
    await stored(storage, BHP)
    head = HEAD.strip() + ",symbol\n"
    await importing.file(head + rows(0, 20, "AAPL") + rows(0, None, "BHP"), symbol="")
    assert await flags(storage, "AAPL") == []
    assert [found.flag.session for found in await flags(storage, "BHP")] == [EX_DATE]
    assert len(await flags(storage, "")) == 1


async def test_a_recorded_split_is_not_flagged(storage: FakeStorage, importing: Importing) -> None:
    await stored(storage, AAPL)
    await record(storage, SPLIT)
    await importing.file(HEAD + rows())
    assert await flags(storage) == []


@pytest.mark.parametrize(("ratio", "ex_date", "left"), [("4", EX_DATE, 0), ("2", EX_DATE, 1), ("4", SESSIONS[5], 1)])
async def test_recording_the_split_lowers_its_flag_and_no_other(
    storage: FakeStorage, importing: Importing, ratio: str, ex_date: date, left: int
) -> None:
    owner = await stored(storage, AAPL)
    await importing.file(HEAD + rows())
    revised = DataFlag(FlagKind.REVISED, EX_DATE, "close 1 became 2")
    async with storage.begin() as work:
        await work.flags.raise_(owner.key, [revised], NOW)
    await record(storage, replace(SPLIT, value=Decimal(ratio), ex_date=ex_date))
    assert [found.flag.kind for found in await flags(storage)].count(FlagKind.SUSPECTED_SPLIT) == left
    assert [found.flag.kind for found in await flags(storage)].count(FlagKind.REVISED) == 1


async def told_with_the_split(storage: FakeStorage, scale_date: date) -> StoredInstrument:
    owner = await stored(storage, AAPL)
    told = made(EX_DATE - timedelta(days=2), [25.0, 25.0, 25.0], volume=4000.0)
    async with storage.begin() as work, work.bars.writer("vendor", scale_date) as writer:
        await writer.add(np.full(3, owner.key, dtype=np.int32), told)
        await writer.store()
    return owner


async def test_recording_a_split_puts_bars_told_with_it_back_once(storage: FakeStorage) -> None:
    await told_with_the_split(storage, EX_DATE)
    for _ in range(2):
        await record(storage, SPLIT)
        series = await bars_of(storage, "AAPL")
        assert series.bars["close"].tolist() == [100.0, 100.0, 25.0]
        assert series.bars["volume"].tolist() == [1000.0, 1000.0, 4000.0]
        assert series.bars["revision"].tolist() == [1, 1, 0]


async def test_bars_told_before_the_split_stay(storage: FakeStorage) -> None:
    await told_with_the_split(storage, EX_DATE - timedelta(days=1))
    await record(storage, SPLIT)
    assert (await bars_of(storage, "AAPL")).bars["close"].tolist() == [25.0, 25.0, 25.0]


async def test_a_dividend_puts_nothing_back(storage: FakeStorage) -> None:
    await told_with_the_split(storage, EX_DATE)
    await record(storage, CorporateAction(ActionType.DIVIDEND, EX_DATE, Decimal(4), "test"))
    assert (await bars_of(storage, "AAPL")).bars["close"].tolist() == [25.0, 25.0, 25.0]


async def test_removed_bars_take_their_flags_along(storage: FakeStorage, importing: Importing) -> None:
    await stored(storage, AAPL)
    await importing.file(HEAD + rows())
    async with storage.begin() as work:
        assert await store.delete(work, "AAPL", SessionRange(None, SESSIONS[9]), Interval.DAY_1) == 10
    assert len(await flags(storage)) == 1
    async with storage.begin() as work:
        assert await store.delete(work, "AAPL", SessionRange(SESSIONS[20]), Interval.DAY_1) == len(SESSIONS) - 20
    assert await flags(storage) == []
    assert len((await bars_of(storage, "AAPL")).bars) == 10
