"""How much of an order fills at once, and what an order pays that takes the other side."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum

from scizor.services.ibsim.broker.words import Order


class FillAt(StrEnum):
    """What an order that takes pays in the middle of a session: the facing quote, or the price last traded at."""

    QUOTE = "quote"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class FillRules:
    """`max_participation`: the share of the volume at hand that may fill; None: any order whole."""

    fill_at: FillAt = FillAt.QUOTE
    max_participation: Decimal | None = None


class Supply:
    """The shares there are at one moment for all orders of a contract, in the order they come."""

    def __init__(self, rules: FillRules, size: int, slice_shares: int) -> None:
        part = rules.max_participation
        self._left = None if part is None else (part * size).to_integral_value(ROUND_FLOOR)
        self._slice = slice_shares

    def take(self, order: Order) -> Decimal:
        """How many of them the order gets; 0 when it wants all or none and cannot have all."""
        shares = order.remaining if self._left is None else min(order.remaining, self._left)
        if self._slice:
            shares = min(shares, Decimal(self._slice))
        if shares < order.remaining and (order.terms.all_or_none or order.terms.tif == "FOK"):
            return Decimal(0)
        if self._left is not None:
            self._left -= shares
        return shares
