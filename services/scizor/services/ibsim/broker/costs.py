"""What trading costs: the engine's tariffs as exact money, and the account's margins and rates."""

from __future__ import annotations

from decimal import Decimal

from scizor.engine.costs import exact
from scizor.engine.costs.schedules import IB_FIXED, ib_fixed_us

_LEAST_MONEY = Decimal("0.0001")

IN_BASE = {"USD": Decimal(1), "AUD": Decimal("0.65")}
"""US dollars for one unit: fixed, since the simulated market trades no currencies."""

INITIAL_MARGIN = Decimal("0.5")
MAINTENANCE_MARGIN = Decimal("0.25")


def commission(currency: str, shares: Decimal, value: Decimal, *, sells: bool) -> Decimal:
    """What an order in this currency's shares has come to, as the broker tells it: with the fees on sells."""
    schedule = IB_FIXED.get(currency, ib_fixed_us)()
    return exact.commission(schedule, shares, value, sells=sells).quantize(_LEAST_MONEY)


def in_base(currency: str) -> Decimal:
    """The fixed rate of a currency to the account's own."""
    return IN_BASE.get(currency, Decimal(1))
