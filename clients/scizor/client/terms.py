"""The terms of an order, as callers say them and as the contract holds them."""

from __future__ import annotations

from google.type.decimal_pb2 import Decimal as DecimalMessage

from scizor.client.exact import Exact, Instant, exact, exact_if_any, member, stamp
from scizor.domain.orders import OrderType, TimeInForce
from scizor.trading.v1 import order_pb2 as pb


def terms_of(
    quantity: Exact,
    *,
    type: OrderType | None = None,  # noqa: A002 - the contract's word
    limit_price: Exact | None = None,
    stop_price: Exact | None = None,
    trail_amount: Exact | None = None,
    trail_fraction: Exact | None = None,
    time_in_force: TimeInForce | None = None,
    good_till_time: Instant = None,
    outside_regular_hours: bool = False,
) -> pb.OrderTerms:
    """Terms for the contract; type and time in force follow from what is given where they are not said.

    Raises InvalidInput naming the field that is a float, no number, or of the wrong kind.
    """
    terms = pb.OrderTerms(
        quantity=exact(quantity, "quantity"),
        type=pb.OrderType.ValueType(member(type, OrderType, "type")),
        limit_price=exact_if_any(limit_price, "limit_price"),
        stop_price=exact_if_any(stop_price, "stop_price"),
        trail_amount=exact_if_any(trail_amount, "trail_amount"),
        trail_fraction=exact_if_any(trail_fraction, "trail_fraction"),
        time_in_force=pb.TimeInForce.ValueType(member(time_in_force, TimeInForce, "time_in_force")),
        good_till_time=stamp(good_till_time, "good_till_time"),
        outside_regular_hours=outside_regular_hours,
    )
    terms.type = terms.type or _type_of(terms)
    terms.time_in_force = terms.time_in_force or _time_in_force_of(terms)
    return terms


def changed_terms(
    order: pb.Order,
    *,
    quantity: Exact | None = None,
    limit_price: Exact | None = None,
    stop_price: Exact | None = None,
    trail_amount: Exact | None = None,
    trail_fraction: Exact | None = None,
    time_in_force: TimeInForce | None = None,
    good_till_time: Instant = None,
    outside_regular_hours: bool | None = None,
) -> pb.OrderTerms:
    """The terms the broker has, or was asked for last, with those in their place that are given."""
    terms = pb.OrderTerms()
    terms.CopyFrom(order.pending_terms if order.HasField("pending_terms") else order.terms)
    _put(terms.quantity, quantity, "quantity")
    _put(terms.limit_price, limit_price, "limit_price")
    _put(terms.stop_price, stop_price, "stop_price")
    if trail_amount is not None:
        terms.ClearField("trail_fraction")
        _put(terms.trail_amount, trail_amount, "trail_amount")
    if trail_fraction is not None:
        terms.ClearField("trail_amount")
        _put(terms.trail_fraction, trail_fraction, "trail_fraction")
    _put_times(terms, time_in_force, good_till_time)
    if outside_regular_hours is not None:
        terms.outside_regular_hours = outside_regular_hours
    return terms


def bracket_of(
    take_profit_price: Exact | None, stop_loss_price: Exact | None, stop_loss_limit_price: Exact | None
) -> pb.Bracket | None:
    """The exits of an entry; None where none is wanted."""
    if take_profit_price is stop_loss_price is stop_loss_limit_price is None:
        return None
    return pb.Bracket(
        take_profit_price=exact_if_any(take_profit_price, "take_profit_price"),
        stop_loss_price=exact_if_any(stop_loss_price, "stop_loss_price"),
        stop_loss_limit_price=exact_if_any(stop_loss_limit_price, "stop_loss_limit_price"),
    )


def _put(there: DecimalMessage, value: Exact | None, field: str) -> None:
    if value is not None:
        there.CopyFrom(exact(value, field))


def _put_times(terms: pb.OrderTerms, time_in_force: TimeInForce | None, good_till_time: Instant) -> None:
    until = stamp(good_till_time, "good_till_time")
    if until is not None:
        terms.good_till_time.CopyFrom(until)
        terms.time_in_force = pb.TIME_IN_FORCE_GTD
    if time_in_force is not None:
        terms.time_in_force = pb.TimeInForce.ValueType(member(time_in_force, TimeInForce, "time_in_force"))
        if until is None and time_in_force is not TimeInForce.GTD:
            terms.ClearField("good_till_time")


def _type_of(terms: pb.OrderTerms) -> pb.OrderType.ValueType:
    """The plain type of these prices; a touched order has those of a stop, and must be said."""
    if terms.HasField("trail_amount") or terms.HasField("trail_fraction"):
        return pb.ORDER_TYPE_TRAILING
    if terms.HasField("stop_price"):
        return pb.ORDER_TYPE_STOP_LIMIT if terms.HasField("limit_price") else pb.ORDER_TYPE_STOP
    return pb.ORDER_TYPE_LIMIT if terms.HasField("limit_price") else pb.ORDER_TYPE_MARKET


def _time_in_force_of(terms: pb.OrderTerms) -> pb.TimeInForce.ValueType:
    return pb.TIME_IN_FORCE_GTD if terms.HasField("good_till_time") else pb.TIME_IN_FORCE_DAY
