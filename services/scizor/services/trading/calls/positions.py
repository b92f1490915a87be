"""Calls about what is held and what was traded."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from itertools import count
from typing import Any, Final

from scizor.codec import pages
from scizor.codec.trading import holdings as codec
from scizor.codec.trading.exact import instant_from_proto
from scizor.codec.trading.orders import order_to_proto, trade_to_proto
from scizor.codec.trading.spelling import spelled
from scizor.domain.trading.states import Order
from scizor.domain.trading.views import PositionNews, PositionView
from scizor.ports.trading import TradeFilter
from scizor.services.callers import Context
from scizor.services.trading.calls.base import Calls, actor_of
from scizor.services.trading.calls.requests import quantity_of
from scizor.services.trading.desk.drafts import Answering
from scizor.trading.v1 import trading_service_pb2 as rpc

_DEFAULT_PAGE: Final = 100
_MOST_POSITIONS: Final = 1_000
_MOST_TRADES: Final = 10_000


class PositionCalls(Calls):
    """Positions, trades, the account."""

    async def ListPositions(self, request: rpc.ListPositionsRequest, context: Context) -> rpc.ListPositionsResponse:
        """A page of positions, by symbol."""
        size = pages.size(request.page_size, _DEFAULT_PAGE, _MOST_POSITIONS)
        after = tuple(map(str, pages.decode(request.page_token, request))) if request.page_token else ("", "", "")
        held = sorted(await self._held(request), key=_key)
        found = [view for view in held if _key(view) > after][: size + 1]
        token = pages.encode(_key(found[size - 1]), request) if len(found) > size else ""
        return rpc.ListPositionsResponse(positions=map(codec.position_to_proto, found[:size]), next_page_token=token)

    async def ClosePosition(self, request: rpc.ClosePositionRequest, context: Context) -> rpc.ClosePositionResponse:
        """Closes a position, or a part."""
        desk, actor = self._desk(request.account), actor_of(context)
        close = partial(desk.close, request.symbol, request.strategy_id, quantity_of(request), actor)

        async def one(answering: Answering | None) -> list[Order]:
            return [await close(answering)]

        with spelled(terms=""):
            return await self._keyed.do(
                request,
                rpc.ClosePositionResponse,
                one,
                lambda orders: rpc.ClosePositionResponse(order=order_to_proto(orders[0])),
            )

    async def CloseAllPositions(
        self, request: rpc.CloseAllPositionsRequest, context: Context
    ) -> rpc.CloseAllPositionsResponse:
        """Closes all, after cancelling what is open."""
        desk, actor = self._desk(request.account), actor_of(context)
        return await self._keyed.do(
            request,
            rpc.CloseAllPositionsResponse,
            partial(desk.close_all, request.strategy_id, actor),
            lambda orders: rpc.CloseAllPositionsResponse(orders=map(order_to_proto, orders)),
        )

    async def WatchPositions(self, request: rpc.WatchPositionsRequest, context: Context) -> AsyncGenerator[Any, None]:
        """Positions as they change in shares or in value."""
        account = self._desk(request.account).account
        instrument = await self._queries.instrument(request.symbol)
        steps = self._do.values.watch_positions(account, request.strategy_id, instrument)
        numbers = count(1)

        def encoded(news: PositionNews) -> tuple[int, dict[str, Any]]:
            position = codec.position_to_proto(news.view)
            return next(numbers), {"position": position, "overtaken": news.overtaken}

        messages = self._streams.told(rpc.WatchPositionsResponse, steps, encoded)
        async with aclosing(messages):
            async for message in messages:
                yield message

    async def ListTrades(self, request: rpc.ListTradesRequest, context: Context) -> rpc.ListTradesResponse:
        """A page of executions, newest first."""
        size = pages.size(request.page_size, _DEFAULT_PAGE, _MOST_TRADES)
        which = TradeFilter(
            account=request.account,
            strategy_id=request.strategy_id,
            instrument=await self._queries.instrument(request.symbol),
            order_id=request.order_id,
            start=instant_from_proto(request.start_time, "start_time") if request.HasField("start_time") else None,
            end=instant_from_proto(request.end_time, "end_time") if request.HasField("end_time") else None,
        )
        before = pages.decode(request.page_token, request) if request.page_token else None
        cursor = (str(before[0]), str(before[1])) if before else None
        found = await self._queries.trades(self._accounts(request.account), which, cursor, size + 1)
        token = ""
        if len(found) > size:
            last = found[size - 1].booked.execution
            token = pages.encode((last.time.isoformat(), last.exec_id), request)
        return rpc.ListTradesResponse(trades=map(trade_to_proto, found[:size]), next_page_token=token)

    async def GetAccount(self, request: rpc.GetAccountRequest, context: Context) -> rpc.GetAccountResponse:
        """The account as the broker and this system have it."""
        view = await self._do.values.account(self._desk(request.account).account)
        return rpc.GetAccountResponse(account=codec.account_to_proto(view))

    async def _held(self, request: rpc.ListPositionsRequest) -> list[PositionView]:
        accounts = [request.account] if request.account else self._do.desks.accounts()
        instrument = await self._queries.instrument(request.symbol)
        return [
            view
            for account in accounts
            for view in self._do.values.positions(
                self._desk(account).account,
                request.strategy_id,
                instrument,
                by_strategy=request.by_strategy,
                show_closed=request.show_closed,
            )
        ]


def _key(view: PositionView) -> tuple[str, str, str]:
    return view.position.instrument, view.strategy_id, view.account
