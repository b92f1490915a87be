"""How a simulation is run: validated, immutable, and part of a result's fingerprint."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from scizor.domain.backtests import Sizing
from scizor.domain.errors import InvalidInput


class Rules(NamedTuple):
    """The settings as a kernel reads them. Rates are fractions of notional."""

    commission_rate: float
    slippage_rate: float
    lot_size: int
    sized_at_fill: bool
    close_open_at_end: bool


@dataclass(frozen=True, slots=True)
class Settings:
    """Raises InvalidInput naming the field and its rule."""

    initial_cash: float = 100_000.0
    commission_bps: float = 0.0
    slippage_bps: float = 0.0
    sizing: Sizing = Sizing.AT_DECISION
    lot_size: int = 1
    close_open_at_end: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.initial_cash) and self.initial_cash > 0):
            raise InvalidInput.of_field("initial_cash", "must be positive and finite")
        for field in ("commission_bps", "slippage_bps"):
            if not 0 <= getattr(self, field) < 10_000:
                raise InvalidInput.of_field(field, "must be at least 0 and below 10000")
        if self.lot_size < 1:
            raise InvalidInput.of_field("lot_size", "must be at least 1")

    @property
    def rules(self) -> Rules:
        """What the kernel is given: always the same types, so that it is compiled once."""
        return Rules(
            float(self.commission_bps) / 10_000,
            float(self.slippage_bps) / 10_000,
            int(self.lot_size),
            self.sizing is Sizing.AT_FILL,
            bool(self.close_open_at_end),
        )
