"""What a strategy is shown of bars, orders and fills: small values that do not change."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from scizor.domain.orders import FillCause, OrderEnd, OrderState, OrderType, Side, TimeInForce


class Bar(NamedTuple):
    """One bar: quote currency, and shares (NaN where unknown)."""

    open: float
    high: float
    low: float
    close: float
    volume: float


class Bracket(NamedTuple):
    """The numbers of an entry and its exits; None for an exit that was not asked for."""

    entry: int
    take_profit: int | None
    stop_loss: int | None


class Order(NamedTuple):
    """An order as it stood when it was asked for. Prices in quote currency, None where it has none.

    `trigger`: the stop or the touch, of a trailing order its stop as of now. `end`: why it ended unfilled.
    `average_price`: of what is filled, None before. `weight`: of an order by weight, whose `quantity` is 0 until known.
    """

    id: int
    symbol: str
    side: Side
    type: OrderType
    tif: TimeInForce
    state: OrderState
    end: OrderEnd
    quantity: float
    filled: float
    average_price: float | None
    limit: float | None
    trigger: float | None
    weight: float | None
    parent: int | None
    label: str

    @property
    def remaining(self) -> float:
        """Shares still to be filled."""
        return self.quantity - self.filled


class Fill(NamedTuple):
    """Shares that changed hands. `order_id`: None for what the account did itself, such as a margin call.

    `price`: quote currency, slippage included; `commission`: the account's currency; `time`: the bar's close, UTC.
    """

    order_id: int | None
    symbol: str
    side: Side
    quantity: float
    price: float
    commission: float
    cause: FillCause
    time: datetime
    label: str
