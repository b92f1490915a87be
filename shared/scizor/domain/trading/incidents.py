"""What should not happen to an order, and did: told to people, and some of it asked about at the broker."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class IncidentKind(IntEnum):
    """What happened; numbers equal the contract's."""

    OVERFILL = 1  # more shares than were asked for
    ALIVE_AFTER_END = 2  # the broker speaks of an order that had ended as if it lived
    FILL_AFTER_REJECT = 3
    REJECT_AFTER_FILL = 4
    EXECUTION_VOIDED = 5  # a bust or a correction took shares back
    TERMS_CHANGED = 6  # the broker has it on terms nobody here asked for
    SECOND_BROKER_ORDER = 7  # one order here, several at the broker
    CANCEL_REJECTED = 8

    @property
    def needs_query(self) -> bool:
        """Whether only the broker's books can tell where the order stands."""
        return self not in (IncidentKind.OVERFILL, IncidentKind.TERMS_CHANGED)


@dataclass(frozen=True, slots=True)
class Incident:
    """One of them. `sequence`: that of the event that showed it."""

    kind: IncidentKind
    order_id: str
    sequence: int
    message: str
