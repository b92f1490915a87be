"""What the broker speaks of. All values are immutable; a change is a new value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from scizor.services.ibsim.market.api import Listing

ACCOUNT = "DUSIM0001"
"""The one account; IB's own simulated accounts begin with DU too."""

BASE_CURRENCY = "USD"

START_CASH = Decimal(1_000_000)
"""What an account without a history has, base currency."""

OrderKey = tuple[int, int]
"""A client's id and the id that it gave the order."""


class Status(StrEnum):
    """An order's status as the wire spells it."""

    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    PENDING_CANCEL = "PendingCancel"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    INACTIVE = "Inactive"

    @property
    def is_open(self) -> bool:
        """Whether the order may still fill."""
        return self in _OPEN


_OPEN = frozenset({Status.PRE_SUBMITTED, Status.SUBMITTED, Status.PENDING_CANCEL})


@dataclass(frozen=True, slots=True)
class Terms:
    """What a client orders. Prices in quote currency, None is unset; `quantity` in shares.

    `aux_price`: the stop, the touch or the trailing amount; `trailing_percent`: in its place, in percent;
    `trail_stop_price`: where the stop of a trailing order is to begin; `limit_offset`: from its stop to its limit.
    """

    action: str
    quantity: Decimal
    order_type: str
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    tif: str = "DAY"
    account: str = ""
    order_ref: str = ""
    oca_group: str = ""
    oca_type: int = 0
    open_close: str = ""
    origin: int = 0
    transmit: bool = True
    parent_id: int = 0
    display_size: int = 0
    trigger_method: int = 0
    outside_rth: bool = False
    hidden: bool = False
    all_or_none: bool = False
    good_after_time: str = ""
    good_till_date: str = ""
    algo_strategy: str = ""
    trail_stop_price: Decimal | None = None
    trailing_percent: Decimal | None = None
    limit_offset: Decimal | None = None
    conditions: int = 0
    what_if: bool = False

    @property
    def buys(self) -> bool:
        """Whether shares come in."""
        return self.action == "BUY"

    @property
    def sign(self) -> int:
        """1 for shares that come in, -1 for shares that go out."""
        return 1 if self.buys else -1


@dataclass(frozen=True, slots=True)
class Order:
    """An order and how far it is.

    `triggered`: its stop or touch has been met; `extreme`: the best price a trailing order has seen.
    `awaits_parent`: it is an exit whose entry has not filled; `awaits_shares`: a short sale without shares to borrow.
    `commission`: what its fills have cost; `margin`: what the account reserved for the whole of it, base currency.
    """

    perm_id: int
    client_id: int
    order_id: int
    listing: Listing
    terms: Terms
    status: Status
    placed_at: datetime
    filled: Decimal = Decimal(0)
    average_price: Decimal = Decimal(0)
    last_price: Decimal = Decimal(0)
    triggered: bool = False
    extreme: Decimal | None = None
    awaits_parent: bool = False
    awaits_shares: bool = False
    commission: Decimal = Decimal(0)
    margin: Decimal = Decimal(0)
    completed_at: datetime | None = None
    completed_status: str = ""

    @property
    def remaining(self) -> Decimal:
        """Shares not filled yet."""
        return self.terms.quantity - self.filled

    @property
    def key(self) -> OrderKey:
        """What a client calls the order by."""
        return self.client_id, self.order_id

    @property
    def parent_key(self) -> OrderKey | None:
        """The order it is an exit of."""
        return (self.client_id, self.terms.parent_id) if self.terms.parent_id else None


@dataclass(frozen=True, slots=True)
class Execution:
    """A fill and what it cost. `realized`: the gain over the position's average cost, None while none is closed.

    The id ends in a revision; a correction has the next one, takes the place of those before it and, without shares,
    undoes the fill.
    """

    exec_id: str
    order: Order
    time: datetime
    shares: Decimal
    price: Decimal
    commission: Decimal
    realized: Decimal | None

    @property
    def root(self) -> str:
        """What all revisions of the fill share."""
        return self.exec_id.rpartition(".")[0]

    @property
    def signed(self) -> Decimal:
        """Shares that came in; negative: that went out."""
        return self.shares * self.order.terms.sign


@dataclass(frozen=True, slots=True)
class Position:
    """Shares of one contract, negative when short. `average_cost` and `realized`: quote currency, with commissions."""

    listing: Listing
    shares: Decimal = Decimal(0)
    average_cost: Decimal = Decimal(0)
    realized: Decimal = Decimal(0)


class Refusal(Exception):
    """A request the broker does not take. `code`: TWS error code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
