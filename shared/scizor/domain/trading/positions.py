"""What is held, what it cost and what it earned: a position is the sum of its executions.

Lots close first in, first out. A lot keeps what it cost in all, not by the share: a split changes no cost, and a part
of a lot that is closed takes its part of the cost, the rest staying with the rest. So nothing is lost to rounding, and

    realised + dividends - cost of what is held = the cash that came in and went out, fees aside

holds exactly. A corrected or busted execution is put right by folding its position anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from scizor.domain.orders import Side
from scizor.domain.trading.executions import Execution
from scizor.domain.trading.money import ZERO, added
from scizor.domain.trading.states import Order

_COST_STEP = Decimal("1e-10")
_SHARE_STEP = Decimal("1e-6")


@dataclass(frozen=True, slots=True)
class Fill:
    """An execution, whose it is, and what it cost by currency as far as known."""

    execution: Execution
    strategy_id: str = ""
    fees: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShareSplit:
    """`ratio` shares for each before. With a `lieu_price` fractions of a share are paid out at it."""

    instrument: str
    time: datetime
    ratio: Decimal
    lieu_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CashDividend:
    """`per_share` to whoever holds at `time`, from whoever is short."""

    instrument: str
    time: datetime
    per_share: Decimal


HoldingAction = ShareSplit | CashDividend


@dataclass(frozen=True, slots=True)
class Lot:
    """Shares of one execution still held. `cost`: what they cost in all; both are negative for a short lot."""

    shares: Decimal
    cost: Decimal
    time: datetime
    exec_id: str


@dataclass(frozen=True, slots=True)
class Position:
    """Amounts in the instrument's currency, `fees` by currency. `lots`: oldest first, all of one sign."""

    instrument: str
    lots: tuple[Lot, ...] = ()
    realised: Decimal = ZERO
    dividends: Decimal = ZERO
    fees: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        """The instrument's."""
        return self.instrument.rpartition(".")[2]

    @property
    def shares(self) -> Decimal:
        """Negative when short."""
        return sum((lot.shares for lot in self.lots), ZERO)

    @property
    def cost(self) -> Decimal:
        """What the shares held cost; negative when short."""
        return sum((lot.cost for lot in self.lots), ZERO)

    @property
    def average_cost(self) -> Decimal | None:
        """Per share, fees aside; None when nothing is held."""
        return self.cost / self.shares if self.lots else None

    @property
    def cash(self) -> Decimal:
        """What came in less what went out, fees aside."""
        return self.realised + self.dividends - self.cost

    def unrealised(self, price: Decimal) -> Decimal:
        """What closing at this price would add to what is realised."""
        return self.shares * price - self.cost

    def filled(self, fill: Fill) -> Position:
        """After an execution: it closes what is held the other way, then opens."""
        execution = fill.execution
        after = replace(self, fees=added(self.fees, fill.fees)) if fill.fees else self
        return after._traded(execution.shares, execution.price, execution.time, execution.exec_id)

    def after(self, action: HoldingAction) -> Position:
        """After what the company did."""
        match action:
            case CashDividend(per_share=per_share):
                return replace(self, dividends=self.dividends + self.shares * per_share)
            case ShareSplit():
                return self._split(action)

    def _traded(self, shares: Decimal, price: Decimal, time: datetime, exec_id: str) -> Position:
        lots, realised = list(self.lots), self.realised
        while shares and lots and lots[0].shares * shares < 0:
            first = lots[0]
            part = min(abs(first.shares), abs(shares)).copy_sign(first.shares)
            cost = first.cost if part == first.shares else (first.cost * part / first.shares).quantize(_COST_STEP)
            realised += part * price - cost
            shares += part
            lots[:1] = [replace(first, shares=first.shares - part, cost=first.cost - cost)]
            if not lots[0].shares:
                del lots[0]
        if shares:
            lots.append(Lot(shares, shares * price, time, exec_id))
        return replace(self, lots=tuple(lots), realised=realised)

    def _split(self, split: ShareSplit) -> Position:
        lots = tuple(
            replace(lot, shares=shares)
            for lot in self.lots
            if (shares := (lot.shares * split.ratio).quantize(_SHARE_STEP))
        )
        after = replace(self, lots=lots, realised=self.realised + sum((lot.cost for lot in lots), ZERO) - self.cost)
        fraction = after.shares % 1
        if split.lieu_price is None or not fraction:
            return after
        return after._traded(-fraction, split.lieu_price, split.time, "")


def fills_of(order: Order) -> tuple[Fill, ...]:
    """The executions of an order that count, with their fees."""
    return tuple(_fill(order, one) for one in order.book.valid())


def fill_of(order: Order, root: str) -> Fill | None:
    """One of them, if it counts."""
    one = order.book.counting(root)
    return None if one is None else _fill(order, one)


def _fill(order: Order, execution: Execution) -> Fill:
    told = order.book.commission_of(execution)
    return Fill(execution, order.request.strategy_id, {told.currency: told.amount} if told else {})


def by_account(fills: Iterable[Fill], actions: Iterable[HoldingAction] = ()) -> dict[str, Position]:
    """The account's positions by instrument, all strategies netted."""
    return {instrument: held for (_, instrument), held in _folded(fills, actions, netted=True).items()}


def by_strategy(fills: Iterable[Fill], actions: Iterable[HoldingAction] = ()) -> dict[tuple[str, str], Position]:
    """Positions by strategy and instrument."""
    return _folded(fills, actions, netted=False)


def _folded(
    fills: Iterable[Fill], actions: Iterable[HoldingAction], *, netted: bool
) -> dict[tuple[str, str], Position]:
    # What the company does at an instant comes before what is traded at it: it is of the holders before.
    happenings: list[tuple[datetime, int, str, Fill | HoldingAction]] = [
        *((action.time, 0, "", action) for action in actions),
        *((fill.execution.time, 1, fill.execution.exec_id, fill) for fill in fills),
    ]
    positions: dict[tuple[str, str], Position] = {}
    for *_, happening in sorted(happenings, key=lambda one: one[:3]):
        if isinstance(happening, Fill):
            key = ("" if netted else happening.strategy_id, happening.execution.instrument)
            positions[key] = positions.get(key, Position(key[1])).filled(happening)
            continue
        for key, held in positions.items():
            if key[1] == happening.instrument:
                positions[key] = held.after(happening)
    return positions


def closing_side(shares: Decimal) -> Side:
    """What closes so many shares. Raises ValueError where there are none."""
    if not shares:
        raise ValueError("nothing is held")
    return Side.SELL if shares > 0 else Side.BUY
