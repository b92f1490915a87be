"""How a simulation is run: validated, immutable, and part of a result's fingerprint. Words: docs/fill-model.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from scizor.domain.backtests import Sizing
from scizor.domain.errors import InvalidInput
from scizor.domain.orders import AccountType, FillTiming, LimitPolicy, PathPolicy, PriceRounding
from scizor.engine.costs import Commission, Financing, Slippage

_MOST_CASH = 1e13  # beyond it a float64 cannot tell cents
_CHOICES: Final[Mapping[str, type[IntEnum]]] = {
    "account": AccountType,
    "sizing": Sizing,
    "fill_timing": FillTiming,
    "path": PathPolicy,
    "limit_fills": LimitPolicy,
    "price_rounding": PriceRounding,
}


@dataclass(frozen=True, slots=True)
class Margin:
    """Fractions of position value: Regulation T's initial margin, the usual maintenance margins."""

    initial: float = 0.50
    maintenance_long: float = 0.25
    maintenance_short: float = 0.30

    def __post_init__(self) -> None:
        for name in ("initial", "maintenance_long", "maintenance_short"):
            if not 0 < getattr(self, name) <= 1:
                raise InvalidInput.of_field(f"margin.{name}", "must be above 0 and at most 1")
        if max(self.maintenance_long, self.maintenance_short) > self.initial:
            raise InvalidInput.of_field("margin.initial", "must not be below the maintenance margins")


@dataclass(frozen=True, slots=True)
class Settings:
    """Raises InvalidInput naming the field and its rule.

    `commission`: one schedule for all, or one by symbol (`""` for those that are not named). `max_participation`: the
    fraction of a bar's volume that fills may take; None for no bound. `fx_bps`: what a conversion costs.
    """

    initial_cash: float = 100_000.0
    base_currency: str = "USD"
    account: AccountType = AccountType.UNLEVERED
    margin: Margin = field(default_factory=Margin)
    sizing: Sizing = Sizing.AT_DECISION
    cash_buffer: float = 0.0
    fill_timing: FillTiming = FillTiming.NEXT_OPEN
    path: PathPolicy = PathPolicy.WORST_CASE
    limit_fills: LimitPolicy = LimitPolicy.TOUCH
    price_rounding: PriceRounding = PriceRounding.NONE
    max_participation: float | None = None
    slippage: Slippage = field(default_factory=Slippage)
    commission: Commission | Mapping[str, Commission] = field(default_factory=Commission)
    financing: Financing = field(default_factory=Financing)
    fx_bps: float = 0.0
    close_open_at_end: bool = False

    def __post_init__(self) -> None:
        for name, kind in _CHOICES.items():
            if not isinstance(getattr(self, name), kind):
                members = ", ".join(kind.__members__)
                raise InvalidInput.of_field(name, f"must be a {kind.__name__} ({members}), not {getattr(self, name)!r}")
        if not 0 < self.initial_cash <= _MOST_CASH:
            raise InvalidInput.of_field("initial_cash", f"must be above 0 and at most {_MOST_CASH:,.0f}")
        if not 0 <= self.cash_buffer < 1:
            raise InvalidInput.of_field("cash_buffer", "must be at least 0 and below 1")
        if not 0 <= self.fx_bps < 10_000:
            raise InvalidInput.of_field("fx_bps", "must be at least 0 and below 10000")
        if self.max_participation is not None and not 0 < self.max_participation <= 1:
            raise InvalidInput.of_field("max_participation", "must be above 0 and at most 1")

    def schedule(self, symbol: str) -> Commission:
        """The commissions of one symbol."""
        if isinstance(self.commission, Commission):
            return self.commission
        return self.commission.get(symbol, self.commission.get("", Commission()))
