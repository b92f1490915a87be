"""An account's equity over time: where its day began, and its highest.

Money that is paid in or out is neither profit nor loss: what the day began with and the highest move with it. The
broker tells only that cash moved and no trade explains it, so the size decides: 1 % of equity or more was paid in or
out, less is interest, a dividend or a fee, and counts as earned.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from scizor.domain.trading.money import ZERO

PAID_FRACTION: Final = Decimal("0.01")


@dataclass(slots=True)
class Track:
    """Equity in base currency, told in order of time; `last` None before any. Stored marks and new ones alike."""

    session: date = date.min
    last: Decimal | None = None
    day_start: Decimal = ZERO
    peak: Decimal = ZERO

    def mark(self, session: date, equity: Decimal) -> None:
        """Equity in a session. A day begins with the last that was known before it, or else with its own first."""
        if self.last is None:
            self.day_start = self.peak = equity
        elif session > self.session:
            self.day_start = self.last
        self.session = max(self.session, session)
        self.last = equity
        self.peak = max(self.peak, equity)

    def adjusted(self, amount: Decimal) -> None:
        """Cash moved by itself."""
        if self.last is not None and is_paid(amount, self.last):
            self.last += amount
            self.day_start += amount
            self.peak += amount


def is_paid(amount: Decimal, equity: Decimal) -> bool:
    """Whether an amount that cash moved by was paid in or out, for an account of this equity."""
    return abs(amount) >= PAID_FRACTION * abs(equity)
