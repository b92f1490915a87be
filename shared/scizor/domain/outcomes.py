"""What a backtest came to: round trips, the account's value, where its value went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from scizor.domain.arrays import FloatArray
from scizor.domain.orders import FillCause
from scizor.domain.sessions import DayArray

Times = npt.NDArray[np.int64]


class Direction(IntEnum):
    """The side of a trade; numbers equal the contract's."""

    LONG = 1
    SHORT = 2


@dataclass(frozen=True, slots=True)
class Trade:
    """One round trip. Prices include slippage; `quantity` is positive; amounts are in the account's currency.

    `mae`, `mfe`: how far the price went against it (0 or less) and its way (0 or more), fractions of the entry price.
    `entry_time`, `exit_time`: opens of bars, or their closes for what filled after the open; None where unknown.
    """

    number: int
    symbol: str
    direction: Direction
    quantity: float
    entry_session: date
    exit_session: date
    entry_price: float
    exit_price: float
    commission: float
    gross_pnl: float
    net_pnl: float
    return_fraction: float
    sessions_held: int
    closed_at_end: bool
    entry_reason: FillCause
    exit_reason: FillCause
    mae: float | None = None
    mfe: float | None = None
    dividends: float = 0.0
    conversion_cost: float = 0.0
    entry_time: datetime | None = None
    exit_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class EquityCurve:
    """Account value by bar, sessions for bars of whole days; every column shape (n,).

    `drawdown` is a fraction, 0 or less; `exposure` is gross position value over equity. `close_ns`: when each bar
    ended, UTC; empty where it was not kept.
    """

    days: DayArray
    equity: FloatArray
    cash: FloatArray
    drawdown: FloatArray
    exposure: FloatArray
    close_ns: Times


@dataclass(frozen=True, slots=True)
class CostLines:
    """Where equity went that prices did not move, account currency; each as an amount that raises equity."""

    commission: float = 0.0
    slippage: float = 0.0
    fx: float = 0.0
    borrow: float = 0.0
    debit_interest: float = 0.0
    credit_interest: float = 0.0
    dividends: float = 0.0


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Bars whose outcome hung on the way the price went; `best`, `worst`: what the account would differ by, summed."""

    bars: int = 0
    best: float = 0.0
    worst: float = 0.0
    touch_fills: int = 0


@dataclass(frozen=True, slots=True)
class RunCounts:
    """What happened how often. `orders` holds decisions by weight too; `open_orders` met no further bar."""

    orders: int = 0
    fills: int = 0
    cut_fills: int = 0
    rejected_orders: int = 0
    zero_volume_fills: int = 0
    margin_calls: int = 0
    open_orders: int = 0


def held_value(series: Sequence[tuple[Times, FloatArray]], times: Times) -> FloatArray:
    """What one unit of money, spread evenly over the series at the first close of each, is worth at `times`.

    `series`: times and closes of each, ascending. Shape as `times`; a share not yet bought is cash.
    """
    total = np.zeros(len(times))
    for own_times, closes in series:
        place = np.searchsorted(own_times, times, side="right") - 1
        total += np.where(place < 0, 1.0, closes[np.maximum(place, 0)] / closes[0])
    return total / max(len(series), 1)
