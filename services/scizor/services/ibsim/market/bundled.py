"""The real bars that come with SCIZOR, as the gateway's history of those years.

AAPL, IBM and MSFT from 2000-03-01 and GOOG from 2004-08-19, all to 2013-03-01, daily and as traded: Quandl's WIKI
Prices, declared public domain by Quandl, as packed by `bokeh_sampledata`; misprints included. `actions.csv` holds the
splits and dividends that the companies declared in those years.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import import_module, resources
from types import MappingProxyType
from typing import Final

import numpy as np

from scizor.domain.sessions import DayArray, to_day
from scizor.services.ibsim.market.api import DataRange
from scizor.services.ibsim.market.noise import Floats
from scizor.services.ibsim.market.ticks import PriceArray

ORIGIN = "bokeh_sampledata"
_LAST = date(2013, 3, 1)
_SPANS = MappingProxyType(
    {
        ("AAPL", "NASDAQ"): DataRange(ORIGIN, date(2000, 3, 1), _LAST),
        ("IBM", "NYSE"): DataRange(ORIGIN, date(2000, 3, 1), _LAST),
        ("MSFT", "NASDAQ"): DataRange(ORIGIN, date(2000, 3, 1), _LAST),
        ("GOOG", "NASDAQ"): DataRange(ORIGIN, date(2004, 8, 19), _LAST),
    }
)
SPLIT: Final = "split"
DIVIDEND: Final = "dividend"


@dataclass(frozen=True, slots=True)
class RealBars:
    """Daily bars as traded, ascending, shapes (n,). `day`: since 1970-01-01; prices in USD, volume in shares."""

    day: DayArray
    open: PriceArray
    high: PriceArray
    low: PriceArray
    close: PriceArray
    volume: Floats


@dataclass(frozen=True, slots=True)
class Declared:
    """A corporate action: shares for one (`split`) or USD a share (`dividend`)."""

    kind: str
    ex_date: date
    value: float


def bundled_span(symbol: str, primary_exchange: str) -> DataRange | None:
    """Which sessions of a contract are real, if any."""
    return _SPANS.get((symbol, primary_exchange))


@cache
def bundled_bars(symbol: str) -> RealBars:
    """A bundled ticker's bars."""
    columns = getattr(import_module("bokeh_sampledata.stocks"), symbol)
    days = np.array([to_day(date.fromisoformat(text)) for text in columns["date"]], dtype=np.int32)
    names = ("open", "high", "low", "close", "volume")
    return RealBars(days, *(np.array(columns[name], dtype=np.float64) for name in names))


@cache
def bundled_actions() -> MappingProxyType[str, tuple[Declared, ...]]:
    """By ticker, in order of their ex-dates."""
    text = resources.files(__package__).joinpath("actions.csv").read_text(encoding="utf-8")
    found: dict[str, list[Declared]] = {}
    for row in csv.DictReader(text.splitlines()):
        action = Declared(row["type"], date.fromisoformat(row["ex_date"]), float(row["value"]))
        found.setdefault(row["symbol"], []).append(action)
    return MappingProxyType({symbol: tuple(actions) for symbol, actions in found.items()})
