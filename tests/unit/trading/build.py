"""Orders and their events, made as briefly as a test wants to say them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from scizor.domain.orders import OrderType, Side
from scizor.domain.trading import events as e
from scizor.domain.trading.executions import Execution
from scizor.domain.trading.incidents import Incident
from scizor.domain.trading.machine import apply
from scizor.domain.trading.orders import OrderRequest, Terms
from scizor.domain.trading.states import Order

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
ACCOUNT, INSTRUMENT = "DU1", "AAPL.NASDAQ.USD"
TERMS = Terms(Decimal(100), OrderType.LIMIT, limit=Decimal("50.00"))
REQUEST = OrderRequest("order-1", "mine-1", ACCOUNT, INSTRUMENT, Side.BUY, TERMS)


def shares(quantity: int | str, price: int | str = 50) -> Terms:
    return replace(TERMS, quantity=Decimal(quantity), limit=Decimal(price))


def execution(
    exec_id: str,
    quantity: int | str,
    price: int | str = 50,
    *,
    side: Side = Side.BUY,
    instrument: str = INSTRUMENT,
    at: timedelta = timedelta(),
) -> Execution:
    return Execution(exec_id, ACCOUNT, instrument, side, Decimal(quantity), Decimal(price), NOW + at)


def fill(quantity: int | str, exec_id: str = "a.01") -> e.Executed:
    return e.Executed(execution(exec_id, quantity))


def events_of(*said: e.Payload, request: OrderRequest = REQUEST) -> list[e.OrderEvent]:
    payloads = (e.Placed(request), *said)
    return [
        e.OrderEvent(number, NOW + timedelta(seconds=number), e.Source.BROKER, payload)
        for number, payload in enumerate(payloads, start=1)
    ]


def order_of(*said: e.Payload, request: OrderRequest = REQUEST) -> Order:
    return run(events_of(*said, request=request))[0]


def run(events: Sequence[e.OrderEvent]) -> tuple[Order, list[Incident]]:
    order: Order | None = None
    seen: list[Incident] = []
    for event in events:
        order, incidents = apply(order, event)
        seen += incidents
    assert order is not None
    return order, seen


def then(order: Order, *said: e.Payload) -> tuple[Order, list[Incident]]:
    seen: list[Incident] = []
    for payload in said:
        event = e.OrderEvent(order.sequence + 1, order.update_time, e.Source.BROKER, payload)
        order, incidents = apply(order, event)
        seen += incidents
    return order, seen
