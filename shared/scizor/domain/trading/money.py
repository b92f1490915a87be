"""Amounts of several currencies, and what they are in one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from scizor.domain.errors import FailedPrecondition, Reason

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rates:
    """What one unit of a currency is in the base currency; `base` itself is 1."""

    base: str
    to_base: Mapping[str, Decimal] = field(default_factory=dict)

    def known(self, currency: str) -> Decimal | None:
        """The rate, or None."""
        return Decimal(1) if currency == self.base else self.to_base.get(currency)

    def of(self, currency: str) -> Decimal:
        """The rate. Raises FailedPrecondition where none is known: no amount is ever taken for what it is not."""
        rate = self.known(currency)
        if rate is None:
            raise FailedPrecondition(
                f"no rate from {currency} to {self.base} is known",
                Reason.EXCHANGE_RATE_UNKNOWN,
                metadata={"currency": currency, "base_currency": self.base},
            )
        return rate

    def total(self, amounts: Mapping[str, Decimal]) -> Decimal:
        """All of them in the base currency."""
        return sum((amount * self.of(currency) for currency, amount in amounts.items() if amount), ZERO)


def added(one: Mapping[str, Decimal], other: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The sums by currency."""
    return {currency: one.get(currency, ZERO) + other.get(currency, ZERO) for currency in {**one, **other}}
