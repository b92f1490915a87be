"""Orders, what happens to them and their executions."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from google.type.decimal_pb2 import Decimal as DecimalMessage
from google.type.money_pb2 import Money

from scizor.codec.times import to_timestamp
from scizor.codec.trading.exact import (
    decimal_from_proto,
    decimal_text,
    decimal_to_proto,
    decimal_to_proto_if_any,
    instant_from_proto,
    money_to_proto,
    monies_to_proto,
    quotient_to_proto,
)
from scizor.domain.orders import OrderType, Side, TimeInForce
from scizor.domain.trading import events as e
from scizor.domain.trading.executions import Execution, split_exec_id
from scizor.domain.trading.orders import Origin, Terms
from scizor.domain.trading.states import Order, OrderState
from scizor.ports.trading import Trade
from scizor.trading.v1 import order_pb2 as pb

_SIDES: Final = {Side.BUY: pb.ORDER_SIDE_BUY, Side.SELL: pb.ORDER_SIDE_SELL}


def side_from_proto(side: pb.OrderSide.ValueType) -> Side:
    """What it does."""
    return Side.BUY if side == pb.ORDER_SIDE_BUY else Side.SELL


def state_from_proto(state: pb.OrderState.ValueType) -> OrderState | None:
    """The state, or None for any."""
    return OrderState(state) if state else None


def origin_from_proto(origin: pb.OrderOrigin.ValueType) -> Origin | None:
    """The origin, or None for both."""
    return Origin(origin) if origin else None


def terms_from_proto(message: pb.OrderTerms, field: str) -> Terms:
    """What is asked. Raises InvalidInput naming the field, below `field`, for what is no number."""
    has_end = message.HasField("good_till_time")
    return Terms(
        quantity=decimal_from_proto(message.quantity, f"{field}.quantity"),
        type=OrderType(message.type),
        limit=_price(message.HasField("limit_price"), message.limit_price, f"{field}.limit_price"),
        stop=_price(message.HasField("stop_price"), message.stop_price, f"{field}.stop_price"),
        trail_amount=_price(message.HasField("trail_amount"), message.trail_amount, f"{field}.trail_amount"),
        trail_fraction=_price(message.HasField("trail_fraction"), message.trail_fraction, f"{field}.trail_fraction"),
        tif=TimeInForce(message.time_in_force or TimeInForce.DAY),
        good_till=instant_from_proto(message.good_till_time, f"{field}.good_till_time") if has_end else None,
        outside_rth=message.outside_regular_hours,
    )


def terms_to_proto(terms: Terms) -> pb.OrderTerms:
    """The terms."""
    return pb.OrderTerms(
        quantity=decimal_to_proto(terms.quantity),
        type=pb.OrderType.ValueType(terms.type),
        limit_price=decimal_to_proto_if_any(terms.limit),
        stop_price=decimal_to_proto_if_any(terms.stop),
        trail_amount=decimal_to_proto_if_any(terms.trail_amount),
        trail_fraction=decimal_to_proto_if_any(terms.trail_fraction),
        time_in_force=pb.TimeInForce.ValueType(terms.tif),
        good_till_time=to_timestamp(terms.good_till) if terms.good_till else None,
        outside_regular_hours=terms.outside_rth,
    )


def etag_of(order: Order) -> str:
    """What changes whenever the order does."""
    return f"v{order.sequence}"


def order_to_proto(order: Order) -> pb.Order:
    """The order as it stands. `pending_terms`: what the broker was asked for last, or is to be asked for next."""
    request, pending = order.request, order.queued or order.pending
    return pb.Order(
        id=request.id,
        client_order_id=request.client_order_id,
        account=request.account,
        symbol=request.instrument,
        side=_SIDES[request.side],
        terms=terms_to_proto(order.terms),
        oco_group=request.group,
        parent_id=request.parent_id,
        strategy_id=request.strategy_id,
        deployment_id=request.deployment_id,
        origin=pb.OrderOrigin.ValueType(request.origin),
        state=pb.OrderState.ValueType(order.state),
        hold=pb.OrderHold.ValueType(order.hold if order.state is OrderState.ACCEPTED else 0),
        pending_terms=terms_to_proto(pending) if pending else None,
        filled_quantity=decimal_to_proto(order.filled),
        remaining_quantity=decimal_to_proto(order.remaining),
        average_price=quotient_to_proto(order.book.average_price),
        commissions=monies_to_proto(order.book.commission),
        uncharged_executions=len(order.book.uncharged),
        reason=order.reason,
        reason_code=order.code,
        broker_ids=order.broker_ids,
        create_time=to_timestamp(order.create_time),
        update_time=to_timestamp(order.update_time),
        etag=etag_of(order),
    )


def event_to_proto(event: e.OrderEvent, after: Order) -> pb.OrderEvent:
    """One line of the journal of an order. `after`: the order as it was then."""
    text, code = _words(event.payload)
    return pb.OrderEvent(
        sequence=event.sequence,
        time=to_timestamp(event.time),
        source=pb.EventSource.ValueType(event.source),
        kind=pb.OrderEventKind.ValueType(event.kind),
        state=pb.OrderState.ValueType(after.state),
        terms=_terms(event.payload),
        trade=_trade(event.payload, after.id),
        text=text,
        code=code,
    )


def update_to_proto(after: Order, event: e.OrderEvent | None = None) -> pb.OrderUpdate:
    """An order, and what happened to it; with no event as it stands when a stream begins."""
    return pb.OrderUpdate(order=order_to_proto(after), event=event_to_proto(event, after) if event else None)


def trade_to_proto(trade: Trade) -> pb.Trade:
    """An execution as its newest revision has it."""
    booked = trade.booked
    message = _executed(booked.execution, booked.order_id)
    message.strategy_id, message.busted, message.reconciled = booked.strategy_id, trade.busted, booked.reconciled
    for currency, amount in booked.fees.items():
        message.commission.CopyFrom(money_to_proto(amount, currency))
    return message


def _executed(execution: Execution, order_id: str) -> pb.Trade:
    return pb.Trade(
        id=execution.root_id,
        revision=execution.revision,
        order_id=order_id,
        account=execution.account,
        symbol=execution.instrument,
        side=_SIDES[execution.side],
        quantity=decimal_to_proto(execution.quantity),
        price=decimal_to_proto(execution.price),
        time=to_timestamp(execution.time),
    )


def _named(exec_id: str, order_id: str, *, busted: bool = False, commission: Money | None = None) -> pb.Trade:
    root, revision = split_exec_id(exec_id)
    return pb.Trade(id=root, revision=revision, order_id=order_id, busted=busted, commission=commission)


def _price(present: bool, message: DecimalMessage, field: str) -> Decimal | None:
    return decimal_from_proto(message, field) if present else None


def _terms(payload: e.Payload) -> pb.OrderTerms | None:
    match payload:
        case e.Placed(request=request):
            return terms_to_proto(request.terms)
        case e.ReplaceRequested(terms=terms) | e.Replaced(terms=terms):
            return terms_to_proto(terms)
        case _:
            return None


def _trade(payload: e.Payload, order_id: str) -> pb.Trade | None:
    match payload:
        case e.Executed(execution=execution):
            return _executed(execution, order_id)
        case e.Busted(exec_id=exec_id):
            return _named(exec_id, order_id, busted=True)
        case e.Charged(commission=commission):
            cost = money_to_proto(commission.amount, commission.currency)
            return _named(commission.exec_id, order_id, commission=cost)
        case _:
            return None


def _words(payload: e.Payload) -> tuple[str, int]:
    """What was said beside it, and the broker's number for that."""
    match payload:
        case e.Noted(text=text, code=code):
            return text, code
        case e.CancelRejected() | e.ReplaceRejected() | e.Rejected():
            return payload.reason, payload.code
        case e.Canceled() | e.Expired() | e.Suspended():
            return payload.reason, 0
        case e.Acknowledged(hold=hold):
            return hold.name, 0
        case e.FillsTold(filled=filled):
            return decimal_text(filled), 0
        case e.Identified(broker_id=broker_id):
            return broker_id, 0
        case _:
            return "", 0
