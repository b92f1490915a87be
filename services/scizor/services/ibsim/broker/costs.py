"""What trading costs, as data. Source: Interactive Brokers, fixed pricing for shares, as published in 2025."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

_CENT = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Tariff:
    """A commission per order, in the contract's currency: by the share, by value, with its bounds."""

    per_share: Decimal
    share_of_value: Decimal
    least: Decimal
    most_of_value: Decimal | None

    def commission(self, shares: Decimal, price: Decimal) -> Decimal:
        """For an order filled so."""
        value = shares * price
        cost = max(self.per_share * shares + self.share_of_value * value, self.least)
        if self.most_of_value is not None:
            cost = min(cost, self.most_of_value * value)
        return cost.quantize(_CENT)


_US = Tariff(Decimal("0.005"), Decimal(0), Decimal(1), Decimal("0.01"))
_TARIFFS = {"USD": _US, "AUD": Tariff(Decimal(0), Decimal("0.0008"), Decimal(6), None)}

IN_BASE = {"USD": Decimal(1), "AUD": Decimal("0.65")}
"""US dollars for one unit: fixed, since the simulated market trades no currencies."""

INITIAL_MARGIN = Decimal("0.5")
MAINTENANCE_MARGIN = Decimal("0.25")


def tariff(currency: str) -> Tariff:
    """What shares in this currency cost to trade."""
    return _TARIFFS.get(currency, _US)


def in_base(currency: str) -> Decimal:
    """The fixed rate of a currency to the account's own."""
    return IN_BASE.get(currency, Decimal(1))
