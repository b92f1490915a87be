"""Imports: what is stored, what is kept aside, what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from scizor.domain.errors import FailedPrecondition, InvalidInput, LimitExceeded, NotFound, Reason
from scizor.domain.instruments import Instrument
from scizor.domain.quality import Rule, Verdict
from scizor.domain.rows import RowBatch
from scizor.services.marketdata.imports.gathering import ImportLimits
from scizor.services.marketdata.imports.intake import FileFormat, ImportOrder
from tests.fakes.storage import FakeStorage
from tests.unit.marketdata.stage import AAPL, BHP, HEAD, Importing, always, bars_of, sent, stored

WEEK = ["2020-01-06", "2020-01-07", "2020-01-08", "2020-01-09", "2020-01-10"]


def lines(*days: str, bar: str = "10,11,9,10.5,100") -> str:
    return "".join(f"{day},{bar}\n" for day in days)


async def test_good_rows_become_bars(storage: FakeStorage, importing: Importing) -> None:
    await stored(storage, AAPL)
    summary = await importing.file(HEAD + lines(*WEEK))
    assert (summary.verdict, summary.rows_read, summary.rows_inserted) == (Verdict.CLEAN, 5, 5)
    assert summary.symbols == ("AAPL.NASDAQ",)
    assert (await bars_of(storage, "AAPL")).bars["close"].tolist() == [10.5] * 5
    assert list(storage.tables.imports.values()) == [summary]


async def test_importing_again_changes_only_what_differs(storage: FakeStorage, importing: Importing) -> None:
    await stored(storage, AAPL)
    await importing.file(HEAD + lines(*WEEK))
    summary = await importing.file(
        HEAD + lines(*WEEK[:4]) + lines(WEEK[4], bar="10,12,9,10.5,100") + lines("2020-01-13")
    )
    assert (summary.rows_inserted, summary.rows_updated, summary.rows_unchanged) == (1, 1, 4)


async def test_bad_rows_are_kept_aside_with_their_rule(storage: FakeStorage, importing: Importing) -> None:
    await stored(storage, AAPL)
    bad = "2020-01-11,10,11,9,10.5,100\n2020-01-13,,11,9,10.5,100\n2020-01-14,1\n2020-01-15,10,11,9,x,100\n"
    summary = await importing.file(HEAD + lines(*WEEK) + bad, max_rejected_fraction=0.5)
    assert (summary.verdict, summary.rows_inserted, summary.rows_rejected) == (Verdict.PARTIAL, 5, 4)
    assert summary.rejected_by_rule == ((Rule.UNREADABLE, 2), (Rule.PRICE_MISSING, 1), (Rule.OFF_CALENDAR, 1))
    aside = [storage.tables.rejections[summary.import_id, number] for number in (6, 7, 8, 9)]
    assert [row.rule for row in aside] == [Rule.OFF_CALENDAR, Rule.PRICE_MISSING, Rule.UNREADABLE, Rule.UNREADABLE]
    assert [row.session for row in aside] == ["2020-01-11", "2020-01-13", "", "2020-01-15"]
    assert [row.raw for row in aside] == ["10,11,9,10.5,100", ",11,9,10.5,100", "2020-01-14,1", "10,11,9,x,100"]
    assert {row.symbol for row in aside} == {"AAPL"}


async def test_an_import_with_too_many_bad_rows_keeps_only_its_record(
    storage: FakeStorage, importing: Importing
) -> None:
    await stored(storage, AAPL)
    with pytest.raises(FailedPrecondition) as refusal:
        await importing.file(HEAD + lines(*WEEK[:2]) + lines(*WEEK[2:], bar="0,1,1,1,1"))
    assert refusal.value.reason is Reason.IMPORT_REFUSED
    (summary,) = storage.tables.imports.values()
    assert refusal.value.metadata == {
        "import_id": summary.import_id,
        "rejected": "3",
        "rows": "5",
        "max_rejected_fraction": "0.2",
    }
    assert (summary.verdict, summary.rows_rejected, summary.rows_inserted) == (Verdict.REFUSED, 3, 0)
    assert len(storage.tables.rejections) == 3
    assert not storage.tables.bars


async def test_the_allowed_fraction_itself_is_allowed(storage: FakeStorage, importing: Importing) -> None:
    await stored(storage, AAPL)
    summary = await importing.file(HEAD + lines(*WEEK[:4]) + lines(WEEK[4], bar="0,1,1,1,1"))
    assert summary.verdict is Verdict.PARTIAL


async def test_a_file_of_many_symbols_refuses_only_the_rows_of_those_unknown(
    storage: FakeStorage, importing: Importing
) -> None:
    await stored(storage, AAPL)
    await stored(storage, BHP)
    rows = [f"{symbol},{day},10,11,9,10.5,100\n" for symbol in ("AAPL", "BHP.ASX", "NONE") for day in WEEK]
    content = "symbol," + HEAD + "".join(rows) + "AAPL.NASDAQ,2020-01-06,10,11,9,10.5,100\n"
    summary = await importing.file(content, "", max_rejected_fraction=0.4)
    assert summary.symbols == ("AAPL.NASDAQ", "BHP.ASX")
    assert summary.rejected_by_rule == ((Rule.SYMBOL_UNKNOWN, 5), (Rule.DUPLICATE, 1))
    assert summary.rows_inserted == 10


async def test_a_bar_of_a_session_to_come_is_refused(storage: FakeStorage, importing: Importing) -> None:
    await stored(storage, AAPL)
    summary = await importing.file(HEAD + lines("2020-01-31", "2020-02-03"), max_rejected_fraction=1)
    assert summary.rejected_by_rule == ((Rule.OFF_CALENDAR, 1),)


async def test_an_unknown_symbol_for_all_rows_is_not_found(storage: FakeStorage, importing: Importing) -> None:
    with pytest.raises(NotFound) as refusal:
        await importing.file(HEAD + lines(*WEEK))
    assert refusal.value.reason is Reason.SYMBOL_NOT_FOUND
    assert not storage.tables.imports


@pytest.mark.parametrize("file_format", [FileFormat.CSV, FileFormat.PARQUET])
async def test_a_file_of_another_kind_is_refused(
    storage: FakeStorage, importing: Importing, file_format: FileFormat
) -> None:
    await stored(storage, AAPL)
    with pytest.raises(InvalidInput) as refusal:
        await importing.file(b"\x00\x01\x02 not at all", file_format=file_format)
    assert refusal.value.reason is Reason.FILE_UNREADABLE
    assert not storage.tables.imports


@pytest.mark.parametrize("limits", [ImportLimits(file_bytes=50), ImportLimits(rows=4), ImportLimits(rejected_rows=1)])
async def test_an_import_beyond_a_bound_is_refused(
    storage: FakeStorage, importing: Importing, limits: ImportLimits
) -> None:
    await stored(storage, AAPL)
    content = HEAD + lines(*WEEK) + lines(*WEEK, bar="x,1,1,1,1")
    with pytest.raises(LimitExceeded) as refusal:
        await importing.file(content, limits=limits)
    assert refusal.value.reason is Reason.IMPORT_TOO_LARGE
    assert not storage.tables.imports
    assert not storage.tables.bars


async def test_no_more_imports_are_taken_than_may_be_under_way(storage: FakeStorage, importing: Importing) -> None:
    await stored(storage, AAPL)
    imports = importing.imports(ImportLimits(at_once=2))
    order = ImportOrder("AAPL", "test", FileFormat.CSV)
    begun, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def slow() -> AsyncIterator[bytes | RowBatch]:
        begun.release()
        await go_on.wait()
        yield (HEAD + lines(*WEEK)).encode()

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        under_way = [group.create_task(imports.run(order, slow(), always)) for _ in range(2)]
        for _ in under_way:
            await begun.acquire()
        with pytest.raises(LimitExceeded) as refusal:
            await imports.run(order, slow(), always)
        assert (refusal.value.reason, refusal.value.metadata) == (Reason.QUEUE_FULL, {"limit": "2"})
        go_on.set()
    assert sum(task.result().rows_inserted for task in under_way) == 5
    assert (await imports.run(order, slow(), always)).rows_unchanged == 5


async def test_an_import_that_fails_makes_room(storage: FakeStorage, importing: Importing) -> None:
    await stored(storage, AAPL)
    imports = importing.imports(ImportLimits(at_once=1))
    for _ in range(2):
        with pytest.raises(InvalidInput):
            await imports.run(ImportOrder("AAPL", "test", FileFormat.CSV), sent([b"\0"]), always)


async def test_an_import_without_rows_is_clean(storage: FakeStorage, importing: Importing) -> None:
    await stored(storage, AAPL)
    summary = await importing.file(HEAD)
    assert (summary.verdict, summary.rows_read, summary.symbols) == (Verdict.CLEAN, 0, ())


async def test_an_exchange_without_a_calendar_takes_no_bars(storage: FakeStorage, importing: Importing) -> None:
    await stored(storage, Instrument("LUNA", "MOON", "USD"))
    with pytest.raises(InvalidInput, match="no calendar"):
        await importing.file(HEAD + lines(*WEEK), "LUNA")


async def test_a_file_where_rows_were_promised_is_refused(storage: FakeStorage, importing: Importing) -> None:
    await stored(storage, AAPL)
    with pytest.raises(InvalidInput, match="must be rows"):
        await importing.run(ImportOrder("AAPL", "test", FileFormat.ROWS), [b"data"], ImportLimits())
