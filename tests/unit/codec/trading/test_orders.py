"""Orders, their events and their executions as messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.codec.trading import orders as codec
from scizor.codec.trading.exact import money_from_proto
from scizor.codec.trading.spelling import renamed, spelled
from scizor.domain.errors import FieldViolation, InvalidInput
from scizor.domain.orders import OrderType, Side, TimeInForce
from scizor.domain.trading import events as e
from scizor.domain.trading.executions import Commission
from scizor.domain.trading.orders import Origin, Terms
from scizor.domain.trading.states import Hold, OrderState
from scizor.ports.journal import BookedExecution
from scizor.ports.trading import Trade
from scizor.trading.v1 import order_pb2 as pb
from tests.unit.trading.build import REQUEST, events_of, execution, fill, order_of, shares

NUMBERS = st.decimals(min_value=Decimal("1e-8"), max_value=10**12, places=8)
OPTIONAL = st.none() | NUMBERS
ENDS = st.none() | st.datetimes(timezones=st.just(UTC))
TERMS = st.builds(
    Terms,
    NUMBERS,
    st.sampled_from(OrderType),
    OPTIONAL,
    OPTIONAL,
    OPTIONAL,
    OPTIONAL,
    st.sampled_from(TimeInForce),
    ENDS,
    st.booleans(),
)


@given(TERMS)
def test_terms_come_back_as_they_were(terms: Terms) -> None:
    sent = pb.OrderTerms.FromString(codec.terms_to_proto(terms).SerializeToString())
    assert codec.terms_from_proto(sent, "terms") == terms


def test_an_order_that_lives_a_day_need_not_say_so() -> None:
    message = pb.OrderTerms(type=pb.ORDER_TYPE_MARKET)
    message.quantity.value = "1"
    assert codec.terms_from_proto(message, "terms").tif is TimeInForce.DAY


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(OrderState, pb.OrderState), (Hold, pb.OrderHold), (Origin, pb.OrderOrigin), (e.Source, pb.EventSource)],
)
def test_the_contract_has_our_numbers(ours: Any, theirs: Any) -> None:
    named = {name.split("_", 2)[-1]: number for name, number in theirs.items() if number}
    assert {one.name: int(one) for one in ours if one} == named


def test_sides_are_told_apart() -> None:
    assert codec.side_from_proto(pb.ORDER_SIDE_BUY) is Side.BUY
    assert codec.side_from_proto(pb.ORDER_SIDE_SELL) is Side.SELL


def test_an_order_tells_where_it_stands_and_what_it_has_come_to() -> None:
    order = order_of(e.Working(), fill(30), e.Charged(Commission("a.01", Decimal("0.35"), "USD")), fill(10, "b.01"))
    message = codec.order_to_proto(order)
    assert (message.id, message.client_order_id, message.symbol) == ("order-1", "mine-1", "AAPL.NASDAQ.USD")
    assert message.state == pb.ORDER_STATE_PARTIALLY_FILLED
    assert (message.filled_quantity.value, message.remaining_quantity.value) == ("40", "60")
    assert (message.average_price.value, message.uncharged_executions) == ("50", 1)
    assert [money_from_proto(one) for one in message.commissions] == [Decimal("0.35")]
    assert message.etag == f"v{order.sequence}"
    assert not message.HasField("pending_terms")


def test_an_order_that_is_to_change_tells_to_what() -> None:
    message = codec.order_to_proto(order_of(e.Working(), e.ReplaceRequested(shares(50, 49))))
    assert message.state == pb.ORDER_STATE_PENDING_REPLACE
    assert (message.terms.limit_price.value, message.pending_terms.limit_price.value) == ("50", "49")


def test_an_order_in_the_market_is_held_by_nothing() -> None:
    held = codec.order_to_proto(order_of(e.Acknowledged(Hold.SESSION)))
    assert (held.state, held.hold) == (pb.ORDER_STATE_ACCEPTED, pb.ORDER_HOLD_SESSION)
    assert codec.order_to_proto(order_of(e.Acknowledged(Hold.SESSION), e.Working())).hold == 0


@pytest.mark.parametrize(
    ("said", "kind", "text", "code"),
    [
        (e.Rejected("no such thing", 201), pb.ORDER_EVENT_KIND_REJECTED, "no such thing", 201),
        (e.Canceled("asked"), pb.ORDER_EVENT_KIND_CANCELED, "asked", 0),
        (e.Noted("held", 404), pb.ORDER_EVENT_KIND_NOTED, "held", 404),
        (e.Identified("77"), pb.ORDER_EVENT_KIND_IDENTIFIED, "77", 0),
        (e.FillsTold(Decimal("3.0")), pb.ORDER_EVENT_KIND_FILLS_TOLD, "3", 0),
        (e.Acknowledged(Hold.PARENT), pb.ORDER_EVENT_KIND_ACKNOWLEDGED, "PARENT", 0),
        (e.LinkLost(), pb.ORDER_EVENT_KIND_LINK_LOST, "", 0),
    ],
)
def test_an_event_says_what_was_said(said: e.Payload, kind: int, text: str, code: int) -> None:
    message = codec.event_to_proto(events_of(said)[-1], order_of(said))
    assert (message.kind, message.text, message.code, message.sequence) == (kind, text, code, 2)


def test_an_event_has_the_trade_or_the_terms_it_speaks_of() -> None:
    def told(said: e.Payload) -> pb.OrderEvent:
        return codec.event_to_proto(events_of(said)[-1], order_of(e.Working(), fill(30, "a.b.02")))

    traded = told(fill(30, "a.b.02")).trade
    assert (traded.id, traded.revision, traded.quantity.value, traded.order_id) == ("a.b", 2, "30", "order-1")
    assert told(e.Busted("a.b.02")).trade.busted
    charged = told(e.Charged(Commission("a.b.02", Decimal("1.25"), "USD"))).trade
    assert (charged.revision, money_from_proto(charged.commission)) == (2, Decimal("1.25"))
    assert told(e.ReplaceRequested(shares(7))).terms.quantity.value == "7"
    assert told(e.Placed(REQUEST)).terms == codec.terms_to_proto(REQUEST.terms)
    assert not told(e.Working()).HasField("trade")


def test_an_update_without_an_event_is_an_order_as_it_stands() -> None:
    order = order_of(e.Working())
    assert not codec.update_to_proto(order).HasField("event")
    assert codec.update_to_proto(order, events_of(e.Working())[-1]).event.state == pb.ORDER_STATE_WORKING


def test_a_trade_has_its_commission_once_that_is_told() -> None:
    booked = BookedExecution(execution("x.y.01", 5, side=Side.SELL), "order-1", "rsi", "", {"USD": Decimal(1)}, True)
    message = codec.trade_to_proto(Trade(booked, busted=True))
    assert (message.id, message.revision, message.side) == ("x.y", 1, pb.ORDER_SIDE_SELL)
    assert (message.strategy_id, message.busted, message.reconciled) == ("rsi", True, True)
    assert message.commission.units == 1
    assert not codec.trade_to_proto(Trade(replace(booked, fees={}))).HasField("commission")


@pytest.mark.parametrize(
    ("field", "spelling"),
    [
        ("limit", "order.terms.limit_price"),
        ("terms.good_till", "order.terms.good_till_time"),
        ("terms.quantity", "order.terms.quantity"),
        ("bracket.take_profit_price", "order.bracket.take_profit_price"),
        ("bracket.stop", "order.bracket.stop_loss_price"),
        ("symbol", "order.symbol"),
    ],
)
def test_an_error_names_the_field_as_the_caller_spells_it(field: str, spelling: str) -> None:
    with pytest.raises(InvalidInput) as refused, spelled("order"):
        raise InvalidInput.of_field(field, "is wrong")
    assert refused.value.violations == (FieldViolation(spelling, "is wrong"),)
    assert (refused.value.message, refused.value.metadata["field"]) == (f"{spelling}: is wrong", spelling)


def test_terms_may_be_the_requests_own_fields() -> None:
    with pytest.raises(InvalidInput, match=r"^quantity: is too much"), spelled(terms=""):
        raise InvalidInput.of_field("terms.quantity", "is too much")


def test_an_error_may_be_about_one_field_whatever_it_was_called() -> None:
    with pytest.raises(InvalidInput, match=r"^limit\.key: must be one of DU1, DU2"), renamed("limit.key"):
        raise InvalidInput.of_field("account", "must be one of DU1, DU2")
