"""What the broker tells of."""

from __future__ import annotations

from dataclasses import dataclass

from scizor.services.ibsim.broker.words import Execution, Order, Position


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


def order_of(event: Event) -> Order:
    """The order it is about, as it was then."""
    return event.execution.order if isinstance(event, FillEvent | CommissionEvent) else event.order
