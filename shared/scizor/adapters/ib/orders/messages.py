"""What the gateway tells of orders and of the account, read but not judged yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum, auto

from scizor.domain.orders import Side
from scizor.domain.trading.orders import Terms

Key = tuple[int, int]
"""A client's id and the number it gave an order; another client's number is another order's.

Negative for orders that were placed by hand, which have none.
"""


@dataclass(frozen=True, slots=True)
class ToldContract:
    """A contract as such messages have it: without its primary exchange."""

    con_id: int
    symbol: str
    sec_type: str
    exchange: str
    currency: str
    local_symbol: str


@dataclass(frozen=True, slots=True)
class ToldOrder:
    """An order. `key` and `parent_number` are not told of one that is over; `filled` and `reason` are of none else.

    `terms`: as they are told, a trailing order's stop where it is by now, the quantity 0 where it is left out.
    `word`: the broker's for where it stands.
    """

    key: Key | None
    perm_id: int
    order_ref: str
    account: str
    contract: ToldContract
    side: Side
    terms: Terms
    word: str
    parent_number: int = 0
    filled: Decimal = Decimal(0)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ToldStatus:
    """Where an order stands. `why_held`: a list of words."""

    key: Key
    perm_id: int
    word: str
    filled: Decimal
    why_held: str


@dataclass(frozen=True, slots=True)
class ToldExecution:
    """A trade."""

    key: Key
    perm_id: int
    order_ref: str
    contract: ToldContract
    exec_id: str
    account: str
    side: Side
    quantity: Decimal
    price: Decimal
    time: datetime


@dataclass(frozen=True, slots=True)
class ToldCommission:
    """What a trade cost; `amount` is None as long as nobody knows."""

    exec_id: str
    amount: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class ToldPosition:
    """What an account holds of a contract."""

    account: str
    contract: ToldContract
    shares: Decimal
    average_cost: Decimal


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One value of an account."""

    account: str
    key: str
    value: str
    currency: str


class Ended(Enum):
    """Whose telling is complete; none of these answers bears the number of its request."""

    OPEN_ORDERS = auto()
    COMPLETED_ORDERS = auto()
    POSITIONS = auto()


OrderMessage = ToldOrder | ToldStatus | ToldExecution | ToldCommission | ToldPosition | Ended
