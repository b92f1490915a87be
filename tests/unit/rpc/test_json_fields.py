"""Unknown JSON fields, as the edge reports them, against the contracts."""

from __future__ import annotations

import grpc
import pytest

from scizor.domain.errors import InvalidInput, Reason
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.marketdata.v1.symbol_pb2 import Symbol
from scizor.rpc import json_fields

from .conftest import Running

CREATE_BACKTEST = "scizor.backtest.v1.BacktestService/CreateBacktest"


def check(method: str, *paths: str) -> None:
    json_fields._refuse_unknown(json_fields._body_of(method), list(paths))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (CREATE_BACKTEST, "commissionBps"),
        (CREATE_BACKTEST, "commission_bps"),
        (CREATE_BACKTEST, "initialCapital.currencyCode"),
        (CREATE_BACKTEST, "parameters.anything%20at%2Eall.deep"),
        (CREATE_BACKTEST, "error.details.what%40ever"),
        ("scizor.backtest.v1.BacktestService/CancelBacktest", "requestId"),
        ("scizor.marketdata.v1.MarketDataService/PopulateSymbols", "force"),
        ("scizor.marketdata.v1.MarketDataService/RecordCorporateAction", "ratio.value"),
        ("scizor.marketdata.v1.MarketDataService/UpdateSymbol", "listedDate"),
    ],
)
def test_a_field_of_the_contract_passes_in_either_spelling(method: str, path: str) -> None:
    check(method, path)


@pytest.mark.parametrize(
    ("method", "path", "named"),
    [
        (CREATE_BACKTEST, "commisionBps", "commisionBps"),
        (CREATE_BACKTEST, "backtest", "backtest"),
        (CREATE_BACKTEST, "initialCapital.unit", "initialCapital.unit"),
        (CREATE_BACKTEST, "CommissionBps", "CommissionBps"),
        (CREATE_BACKTEST, "commission%20bps", "commission bps"),
        (CREATE_BACKTEST, "", ""),
        ("scizor.marketdata.v1.MarketDataService/DeleteSymbol", "force", "force"),
    ],
)
def test_a_field_the_contract_has_not_is_refused_by_name(method: str, path: str, named: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(method, path)
    assert caught.value.reason is Reason.FIELD_UNKNOWN
    assert caught.value.message == f"{named}: the request has no such field"
    assert [each.field for each in caught.value.violations] == [named]


def test_one_field_under_two_names_is_refused() -> None:
    with pytest.raises(InvalidInput, match="commission_bps: is the field commissionBps by another name"):
        check(CREATE_BACKTEST, "commissionBps", "commission_bps")


async def test_the_server_refuses_what_the_edge_reports(running: Running) -> None:
    request = pb.CreateSymbolRequest(symbol=Symbol(symbol="A", primary_exchange="ASX", currency="AUD"))
    await running.stub.CreateSymbol(request, metadata=[(json_fields.HEADER, "symbol,primaryExchange,currency")])
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await running.stub.CreateSymbol(request, metadata=[(json_fields.HEADER, "symbol,curency")])
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == "curency: the request has no such field"
