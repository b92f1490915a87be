"""Bad input of every kind: a typed error, nothing half-written, and a service that lives on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.type.decimal_pb2 import Decimal as DecimalMessage

from scizor.adapters.sql.storage import SqlStorage
from scizor.marketdata.v1 import corporate_action_pb2, symbol_pb2
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.type.v1 import bars_pb2
from tests.integration.marketdata_server import (
    SESSIONS,
    Code,
    create,
    csv_of,
    demand_whole,
    drained,
    header,
    import_csv,
    metadata_of,
    refused,
    sent,
    unharmed,
)

if TYPE_CHECKING:
    from tests.integration.marketdata_server import Stub


@pytest.fixture
async def stub(sql_storage: SqlStorage) -> AsyncIterator[Stub]:
    async with unharmed(sql_storage) as made:
        yield made


@pytest.fixture(scope="module")
async def shared(module_storage: SqlStorage) -> AsyncIterator[Stub]:
    """One service with an ambiguous symbol beside AAPL."""
    async with unharmed(module_storage) as made:
        await create(made, "BHP", "ASX", "AUD")
        await create(made, "BHP", "NYSE", "USD")
        yield made


@pytest.fixture
async def refusing(shared: Stub) -> AsyncIterator[Stub]:
    """The shared service; whatever it refuses, it has the bars and the symbols that it had."""
    yield shared
    await demand_whole(shared)
    assert (await shared.ListSymbols(pb.ListSymbolsRequest())).total_size == 3


def symbol(**fields: object) -> symbol_pb2.Symbol:
    return symbol_pb2.Symbol(**fields)  # type: ignore[arg-type] # by name


NAMED: dict[str, Callable[[Stub, str], Awaitable[object]]] = {
    "GetSymbol": lambda stub, name: stub.GetSymbol(pb.GetSymbolRequest(symbol=name)),
    "UpdateSymbol": lambda stub, name: stub.UpdateSymbol(
        pb.UpdateSymbolRequest(symbol=symbol(id=name), update_mask=FieldMask(paths=["name"]))
    ),
    "DeleteSymbol": lambda stub, name: stub.DeleteSymbol(pb.DeleteSymbolRequest(symbol=name)),
    "ValidateSymbols": lambda stub, name: drained(stub.ValidateSymbols(pb.ValidateSymbolsRequest(symbols=[name]))),
    "DeleteBars": lambda stub, name: stub.DeleteBars(pb.DeleteBarsRequest(symbol=name)),
    "GetBars": lambda stub, name: stub.GetBars(pb.GetBarsRequest(symbol=name)),
    "GetLatestBar": lambda stub, name: stub.GetLatestBar(pb.GetLatestBarRequest(symbol=name)),
    "StreamBars": lambda stub, name: drained(stub.StreamBars(pb.StreamBarsRequest(symbols=["AAPL", name]))),
    "ImportBars": lambda stub, name: import_csv(stub, csv_of(SESSIONS), name),
    "GetCoverage": lambda stub, name: stub.GetCoverage(pb.GetCoverageRequest(symbol=name)),
    "GetDataQuality": lambda stub, name: stub.GetDataQuality(pb.GetDataQualityRequest(symbol=name)),
    "ListCorporateActions": lambda stub, name: stub.ListCorporateActions(pb.ListCorporateActionsRequest(symbol=name)),
    "RecordCorporateAction": lambda stub, name: stub.RecordCorporateAction(
        pb.RecordCorporateActionRequest(symbol=name, action=action())
    ),
}


def action(ratio: str = "2", ex_date: str = "2010-01-06") -> corporate_action_pb2.CorporateAction:
    return corporate_action_pb2.CorporateAction(
        type=corporate_action_pb2.CORPORATE_ACTION_TYPE_SPLIT,
        ex_date=ex_date,
        ratio=DecimalMessage(value=ratio),
        source="issuer",
    )


@pytest.mark.parametrize("call", NAMED)
async def test_an_unknown_symbol_is_not_found(refusing: Stub, call: str) -> None:
    error = await refused(NAMED[call](refusing, "NONE"), Code.NOT_FOUND, "SYMBOL_NOT_FOUND")
    assert metadata_of(error)["symbol"] == "NONE"


@pytest.mark.parametrize("call", NAMED)
async def test_an_ambiguous_symbol_is_refused_with_its_candidates(refusing: Stub, call: str) -> None:
    error = await refused(NAMED[call](refusing, "BHP"), Code.INVALID_ARGUMENT, "SYMBOL_AMBIGUOUS")
    assert metadata_of(error)["candidates"] == "BHP.ASX.AUD, BHP.NYSE.USD"


@pytest.mark.parametrize(
    "call",
    [
        lambda stub: stub.GetBars(pb.GetBarsRequest(symbol="AAPL", start="2011-01-01", end="2010-01-01")),
        lambda stub: stub.GetBars(pb.GetBarsRequest(symbol="AAPL", start="2010-02-30")),
        lambda stub: stub.GetBars(pb.GetBarsRequest(symbol="AAPL", as_of="2010-13-01")),
        lambda stub: drained(
            stub.StreamBars(pb.StreamBarsRequest(symbol="AAPL", start="2011-01-01", end="2010-01-01"))
        ),
        lambda stub: drained(stub.StreamBars(pb.StreamBarsRequest(symbol="AAPL", end="2010-02-30"))),
        lambda stub: stub.GetCoverage(pb.GetCoverageRequest(symbol="AAPL", start="2011-01-01", end="2010-01-01")),
        lambda stub: stub.GetCoverage(pb.GetCoverageRequest(symbol="AAPL", start="2010-00-01")),
        lambda stub: stub.DeleteBars(pb.DeleteBarsRequest(symbol="AAPL", end="2010-02-30")),
        lambda stub: stub.GetMarketHours(pb.GetMarketHoursRequest(exchange="NASDAQ", date="2010-02-30")),
    ],
)
async def test_dates_that_make_no_range_are_refused(refusing: Stub, call: Callable[[Stub], Awaitable[object]]) -> None:
    await refused(call(refusing), Code.INVALID_ARGUMENT, "DATE_RANGE_INVALID")


async def test_a_page_token_of_another_query_is_refused(stub: Stub) -> None:
    bars = (await stub.GetBars(pb.GetBarsRequest(symbol="AAPL", page_size=2))).next_page_token
    streamed = await drained(stub.StreamBars(pb.StreamBarsRequest(symbol="AAPL", chunk_bars=2)))
    await create(stub, "IBM", "NYSE")
    others: list[Awaitable[object]] = [
        stub.GetBars(pb.GetBarsRequest(symbol="IBM", page_token=bars)),
        stub.GetBars(pb.GetBarsRequest(symbol="AAPL", start="2010-01-04", page_token=bars)),
        stub.ListSymbols(pb.ListSymbolsRequest(page_token=bars)),
        stub.GetDataQuality(pb.GetDataQualityRequest(page_token=bars)),
        stub.ListSymbols(pb.ListSymbolsRequest(page_token="nonsense")),
        drained(stub.StreamBars(pb.StreamBarsRequest(symbol="IBM", after_cursor=streamed[0].cursor))),
    ]
    for other in others:
        await refused(other, Code.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")


@pytest.mark.parametrize(
    "call",
    [
        lambda stub: stub.GetSymbol(pb.GetSymbolRequest(symbol="a/b")),
        lambda stub: stub.CreateSymbol(pb.CreateSymbolRequest(symbol=symbol(symbol="A", primary_exchange="NYSE"))),
        lambda stub: stub.CreateSymbol(pb.CreateSymbolRequest()),
        lambda stub: stub.UpdateSymbol(pb.UpdateSymbolRequest(symbol=symbol(id="AAPL"))),
        lambda stub: stub.UpdateSymbol(
            pb.UpdateSymbolRequest(symbol=symbol(name="x"), update_mask=FieldMask(paths=["name"]))
        ),
        lambda stub: stub.UpdateSymbol(
            pb.UpdateSymbolRequest(symbol=symbol(id="AAPL", currency="EUR"), update_mask=FieldMask(paths=["currency"]))
        ),
        lambda stub: stub.UpdateSymbol(
            pb.UpdateSymbolRequest(symbol=symbol(id="AAPL", name="x" * 201), update_mask=FieldMask(paths=["name"]))
        ),
        lambda stub: stub.UpdateSymbol(
            pb.UpdateSymbolRequest(symbol=symbol(id="AAPL", exchange="?"), update_mask=FieldMask(paths=["exchange"]))
        ),
        lambda stub: stub.GetBars(pb.GetBarsRequest(symbol="AAPL", page_size=-1)),
        lambda stub: stub.GetMarketHours(pb.GetMarketHoursRequest(exchange="MOON")),
        lambda stub: drained(stub.ValidateSymbols(pb.ValidateSymbolsRequest(limit=-1))),
        lambda stub: drained(stub.StreamBars(pb.StreamBarsRequest())),
        lambda stub: drained(stub.StreamBars(pb.StreamBarsRequest(symbols=["AAPL", "AAPL.NASDAQ"]))),
        lambda stub: stub.RecordCorporateAction(
            pb.RecordCorporateActionRequest(symbol="AAPL", action=action(ratio="-2"))
        ),
        lambda stub: stub.RecordCorporateAction(pb.RecordCorporateActionRequest(symbol="AAPL")),
        lambda stub: stub.ImportBars(sent()),
        lambda stub: stub.ImportBars(sent(pb.ImportBarsRequest(data=b"x"))),
        lambda stub: stub.ImportBars(sent(header(), header())),
        lambda stub: stub.ImportBars(sent(header(), pb.ImportBarsRequest(rows=pb.ImportRows(symbol="AAPL")))),
        lambda stub: stub.ImportBars(sent(header(), pb.ImportBarsRequest())),
        lambda stub: stub.ImportBars(sent(header(fraction=1.5))),
        lambda stub: stub.ImportBars(
            sent(
                pb.ImportBarsRequest(header=pb.ImportBarsHeader(source="x")),
                pb.ImportBarsRequest(rows=pb.ImportRows(symbol="AAPL", session_date=[20100104], open=[1.0])),
            )
        ),
    ],
)
async def test_a_field_that_breaks_its_rule_is_refused(
    refusing: Stub, call: Callable[[Stub], Awaitable[object]]
) -> None:
    await refused(call(refusing), Code.INVALID_ARGUMENT, "FIELD_INVALID")


async def test_a_field_of_ten_megabytes_is_refused(refusing: Stub) -> None:
    large = "A" * 10_000_000
    await refused(refusing.GetSymbol(pb.GetSymbolRequest(symbol=large)), Code.INVALID_ARGUMENT, "FIELD_INVALID")
    piece = refusing.ImportBars(sent(header(), pb.ImportBarsRequest(data=large.encode())))
    await refused(piece, Code.INVALID_ARGUMENT, "FIELD_INVALID")
    larger = "A" * 20_000_000
    await refused(refusing.GetSymbol(pb.GetSymbolRequest(symbol=larger)), Code.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE")


async def test_what_exists_is_not_stored_again(stub: Stub) -> None:
    await refused(create(stub), Code.ALREADY_EXISTS, "SYMBOL_EXISTS")
    await stub.RecordCorporateAction(pb.RecordCorporateActionRequest(symbol="AAPL", action=action()))
    other = pb.RecordCorporateActionRequest(symbol="AAPL", action=action("3"))
    await refused(stub.RecordCorporateAction(other), Code.ALREADY_EXISTS, "CORPORATE_ACTION_EXISTS")


async def test_a_request_id_serves_one_body_only(stub: Stub) -> None:
    for name, expected in (("A", None), ("B", "REQUEST_ID_REUSED")):
        message = symbol(symbol=name, primary_exchange="NYSE", currency="USD")
        call = stub.CreateSymbol(pb.CreateSymbolRequest(symbol=message, request_id="one"))
        if expected:
            await refused(call, Code.ALREADY_EXISTS, expected)
        else:
            await call
    await import_csv(stub, csv_of(SESSIONS), request_id="one")
    again = import_csv(stub, csv_of(SESSIONS[:3]), request_id="one")
    await refused(again, Code.ALREADY_EXISTS, "REQUEST_ID_REUSED")


async def test_a_stale_etag_changes_nothing(refusing: Stub) -> None:
    change = pb.UpdateSymbolRequest(
        symbol=symbol(id="AAPL", name="x", etag="v9"), update_mask=FieldMask(paths=["name"])
    )
    await refused(refusing.UpdateSymbol(change), Code.ABORTED, "ETAG_STALE")
    removal = pb.DeleteSymbolRequest(symbol="AAPL", etag="v9", force=True)
    await refused(refusing.DeleteSymbol(removal), Code.ABORTED, "ETAG_STALE")


async def test_a_symbol_with_bars_is_removed_only_by_force(refusing: Stub) -> None:
    error = await refused(
        refusing.DeleteSymbol(pb.DeleteSymbolRequest(symbol="AAPL")), Code.FAILED_PRECONDITION, "SYMBOL_HAS_BARS"
    )
    assert metadata_of(error) == {"symbol": "AAPL.NASDAQ", "bars": "6"}


async def test_a_symbol_without_bars_has_no_newest(stub: Stub) -> None:
    await create(stub, "IBM", "NYSE")
    newest = stub.GetLatestBar(pb.GetLatestBarRequest(symbol="IBM"))
    await refused(newest, Code.NOT_FOUND, "BARS_NOT_FOUND")


async def test_an_interval_or_adjustment_that_is_none_is_refused(refusing: Stub) -> None:
    interval = bars_pb2.BarInterval.ValueType(99)
    await refused(
        refusing.GetBars(pb.GetBarsRequest(symbol="AAPL", interval=interval)), Code.INVALID_ARGUMENT, "FIELD_INVALID"
    )
