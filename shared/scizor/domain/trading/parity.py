"""What happened live held against what the backtest of the same session has, each difference with what it made.

Orders are paired by instrument and side and by the bar that decided them: the same strategy on the same bars decides
the same, so an order that one side alone has comes of other DATA. Of a pair, all shares valued at the session's last
price, the profit differs by

    s (q - Q) (end - P)  for its SIZE,
    s q (P - p)          for its PRICE, or its TIMING where the two traded in different bars,
    F - f                for its FEES,

with s the side's sign, q shares at price p and fees f live, Q, P and F in the backtest: their sum is the whole
difference, and nothing is counted twice. What does not come to a cent is no difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import IntEnum
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

    `decided`: the end of the bar that decided the order; the trade's own time stands for it where that is not known.
    """

    order_id: str
    instrument: str
    side: Side
    quantity: Decimal
    price: Decimal
    time: datetime
    fees: Decimal = ZERO
    decided: datetime | None = None


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
    """All fills of an order: shares, average price, first and last trade."""

    id: str
    instrument: str
    sign: int
    quantity: Decimal
    price: Decimal
    fees: Decimal
    decided: datetime
    first: datetime
    last: datetime
    fills: int


Pair = tuple[_Order | None, _Order | None]


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
    bar: timedelta,
    other_bars: Collection[str] = (),
) -> ParityReport:
    """The session's differences, by instrument and time.

    `ends`: last price of each instrument traded. `bar`: how long the strategy's bars are: orders whose decisions lie
    less than one apart are the same. `other_bars`: instruments of which other bars were shown live than are stored; how
    much was traded of them differs for that, so its cause is DATA.
    Raises InvalidInput for an instrument without a last price, FailedPrecondition where a rate lacks.
    """
    ours, theirs = _orders(live), _orders(backtest)
    differences: list[ParityDifference] = []
    equal = 0
    for key in sorted({*ours, *theirs}):
        scale = _scale(key[0], ends, rates)
        for one, other in _paired(ours.get(key, ()), theirs.get(key, ()), bar):
            found = list(_differences(one, other, scale, bar, data=key[0] in other_bars))
            differences += found
            equal += one.fills if one is not None and not found else 0
    return ParityReport(session, _count(ours), _count(theirs), equal, tuple(differences))


def _count(orders: Mapping[tuple[str, Side], Sequence[_Order]]) -> int:
    return sum(order.fills for together in orders.values() for order in together)


def _orders(fills: Iterable[ParityFill]) -> dict[tuple[str, Side], list[_Order]]:
    """By instrument and side, in the order of their decisions."""
    by_order: defaultdict[tuple[str, Side, str], list[ParityFill]] = defaultdict(list)
    for fill in fills:
        by_order[fill.instrument, fill.side, fill.order_id].append(fill)
    orders: defaultdict[tuple[str, Side], list[_Order]] = defaultdict(list)
    for (instrument, side, order_id), parts in by_order.items():
        quantity = sum((part.quantity for part in parts), ZERO)
        if not quantity:
            continue
        value = sum((part.quantity * part.price for part in parts), ZERO)
        first, last = min(part.time for part in parts), max(part.time for part in parts)
        decided = min(part.decided or part.time for part in parts)
        fees = sum((part.fees for part in parts), ZERO)
        orders[instrument, side].append(
            _Order(order_id, instrument, int(side), quantity, value / quantity, fees, decided, first, last, len(parts))
        )
    for together in orders.values():
        together.sort(key=lambda order: (order.decided, order.first, order.id))
    return orders


def _paired(live: Sequence[_Order], backtest: Sequence[_Order], bar: timedelta) -> Iterator[Pair]:
    """Both in the order of their decisions: the most pairs whose decisions are less than a bar apart.

    Two such sequences are matched best by taking the earliest of each that fit: who waits loses nothing.
    """
    at = against = 0
    while at < len(live) and against < len(backtest):
        one, other = live[at], backtest[against]
        if abs(one.decided - other.decided) < bar:
            yield one, other
            at, against = at + 1, against + 1
        elif one.decided < other.decided:
            yield one, None
            at += 1
        else:
            yield None, other
            against += 1
    yield from ((one, None) for one in live[at:])
    yield from ((None, other) for other in backtest[against:])


def _differences(
    live: _Order | None, backtest: _Order | None, scale: _Scale, bar: timedelta, *, data: bool
) -> Iterator[ParityDifference]:
    if live is None or backtest is None:
        profit = (_profit(live, scale) if live else ZERO) - (_profit(backtest, scale) if backtest else ZERO)
        yield _difference(live, backtest, ParityCause.DATA, profit)
        return
    sign, rate = live.sign, scale.rate
    if live.quantity != backtest.quantity:
        made = sign * (live.quantity - backtest.quantity) * (scale.end - backtest.price) * rate
        yield _difference(live, backtest, ParityCause.DATA if data else ParityCause.SIZE, made)
    made = sign * live.quantity * (backtest.price - live.price) * rate
    elsewhen = abs(live.last - backtest.last) >= bar
    if elsewhen or abs(live.price - backtest.price) >= _HALF_A_CENT or abs(made) >= _HALF_A_CENT:
        yield _difference(live, backtest, ParityCause.TIMING if elsewhen else ParityCause.PRICE, made)
    if abs(live.fees - backtest.fees) >= _HALF_A_CENT:
        yield _difference(live, backtest, ParityCause.FEES, backtest.fees - live.fees)


def _profit(order: _Order, scale: _Scale) -> Decimal:
    return order.sign * order.quantity * (scale.end - order.price) * scale.rate - order.fees


def _difference(live: _Order | None, backtest: _Order | None, cause: ParityCause, pnl: Decimal) -> ParityDifference:
    either = live or backtest
    return ParityDifference(
        either.instrument if either else "",
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
