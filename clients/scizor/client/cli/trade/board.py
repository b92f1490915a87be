"""What an account holds and has open, as it is told: as tables that are drawn again and again, or as lines."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from rich.console import Group
from rich.table import Table

from scizor.client.cli.tables import counted
from scizor.client.cli.trade.account_tables import position_line
from scizor.client.cli.trade.order_tables import event_line, order_line
from scizor.client.cli.trade.words import (
    average,
    coloured,
    gain,
    mark_cells,
    number,
    rows_of,
    side_and_quantity,
    state_of,
    terms_text,
)
from scizor.client.exact import as_decimal
from scizor.domain.trading.states import OrderState
from scizor.trading.v1 import order_pb2, position_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc

News: TypeAlias = rpc.WatchOrdersResponse | rpc.WatchPositionsResponse
_ENDED_SHOWN = 5


@dataclass(slots=True)
class Board:
    """Positions that are not closed, orders that are open, and those that ended last."""

    positions: dict[tuple[str, str], position_pb2.Position] = field(default_factory=dict)
    orders: dict[str, order_pb2.Order] = field(default_factory=dict)
    ended: deque[order_pb2.Order] = field(default_factory=lambda: deque(maxlen=_ENDED_SHOWN))

    def take(self, news: News) -> None:
        """Put what is told where it belongs."""
        if isinstance(news, rpc.WatchPositionsResponse):
            self._take_position(news.position)
        else:
            self._take_order(news.update.order)

    def draw(self, now: datetime) -> Group:
        """Positions, open orders and those that ended last, as they stand."""
        held = sorted(self.positions.values(), key=lambda one: (one.symbol, one.strategy_id))
        living, lately = list(self.orders.values()), list(self.ended)
        tables = [
            _positions(f"{counted(len(held), 'position')} at {now:%H:%M:%S}Z", held, now),
            _orders(counted(len(living), "open order"), living),
            *([_orders("Ended last", lately)] if lately else []),
        ]
        return Group(*tables)

    def _take_position(self, position: position_pb2.Position) -> None:
        key = position.symbol, position.strategy_id
        if as_decimal(position.quantity):
            self.positions[key] = position
        else:
            self.positions.pop(key, None)

    def _take_order(self, order: order_pb2.Order) -> None:
        if not OrderState(order.state).ended:
            self.orders[order.id] = order
        elif self.orders.pop(order.id, None) is not None:
            self.ended.appendleft(order)


def _positions(title: str, positions: Iterable[position_pb2.Position], now: datetime) -> Table:
    """As narrow as it can be: what is drawn again and again must fit."""
    return rows_of(
        title,
        ("symbol", ">quantity", ">average", ">price", ">age", ">unrealized"),
        (
            (
                one.symbol,
                number(one.quantity),
                average(one.average_cost),
                *mark_cells(one.mark, now),
                gain(one.unrealized_pnl),
            )
            for one in positions
        ),
    )


def _orders(title: str, orders: Iterable[order_pb2.Order]) -> Table:
    return rows_of(
        title,
        ("symbol", "order", "~terms", "~state", ">filled"),
        (
            (
                one.symbol,
                side_and_quantity(one.side, one.terms.quantity),
                terms_text(one.terms),
                coloured(state_of(one)),
                number(one.filled_quantity),
            )
            for one in orders
        ),
    )


def line_of_news(news: News, now: datetime) -> str:
    """What is told as a line of text."""
    if isinstance(news, rpc.WatchPositionsResponse):
        missed = f" | missed {news.overtaken:,}" if news.overtaken else ""
        return position_line(news.position, now) + missed
    update = news.update
    return event_line(update.event, update.order) if update.HasField("event") else order_line(update.order)
