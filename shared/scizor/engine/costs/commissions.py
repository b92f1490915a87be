"""Commission schedules as values: what a broker charges for an order."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise

from scizor.domain.errors import InvalidInput
from scizor.engine.costs._checks import check_not_negative

MAX_TIERS = 6


@dataclass(frozen=True, slots=True)
class Tier:
    """The rate of the shares traded in a calendar month beyond `from_shares`."""

    from_shares: float
    per_share: float


@dataclass(frozen=True, slots=True)
class Commission:
    """A schedule, in quote currency. Bounds hold for an order as a whole; see docs/fill-model.md.

    `per_share`: until the month's shares reach the first of `tiers` (at most MAX_TIERS, rising), then that one's rate,
    and so on. `value_bps`: of the value traded. `minimum`: an order. `maximum_bps`: of the order's value, None for no
    bound; where the two bounds disagree the maximum holds. Passed on beside the commission: `fee_bps` and
    `fee_per_share`, and on sells only `sell_per_share` (at most `sell_maximum` an order) and `sell_bps`.
    """

    per_share: float = 0.0
    value_bps: float = 0.0
    minimum: float = 0.0
    maximum_bps: float | None = None
    tiers: tuple[Tier, ...] = ()
    fee_bps: float = 0.0
    sell_per_share: float = 0.0
    sell_maximum: float | None = None
    sell_bps: float = 0.0
    fee_per_share: float = 0.0

    def __post_init__(self) -> None:
        check_not_negative(self, *(one.name for one in fields(self) if one.name != "tiers"))
        if len(self.tiers) > MAX_TIERS:
            raise InvalidInput.of_field("commission.tiers", f"must be at most {MAX_TIERS}, got {len(self.tiers)}")
        for tier in self.tiers:
            check_not_negative(tier, "from_shares", "per_share")
        starts = [0.0, *(tier.from_shares for tier in self.tiers)]
        if any(later <= earlier for earlier, later in pairwise(starts)):
            raise InvalidInput.of_field("commission.tiers", "from_shares must be above 0 and rise from tier to tier")
