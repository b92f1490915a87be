"""How orders end, and what that and their fills mean for those tied to them: the exits of a bracket, and OCA groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_FLOOR

from scizor.services.ibsim.broker.events import NoticeEvent
from scizor.services.ibsim.broker.ledger import Ledger
from scizor.services.ibsim.broker.words import Order, OrderKey, Status

ASKED = "Cancelled by Trader"
_CANCEL_WITH_BLOCK = 1
REDUCE = 3
"""The type of a bracket's own group: what one exit fills the other is reduced by."""


class Life:
    """Ends and releases orders, within a change of the ledger. `now`: the market's time.

    `released`: exits whose entry has filled, for the one who looks at orders to take.
    """

    def __init__(self, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._now = now
        self.released: set[OrderKey] = set()

    def end(self, order: Order, status: str, reason: str = "") -> None:
        """Cancel an order for good, and what hangs on it."""
        ended = replace(order, status=Status.CANCELLED, completed_at=self._now(), completed_status=status)
        self._ledger.put(ended)
        self._ledger.news.append(NoticeEvent(ended, 202, f"Order Canceled - reason:{reason}"))
        self._after_entry(ended)

    def refuse(self, order: Order, code: int, text: str) -> Order:
        """Keep an order as one that never was taken."""
        refused = replace(order, status=Status.INACTIVE, completed_at=self._now(), completed_status=text)
        self._ledger.put(refused)
        self._ledger.news.append(NoticeEvent(refused, code, text))
        return refused

    def filled(self, before: Order, after: Order) -> None:
        """An order has filled, in part or in full."""
        if after.terms.oca_group:
            self._reduce_group(before, after)
        if after.status is Status.FILLED:
            self._after_entry(after)

    def _after_entry(self, entry: Order) -> None:
        """Release the exits of an entry that is over, at the size that it filled; without any they end."""
        exits = [one for one in self._ledger.open_orders() if one.awaits_parent and one.parent_key == entry.key]
        for one in exits:
            part = (one.terms.quantity * entry.filled / entry.terms.quantity).to_integral_value(ROUND_FLOOR)
            if part > 0:
                self.released.add(one.key)
                self._ledger.put(
                    replace(one, awaits_parent=False, terms=replace(one.terms, quantity=part)),
                    tell=part < one.remaining,
                )
            else:
                self.end(one, ASKED, "The parent order is cancelled")

    def _reduce_group(self, before: Order, after: Order) -> None:
        others = [
            order
            for order in self._ledger.open_orders()
            if order.terms.oca_group == after.terms.oca_group and order.key != after.key
        ]
        for other in others:
            left = (other.remaining * after.remaining / before.remaining).to_integral_value(ROUND_FLOOR)
            if after.terms.oca_type <= _CANCEL_WITH_BLOCK or left <= 0:
                self.end(other, "Cancelled by System: another order of its group filled", "OCA group filled")
            else:
                self._ledger.put(replace(other, terms=replace(other.terms, quantity=other.filled + left)))
