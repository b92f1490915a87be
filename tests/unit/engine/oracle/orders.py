"""An order, and what it does at one price (the page's table)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from scizor.domain.orders import FillCause, OrderEnd, OrderState, OrderType, TimeInForce
from tests.unit.engine.oracle.money import ZERO

STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING)
TOUCHES = (OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED)
LIMITED = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED)
ONE_OPEN = (TimeInForce.IOC, TimeInForce.FOK, TimeInForce.OPG)


@dataclass
class Order:
    """`side`: +1 buys, -1 sells. `extreme`: the best price a trailing order has seen, the lowest for a buy."""

    number: int
    symbol: int
    side: int
    quantity: Decimal
    type: OrderType = OrderType.MARKET
    tif: TimeInForce = TimeInForce.GTC
    limit: Decimal | None = None
    trigger: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_fraction: Decimal | None = None
    extreme: Decimal | None = None
    expire_ns: int = 0
    group: int = 0
    parent: int = 0
    weight: Decimal | None = None
    wanted: Decimal | None = None  # of an order by weight: the position it is to reach
    sized: bool = True  # whether its quantity is known
    placed_row: int = 0
    cause: FillCause = FillCause.ORDER
    state: OrderState = OrderState.WORKING
    end: OrderEnd = OrderEnd.NONE
    ended_row: int = -1
    triggered: bool = False
    in_bar: bool = False  # it was there when the bar that is now open opened
    here_and_now: bool = False  # SAME_CLOSE: it takes part in the close it was decided at
    filled: Decimal = ZERO
    carried: Decimal = ZERO  # what is filled, in today's shares: the size of a bracket's exits
    value: Decimal = ZERO
    raw_commission: Decimal = ZERO
    paid: Decimal = ZERO  # commission and fees, quote currency

    @property
    def rest(self) -> Decimal:
        return self.quantity - self.filled

    @property
    def stop(self) -> Decimal | None:
        """The stop or the touch; that of a trailing order follows its extreme."""
        if self.type is not OrderType.TRAILING:
            return self.trigger
        if self.extreme is None:
            return None
        if self.trail_amount is not None:
            return self.extreme + self.side * self.trail_amount
        assert self.trail_fraction is not None
        return self.extreme * (1 + self.side * self.trail_fraction)

    @property
    def waits_for_trigger(self) -> bool:
        return self.type in (*STOPS, *TOUCHES) and not self.triggered

    @property
    def limit_now(self) -> Decimal | None:
        """The limit it is held to once it may fill."""
        return self.limit if self.type in LIMITED else None

    def triggers_at(self, price: Decimal) -> bool:
        if not self.waits_for_trigger or self.stop is None:
            return False
        beyond = self.side * (price - self.stop)
        return beyond >= 0 if self.type in STOPS else beyond <= 0

    def within_limit(self, price: Decimal) -> bool:
        return self.limit_now is None or self.side * (price - self.limit_now) <= 0

    def at_price(self, price: Decimal) -> bool:
        """Look at the order at a price: whether it fills there. It may trigger, and a trailing stop follows."""
        if self.triggers_at(price):
            self.triggered = True
        self.follow(price)
        return not self.waits_for_trigger and self.within_limit(price)

    def follow(self, price: Decimal) -> None:
        """A trailing stop moves with a better price."""
        if self.extreme is None or self.side * (price - self.extreme) < 0:
            self.extreme = price
