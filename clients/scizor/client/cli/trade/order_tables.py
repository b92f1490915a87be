"""Orders, what happened to them and their executions, for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from scizor.client.cli.tables import counted, instant, minute, word
from scizor.client.cli.trade.words import (
    average,
    cash,
    cashes,
    coloured,
    facts_of,
    number,
    price,
    rows_of,
    side_and_quantity,
    state_of,
    terms_text,
)
from scizor.trading.v1 import order_pb2 as pb
from scizor.trading.v1 import trading_service_pb2 as rpc

BETWEEN = " | "


def orders_table(orders: Sequence[pb.Order], title: str = "") -> Table:
    """Orders, one a line."""
    return rows_of(
        title or counted(len(orders), "order"),
        ("id", "symbol", "order", "~terms", "~state", ">filled", "created, UTC"),
        (
            (
                one.id,
                one.symbol,
                side_and_quantity(one.side, one.terms.quantity),
                terms_text(one.terms),
                coloured(state_of(one) + (", external" if one.origin == pb.ORDER_ORIGIN_EXTERNAL else "")),
                number(one.filled_quantity),
                minute(one.create_time),
            )
            for one in orders
        ),
    )


def order_facts(order: pb.Order) -> Table:
    """All that is to be told of one order."""
    told = f"{order.reason_code or ''} {order.reason}".strip()
    asked = terms_text(order.pending_terms) if order.HasField("pending_terms") else ""
    more = side_and_quantity(order.side, order.pending_terms.quantity) if asked else ""
    yet = f", {counted(order.uncharged_executions, 'execution')} not charged yet" if order.uncharged_executions else ""
    return facts_of(
        "Order",
        [
            ("id", order.id),
            ("client id", order.client_order_id),
            ("account", order.account),
            ("order", f"{side_and_quantity(order.side, order.terms.quantity)} {order.symbol}"),
            ("terms", terms_text(order.terms)),
            ("asked for", f"{more}, {asked}" if asked else ""),
            ("state", coloured(state_of(order))),
            ("because", told),
            ("filled", f"{number(order.filled_quantity) or '0'}, {number(order.remaining_quantity) or '0'} remaining"),
            ("average price", average(order.average_price)),
            ("commission", cashes(order.commissions) + yet if order.commissions or yet else ""),
            ("exit of", order.parent_id),
            ("oco group", order.oco_group),
            ("strategy", order.strategy_id),
            ("deployment", order.deployment_id),
            ("placed by", "somebody elsewhere" if order.origin == pb.ORDER_ORIGIN_EXTERNAL else ""),
            ("broker's ids", ", ".join(order.broker_ids)),
            ("etag", order.etag),
            ("created", instant(order.create_time)),
            ("changed", instant(order.update_time)),
        ],
    )


def events_table(events: Sequence[pb.OrderEvent]) -> Table:
    """An order's journal, oldest first."""
    return rows_of(
        counted(len(events), "event"),
        (">#", "time", "by", "event", "~told", "state"),
        (
            (
                str(one.sequence),
                instant(one.time),
                word(pb.EventSource, one.source),
                word(pb.OrderEventKind, one.kind),
                _told(one),
                coloured(word(pb.OrderState, one.state)),
            )
            for one in events
        ),
    )


def event_line(event: pb.OrderEvent, order: pb.Order) -> str:
    """One event of an order as a line of text."""
    what = f"{side_and_quantity(order.side, order.terms.quantity)} {order.symbol}"
    kind = f"{word(pb.OrderEventKind, event.kind)} {_told(event)}".strip()
    return BETWEEN.join([instant(event.time), order.id, what, kind, word(pb.OrderState, event.state)])


def order_line(order: pb.Order) -> str:
    """An order as it stands as a line of text."""
    what = f"{side_and_quantity(order.side, order.terms.quantity)} {order.symbol}"
    filled = f"filled {number(order.filled_quantity) or '0'}"
    return BETWEEN.join([instant(order.update_time), order.id, what, terms_text(order.terms), state_of(order), filled])


def trades_table(trades: Sequence[pb.Trade]) -> Table:
    """Executions, one a line."""
    return rows_of(
        counted(len(trades), "trade"),
        ("time", "symbol", "trade", ">price", ">commission", "note", "order"),
        (
            (
                instant(one.time),
                one.symbol,
                side_and_quantity(one.side, one.quantity),
                price(one.price),
                cash(one.commission),
                ", ".join(filter(None, (one.strategy_id, "busted" * one.busted, "reconciled" * one.reconciled))),
                one.order_id,
            )
            for one in trades
        ),
    )


def placed_line(answer: rpc.PlaceOrderResponse) -> str:
    """What was placed, and how to go on with it."""
    order = answer.order
    exits = f" with {counted(len(answer.exits), 'exit')}" if answer.exits else ""
    what = f"{side_and_quantity(order.side, order.terms.quantity)} {order.symbol}, {terms_text(order.terms)}"
    return f"{what}: {state_of(order)} as {order.id}{exits}; `scizor trade order {order.id}` tells how it goes on"


def _told(event: pb.OrderEvent) -> str:
    """What an event carries: a trade, terms, words."""
    trade = event.trade
    parts = (
        f"{number(trade.quantity)} at {price(trade.price)}" if trade.quantity.value else "",
        f"commission {cash(trade.commission)}" if trade.HasField("commission") else "",
        terms_text(event.terms) if event.HasField("terms") else "",
        f"{event.code or ''} {event.text}".strip(),
    )
    return ", ".join(filter(None, parts))
