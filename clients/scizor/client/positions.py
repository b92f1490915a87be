"""Every call about what is held and what was traded as a value."""

from __future__ import annotations

from uuid import uuid4

from scizor.client.calls import WATCH_DEADLINE_S, Call, Pages, Stream
from scizor.client.exact import Exact, Instant, exact_if_any, stamp
from scizor.trading.v1 import order_pb2, position_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc

_LARGEST_PAGE = 1_000
_LARGEST_TRADE_PAGE = 10_000


def list_positions(
    *,
    strategy_id: str = "",
    symbol: str = "",
    by_strategy: bool = False,
    show_closed: bool = False,
    account: str = "",
    limit: int | None = None,
) -> Pages[rpc.ListPositionsResponse, list[position_pb2.Position]]:
    """What is held, by symbol, over all pages: netted, one strategy's own, or split by strategy; with its lots."""
    request = rpc.ListPositionsRequest(
        page_size=_LARGEST_PAGE if limit is None else min(limit, _LARGEST_PAGE),
        account=account,
        strategy_id=strategy_id,
        symbol=symbol,
        by_strategy=by_strategy,
        show_closed=show_closed,
    )
    return Pages(
        request,
        rpc.ListPositionsResponse,
        count=lambda page: len(page.positions),
        decode=lambda pages: [position for page in pages for position in page.positions][:limit],
        limit=limit,
    )


def close_position(
    symbol: str, quantity: Exact | None = None, *, strategy_id: str = "", account: str = "", request_id: str = ""
) -> Call[rpc.ClosePositionResponse, order_pb2.Order]:
    """Close a position, or so many shares of it, at the market; returns the order that does."""
    request = rpc.ClosePositionRequest(
        symbol=symbol,
        account=account,
        strategy_id=strategy_id,
        quantity=exact_if_any(quantity, "quantity"),
        request_id=request_id or str(uuid4()),
    )
    return Call(request, rpc.ClosePositionResponse, lambda answer: answer.order)


def close_all_positions(
    *, strategy_id: str = "", account: str = "", request_id: str = ""
) -> Call[rpc.CloseAllPositionsResponse, list[order_pb2.Order]]:
    """Cancel what is open and close all that is held, or what a strategy holds; returns the orders that close."""
    request = rpc.CloseAllPositionsRequest(
        account=account, strategy_id=strategy_id, request_id=request_id or str(uuid4())
    )
    return Call(request, rpc.CloseAllPositionsResponse, lambda answer: list(answer.orders))


def watch_positions(
    *, strategy_id: str = "", symbol: str = "", account: str = ""
) -> Stream[rpc.WatchPositionsResponse, rpc.WatchPositionsResponse]:
    """All positions, then each as it changes in shares or in value, as `position`; `overtaken`: what you missed of it.

    A lost connection raises: what was closed meanwhile would not be told. Open it again and begin anew.
    """
    request = rpc.WatchPositionsRequest(account=account, strategy_id=strategy_id, symbol=symbol)
    return Stream(
        request,
        rpc.WatchPositionsResponse,
        ("position",),
        lambda message: message,
        deadline_s=WATCH_DEADLINE_S,
        whole=True,
    )


def list_trades(
    *,
    strategy_id: str = "",
    symbol: str = "",
    order_id: str = "",
    start_time: Instant = None,
    end_time: Instant = None,
    account: str = "",
    limit: int | None = None,
) -> Pages[rpc.ListTradesResponse, list[order_pb2.Trade]]:
    """Executions from `start_time` to before `end_time`, newest first, over all pages; corrected ones as they are."""
    request = rpc.ListTradesRequest(
        page_size=_LARGEST_TRADE_PAGE if limit is None else min(limit, _LARGEST_TRADE_PAGE),
        account=account,
        strategy_id=strategy_id,
        symbol=symbol,
        order_id=order_id,
        start_time=stamp(start_time, "start_time"),
        end_time=stamp(end_time, "end_time"),
    )
    return Pages(
        request,
        rpc.ListTradesResponse,
        count=lambda page: len(page.trades),
        decode=lambda pages: [trade for page in pages for trade in page.trades][:limit],
        limit=limit,
    )
