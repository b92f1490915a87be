"""An order that was refused because of limits: all of them are told at once."""

from __future__ import annotations

from collections.abc import Sequence

from scizor.domain.errors import FailedPrecondition, Reason
from scizor.domain.trading.rules import Violation

_TOLD = 5


class RiskRefused(FailedPrecondition):
    """`broken`: every limit the order would break, as `risk.check` found them."""

    def __init__(self, broken: Sequence[Violation], *, account: str) -> None:
        told = "; ".join(f"{one.limit.rule.name} of {one.limit.key}: {one.message}" for one in broken[:_TOLD])
        more = f"; and {len(broken) - _TOLD} more" if len(broken) > _TOLD else ""
        super().__init__(
            f"the order would break {len(broken)} limit{'s' if len(broken) > 1 else ''}: {told}{more}",
            Reason.RISK_REFUSED,
            metadata={"account": account, "violations": str(len(broken))},
        )
        self.broken = tuple(broken)
