"""What happened live held against what the backtest of the same session has, each difference with what it made.

Orders are paired by instrument, side and the bar that decided them. Of a pair, all shares valued at the session's last
price, the profit differs by

    s (q - Q) (end - P)  for its SIZE,
    s q (P - p)          for its PRICE, or its TIMING where the two traded in different bars,
    F - f                for its FEES,

with s the side's sign, q shares at price p and fees f live, Q, P and F in the backtest: their sum is the whole
difference, and nothing is counted twice. What one side alone traded is TIMING: the other was held up, came too late or
was not at work. What does not come to a cent is no difference.

A difference comes of other DATA where a backtest of the bars that were shown live has it not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum
from itertools import zip_longest
from typing import Final

from scizor.domain.errors import InvalidInput
from scizor.domain.orders import Side
from scizor.domain.trading.money import ZERO, Rates

_HALF_A_CENT: Final = Decimal("0.005")


class ParityCause(IntEnum):
    """Why a live fill is not the backtest's; numbers equal the contract's."""

    DATA = 1
    TIMING = 2
    PRICE = 3
    SIZE = 4
    FEES = 5


@dataclass(frozen=True, slots=True)
class ParityFill:
    """A trade of an order. `price` in the instrument's currency, `fees` in base.

    `decided`, `traded`: the ends of the bar that decided the order and of the bar in which it traded.
    """

    order_id: str
    instrument: str
    side: Side
    quantity: Decimal
    price: Decimal
    decided: datetime
    traded: datetime
    fees: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class ParityDifference:
    """One of a pair of orders. Prices are averages, None where nothing filled; `pnl`: base, positive: live was better.

    `order_id`: the live order, empty where the backtest alone traded.
    """

    instrument: str
    cause: ParityCause
    order_id: str
    live_quantity: Decimal
    backtest_quantity: Decimal
    live_price: Decimal | None
    backtest_price: Decimal | None
    pnl: Decimal


@dataclass(frozen=True, slots=True)
class ParityReport:
    """A session. `equal_fills`: live fills of orders without a difference; `pnl`: the sum over the differences."""

    session: date
    live_fills: int
    backtest_fills: int
    equal_fills: int
    differences: tuple[ParityDifference, ...]
    pnl: Decimal = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pnl", sum((one.pnl for one in self.differences), ZERO))


@dataclass(frozen=True, slots=True)
class _Order:
    """All fills of an order: shares, average price, the first and last bar it traded in."""

    id: str
    sign: int
    quantity: Decimal
    price: Decimal
    fees: Decimal
    first: datetime
    last: datetime
    fills: int


_Key = tuple[str, Side, datetime]
"""Instrument, side and the bar that decided."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """How amounts of one instrument are valued: its last price, and the rate to base."""

    end: Decimal
    rate: Decimal


def compare(
    session: date,
    live: Iterable[ParityFill],
    backtest: Iterable[ParityFill],
    *,
    ends: Mapping[str, Decimal],
    rates: Rates,
    as_shown: Iterable[ParityFill] | None = None,
) -> ParityReport:
    """The session's differences, by instrument, side and time.

    `ends`: last price of each instrument traded. `as_shown`: of the backtest of the bars that were shown live, where
    others are stored now. Raises InvalidInput for an instrument without a last price, FailedPrecondition where a rate
    lacks.
    """
    ours, theirs = _orders(live), _orders(backtest)
    shown = theirs if as_shown is None else _orders(as_shown)
    differences: list[ParityDifference] = []
    equal = 0
    for key in sorted({*ours, *theirs}):
        scale = _scale(key[0], ends, rates)
        for one, other, meant in zip_longest(ours.get(key, ()), theirs.get(key, ()), shown.get(key, ())):
            made, explained = _made(one, other, scale), _made(one, meant, scale)
            by_cause: dict[ParityCause, Decimal] = {}
            for cause, amount in made.items():
                told = cause if cause in explained else ParityCause.DATA
                by_cause[told] = by_cause.get(told, ZERO) + amount
            differences += [_difference(key[0], cause, one, other, amount) for cause, amount in by_cause.items()]
            equal += one.fills if one is not None and not made else 0
    return ParityReport(session, _count(ours), _count(theirs), equal, tuple(differences))


def _count(orders: Mapping[_Key, Sequence[_Order]]) -> int:
    return sum(order.fills for together in orders.values() for order in together)


def _orders(fills: Iterable[ParityFill]) -> dict[_Key, list[_Order]]:
    """Those of one decision in the order in which they traded."""
    by_order: defaultdict[tuple[_Key, str], list[ParityFill]] = defaultdict(list)
    for fill in fills:
        by_order[(fill.instrument, fill.side, fill.decided), fill.order_id].append(fill)
    orders: defaultdict[_Key, list[_Order]] = defaultdict(list)
    for (key, order_id), parts in by_order.items():
        quantity = sum((part.quantity for part in parts), ZERO)
        if not quantity:
            continue
        price = sum((part.quantity * part.price for part in parts), ZERO) / quantity
        fees = sum((part.fees for part in parts), ZERO)
        bars = [part.traded for part in parts]
        orders[key].append(_Order(order_id, int(key[1]), quantity, price, fees, min(bars), max(bars), len(parts)))
    for together in orders.values():
        together.sort(key=lambda order: (order.first, order.id))
    return orders


def _made(live: _Order | None, backtest: _Order | None, scale: _Scale) -> dict[ParityCause, Decimal]:
    """What a pair's differences made, by their causes, were the bars the same."""
    if live is None or backtest is None:
        if live is backtest:
            return {}
        return {ParityCause.TIMING: _profit(live, scale) - _profit(backtest, scale)}
    sign, rate = live.sign, scale.rate
    made: dict[ParityCause, Decimal] = {}
    if live.quantity != backtest.quantity:
        made[ParityCause.SIZE] = sign * (live.quantity - backtest.quantity) * (scale.end - backtest.price) * rate
    amount = sign * live.quantity * (backtest.price - live.price) * rate
    elsewhen = (live.first, live.last) != (backtest.first, backtest.last)
    if elsewhen or abs(live.price - backtest.price) >= _HALF_A_CENT or abs(amount) >= _HALF_A_CENT:
        made[ParityCause.TIMING if elsewhen else ParityCause.PRICE] = amount
    if abs(live.fees - backtest.fees) >= _HALF_A_CENT:
        made[ParityCause.FEES] = backtest.fees - live.fees
    return made


def _profit(order: _Order | None, scale: _Scale) -> Decimal:
    return order.sign * order.quantity * (scale.end - order.price) * scale.rate - order.fees if order else ZERO


def _difference(
    instrument: str, cause: ParityCause, live: _Order | None, backtest: _Order | None, pnl: Decimal
) -> ParityDifference:
    return ParityDifference(
        instrument,
        cause,
        live.id if live else "",
        live.quantity if live else ZERO,
        backtest.quantity if backtest else ZERO,
        live.price if live else None,
        backtest.price if backtest else None,
        pnl,
    )


def _scale(instrument: str, ends: Mapping[str, Decimal], rates: Rates) -> _Scale:
    end = ends.get(instrument)
    if end is None:
        raise InvalidInput.of_field("ends", f"has no last price of {instrument}")
    return _Scale(end, rates.of(instrument.rpartition(".")[2]))
