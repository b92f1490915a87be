"""The demo's chapter about trading: an order far from the market, from its journal line to its end."""

from __future__ import annotations

import time
from typing import Final

from scizor.client.cli.common import as_document
from scizor.client.cli.story import Story
from scizor.client.cli.tables import word
from scizor.client.cli.trade.order_tables import event_line
from scizor.client.cli.usage import CommandFailed
from scizor.client.sync import Client
from scizor.domain.orders import Side
from scizor.trading.v1 import order_pb2 as pb
from scizor.trading.v1 import trading_service_pb2 as rpc

_DEADLINE_S: Final = 15.0
_LOOK_S: Final = 0.1
_HELD: Final = {pb.ORDER_STATE_ACCEPTED, pb.ORDER_STATE_WORKING}
_ENDED: Final = {pb.ORDER_STATE_CANCELED, pb.ORDER_STATE_FILLED, pb.ORDER_STATE_REJECTED, pb.ORDER_STATE_EXPIRED}


def order_and_its_end(client: Client, story: Story) -> None:
    """Place an order with its exit on the simulated account and have both cancelled; on any other, none is placed."""
    if not client.health().broker.simulated:
        story.tell("Trading", "no order is placed: the broker is not the simulated one")
        return
    _ready(client)
    placed = client.orders.place("IBM", Side.BUY, 10, limit_price=1, stop_loss_price="0.50")
    _reached(client, placed.order.id, _HELD)
    client.orders.cancel(placed.order.id)
    ended = [_reached(client, one.id, _ENDED) for one in (placed.order, *placed.exits)]
    story.keep("order", as_document(ended[0]))
    lines = [event_line(event, one.order) for one in ended for event in one.events]
    story.tell("An order with its stop on the simulated account, as the journal tells it", *lines)


def _ready(client: Client) -> None:
    """Until the gate to the broker is open."""
    deadline_s = time.monotonic() + _DEADLINE_S
    while (status := client.trading.status()).gate != rpc.GATE_STATE_OPEN:
        if time.monotonic() > deadline_s:
            raise CommandFailed(f"trading is not ready ({word(rpc.GateState, status.gate)}); see `scizor trade status`")
        time.sleep(_LOOK_S)


def _reached(client: Client, order_id: str, states: set[pb.OrderState.ValueType]) -> rpc.GetOrderResponse:
    deadline_s = time.monotonic() + _DEADLINE_S
    while (found := client.orders.get(order_id)).order.state not in states:
        if time.monotonic() > deadline_s:
            raise CommandFailed(f"the broker does not answer; see `scizor trade order {order_id}`")
        time.sleep(_LOOK_S)
    return found
