"""What happens to an order, as its journal keeps it: append-only, numbered, and enough to tell the order's state.

The payloads are what was said, not what it leads to: that is for `machine` alone to find.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum

from scizor.domain.trading.executions import Commission, Execution
from scizor.domain.trading.orders import OrderRequest, Terms
from scizor.domain.trading.states import Hold


class Source(IntEnum):
    """Who an event comes from; numbers equal the contract's."""

    CLIENT = 1
    BROKER = 2
    RECONCILE = 3
    SYSTEM = 4


class EventKind(IntEnum):
    """What an event says; numbers equal the contract's."""

    PLACED = 1
    ACKNOWLEDGED = 2
    WORKING = 3
    EXECUTED = 4
    BUSTED = 5
    CHARGED = 6
    CANCEL_REQUESTED = 7
    CANCELED = 8
    CANCEL_REJECTED = 9
    REPLACE_REQUESTED = 10
    REPLACED = 11
    REPLACE_REJECTED = 12
    REJECTED = 13
    EXPIRED = 14
    SUSPENDED = 15
    LINK_LOST = 16
    REOPENED = 17
    FILLS_TOLD = 18
    IDENTIFIED = 19
    NOTED = 20


@dataclass(frozen=True, slots=True)
class Placed:
    """The order is wanted: the first event of every order, journalled before the broker hears of it."""

    request: OrderRequest


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker has it, and holds it back."""

    hold: Hold = Hold.OTHER


@dataclass(frozen=True, slots=True)
class Working:
    """It is in the market."""


@dataclass(frozen=True, slots=True)
class Executed:
    """A trade, or the correction of one."""

    execution: Execution


@dataclass(frozen=True, slots=True)
class Busted:
    """A trade was taken back."""

    exec_id: str


@dataclass(frozen=True, slots=True)
class Charged:
    """What a trade cost."""

    commission: Commission


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """A client wants it cancelled."""


@dataclass(frozen=True, slots=True)
class Canceled:
    """The broker has ended it. `reason`: its words."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class CancelRejected:
    """The broker does not cancel it. `code`: its number, 0 where it has none."""

    reason: str = ""
    code: int = 0


@dataclass(frozen=True, slots=True)
class ReplaceRequested:
    """A client wants other terms."""

    terms: Terms


@dataclass(frozen=True, slots=True)
class Replaced:
    """The broker has it on these terms."""

    terms: Terms


@dataclass(frozen=True, slots=True)
class ReplaceRejected:
    """The broker leaves the terms as they were."""

    reason: str = ""
    code: int = 0


@dataclass(frozen=True, slots=True)
class Rejected:
    """The broker, or a check before it, refused the order. `gone`: the broker says that it no longer has it."""

    reason: str = ""
    code: int = 0
    gone: bool = True


@dataclass(frozen=True, slots=True)
class Expired:
    """Its time in force is over."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Suspended:
    """The broker has put it aside, and may take it up again."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The connection was lost: a command under way may or may not have arrived."""


@dataclass(frozen=True, slots=True)
class Reopened:
    """Reconciliation found an order alive that was taken to have ended."""


@dataclass(frozen=True, slots=True)
class FillsTold:
    """How many shares the broker says have filled; what counts are the executions."""

    filled: Decimal


@dataclass(frozen=True, slots=True)
class Identified:
    """The broker's own id of the order became known."""

    broker_id: str


@dataclass(frozen=True, slots=True)
class Noted:
    """The broker said something that changes nothing."""

    text: str
    code: int = 0


Standing = Acknowledged | Working | Suspended | Reopened | LinkLost
Ending = Canceled | Expired | Rejected
Trading = Executed | Busted | Charged | FillsTold
Command = CancelRequested | ReplaceRequested
Answer = CancelRejected | Replaced | ReplaceRejected
Payload = Placed | Standing | Ending | Trading | Command | Answer | Identified | Noted
_KINDS: dict[type[Payload], EventKind] = {
    Placed: EventKind.PLACED,
    Acknowledged: EventKind.ACKNOWLEDGED,
    Working: EventKind.WORKING,
    Executed: EventKind.EXECUTED,
    Busted: EventKind.BUSTED,
    Charged: EventKind.CHARGED,
    CancelRequested: EventKind.CANCEL_REQUESTED,
    Canceled: EventKind.CANCELED,
    CancelRejected: EventKind.CANCEL_REJECTED,
    ReplaceRequested: EventKind.REPLACE_REQUESTED,
    Replaced: EventKind.REPLACED,
    ReplaceRejected: EventKind.REPLACE_REJECTED,
    Rejected: EventKind.REJECTED,
    Expired: EventKind.EXPIRED,
    Suspended: EventKind.SUSPENDED,
    LinkLost: EventKind.LINK_LOST,
    Reopened: EventKind.REOPENED,
    FillsTold: EventKind.FILLS_TOLD,
    Identified: EventKind.IDENTIFIED,
    Noted: EventKind.NOTED,
}


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One line of an order's journal. `sequence` counts up from 1 without a gap."""

    sequence: int
    time: datetime
    source: Source
    payload: Payload

    @property
    def kind(self) -> EventKind:
        """What it says."""
        return _KINDS[type(self.payload)]
