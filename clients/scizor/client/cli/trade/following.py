"""Following an order until it has ended."""

from __future__ import annotations

import time

import typer

from scizor.client.cli.common import as_document, print_json
from scizor.client.cli.tables import harmless
from scizor.client.cli.trade.order_tables import event_line, order_facts
from scizor.client.cli.trade.words import show_whole, state_of
from scizor.client.cli.usage import EXIT_INTERRUPTED, CommandFailed
from scizor.client.sync import Client
from scizor.domain.trading.states import OrderState
from scizor.trading.v1 import order_pb2
from scizor.trading.v1.trading_service_pb2 import GetOrderResponse

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 1.0


def follow_and_show(client: Client, order_id: str, *, as_json: bool) -> None:
    """Tell all that happens to an order, then how it stands. Raises CommandFailed unless it was filled whole."""
    try:
        ended = _follow(client, order_id, as_json=as_json)
    except KeyboardInterrupt:
        living = f"it lives on without you; `scizor trade order {order_id}` shows it, `scizor trade cancel` ends it"
        raise CommandFailed(living, EXIT_INTERRUPTED) from None
    if as_json:
        print_json(ended)
    else:
        show_order(ended.order)
    if ended.order.state != order_pb2.ORDER_STATE_FILLED:
        because = f": {ended.order.reason}" if ended.order.reason else ""
        raise CommandFailed(f"order {order_id} ended {state_of(ended.order)}{because}")


def show_order(order: order_pb2.Order) -> None:
    """An order's facts."""
    show_whole(order_facts(order))


def _follow(client: Client, order_id: str, *, as_json: bool) -> GetOrderResponse:
    """The journal is asked for again and again: each of its lines is told once, whatever dies meanwhile."""
    told, pause_s = 0, _FIRST_PAUSE_S
    while True:
        found = client.orders.get(order_id)
        pause_s = _FIRST_PAUSE_S if len(found.events) > told else min(1.5 * pause_s, _LONGEST_PAUSE_S)
        for event in found.events[told:]:
            if as_json:
                print_json({"event": as_document(event)})
            else:
                typer.echo(harmless(event_line(event, found.order)))
        told = len(found.events)
        if OrderState(found.order.state).ended:
            return found
        time.sleep(pause_s)
