"""By how much a fill is worse than the price the market was at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from scizor.domain.errors import InvalidInput
from scizor.engine.costs._checks import check_not_negative


class SlippageModel(IntEnum):
    """What slippage is in proportion to."""

    NONE = 0
    BPS = 1
    HALF_SPREAD = 2
    VOLUME_SHARE = 3


@dataclass(frozen=True, slots=True)
class Slippage:
    """`amount`: bps of the price (BPS), quote currency a share (HALF_SPREAD), or the impact (VOLUME_SHARE).

    VOLUME_SHARE costs price x amount x share^2, share being the fill's part of the bar's volume; zipline's default is
    an amount of 0.1 with a participation of 2.5 %.
    """

    model: SlippageModel = SlippageModel.NONE
    amount: float = 0.0

    def __post_init__(self) -> None:
        check_not_negative(self, "amount")
        if self.model is SlippageModel.BPS and self.amount >= 10_000:
            raise InvalidInput.of_field("slippage.amount", "must be below 10000 bps")
        if self.model is SlippageModel.VOLUME_SHARE and self.amount >= 1:
            raise InvalidInput.of_field("slippage.amount", "must be below 1: a sell would be paid for")

    @classmethod
    def bps(cls, amount: float) -> Slippage:
        """Hundredths of a percent of the price."""
        return cls(SlippageModel.BPS, amount)

    @classmethod
    def half_spread(cls, amount: float) -> Slippage:
        """Quote currency a share."""
        return cls(SlippageModel.HALF_SPREAD, amount)

    @classmethod
    def volume_share(cls, impact: float = 0.1) -> Slippage:
        """Impact x share of the bar's volume, squared, of the price. Default: zipline's."""
        return cls(SlippageModel.VOLUME_SHARE, impact)
