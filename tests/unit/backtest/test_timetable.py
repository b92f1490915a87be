"""A locked process knows of exchanges' hours what a run on the same bars asked for here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pytest

from scizor.adapters.calendar import ExchangeSessions
from scizor.domain.bars import BarSeries, empty_bars
from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.domain.sessions import to_day
from scizor.services.backtest.strategies.timetable import timetable_of, timetable_parts
from scizor.services.history.load import History, SymbolHistory
from scizor.services.history.market import market_of
from tests.unit.backtest.build import HandClock, waves

MONDAY = date(2024, 3, 4)


def minutes(symbol: str) -> BarSeries:
    bars = empty_bars(300, Interval.MINUTE_5)
    bars["day"] = to_day(MONDAY) + np.arange(300) // 75
    start_ns = (bars["day"].astype(np.int64) * 86_400 + 14 * 3_600 + 1_800) * 1_000_000_000
    bars["time_ns"] = start_ns + np.arange(300) % 75 * 300_000_000_000
    for column in ("open", "high", "low", "close", "volume"):
        bars[column] = 100.0
    return BarSeries(symbol, "USD", bars, ("",), interval=Interval.MINUTE_5)


def days(symbol: str) -> BarSeries:
    return BarSeries(symbol, "USD", waves(20, MONDAY - timedelta(days=7)), ("",))


@pytest.mark.parametrize(
    "series",
    [
        [days("A.NASDAQ")],
        [days("A.NASDAQ"), days("B.ASX")],
        [days("A.NASDAQ"), days("B.MOON")],
        [minutes("A.NASDAQ")],
        [minutes("A.NASDAQ"), minutes("B.MOON")],
    ],
)
def test_the_market_is_the_same_there(series: Sequence[BarSeries]) -> None:
    history = History([SymbolHistory(one) for one in series])
    calendar = ExchangeSessions(HandClock())
    here = market_of(history, calendar).panel
    there = market_of(history, timetable_of(*timetable_parts(history, calendar))).panel
    for name in ("sessions", "open_ns", "close_ns", "close"):
        np.testing.assert_array_equal(getattr(here, name), getattr(there, name), strict=True)


def test_whatever_was_not_asked_has_no_answer() -> None:
    told = timetable_of({"codes": {"MOON": ""}, "spans": []}, {})
    for ask in (
        lambda: told.code("MOON"),
        lambda: told.code("NASDAQ"),
        lambda: told.hours("NASDAQ", MONDAY, MONDAY),
        lambda: told.sessions("NASDAQ", MONDAY, MONDAY),
        lambda: told.time_zone("NASDAQ"),
    ):
        with pytest.raises(InvalidInput, match="nothing is known"):
            ask()
