"""The broker's books, for whoever must know the truth: what was ordered, what filled, what is held.

books = read_books(Path("…/state.sqlite"))
books.by_reference["my-order"].filled
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from scizor.services.ibsim.broker.journal import read_saved
from scizor.services.ibsim.broker.words import BASE_CURRENCY, START_CASH, Execution, Order, Position


@dataclass(frozen=True)
class Books:
    """All that is on disk. `executions`: as they were told, corrections among them. `cash`: by currency."""

    orders: Sequence[Order]
    executions: Sequence[Execution]
    positions: Sequence[Position]
    cash: Mapping[str, Decimal]

    @cached_property
    def by_reference(self) -> Mapping[str, Sequence[Order]]:
        """Orders by `orderRef`; more than one under a reference is an order that was doubled."""
        found: dict[str, list[Order]] = {}
        for order in self.orders:
            found.setdefault(order.terms.order_ref, []).append(order)
        return found

    @cached_property
    def fills(self) -> Sequence[Execution]:
        """Executions as they stand: corrections in place of what they correct, and none that was undone."""
        standing = {fill.root: fill for fill in self.executions}
        return [fill for fill in standing.values() if fill.shares]

    @cached_property
    def shares(self) -> Mapping[int, Decimal]:
        """What is held, by contract id."""
        return {one.listing.con_id: one.shares for one in self.positions if one.shares}


def read_books(path: Path) -> Books:
    """The books of a gateway that does not run. Raises sqlite3.OperationalError if it does, or never has."""
    saved = read_saved(path)
    return Books(saved.orders, saved.executions, saved.positions, saved.cash or {BASE_CURRENCY: START_CASH})


def told_books(books: Books) -> dict[str, Any]:
    """As JSON has it: exact numbers as texts."""
    return {
        "orders": [
            {
                "order_ref": order.terms.order_ref,
                "perm_id": order.perm_id,
                "client_id": order.client_id,
                "order_id": order.order_id,
                "symbol": order.listing.symbol,
                "status": order.status.value,
                "action": order.terms.action,
                "quantity": str(order.terms.quantity),
                "filled": str(order.filled),
                "commission": str(order.commission),
            }
            for order in books.orders
        ],
        "fills": [
            {
                "exec_id": fill.exec_id,
                "order_ref": fill.order.terms.order_ref,
                "perm_id": fill.order.perm_id,
                "symbol": fill.order.listing.symbol,
                "signed_shares": str(fill.signed),
                "price": str(fill.price),
                "commission": str(fill.commission),
            }
            for fill in books.fills
        ],
        "positions": {
            one.listing.symbol: {"con_id": one.listing.con_id, "shares": str(one.shares)} for one in books.positions
        },
        "cash": {currency: str(amount) for currency, amount in books.cash.items()},
    }
