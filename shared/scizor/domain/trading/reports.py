"""What a broker tells of orders and of the account, in nobody's dialect: adapters make it of a broker's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum, IntEnum, auto

from scizor.domain.orders import Side
from scizor.domain.trading.executions import Commission, Execution
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.states import Hold


class BrokerStatus(Enum):
    """Where the broker says an order stands."""

    PENDING = auto()  # under way to the market
    HELD = auto()
    WORKING = auto()
    PENDING_CANCEL = auto()
    FILLED = auto()
    CANCELED = auto()
    EXPIRED = auto()
    REJECTED = auto()
    INACTIVE = auto()  # neither alive nor ended, and no reason told


class ErrorCategory(IntEnum):
    """What an error about an order means for it."""

    NOTE = 1  # nothing
    HELD = 2
    CANCELED = 3
    REFUSED = 4  # the order
    COMMAND_REFUSED = 5  # the last command: a new order, or other terms of an old one
    CANCEL_REFUSED = 6
    UNKNOWN = 7

    @property
    def needs_query(self) -> bool:
        """Whether the broker must be asked where the order stands."""
        return self >= ErrorCategory.CANCEL_REFUSED


class LinkChange(Enum):
    """What became of the connection."""

    LOST = auto()
    RESTORED = auto()
    RESTORED_DATA_LOST = auto()


@dataclass(frozen=True, slots=True)
class Named:
    """Which order is meant. `order_id`: ours, as it was sent along; empty for a foreign one. `broker_id`: theirs."""

    order_id: str = ""
    broker_id: str = ""


@dataclass(frozen=True, slots=True)
class StatusReport:
    """Where an order stands. `filled` counts shares since it was placed; statuses are repeated and may be stale."""

    named: Named
    status: BrokerStatus
    filled: Decimal = Decimal(0)
    hold: Hold = Hold.NONE
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OrderReport:
    """An order as the broker has it, one that is open or one that has ended."""

    account: str
    instrument: str
    side: Side
    terms: Terms
    standing: StatusReport

    @property
    def named(self) -> Named:
        """Which order it is."""
        return self.standing.named


@dataclass(frozen=True, slots=True)
class ExecutionReport:
    """A trade of an order."""

    named: Named
    execution: Execution


@dataclass(frozen=True, slots=True)
class BustReport:
    """A trade was taken back."""

    exec_id: str


@dataclass(frozen=True, slots=True)
class CommissionReport:
    """What a trade cost."""

    commission: Commission


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """The broker complains about an order. `code`: its number; `hold`: of HELD alone."""

    named: Named
    category: ErrorCategory
    code: int
    text: str
    hold: Hold = Hold.NONE


@dataclass(frozen=True, slots=True)
class LinkReport:
    """The connection to the broker's own servers changed."""

    change: LinkChange
    text: str = ""


Report = StatusReport | OrderReport | ExecutionReport | BustReport | CommissionReport | ErrorReport | LinkReport


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """What the broker says the account holds: shares, negative when short, and their average price with fees."""

    instrument: str
    shares: Decimal
    average_cost: Decimal


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The broker's books of one account.

    `asked_time`: before which everything sent is in it. `covered_since`: from when it tells orders that ended, and
    executions. `cash`: by currency.
    """

    account: str
    asked_time: datetime
    covered_since: datetime
    open_orders: tuple[OrderReport, ...] = ()
    completed_orders: tuple[OrderReport, ...] = ()
    executions: tuple[ExecutionReport, ...] = ()
    commissions: tuple[Commission, ...] = ()
    positions: tuple[HeldPosition, ...] = ()
    cash: Mapping[str, Decimal] = field(default_factory=dict)
