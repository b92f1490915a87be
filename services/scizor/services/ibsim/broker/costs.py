"""What trading costs: the engine's tariffs as exact money, and the account's margins and rates."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from scizor.engine.costs import Commission
from scizor.engine.costs.schedules import ib_fixed_asx, ib_fixed_us

_LEAST_MONEY = Decimal("0.0001")
_BPS = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Tariff:
    """A schedule without tiers; in the contract's currency."""

    schedule: Commission

    def commission(self, shares: Decimal, value: Decimal, *, sells: bool) -> Decimal:
        """For an order of which so many shares have filled, for so much money, in however many fills.

        With what is passed on of sells, as the broker tells both in one figure.
        """
        terms = self.schedule
        cost = max(_exact(terms.per_share) * shares + _exact(terms.value_bps) / _BPS * value, _exact(terms.minimum))
        if terms.maximum_bps is not None:
            cost = min(cost, _exact(terms.maximum_bps) / _BPS * value)
        if sells:
            fee = _exact(terms.sell_per_share) * shares
            cost += fee if terms.sell_maximum is None else min(fee, _exact(terms.sell_maximum))
            cost += _exact(terms.sell_bps) / _BPS * value
        return cost.quantize(_LEAST_MONEY)


_US = Tariff(ib_fixed_us())
_TARIFFS = {"USD": _US, "AUD": Tariff(ib_fixed_asx())}

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


def _exact(number: float) -> Decimal:
    # The decimal that was written, not the float nearest to it.
    return Decimal(str(number))
