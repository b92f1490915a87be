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


class Status(StrEnum):
    """An order's status as the wire spells it."""

    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    INACTIVE = "Inactive"

    @property
    def is_open(self) -> bool:
        """Whether the order may still fill."""
        return self in {Status.PRE_SUBMITTED, Status.SUBMITTED}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a client orders. Prices in quote currency, None is unset; `quantity` in shares."""

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
    """An order and how far it is. `seen_open`: its market has been open since; a DAY order ends when it closes."""

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
    seen_open: bool = False
    completed_at: datetime | None = None
    completed_status: str = ""

    @property
    def remaining(self) -> Decimal:
        """Shares not filled yet."""
        return self.terms.quantity - self.filled

    @property
    def key(self) -> tuple[int, int]:
        """What a client calls the order by."""
        return self.client_id, self.order_id


@dataclass(frozen=True, slots=True)
class Execution:
    """A fill and what it cost. `realized`: the gain over the position's average cost, None while none is closed."""

    exec_id: str
    order: Order
    time: datetime
    shares: Decimal
    price: Decimal
    commission: Decimal
    realized: Decimal | None


@dataclass(frozen=True, slots=True)
class Position:
    """Shares of one contract, negative when short. `average_cost` and `realized`: quote currency, with commissions."""

    listing: Listing
    shares: Decimal = Decimal(0)
    average_cost: Decimal = Decimal(0)
    realized: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """An order has a new status."""

    order: Order


@dataclass(frozen=True, slots=True)
class FillEvent:
    """An order has been filled, in part or in full; the account has changed with it."""

    execution: Execution
    position: Position


@dataclass(frozen=True, slots=True)
class CommissionEvent:
    """What a fill cost is known."""

    execution: Execution


@dataclass(frozen=True, slots=True)
class NoticeEvent:
    """A message about an order: a TWS error code and its text."""

    order: Order
    code: int
    text: str


Event = OrderEvent | FillEvent | CommissionEvent | NoticeEvent


class Refusal(Exception):
    """A request the broker does not take. `code`: TWS error code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
