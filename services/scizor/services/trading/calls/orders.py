"""Calls about orders."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from scizor.codec import pages
from scizor.codec.trading import orders as codec
from scizor.codec.trading.spelling import spelled
from scizor.domain.trading.states import Order
from scizor.ports.journal import Entry
from scizor.ports.trading import OrderFilter
from scizor.services.callers import Context
from scizor.services.trading.calls.base import Calls, actor_of
from scizor.services.trading.calls.requests import draft_of
from scizor.services.trading.desk.drafts import Answering
from scizor.services.trading.desks import Desk
from scizor.trading.v1 import trading_service_pb2 as rpc

_DEFAULT_PAGE: Final = 100
_MOST: Final = 1_000

Step = Entry | Order
"""What happened to an order; or an order as it stood when a stream began."""


class OrderCalls(Calls):
    """What changes orders is committed before it is answered."""

    async def PlaceOrder(self, request: rpc.PlaceOrderRequest, context: Context) -> rpc.PlaceOrderResponse:
        """Places an order, with the exits of its bracket."""
        desk, actor = self._desk(request.order.account, "order.account"), actor_of(context)
        draft = draft_of(request.order)
        with spelled("order"):
            return await self._keyed.do(
                request, rpc.PlaceOrderResponse, lambda answering: desk.place(draft, actor, answering), _placed
            )

    async def ReplaceOrder(self, request: rpc.ReplaceOrderRequest, context: Context) -> rpc.ReplaceOrderResponse:
        """Asks for other terms."""
        desk, actor = await self._desk_of(request.id), actor_of(context)
        terms = codec.terms_from_proto(request.terms, "terms")
        replace = partial(desk.replace, request.id, terms, request.etag, actor)
        with spelled():
            return await self._keyed.do(
                request,
                rpc.ReplaceOrderResponse,
                _alone(replace),
                lambda orders: rpc.ReplaceOrderResponse(order=codec.order_to_proto(orders[0])),
            )

    async def CancelOrder(self, request: rpc.CancelOrderRequest, context: Context) -> rpc.CancelOrderResponse:
        """Asks for an order's end."""
        desk, actor = await self._desk_of(request.id), actor_of(context)
        return await self._keyed.do(
            request,
            rpc.CancelOrderResponse,
            _alone(partial(desk.cancel, request.id, actor)),
            lambda orders: rpc.CancelOrderResponse(order=codec.order_to_proto(orders[0])),
        )

    async def CancelAllOrders(
        self, request: rpc.CancelAllOrdersRequest, context: Context
    ) -> rpc.CancelAllOrdersResponse:
        """Asks for the end of all, or of some."""
        desk, actor = self._desk(request.account), actor_of(context)
        return await self._keyed.do(
            request,
            rpc.CancelAllOrdersResponse,
            partial(desk.cancel_all, request.strategy_id, request.symbol, actor),
            lambda orders: rpc.CancelAllOrdersResponse(orders=map(codec.order_to_proto, orders)),
        )

    async def GetOrder(self, request: rpc.GetOrderRequest, context: Context) -> rpc.GetOrderResponse:
        """An order with its journal and its executions."""
        account = "" if request.id else self._desk(request.account).account
        history = await self._queries.history(request.id, account, request.client_order_id)
        return rpc.GetOrderResponse(
            order=codec.order_to_proto(history.order),
            events=[codec.event_to_proto(event, after) for event, after in history.events],
            trades=map(codec.trade_to_proto, history.trades),
        )

    async def ListOrders(self, request: rpc.ListOrdersRequest, context: Context) -> rpc.ListOrdersResponse:
        """A page of orders, newest first."""
        size = pages.size(request.page_size, _DEFAULT_PAGE, _MOST)
        which = OrderFilter(
            account=request.account,
            strategy_id=request.strategy_id,
            instrument=await self._queries.instrument(request.symbol),
            state=codec.state_from_proto(request.state),
            origin=codec.origin_from_proto(request.origin),
            open=request.open,
        )
        before = str(pages.decode(request.page_token, request)[0]) if request.page_token else None
        found = await self._queries.orders(self._accounts(request.account), which, before, size + 1)
        token = pages.encode((found[size - 1].id,), request) if len(found) > size else ""
        return rpc.ListOrdersResponse(orders=map(codec.order_to_proto, found[:size]), next_page_token=token)

    async def WatchOrders(self, request: rpc.WatchOrdersRequest, context: Context) -> AsyncGenerator[Any, None]:
        """Orders as they change; the open ones first where no cursor is given."""
        desk = self._desk(request.account)
        wanted = _Wanted(request.strategy_id, await self._queries.instrument(request.symbol))
        after = request.after_sequence
        steps = _after(desk, after) if after else _from_now(desk)
        messages = self._streams.told(rpc.WatchOrdersResponse, steps, wanted.encoded, after)
        async with aclosing(messages):
            async for message in messages:
                yield message

    async def _desk_of(self, order_id: str) -> Desk:
        """Whose order it is. Raises NotFound(ORDER_NOT_FOUND)."""
        accounts = self._do.desks.accounts()
        if len(accounts) == 1:
            return self._do.desks.desk(accounts[0])
        return self._do.desks.desk((await self._queries.order(order_id)).request.account)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which orders a reader watches; empty means all."""

    strategy_id: str
    instrument: str

    def encoded(self, step: tuple[int, Step]) -> tuple[int, dict[str, Any]]:
        """The sequence and the update; nothing of an order that is not asked for."""
        sequence, what = step
        order = what.order if isinstance(what, Entry) else what
        request = order.request
        if self.strategy_id not in ("", request.strategy_id) or self.instrument not in ("", request.instrument):
            return sequence, {}
        event = what.event if isinstance(what, Entry) else None
        return sequence, {"update": codec.update_to_proto(order, event)}


async def _after(desk: Desk, sequence: int) -> AsyncGenerator[tuple[int, Step] | None, None]:
    async with aclosing(desk.watch(sequence)) as entries:
        async for entry in entries:
            yield None if entry is None else (entry.sequence, entry)


async def _from_now(desk: Desk) -> AsyncGenerator[tuple[int, Step] | None, None]:
    """The open orders as the journal has them, then what happens next."""
    while True:
        sequence, orders = desk.books.sequence, sorted(desk.books.open_orders(), key=lambda order: order.id)
        if await _stored(desk, sequence):
            break
        yield None
    for order in orders:
        yield sequence, order
    async with aclosing(_after(desk, sequence)) as steps:
        async for step in steps:
            yield step


async def _stored(desk: Desk, sequence: int) -> bool:
    """Wait until the books are stored up to there, or for as long as a heartbeat: what is not stored may never be."""
    if not sequence:
        return True
    async with aclosing(desk.watch(sequence - 1)) as entries:
        return await anext(entries, None) is not None


def _placed(orders: Sequence[Order]) -> rpc.PlaceOrderResponse:
    entry, *exits = map(codec.order_to_proto, orders)
    return rpc.PlaceOrderResponse(order=entry, exits=exits)


def _alone(act: Callable[[Answering | None], Awaitable[Order]]) -> Callable[[Answering | None], Awaitable[list[Order]]]:
    async def one(answering: Answering | None) -> list[Order]:
        return [await act(answering)]

    return one
