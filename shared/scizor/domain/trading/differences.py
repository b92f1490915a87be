"""What reconciliation found: each difference between our books and the broker's, for people and for the audit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class DifferenceKind(IntEnum):
    """What differed; numbers equal the contract's."""

    MISSING_FILL = 1
    MISSING_EXECUTIONS = 2  # the broker says shares filled, and shows no executions of them
    ORDER_STATE = 3
    NEVER_ARRIVED = 4
    GONE = 5  # not among the broker's orders any more
    UNPROVEN = 6  # gone, and what became of it cannot be told from what the broker still shows
    ALIVE = 7  # had ended here
    EXTERNAL_ORDER = 8
    POSITION = 9
    CASH = 10

    @property
    def corrected(self) -> bool:
        """Whether corrective events settle it; what is left is for people."""
        return self not in _LEFT


_LEFT = frozenset(
    {DifferenceKind.MISSING_EXECUTIONS, DifferenceKind.UNPROVEN, DifferenceKind.POSITION, DifferenceKind.CASH}
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One of them. `subject`: the order's id, the instrument or the currency; `ours`, `theirs`: as texts."""

    kind: DifferenceKind
    subject: str
    ours: str
    theirs: str
