"""Requests as ib_async spells them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from ib_async import Contract, ExecutionFilter, LimitOrder, MarketOrder, Order, Stock, TimeCondition
from ib_async.client import Client

from scizor.services.ibsim.wire.fields import BadField, Fields
from scizor.services.ibsim.wire.orders_in import PlaceOrderRequest
from scizor.services.ibsim.wire.requests import (
    ContractDetailsRequest,
    ExecutionsRequest,
    HeadTimestampRequest,
    HistoryRequest,
    MarketDataRequest,
    RealTimeBarsRequest,
    TickByTickRequest,
)

VERSIONS = (157, 158, 160, 162, 166, 169, 170, 176, 177, 178)
BHP = Stock("BHP", "SMART", "AUD", primaryExchange="ASX")


def sent(call: Callable[[Any], None], version: int = 178) -> Fields:
    """The fields after the message id."""
    client: Any = Client(wrapper=None)  # type: ignore[no-untyped-call]  # the library has no types here
    said: list[str] = []
    client._serverVersion = version
    client.connState = Client.CONNECTED
    client.sendMsg = said.append  # instead of a socket
    call(client)
    return Fields(said[0].split("\0")[1:-1])


@pytest.mark.parametrize("version", VERSIONS)
def test_contract_details_are_asked_for(version: int) -> None:
    fields = sent(lambda client: client.reqContractDetails(5, BHP), version)
    request = ContractDetailsRequest.read(fields)
    assert (request.req_id, request.contract.symbol, request.contract.primary_exchange) == (5, "BHP", "ASX")
    assert (request.contract.currency, request.contract.include_expired) == ("AUD", False)


def test_history_is_asked_for() -> None:
    fields = sent(
        lambda client: client.reqHistoricalData(
            5, Contract(conId=4, exchange="SMART"), "20240313-20:00:00", "1 D", "5 mins", "BID", True, 2, True, []
        )
    )
    request = HistoryRequest.read(fields)
    assert (request.req_id, request.contract.con_id, request.end) == (5, 4, "20240313-20:00:00")
    assert (request.bar_size, request.duration, request.what) == ("5 mins", "1 D", "BID")
    assert request.regular_hours
    assert request.epoch_times
    assert request.keep_up_to_date


def test_streams_are_asked_for() -> None:
    head = HeadTimestampRequest.read(sent(lambda client: client.reqHeadTimeStamp(5, BHP, "TRADES", True, 1)))
    assert (head.what, head.regular_hours, head.epoch_times) == ("TRADES", True, False)
    quotes = MarketDataRequest.read(sent(lambda client: client.reqMktData(5, BHP, "233", True, False, [])))
    assert (quotes.req_id, quotes.snapshot) == (5, True)
    bars = RealTimeBarsRequest.read(sent(lambda client: client.reqRealTimeBars(5, BHP, 5, "TRADES", False, [])))
    assert (bars.bar_size_s, bars.what, bars.regular_hours) == (5, "TRADES", False)
    ticks = TickByTickRequest.read(sent(lambda client: client.reqTickByTickData(5, BHP, "BidAsk", 0, True)))
    assert (ticks.req_id, ticks.kind) == (5, "BidAsk")


def test_executions_are_filtered() -> None:
    wanted = ExecutionFilter(clientId=7, symbol="BHP", side="BUY", time="20240314-10:00:00")
    request = ExecutionsRequest.read(sent(lambda client: client.reqExecutions(5, wanted)))
    assert (request.client_id, request.symbol, request.side) == (7, "BHP", "BUY")
    assert request.since == "20240314-10:00:00"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "order",
    [
        LimitOrder("SELL", 12, 1.5, tif="GTC", orderRef="ref", parentId=3, outsideRth=True, whatIf=True),
        LimitOrder("SELL", 12, 1.5, tif="GTC", orderRef="ref", parentId=3, outsideRth=True, whatIf=True, hedgeType="D"),
        LimitOrder(
            "SELL",
            12,
            1.5,
            tif="GTC",
            orderRef="ref",
            parentId=3,
            outsideRth=True,
            whatIf=True,
            scalePriceIncrement=0.5,
            deltaNeutralOrderType="MKT",
        ),
    ],
)
def test_an_order_is_read_to_the_end_whatever_parts_it_has(version: int, order: Order) -> None:
    request = PlaceOrderRequest.read(sent(lambda client: client.placeOrder(9, BHP, order), version), version)
    terms = request.terms
    assert (request.order_id, request.contract.symbol) == (9, "BHP")
    assert (terms.action, terms.quantity, terms.order_type) == ("SELL", Decimal(12), "LMT")
    assert (terms.limit_price, terms.aux_price, terms.tif) == (Decimal("1.5"), None, "GTC")
    assert (terms.order_ref, terms.parent_id, terms.outside_rth, terms.what_if) == ("ref", 3, True, True)


def test_a_market_order_has_no_price_and_no_hidden_wishes() -> None:
    request = PlaceOrderRequest.read(sent(lambda client: client.placeOrder(9, BHP, MarketOrder("BUY", 1))), 178)
    assert (request.terms.limit_price, request.terms.tif, request.terms.what_if) == (None, "DAY", False)
    assert request.terms.transmit


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_trailing_order_follows_is_read_from_both_ends_of_the_request(version: int) -> None:
    order = Order(
        action="SELL",
        totalQuantity=5,
        orderType="TRAIL LIMIT",
        trailingPercent=2.5,
        trailStopPrice=150.25,
        lmtPriceOffset=0.5,
        goodTillDate="20240401-20:00:00",
        ocaGroup="g",
        ocaType=2,
        tif="GTD",
    )
    terms = PlaceOrderRequest.read(sent(lambda client: client.placeOrder(9, BHP, order), version), version).terms
    assert (terms.trailing_percent, terms.trail_stop_price) == (Decimal("2.5"), Decimal("150.25"))
    assert (terms.limit_offset, terms.conditions, terms.aux_price) == (Decimal("0.5"), 0, None)
    assert (terms.tif, terms.good_till_date, terms.oca_group, terms.oca_type) == ("GTD", "20240401-20:00:00", "g", 2)


def test_conditions_are_seen() -> None:
    order = LimitOrder("SELL", 12, 1.5, conditions=[TimeCondition(time="20240401-20:00:00")])
    assert PlaceOrderRequest.read(sent(lambda client: client.placeOrder(9, BHP, order)), 178).terms.conditions == 1


def test_a_request_cut_short_is_refused() -> None:
    with pytest.raises(BadField):
        HistoryRequest.read(Fields(["5", "4", "AAPL"]))
