"""Bars as arrays, and how splits and dividends put them on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.domain.sessions import to_day

BAR_DTYPE = np.dtype(
    [
        ("day", "<i4"),  # days since 1970-01-01
        ("open", "<f8"),
        ("high", "<f8"),
        ("low", "<f8"),
        ("close", "<f8"),
        ("volume", "<f8"),
        ("revision", "<i4"),
        ("source", "<i4"),  # place in the series' `sources`
        ("partial", "?"),
    ]
)
"""One daily bar: prices in quote currency as stored or adjusted, volume in shares."""

INTRADAY_DTYPE = np.dtype([*((name, BAR_DTYPE[name]) for name in BAR_DTYPE.names or ()), ("time_ns", "<i8")])
"""A bar shorter than a session: `day` is the session it belongs to, `time_ns` the instant it begins, UTC."""

SYNTHETIC = ":synthetic"
"""How the sources of bars end that no market made."""

BarArray = npt.NDArray[np.void]
PRICE_COLUMNS = ("open", "high", "low", "close")
VALUE_COLUMNS = (*PRICE_COLUMNS, "volume")


class Adjustment(IntEnum):
    """How prices are put on one scale; numbers equal the contract's."""

    RAW = 1
    SPLIT = 2
    TOTAL_RETURN = 3


class ActionType(IntEnum):
    """What happened to the shares; numbers equal the contract's."""

    SPLIT = 1
    DIVIDEND = 2


@dataclass(frozen=True, slots=True)
class CorporateAction:
    """A split (`value` shares after for each before) or a cash dividend (`value` per share, quote currency).

    Both count shares as they are on the ex-date.
    """

    type: ActionType
    ex_date: date
    value: Decimal
    source: str
    pay_date: date | None = None

    def __post_init__(self) -> None:
        if not (self.value.is_finite() and self.value > 0):
            raise InvalidInput.of_field("action.value", f"must be positive and finite, is {self.value}")
        if self.pay_date and self.pay_date < self.ex_date:
            raise InvalidInput.of_field("action.pay_date", f"must not be before ex_date ({self.ex_date})")


@dataclass(frozen=True, slots=True)
class BarSeries:
    """Bars of one instrument, oldest first, one a session or, when `interval` is shorter, one an instant.

    `bars`: BAR_DTYPE, or INTRADAY_DTYPE when `interval` is shorter than a day; shape (n,). `sources`: texts that the
    column `source` points into.
    """

    symbol: str
    currency: str
    bars: BarArray
    sources: tuple[str, ...]
    adjustment: Adjustment = Adjustment.RAW
    interval: Interval = Interval.DAY_1

    @property
    def synthetic(self) -> bool:
        """Whether any of its bars was made up, as its source says."""
        return any(self.sources[place].endswith(SYNTHETIC) for place in np.unique(self.bars["source"]))

    def adjusted(
        self, adjustment: Adjustment, actions: Sequence[CorporateAction], closes_before: Sequence[float] | None = None
    ) -> BarSeries:
        """The series on the scale of its newest session.

        `actions` in any order; those after the last bar still count, as they do for a reader of today. A dividend's
        factor is 1 - amount / close of the last session before its ex-date (CRSP 2010), the amount put on that close's
        scale where a split has the same ex-date. So it needs that close: from the series itself, or, where the series
        starts or ends before it, from `closes_before` (aligned with `actions`, NaN where unknown: then the dividend is
        left out).
        """
        if adjustment is Adjustment.RAW or not actions or len(self.bars) == 0:
            return replace(self, adjustment=adjustment)
        bars = self.bars.copy()
        price_factor, volume_factor = _factors(self.bars, adjustment, actions, closes_before)
        for column in PRICE_COLUMNS:
            bars[column] *= price_factor
        bars["volume"] *= volume_factor
        return replace(self, bars=bars, adjustment=adjustment)


def _factors(
    bars: BarArray, adjustment: Adjustment, actions: Sequence[CorporateAction], closes_before: Sequence[float] | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Price and volume factors per bar, shape (n,): the product over all actions with a later ex-date."""
    price = np.ones(len(bars))
    volume = np.ones(len(bars))
    ratios = {action.ex_date: float(action.value) for action in actions if action.type is ActionType.SPLIT}
    for index, action in enumerate(actions):
        before = int(np.searchsorted(bars["day"], to_day(action.ex_date), side="left"))
        if action.type is ActionType.SPLIT:
            ratio = float(action.value)
            price[:before] /= ratio
            volume[:before] *= ratio
        elif adjustment is Adjustment.TOTAL_RETURN:
            close = float(bars["close"][before - 1]) if 0 < before < len(bars) else np.nan
            if closes_before is not None:
                close = closes_before[index]
            # The amount counts shares as they are on the ex-date, the close before it shares as they were.
            amount = float(action.value) * ratios.get(action.ex_date, 1.0)
            if np.isfinite(close) and close > amount:
                price[:before] *= 1.0 - amount / close
    return price, volume


def empty_bars(length: int = 0, interval: Interval = Interval.DAY_1) -> BarArray:
    """A zeroed array of the interval's dtype, shape (length,)."""
    return np.zeros(length, dtype=INTRADAY_DTYPE if interval.intraday else BAR_DTYPE)
