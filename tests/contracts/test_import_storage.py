"""What every storage of imports promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scizor.domain.errors import DataCorrupt
from scizor.domain.quality import Rule, Verdict
from scizor.ports.imports import RejectionCursor, RejectionFilter
from scizor.ports.storage import Storage
from tests.fakes.samples import NOW, import_of, rejected

ALL = RejectionFilter()


async def test_imports_come_newest_first_and_by_symbol_or_id(storage: Storage) -> None:
    older, newer = import_of("01"), import_of("02", symbols=("BHP.ASX", "AAPL.NASDAQ"), source="more.csv")
    third = import_of("03", symbols=(), rejected_by_rule=(), rows_rejected=0)
    async with storage.begin() as work:
        for summary in (newer, older, third):
            await work.imports.add(summary, [])
        assert await work.imports.summaries("", "", 10) == [third, newer, older]
        assert await work.imports.summaries("AAPL.NASDAQ", "", 10) == [newer, older]
        assert await work.imports.summaries("BHP.ASX", "01", 10) == []
        assert await work.imports.summaries("", "01", 10) == [older]
        assert await work.imports.summaries("", "", 1) == [third]


async def test_rejected_rows_are_paged_newest_import_first(storage: Storage) -> None:
    async with storage.begin() as work:
        for import_id in ("01", "03", "02"):
            await work.imports.add(import_of(import_id), [rejected(number) for number in (7, 5, 9)])
        seen: list[RejectionCursor] = []
        while page := await work.imports.rejections(ALL, seen[-1] if seen else None, 2):
            seen += [(one.import_id, one.row.row_number) for one in page]
    assert seen == [(import_id, number) for import_id in ("03", "02", "01") for number in (5, 7, 9)]


async def test_a_rejected_row_is_kept_as_it_came(storage: Storage) -> None:
    row = rejected(12, Rule.CONFLICT, raw='12;"ü"\t\r\n')
    async with storage.begin() as work:
        await work.imports.add(import_of("01"), [row])
        found = (await work.imports.rejections(ALL, None, 10))[0]
    assert (found.row, found.import_id, found.source, found.create_time) == (row, "01", "prices.csv", NOW)


async def test_rejected_rows_are_counted_by_rule_most_first(storage: Storage) -> None:
    rules = [Rule.VOLUME_ZERO, Rule.DUPLICATE, Rule.DUPLICATE, Rule.HIGH_BELOW_LOW]
    async with storage.begin() as work:
        await work.imports.add(import_of("01"), [rejected(number, rule) for number, rule in enumerate(rules)])
        counts = await work.imports.count_by_rule(ALL)
        assert counts == [(Rule.DUPLICATE, 2), (Rule.HIGH_BELOW_LOW, 1), (Rule.VOLUME_ZERO, 1)]
        only = RejectionFilter(rule=Rule.DUPLICATE)
        assert await work.imports.count_by_rule(only) == [(Rule.DUPLICATE, 2)]
        assert [one.row.row_number for one in await work.imports.rejections(only, None, 10)] == [1, 2]
        assert await work.imports.count_by_rule(RejectionFilter(import_id="02")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [("AAPL.NASDAQ", True), ("AAPL", True), ("AAPL.NASDAQ.USD", True), ("AAPL.NYSE", False), ("AAPLxNASDAQ.U", False)],
)
async def test_a_symbol_filter_finds_every_way_the_row_may_name_it(storage: Storage, text: str, expected: bool) -> None:
    async with storage.begin() as work:
        await work.imports.add(import_of("01"), [rejected(1, symbol=text)])
        found = await work.imports.rejections(RejectionFilter(symbol="AAPL.NASDAQ"), None, 10)
    assert bool(found) is expected


async def test_rejected_rows_are_forgotten_by_their_text_and_their_imports_stay(storage: Storage) -> None:
    texts = ["AAPL", "AAPL.NASDAQ", "AAPL.NYSE", "", "AAPL"]
    async with storage.begin() as work:
        rows = [rejected(number, symbol=text) for number, text in enumerate(texts)]
        await work.imports.add(import_of("01"), rows)
        assert await work.imports.forget_rejections(["AAPL", "AAPL.NASDAQ"]) == 3
        assert await work.imports.forget_rejections(["AAPL"]) == 0
        assert await work.imports.forget_rejections([]) == 0
        left = await work.imports.rejections(ALL, None, 10)
        assert [one.row.symbol for one in left] == ["AAPL.NYSE", ""]
        assert await work.imports.summaries("", "", 10) == [import_of("01")]


async def test_two_rejected_rows_of_one_number_are_refused(storage: Storage) -> None:
    with pytest.raises(DataCorrupt):
        async with storage.begin() as work:
            await work.imports.add(import_of("01"), [rejected(1), replace(rejected(1), raw="other")])
    async with storage.begin() as work:
        assert await work.imports.summaries("", "", 10) == []


async def test_an_import_that_goes_on_grows(storage: Storage) -> None:
    clean = import_of("01", rows_rejected=0, rejected_by_rule=(), verdict=Verdict.CLEAN)
    more = import_of("01", symbols=("BHP.ASX",), create_time=NOW + timedelta(hours=1))
    async with storage.begin() as work:
        await work.imports.accumulate(clean, [])
        assert await work.imports.summaries("", "01", 9) == [clean]
        await work.imports.accumulate(clean, [])
        assert (await work.imports.summaries("", "01", 9))[0].verdict is Verdict.CLEAN
        await work.imports.accumulate(more, [rejected(1), rejected(2, Rule.VOLUME_ZERO), rejected(3)])
        extra = replace(more, rejected_by_rule=((Rule.VOLUME_ZERO, 3),))
        await work.imports.accumulate(extra, [rejected(number, Rule.VOLUME_ZERO) for number in (4, 5, 6)])
    async with storage.begin() as work:
        expected = replace(
            clean,
            verdict=Verdict.PARTIAL,
            rows_read=40,
            rows_inserted=20,
            rows_updated=4,
            rows_unchanged=4,
            rows_rejected=6,
            rejected_by_rule=((Rule.VOLUME_ZERO, 4), (Rule.HIGH_BELOW_LOW, 2)),
            symbols=("AAPL.NASDAQ", "BHP.ASX"),
        )
        assert await work.imports.summaries("BHP.ASX", "", 9) == [expected]
        assert len(await work.imports.rejections(ALL, None, 9)) == 6


async def test_an_import_of_two_sources_tells_them_apart(storage: Storage) -> None:
    async with storage.begin() as work:
        await work.imports.accumulate(import_of("01", source="real"), [rejected(1)])
        await work.imports.accumulate(import_of("01", source="made"), [rejected(2)])
        found = await work.imports.summaries("", "01", 9)
        assert [one.source for one in found] == ["made", "real"]
        rows = await work.imports.rejections(ALL, None, 9)
        assert [(one.row.row_number, one.source) for one in rows] == [(1, "real"), (2, "made")]
    for again in (rejected(1), rejected(2)):
        with pytest.raises(DataCorrupt):
            async with storage.begin() as work:
                await work.imports.accumulate(import_of("01", source="real"), [again])
