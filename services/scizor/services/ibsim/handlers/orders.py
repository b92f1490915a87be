"""Orders and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scizor.services.ibsim.broker.words import ACCOUNT, Execution, OrderKey
from scizor.services.ibsim.handlers.account import tell_order
from scizor.services.ibsim.handlers.history import parse_end
from scizor.services.ibsim.hooks import Fate
from scizor.services.ibsim.wire.fields import Fields
from scizor.services.ibsim.wire.orders_in import PlaceOrderRequest
from scizor.services.ibsim.wire.replies import account, orders
from scizor.services.ibsim.wire.requests import ExecutionsRequest, read_versioned_id

if TYPE_CHECKING:
    from scizor.services.ibsim.session import Session


async def place_order(session: Session, fields: Fields) -> None:
    """A new order, new terms for an open one, or only the question what it would cost."""
    request = PlaceOrderRequest.read(fields, session.version)
    broker, terms = session.gateway.broker, request.terms
    with session.answering(request.order_id):
        listing = session.gateway.resolve(request.contract)
        if terms.what_if:
            order, margin, cost = broker.preview(session.client_id, request.order_id, listing, terms)
            await session.send(orders.open_order(session.version, order, (margin, cost)))
            return
        key = session.client_id, request.order_id
        if _is_taken(session, key):
            session.gateway.publish(broker.place(*key, listing, terms))


async def cancel_order(session: Session, fields: Fields) -> None:
    """End one order of this client."""
    order_id = read_versioned_id(fields)
    with session.answering(order_id):
        if _is_taken(session, (session.client_id, order_id)):
            session.gateway.publish(session.gateway.broker.cancel(session.client_id, order_id))


async def cancel_all(session: Session, fields: Fields) -> None:
    """End all orders of all clients."""
    session.gateway.publish(session.gateway.broker.cancel_all())


async def request_open_orders(session: Session, fields: Fields) -> None:
    """This client's open orders."""
    for order in session.gateway.broker.open_orders():
        if order.client_id == session.client_id:
            tell_order(session, order)
    await session.send(orders.open_order_end())


async def request_all_open_orders(session: Session, fields: Fields) -> None:
    """Everyone's open orders."""
    for order in session.gateway.broker.open_orders():
        tell_order(session, order)
    await session.send(orders.open_order_end())


async def request_completed_orders(session: Session, fields: Fields) -> None:
    """Today's orders that are over."""
    for order in session.gateway.broker.completed_orders():
        await session.send(orders.completed_order(session.version, order))
    await session.send(orders.completed_orders_end())


async def request_executions(session: Session, fields: Fields) -> None:
    """Today's fills that pass the filter, each with what it cost."""
    request = ExecutionsRequest.read(fields)
    with session.answering(request.req_id):
        since = parse_end(request.since)
        for fill in session.gateway.broker.executions():
            if _passes(request, fill) and (since is None or fill.time >= since):
                await session.send(account.execution(session.version, request.req_id, fill))
                await session.send(account.commission(fill))
        await session.send(account.execution_end(request.req_id))


def _is_taken(session: Session, key: OrderKey) -> bool:
    """Whether a command about an order is to be carried out; its connection may end before."""
    fate = session.gateway.faults.fate(key)
    if fate is not Fate.TAKEN:
        session.hang_up()
    return fate is not Fate.LOST


def _passes(request: ExecutionsRequest, fill: Execution) -> bool:
    order = fill.order
    side = {"BUY": "BUY", "BOT": "BUY", "SELL": "SELL", "SLD": "SELL"}.get(request.side.upper(), "")
    asked_and_is = (
        (request.client_id, order.client_id),
        (request.account, ACCOUNT),
        (request.symbol, order.listing.symbol),
        (request.sec_type, order.listing.sec_type),
        (side, order.terms.action),
    )
    exchanges = {"", order.listing.exchange, order.listing.primary_exchange}
    return request.exchange in exchanges and all(not asked or asked == held for asked, held in asked_and_is)
