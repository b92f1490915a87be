"""Executions of an order, whatever order they are told in.

Brokers repeat themselves, correct themselves and tell commissions apart: an execution id ends in the number of its
revision (`0001f4e8.65a1b2c3.01.01`), all revisions share the root before it, and the highest one counts. The same set
of executions, corrections and busts makes the same book, in whatever order and however often they came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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

    `filled`: shares; `value`: the sum of quantity times price.
    """

    by_root: Mapping[str, Execution] = field(default_factory=lambda: MappingProxyType({}))
    busts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    commissions: Mapping[str, Commission] = field(default_factory=lambda: MappingProxyType({}))
    filled: Decimal = field(init=False)
    value: Decimal = field(init=False)

    def __post_init__(self) -> None:
        valid = self.valid()
        object.__setattr__(self, "filled", sum((one.quantity for one in valid), _ZERO))
        object.__setattr__(self, "value", sum((one.quantity * one.price for one in valid), _ZERO))

    def valid(self) -> tuple[Execution, ...]:
        """Those that count, by time and root."""
        counting = [
            one for root, one in self.by_root.items() if one.quantity and one.revision > self.busts.get(root, -1)
        ]
        return tuple(sorted(counting, key=lambda one: (one.time, one.exec_id)))

    @property
    def average_price(self) -> Decimal | None:
        """Per share, to 28 digits; None while nothing has filled."""
        return self.value / self.filled if self.filled else None

    def with_execution(self, execution: Execution) -> ExecutionBook:
        """A revision that is not newer than the one known changes nothing."""
        known = self.by_root.get(execution.root_id)
        if known is not None and known.revision >= execution.revision:
            return self
        return replace(self, by_root=MappingProxyType({**self.by_root, execution.root_id: execution}))

    def with_bust(self, exec_id: str) -> ExecutionBook:
        """The execution is void, with all revisions up to this one, also those still to come."""
        root, revision = split_exec_id(exec_id)
        if self.busts.get(root, -1) >= revision:
            return self
        return replace(self, busts=MappingProxyType({**self.busts, root: revision}))

    def with_commission(self, commission: Commission) -> ExecutionBook:
        """The newest amount of an execution counts."""
        if self.commissions.get(commission.exec_id) == commission:
            return self
        return replace(self, commissions=MappingProxyType({**self.commissions, commission.exec_id: commission}))

    def commission_of(self, execution: Execution) -> Commission | None:
        """That of its revision or, as long as that has none, of the newest before it."""
        told = [
            (revision, commission)
            for exec_id, commission in self.commissions.items()
            for root, revision in (split_exec_id(exec_id),)
            if root == execution.root_id and revision <= execution.revision
        ]
        return max(told, key=lambda one: one[0])[1] if told else None

    @property
    def commission(self) -> Mapping[str, Decimal]:
        """What all valid executions cost, by currency, as far as told."""
        total: dict[str, Decimal] = {}
        for execution in self.valid():
            told = self.commission_of(execution)
            if told is not None:
                total[told.currency] = total.get(told.currency, _ZERO) + told.amount
        return MappingProxyType(total) if total else _NONE

    @property
    def uncharged(self) -> tuple[Execution, ...]:
        """Valid executions whose commission nobody has told yet."""
        return tuple(one for one in self.valid() if self.commission_of(one) is None)
