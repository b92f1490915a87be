"""Every call of MarketData doing its job, over a real server and a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.type.decimal_pb2 import Decimal as DecimalMessage

from scizor.adapters.sql.storage import SqlStorage
from scizor.client.bundled import bundled_actions, bundled_bars, bundled_symbols
from scizor.codec import actions as action_codec
from scizor.codec.bars import column
from scizor.marketdata.v1 import corporate_action_pb2, quality_pb2, symbol_pb2
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.type.v1 import bars_pb2
from tests.integration.marketdata_server import HEAD, SESSIONS, create, csv_of, import_csv, serving

SPLIT = corporate_action_pb2.CORPORATE_ACTION_TYPE_SPLIT
DIVIDEND = corporate_action_pb2.CORPORATE_ACTION_TYPE_DIVIDEND

if TYPE_CHECKING:
    from tests.integration.marketdata_server import Stub


@pytest.fixture
async def stub(sql_storage: SqlStorage) -> AsyncIterator[Stub]:
    async with serving(sql_storage) as made:
        yield made


async def test_a_symbol_lives_from_its_creation_to_its_removal(stub: Stub) -> None:
    made = (await create(stub, "BHP", "ASX", "AUD")).symbol
    assert (made.id, made.exchange, made.asset_type, made.active) == (
        "BHP.ASX",
        "SMART",
        symbol_pb2.ASSET_TYPE_STOCK,
        True,
    )
    change = symbol_pb2.Symbol(id="BHP", name="BHP Group", active=False, etag=made.etag)
    mask = FieldMask(paths=["name", "active"])
    changed = (await stub.UpdateSymbol(pb.UpdateSymbolRequest(symbol=change, update_mask=mask))).symbol
    assert (changed.name, changed.active, changed.currency) == ("BHP Group", False, "AUD")
    assert changed.etag != made.etag
    for name in ("BHP", "BHP.ASX", "BHP.ASX.AUD"):
        assert (await stub.GetSymbol(pb.GetSymbolRequest(symbol=name))).symbol == changed
    removed = await stub.DeleteSymbol(pb.DeleteSymbolRequest(symbol="BHP", etag=changed.etag))
    assert removed.bars_deleted == 0
    assert (await stub.ListSymbols(pb.ListSymbolsRequest())).total_size == 0


async def test_the_universe_is_stored_listed_and_paged(stub: Stub) -> None:
    messages = [message async for message in stub.PopulateSymbols(pb.PopulateSymbolsRequest())]
    assert [message.sequence for message in messages] == list(range(1, len(messages) + 1))
    assert messages[-1].end.message_count == len(messages) - 1
    assert messages[-2].progress == pb.PopulateProgress(done=357, total=357, created=357, valid=357)
    whole = await stub.ListSymbols(pb.ListSymbolsRequest(page_size=1000))
    assert (len(whole.symbols), whole.total_size, whole.next_page_token) == (357, 357, "")
    paged: list[symbol_pb2.Symbol] = []
    request = pb.ListSymbolsRequest(page_size=50, primary_exchange="ASX")
    while True:
        page = await stub.ListSymbols(request)
        paged += page.symbols
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert paged == [one for one in whole.symbols if one.primary_exchange == "ASX"]
    etfs = await stub.ListSymbols(pb.ListSymbolsRequest(group="ETF52"))
    assert etfs.total_size == 52


async def test_imported_bars_are_read_back_by_page_by_stream_and_as_the_newest(stub: Stub) -> None:
    await create(stub)
    summary = (await import_csv(stub, csv_of(SESSIONS))).summary
    assert (summary.verdict, summary.rows_inserted) == (quality_pb2.IMPORT_VERDICT_CLEAN, 6)
    whole = (await stub.GetBars(pb.GetBarsRequest(symbol="AAPL"))).bars
    assert list(whole.session_date) == [int(day.replace("-", "")) for day in SESSIONS]
    assert (list(whole.sources), list(whole.source_index)) == (["test:file"], [0] * 6)
    assert (whole.symbol, whole.currency, whole.adjustment) == ("AAPL.NASDAQ", "USD", bars_pb2.ADJUSTMENT_RAW)
    assert whole.time_ns[0] == 1262563200_000000000
    first = await stub.GetBars(pb.GetBarsRequest(symbol="AAPL", page_size=4))
    rest = await stub.GetBars(pb.GetBarsRequest(symbol="AAPL", page_size=4, page_token=first.next_page_token))
    assert [*first.bars.session_date, *rest.bars.session_date] == list(whole.session_date)
    assert not rest.next_page_token
    newest = (await stub.GetLatestBar(pb.GetLatestBarRequest(symbol="AAPL"))).bar
    assert list(newest.session_date) == [20100111]
    within = await stub.GetBars(pb.GetBarsRequest(symbol="AAPL", start="2010-01-05", end="2010-01-07"))
    assert len(within.bars.session_date) == 3
    nothing = await stub.GetBars(pb.GetBarsRequest(symbol="AAPL", start="2020-01-05"))
    assert len(nothing.bars.session_date) == 0


async def test_a_stream_is_numbered_ended_and_resumed(stub: Stub) -> None:
    await create(stub)
    await create(stub, "IBM", "NYSE")
    for symbol in ("AAPL", "IBM"):
        await import_csv(stub, csv_of(SESSIONS), symbol)
    request = pb.StreamBarsRequest(symbols=["IBM", "AAPL"], chunk_bars=4)
    messages = [message async for message in stub.StreamBars(request)]
    assert [message.sequence for message in messages] == [1, 2, 3, 4, 5]
    chunks = [(one.bars.symbol, len(one.bars.session_date)) for one in messages[:-1]]
    assert chunks == [("IBM.NYSE", 4), ("IBM.NYSE", 2), ("AAPL.NASDAQ", 4), ("AAPL.NASDAQ", 2)]
    assert messages[-1].end.message_count == 4
    for sent, message in enumerate(messages[:-1], 1):
        request.after_cursor = message.cursor
        rest = [one async for one in stub.StreamBars(request)]
        assert [one.bars for one in rest[:-1]] == [one.bars for one in messages[sent:-1]]
        assert rest[-1].end.message_count == 4 - sent


async def test_a_correction_is_kept_as_a_revision(stub: Stub) -> None:
    await create(stub)
    await import_csv(stub, csv_of(SESSIONS))
    summary = (
        await import_csv(stub, csv_of(SESSIONS[:1], "10,12,9,10.5,100") + csv_of(SESSIONS[1:])[len(HEAD) :])
    ).summary
    assert (summary.rows_inserted, summary.rows_updated, summary.rows_unchanged) == (0, 1, 5)
    bars = (await stub.GetBars(pb.GetBarsRequest(symbol="AAPL"))).bars
    assert list(bars.revision) == [1, 0, 0, 0, 0, 0]


async def test_bad_rows_are_told_of_and_never_stored(stub: Stub) -> None:
    await create(stub)
    bad = "2010-01-12,10,11,9,10.5,0\n2010-01-13,x,11,9,10.5,100\n2010-01-16,10,11,9,10.5,100\n"
    summary = (await import_csv(stub, csv_of(SESSIONS) + bad, fraction=0.5)).summary
    assert (summary.verdict, summary.rows_inserted, summary.rows_rejected) == (quality_pb2.IMPORT_VERDICT_PARTIAL, 6, 3)
    answer = await stub.GetDataQuality(pb.GetDataQualityRequest(symbol="AAPL"))
    assert answer.rows_rejected == 3
    assert [(row.row_number, row.rule) for row in answer.rows] == [
        (7, quality_pb2.QUALITY_RULE_VOLUME_ZERO),
        (8, quality_pb2.QUALITY_RULE_UNREADABLE),
        (9, quality_pb2.QUALITY_RULE_OFF_CALENDAR),
    ]
    assert answer.rows[1].raw == "x,11,9,10.5,100"
    assert list(answer.imports) == [summary]
    one = pb.GetDataQualityRequest(import_id=summary.import_id, rule=quality_pb2.QUALITY_RULE_VOLUME_ZERO)
    assert (await stub.GetDataQuality(one)).rows_rejected == 1
    paged = pb.GetDataQualityRequest(page_size=2)
    first = await stub.GetDataQuality(paged)
    paged.page_token = first.next_page_token
    assert [row.row_number for row in (await stub.GetDataQuality(paged)).rows] == [9]


async def test_rows_come_as_columns_too(stub: Stub) -> None:
    await create(stub)
    await create(stub, "IBM", "NYSE")
    amounts = {"open": [10.0] * 2, "high": [11.0] * 2, "low": [9.0] * 2, "close": [10.5] * 2, "volume": [100.0] * 2}

    async def messages() -> AsyncIterator[pb.ImportBarsRequest]:
        yield pb.ImportBarsRequest(header=pb.ImportBarsHeader(source="test:rows"))
        for symbol in ("AAPL", "IBM"):
            rows = pb.ImportRows(symbol=symbol, session_date=[20100104, 20100105], **amounts)
            yield pb.ImportBarsRequest(rows=rows)

    summary = (await stub.ImportBars(messages())).summary
    assert (summary.rows_read, summary.rows_inserted) == (4, 4)
    assert list(summary.symbols) == ["AAPL.NASDAQ", "IBM.NYSE"]


async def test_coverage_names_what_is_missing(stub: Stub) -> None:
    await create(stub)
    await import_csv(stub, csv_of(("2010-01-04", "2010-01-07", "2010-01-08")))
    found = await stub.GetCoverage(pb.GetCoverageRequest(symbol="AAPL", end="2010-01-19"))
    assert (found.symbol, found.calendar, found.sessions_expected, found.sessions_present) == (
        "AAPL.NASDAQ",
        "XNYS",
        11,
        3,
    )
    assert [(run.first, run.last, run.sessions) for run in found.missing] == [
        ("2010-01-05", "2010-01-06", 2),
        ("2010-01-11", "2010-01-19", 6),
    ]
    assert found.fraction == pytest.approx(3 / 11)
    assert (found.start, found.end, found.first_bar, found.last_bar) == (
        "2010-01-04",
        "2010-01-19",
        "2010-01-04",
        "2010-01-08",
    )


async def test_actions_are_recorded_once_listed_and_applied_on_reading(stub: Stub) -> None:
    await create(stub)
    await import_csv(stub, csv_of(SESSIONS[:3]) + csv_of(SESSIONS[3:], "5,5.5,4.5,5.25,200")[len(HEAD) :])
    split = corporate_action_pb2.CorporateAction(
        type=SPLIT, ex_date=SESSIONS[3], ratio=DecimalMessage(value="2"), source="issuer"
    )
    dividend = corporate_action_pb2.CorporateAction(
        type=DIVIDEND, ex_date=SESSIONS[4], amount=DecimalMessage(value="0.525"), source="issuer"
    )
    for action in (split, split, dividend):
        answer = await stub.RecordCorporateAction(pb.RecordCorporateActionRequest(symbol="AAPL", action=action))
        assert answer.action.symbol == "AAPL.NASDAQ"
    listed = await stub.ListCorporateActions(pb.ListCorporateActionsRequest(symbol="AAPL"))
    assert [one.ex_date for one in listed.actions] == [SESSIONS[3], SESSIONS[4]]

    async def closes(**asked: object) -> list[float]:
        request = pb.StreamBarsRequest(symbol="AAPL", chunk_bars=1, **asked)  # type: ignore[arg-type] # by name
        return [message.bars.close[0] async for message in stub.StreamBars(request) if message.bars.symbol]

    assert await closes() == [10.5] * 3 + [5.25] * 3
    assert await closes(adjustment=bars_pb2.ADJUSTMENT_SPLIT) == [5.25] * 6
    whole = await closes(adjustment=bars_pb2.ADJUSTMENT_TOTAL_RETURN)
    assert whole == pytest.approx([4.725] * 4 + [5.25] * 2)
    assert await closes(adjustment=bars_pb2.ADJUSTMENT_TOTAL_RETURN, as_of=SESSIONS[3]) == [5.25] * 6
    page = pb.GetBarsRequest(symbol="AAPL", adjustment=bars_pb2.ADJUSTMENT_TOTAL_RETURN, end=SESSIONS[1])
    assert list((await stub.GetBars(page)).bars.close) == pytest.approx([4.725] * 2)


async def test_a_request_sent_twice_under_one_id_is_done_once(stub: Stub) -> None:
    await create(stub)
    first = await import_csv(stub, csv_of(SESSIONS), request_id="one")
    assert await import_csv(stub, csv_of(SESSIONS), request_id="one") == first
    assert len((await stub.GetDataQuality(pb.GetDataQualityRequest())).imports) == 1
    removal = pb.DeleteSymbolRequest(symbol="AAPL", force=True, request_id="two")
    assert [(await stub.DeleteSymbol(removal)).bars_deleted for _ in range(2)] == [6, 6]


async def test_health_tells_of_service_and_database(stub: Stub, sql_storage: SqlStorage) -> None:
    await create(stub)
    health = await stub.GetHealth(pb.GetHealthRequest())
    assert (health.serving, health.storage_ok, health.symbols) == (True, True, 1)
    assert health.version
    assert health.time.seconds > 0


async def test_the_bundled_bars_go_in_and_come_out_whole(stub: Stub) -> None:
    async for _ in stub.PopulateSymbols(pb.PopulateSymbolsRequest()):
        pass
    for missing in bundled_symbols():
        await stub.CreateSymbol(pb.CreateSymbolRequest(symbol=missing))
    parts = list(bundled_bars())

    async def messages() -> AsyncIterator[pb.ImportBarsRequest]:
        yield pb.ImportBarsRequest(header=pb.ImportBarsHeader(source="bundled"))
        for part in parts:
            names = ("session_date", "open", "high", "low", "close", "volume")
            rows = pb.ImportRows(symbol=part.symbol, **{name: getattr(part, name).tolist() for name in names})
            yield pb.ImportBarsRequest(rows=rows)

    summary = (await stub.ImportBars(messages())).summary
    assert summary.rows_read == sum(len(part.session_date) for part in parts)
    assert summary.rows_rejected < 10
    for symbol, action in bundled_actions():
        message = action_codec.to_message("", action)
        await stub.RecordCorporateAction(pb.RecordCorporateActionRequest(symbol=symbol, action=message))
    coverage = await stub.GetCoverage(pb.GetCoverageRequest(symbol="IBM"))
    assert coverage.fraction > 0.999
    raw = (await stub.GetBars(pb.GetBarsRequest(symbol="AAPL", page_size=10_000))).bars
    np.testing.assert_array_equal(column(raw, "close", "<f8"), parts[0].close)
    split = pb.GetBarsRequest(symbol="AAPL", page_size=10_000, adjustment=bars_pb2.ADJUSTMENT_SPLIT)
    adjusted = (await stub.GetBars(split)).bars
    assert adjusted.close[0] == pytest.approx(raw.close[0] / 4)
