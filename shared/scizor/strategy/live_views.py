"""What a strategy that trades is shown, row by row, and what it asks for: plain values that do not change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from scizor.domain.orders import OrderType, Side, TimeInForce
from scizor.strategy.views import Bar, Fill, Order


@dataclass(frozen=True, slots=True)
class Row:
    """A bar slot that has closed. Times: ns since 1970, UTC; `bars` by symbol, of those that have one, as traded."""

    session: date
    open_ns: int
    close_ns: int
    bars: Mapping[str, Bar]


@dataclass(frozen=True, slots=True)
class View:
    """What is known of the account at one moment. Money in the account's currency, `positions` in signed shares.

    `orders`: every order that has not ended, those not sent yet and the exits of a bracket that waits among them; ended
    ones too, if one likes. What the strategy asked for and neither `orders` nor `happened` holds was never sent: it is
    shown as REJECTED, and a weight is a decision again when it is next asked for. `happened`: since the view before,
    oldest first: an Order for each change of one, as it stands, told by `on_order`; a Fill by `on_fill`. `rates`: the
    account's currency for one of another, of the symbols' others. `last_id`: the highest id that an order has had, so
    that none is given twice.
    """

    cash: float
    equity: float
    positions: Mapping[str, float] = field(default_factory=dict)
    orders: tuple[Order, ...] = ()
    happened: tuple[Order | Fill, ...] = ()
    rates: Mapping[str, float] = field(default_factory=dict)
    last_id: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """An order to be placed. `id`: the strategy's own number for it. Prices in quote currency, None where it has none.

    `trigger`: the stop or the touch. `group`: the orders of one number cancel each other, 0 for none. `parent`: of an
    exit, the entry it waits for. `weight`: of an order by weight, else None; `wanted`: the signed position that one is
    to reach, of which `quantity` is what lacked at the decision.
    """

    id: int
    symbol: str
    side: Side
    quantity: float
    type: OrderType = OrderType.MARKET
    tif: TimeInForce = TimeInForce.GTC
    limit: float | None = None
    trigger: float | None = None
    trail_amount: float | None = None
    trail_fraction: float | None = None
    expires: datetime | None = None
    group: int = 0
    parent: int | None = None
    weight: float | None = None
    wanted: float | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Cancel:
    """An order to be cancelled; it may have ended by then."""

    id: int


Intent = Place | Cancel
"""What a strategy asks for. They are to be carried out in their order: what makes room comes first."""
