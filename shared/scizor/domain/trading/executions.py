"""Executions of an order, whatever order they are told in.

Brokers repeat themselves, correct themselves and tell commissions apart: an execution id ends in the number of its
revision (`0001f4e8.65a1b2c3.01.01`), all revisions share the root before it, and the highest one counts. The same set
of executions, corrections and busts makes the same book, in whatever order and however often they came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from scizor.domain.orders import Side

_ZERO = Decimal(0)
_NONE: Mapping[str, Decimal] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Execution:
    """One trade of an order. `price` in the instrument's currency; a `quantity` of 0 takes the trade back."""

    exec_id: str
    account: str
    instrument: str
    side: Side
    quantity: Decimal
    price: Decimal
    time: datetime

    @property
    def root_id(self) -> str:
        """What all revisions of this execution share."""
        return split_exec_id(self.exec_id)[0]

    @property
    def revision(self) -> int:
        """Which telling of it this is; the highest counts."""
        return split_exec_id(self.exec_id)[1]

    @property
    def shares(self) -> Decimal:
        """The quantity with the sign of what it did to the position."""
        return self.quantity * int(self.side)


@dataclass(frozen=True, slots=True)
class Commission:
    """What an execution cost; it may come before it, long after it, and again with another amount."""

    exec_id: str
    amount: Decimal
    currency: str


def split_exec_id(exec_id: str) -> tuple[str, int]:
    """Root and revision. An id without a last part of two digits is its own root, revision 0."""
    root, dot, last = exec_id.rpartition(".")
    if dot and root and len(last) == 2 and last.isascii() and last.isdigit():
        return root, int(last)
    return exec_id, 0


@dataclass(frozen=True, slots=True)
class ExecutionBook:
    """The executions of one order. `by_root`: the newest revision of each; `busts`: up to which revision one is void.

    `filled`: shares; `value`: the sum of quantity times price; `commission`: what all valid executions cost, by
    currency, as far as told. They are carried on, not summed anew: an order may have thousands of executions.
    """

    by_root: Mapping[str, Execution] = field(default_factory=lambda: MappingProxyType({}))
    busts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    commissions: Mapping[str, Commission] = field(default_factory=lambda: MappingProxyType({}))
    filled: Decimal = field(default=_ZERO, init=False, compare=False)
    value: Decimal = field(default=_ZERO, init=False, compare=False)
    commission: Mapping[str, Decimal] = field(default_factory=lambda: _NONE, init=False, compare=False)

    def valid(self) -> tuple[Execution, ...]:
        """Those that count, by time and root."""
        counting = [one for root in self.by_root if (one := self.counting(root)) is not None]
        return tuple(sorted(counting, key=lambda one: (one.time, one.exec_id)))

    def counting(self, root: str) -> Execution | None:
        """The execution of that root, if it counts."""
        one = self.by_root.get(root)
        return one if one is not None and one.quantity and one.revision > self.busts.get(root, -1) else None

    def touched(self, before: ExecutionBook) -> tuple[str, ...]:
        """Roots of which something was told since it was that book."""
        if before is self:
            return ()
        roots = [root for root, one in self.by_root.items() if before.by_root.get(root) is not one]
        roots += [root for root, revision in self.busts.items() if before.busts.get(root) != revision]
        told = self.commissions.items()
        roots += [split_exec_id(exec_id)[0] for exec_id, one in told if before.commissions.get(exec_id) is not one]
        return tuple(dict.fromkeys(roots))

    @property
    def corrected(self) -> bool:
        """Whether any was corrected or taken back."""
        return bool(self.busts) or any(one.revision > 1 or not one.quantity for one in self.by_root.values())

    @property
    def average_price(self) -> Decimal | None:
        """Per share, to 28 digits; None while nothing has filled."""
        return self.value / self.filled if self.filled else None

    def with_execution(self, execution: Execution) -> ExecutionBook:
        """A revision that is not newer than the one known changes nothing."""
        root = execution.root_id
        known = self.by_root.get(root)
        if known is not None and known.revision >= execution.revision:
            return self
        executions = MappingProxyType({**self.by_root, root: execution})
        return self._carried(ExecutionBook(executions, self.busts, self.commissions), root)

    def with_bust(self, exec_id: str) -> ExecutionBook:
        """The execution is void, with all revisions up to this one, also those still to come."""
        root, revision = split_exec_id(exec_id)
        if self.busts.get(root, -1) >= revision:
            return self
        busts = MappingProxyType({**self.busts, root: revision})
        return self._carried(ExecutionBook(self.by_root, busts, self.commissions), root)

    def with_commission(self, commission: Commission) -> ExecutionBook:
        """The newest amount of an execution counts."""
        if self.commissions.get(commission.exec_id) == commission:
            return self
        told = MappingProxyType({**self.commissions, commission.exec_id: commission})
        return self._carried(ExecutionBook(self.by_root, self.busts, told), split_exec_id(commission.exec_id)[0])

    def commission_of(self, execution: Execution) -> Commission | None:
        """That of its revision or, as long as that has none, of the newest before it."""
        root, newest = split_exec_id(execution.exec_id)
        ids = (*(f"{root}.{revision:02d}" for revision in range(newest, -1, -1)), root)
        return next((told for exec_id in ids if (told := self.commissions.get(exec_id)) is not None), None)

    @property
    def uncharged(self) -> tuple[Execution, ...]:
        """Valid executions whose commission nobody has told yet."""
        return tuple(one for one in self.valid() if self.commission_of(one) is None)

    def _carried(self, after: ExecutionBook, root: str) -> ExecutionBook:
        """That book, with the sums of this one but for what differs in that execution."""
        filled, value, commission = self.filled, self.value, dict(self.commission)
        for book, way in ((self, -1), (after, 1)):
            execution = book.counting(root)
            if execution is None:
                continue
            filled += way * execution.quantity
            value += way * execution.quantity * execution.price
            if (told := book.commission_of(execution)) is not None:
                commission[told.currency] = commission.get(told.currency, _ZERO) + way * told.amount
        paid = {currency: amount for currency, amount in commission.items() if amount}
        object.__setattr__(after, "filled", filled)
        object.__setattr__(after, "value", value)
        object.__setattr__(after, "commission", MappingProxyType(paid) if paid else _NONE)
        return after
