"""Where a live order stands, and why the broker holds one back.

The names are FIX's where it has one; UNKNOWN (a command was sent and its outcome cannot be told) and SUSPENDED (put
aside by the broker, but not ended) are ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import IntEnum

from scizor.domain.trading.executions import ExecutionBook
from scizor.domain.trading.orders import OrderRequest, Origin, Terms


class OrderState(IntEnum):
    """Where an order stands; numbers equal the contract's."""

    PENDING_SUBMIT = 1
    ACCEPTED = 2
    WORKING = 3
    PARTIALLY_FILLED = 4
    PENDING_REPLACE = 5
    PENDING_CANCEL = 6
    FILLED = 7
    CANCELED = 8
    EXPIRED = 9
    REJECTED = 10
    SUSPENDED = 11
    UNKNOWN = 12

    @property
    def ended(self) -> bool:
        """Whether the broker will do nothing more about it, as far as it has told."""
        return self in _ENDED

    @property
    def in_flight(self) -> bool:
        """Whether a command to the broker has no answer yet."""
        return self in _IN_FLIGHT


_ENDED = frozenset({OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED, OrderState.REJECTED})
_IN_FLIGHT = frozenset({OrderState.PENDING_SUBMIT, OrderState.PENDING_REPLACE, OrderState.PENDING_CANCEL})


class Hold(IntEnum):
    """Why an ACCEPTED order is not in the market yet; numbers equal the contract's."""

    NONE = 0
    TRIGGER = 1  # the broker watches the price for it
    SESSION = 2  # its exchange is closed
    LOCATE = 3  # shares to sell short are being looked for
    PARENT = 4  # its bracket's entry has not filled
    OTHER = 5


@dataclass(frozen=True, slots=True)
class Order:
    """An order as its events tell it; made by `machine` alone.

    `phase`: where it stands by what was said of it, its fills left aside. `prior`: where a refused command leads back
    to. `terms`: those in force; `pending`: those the broker was asked for and has not answered about; `queued`: those
    to ask for next. `told_filled`: the most the broker said has filled. `heard_of`: whether the broker has spoken of it
    as of an order it has. `reason` and `code`: the broker's last words about a refusal or an end. `sequence`: that of
    the newest event.
    """

    request: OrderRequest
    terms: Terms
    create_time: datetime
    update_time: datetime
    sequence: int = 1
    phase: OrderState = OrderState.PENDING_SUBMIT
    prior: OrderState = OrderState.PENDING_SUBMIT
    hold: Hold = Hold.NONE
    pending: Terms | None = None
    queued: Terms | None = None
    book: ExecutionBook = field(default_factory=ExecutionBook)
    told_filled: Decimal = Decimal(0)
    heard_of: bool = False
    broker_ids: tuple[str, ...] = ()
    reason: str = ""
    code: int = 0

    @property
    def id(self) -> str:
        """Its id here."""
        return self.request.id

    @property
    def external(self) -> bool:
        """Whether it was placed elsewhere."""
        return self.request.origin is Origin.EXTERNAL

    @property
    def state(self) -> OrderState:
        """Where it stands. A fill wins over all else that was said."""
        if self.filled >= self.whole:
            return OrderState.FILLED
        if self.phase is OrderState.WORKING and self.filled:
            return OrderState.PARTIALLY_FILLED
        return self.phase

    @property
    def commanded(self) -> bool:
        """Whether a replacement or a cancel has no answer yet, and one is to come."""
        return self.phase in (OrderState.PENDING_REPLACE, OrderState.PENDING_CANCEL)

    @property
    def whole(self) -> Decimal:
        """The shares that make it FILLED: the most that may be in force while a replacement has no answer."""
        return max(self.terms.quantity, self.pending.quantity) if self.pending else self.terms.quantity

    @property
    def filled(self) -> Decimal:
        """Shares that its executions have filled."""
        return self.book.filled

    @property
    def remaining(self) -> Decimal:
        """Shares that may still fill; 0 once it has ended."""
        return Decimal(0) if self.state.ended else self.whole - self.filled

    @property
    def unseen(self) -> Decimal:
        """Shares that the broker says have filled and no execution tells of: to be asked about if it lasts."""
        return max(self.told_filled - self.filled, Decimal(0))
