"""Every call about orders as a value.

Whatever changes something carries an id, the caller's or one made here, by which the service knows it again: sent
twice, it is done once. So a call may be retried however it failed, and an order is never doubled.
"""

from __future__ import annotations

from uuid import uuid4

from scizor.client.calls import WATCH_DEADLINE_S, Call, Pages, Stream
from scizor.client.exact import Exact, Instant, member
from scizor.client.terms import bracket_of, changed_terms, terms_of
from scizor.domain.errors import InvalidInput
from scizor.domain.orders import OrderType, Side, TimeInForce
from scizor.domain.trading.orders import Origin
from scizor.domain.trading.states import OrderState
from scizor.trading.v1 import order_pb2 as pb
from scizor.trading.v1 import trading_service_pb2 as rpc

_LARGEST_PAGE = 1_000
_SIDES = {Side.BUY: pb.ORDER_SIDE_BUY, Side.SELL: pb.ORDER_SIDE_SELL}


def fresh_id() -> str:
    """A client order id that nobody else has."""
    return uuid4().hex


def new_order(
    symbol: str,
    side: Side,
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
    take_profit_price: Exact | None = None,
    stop_loss_price: Exact | None = None,
    stop_loss_limit_price: Exact | None = None,
    oco_group: str = "",
    account: str = "",
    client_order_id: str = "",
) -> pb.Order:
    """An order to place or to check, as `client.orders.place` takes it."""
    if not isinstance(side, Side):
        raise InvalidInput.of_field("side", f"must be Side.BUY or Side.SELL, not {side!r}")
    return pb.Order(
        client_order_id=client_order_id or fresh_id(),
        account=account,
        symbol=symbol,
        side=_SIDES[side],
        terms=terms_of(
            quantity,
            type=type,
            limit_price=limit_price,
            stop_price=stop_price,
            trail_amount=trail_amount,
            trail_fraction=trail_fraction,
            time_in_force=time_in_force,
            good_till_time=good_till_time,
            outside_regular_hours=outside_regular_hours,
        ),
        bracket=bracket_of(take_profit_price, stop_loss_price, stop_loss_limit_price),
        oco_group=oco_group,
    )


def place_order(
    symbol: str,
    side: Side,
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
    take_profit_price: Exact | None = None,
    stop_loss_price: Exact | None = None,
    stop_loss_limit_price: Exact | None = None,
    oco_group: str = "",
    account: str = "",
    client_order_id: str = "",
    request_id: str = "",
) -> Call[rpc.PlaceOrderResponse, rpc.PlaceOrderResponse]:
    """Place an order; returns it as stored, with the `exits` of its bracket.

    Numbers are exact: a Decimal, an int or a text, never a float. `type` follows from the prices where it is not said,
    and `stop_price` is also the trigger of the touched types. `trail_fraction`: 0.05 for 5 %. With `good_till_time` the
    order is GTD, else DAY. `client_order_id`: yours, unique for ever; the same order again answers with the first.
    """
    order = new_order(
        symbol,
        side,
        quantity,
        type=type,
        limit_price=limit_price,
        stop_price=stop_price,
        trail_amount=trail_amount,
        trail_fraction=trail_fraction,
        time_in_force=time_in_force,
        good_till_time=good_till_time,
        outside_regular_hours=outside_regular_hours,
        take_profit_price=take_profit_price,
        stop_loss_price=stop_loss_price,
        stop_loss_limit_price=stop_loss_limit_price,
        oco_group=oco_group,
        account=account,
        client_order_id=client_order_id,
    )
    request = rpc.PlaceOrderRequest(order=order, request_id=request_id or str(uuid4()))
    return Call(request, rpc.PlaceOrderResponse, lambda answer: answer)


def replace_order(
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
    etag: str = "",
    request_id: str = "",
) -> Call[rpc.ReplaceOrderResponse, pb.Order]:
    """Ask for other terms of an order: what is given is changed, all else stays as `order` has it.

    `quantity` counts what has filled already. With an `etag`, only if it is current: it changes with every fill.
    """
    terms = changed_terms(
        order,
        quantity=quantity,
        limit_price=limit_price,
        stop_price=stop_price,
        trail_amount=trail_amount,
        trail_fraction=trail_fraction,
        time_in_force=time_in_force,
        good_till_time=good_till_time,
        outside_regular_hours=outside_regular_hours,
    )
    request = rpc.ReplaceOrderRequest(id=order.id, terms=terms, etag=etag, request_id=request_id or str(uuid4()))
    return Call(request, rpc.ReplaceOrderResponse, lambda answer: answer.order)


def cancel_order(order_id: str, *, request_id: str = "") -> Call[rpc.CancelOrderResponse, pb.Order]:
    """Ask for an order's end; what fills before the broker cancels it has filled."""
    request = rpc.CancelOrderRequest(id=order_id, request_id=request_id or str(uuid4()))
    return Call(request, rpc.CancelOrderResponse, lambda answer: answer.order)


def cancel_all_orders(
    *, strategy_id: str = "", symbol: str = "", account: str = "", request_id: str = ""
) -> Call[rpc.CancelAllOrdersResponse, list[pb.Order]]:
    """Ask for the end of all open orders, or of a strategy's or a symbol's; returns them as they stand."""
    request = rpc.CancelAllOrdersRequest(
        account=account, strategy_id=strategy_id, symbol=symbol, request_id=request_id or str(uuid4())
    )
    return Call(request, rpc.CancelAllOrdersResponse, lambda answer: list(answer.orders))


def get_order(
    order_id: str = "", *, client_order_id: str = "", account: str = ""
) -> Call[rpc.GetOrderResponse, rpc.GetOrderResponse]:
    """An order by its id or by the id its caller gave it, with its `events` and `trades`, oldest first."""
    request = rpc.GetOrderRequest(id=order_id, client_order_id=client_order_id, account=account)
    return Call(request, rpc.GetOrderResponse, lambda answer: answer)


def list_orders(
    *,
    strategy_id: str = "",
    symbol: str = "",
    state: OrderState | None = None,
    origin: Origin | None = None,
    open_only: bool = False,
    account: str = "",
    limit: int | None = None,
) -> Pages[rpc.ListOrdersResponse, list[pb.Order]]:
    """Orders, newest first, over all pages; those placed elsewhere among them."""
    request = rpc.ListOrdersRequest(
        page_size=_LARGEST_PAGE if limit is None else min(limit, _LARGEST_PAGE),
        account=account,
        strategy_id=strategy_id,
        symbol=symbol,
        state=pb.OrderState.ValueType(member(state, OrderState, "state")),
        origin=pb.OrderOrigin.ValueType(member(origin, Origin, "origin")),
        open=open_only,
    )
    return Pages(
        request,
        rpc.ListOrdersResponse,
        count=lambda page: len(page.orders),
        decode=lambda pages: [order for page in pages for order in page.orders][:limit],
        limit=limit,
    )


def watch_orders(
    *, strategy_id: str = "", symbol: str = "", account: str = "", after_sequence: int = 0
) -> Stream[rpc.WatchOrdersResponse, rpc.WatchOrdersResponse]:
    """The open orders as they stand, then each change once and in order, across lost connections.

    Each comes as `update.order` and, once something has happened to it, `update.event`. Keep `sequence` to go on from
    there later. Ends when the server stops.
    """

    def go_on(request: rpc.WatchOrdersRequest, last: rpc.WatchOrdersResponse) -> None:
        # The open orders at the beginning share one number: cut off among them, the rest would never be told.
        if last.update.HasField("event") or last.HasField("heartbeat"):
            request.after_sequence = max(request.after_sequence, last.sequence)

    request = rpc.WatchOrdersRequest(
        account=account, strategy_id=strategy_id, symbol=symbol, after_sequence=after_sequence
    )
    return Stream(
        request,
        rpc.WatchOrdersResponse,
        ("update",),
        lambda message: message,
        resume=go_on,
        deadline_s=WATCH_DEADLINE_S,
        whole=True,
    )
