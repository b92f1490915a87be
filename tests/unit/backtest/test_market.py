"""Stored bars on the engine's rows: whose hours decide, and when."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np

from scizor.domain.bars import ActionType, BarArray, BarSeries, CorporateAction, empty_bars
from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.domain.sessions import DayArray, to_day
from scizor.engine.market import Delisting
from scizor.ports.calendar import SessionHours
from scizor.services.history.load import History, SymbolHistory
from scizor.services.history.market import ends_of, market_of, opens_and_closes
from tests.unit.backtest.build import bars_of

HOUR_NS = 3_600_000_000_000
OPENS = {"NYSE": 14.5, "NASDAQ": 14.5, "ASX": -1.0}  # hours after the session date's midnight, UTC


class HandCalendar:
    """Sessions on every day; New York is open in its afternoon, Sydney the evening before."""

    def code(self, exchange: str) -> str:
        if exchange not in OPENS:
            raise InvalidInput.of_field("primary_exchange", f"has no calendar of sessions: {exchange}")
        return "XASX" if exchange == "ASX" else "XNYS"

    def sessions(self, exchange: str, start: date, end: date) -> DayArray:
        return np.arange(to_day(start), to_day(end) + 1, dtype=np.int32)

    def hours(self, exchange: str, start: date, end: date) -> SessionHours:
        self.code(exchange)
        days = self.sessions(exchange, start, end)
        opens = days.astype(np.int64) * 24 * HOUR_NS + int(OPENS[exchange] * HOUR_NS)
        return SessionHours(days, opens, opens + 6 * HOUR_NS)

    def time_zone(self, exchange: str) -> str:
        return "UTC"


def history_of(*symbols: str) -> History:
    return History([SymbolHistory(series_of(symbol, bars_of([1, 2], [1, 2]))) for symbol in symbols])


def series_of(symbol: str, bars: BarArray, interval: Interval = Interval.DAY_1) -> BarSeries:
    return BarSeries(symbol, "USD", bars, ("test",), interval=interval)


def test_symbols_of_one_exchange_share_the_rows_of_whole_days() -> None:
    panel = market_of(history_of("A.NYSE", "B.NASDAQ"), HandCalendar()).panel
    assert (panel.n_rows, panel.symbols) == (2, ("A.NYSE", "B.NASDAQ"))
    assert np.all(panel.close_ns - panel.open_ns == 24 * HOUR_NS)


def test_sydney_comes_before_new_york_on_the_same_date() -> None:
    panel = market_of(history_of("A.NYSE", "B.ASX"), HandCalendar()).panel
    assert panel.n_rows == 4
    assert np.isnan(panel.close).tolist() == [[True, False], [False, True], [True, False], [False, True]]
    assert panel.sessions.astype(str).tolist() == ["2020-01-02", "2020-01-02", "2020-01-03", "2020-01-03"]
    assert np.all(panel.close_ns - panel.open_ns == 6 * HOUR_NS)


def test_where_an_exchange_has_no_calendar_all_keep_whole_days() -> None:
    assert market_of(history_of("A.NYSE", "B.ASX", "C.MOON"), HandCalendar()).panel.n_rows == 2


def test_a_date_without_a_session_has_the_hours_of_the_one_before() -> None:
    days = np.array([10, 13], np.int32)
    opens = days.astype(np.int64) * 24 * HOUR_NS
    hours = SessionHours(days, opens, opens + HOUR_NS)
    found, _ = opens_and_closes(np.array([10, 11, 13, 20]), hours)
    assert (found // (24 * HOUR_NS)).tolist() == [10, 11, 13, 20]


def test_minutes_are_rows_of_their_own_length() -> None:
    bars = empty_bars(2, Interval.MINUTE_5)
    bars["day"], bars["time_ns"] = to_day(date(2020, 1, 2)), [0, 300 * 10**9]
    for column in ("open", "high", "low", "close"):
        bars[column] = 1.0
    history = History([SymbolHistory(series_of("A.NYSE", bars, Interval.MINUTE_5))])
    panel = market_of(history, HandCalendar()).panel
    assert (panel.close_ns - panel.open_ns).tolist() == [300 * 10**9] * 2


def hours_of(*begins: float, day: int = 18_263, close: float = 21.0) -> tuple[list[float], list[float]]:
    """Begins and ends of hourly bars of one session, in hours after its midnight."""
    began = np.array([(24 * day + begin) * HOUR_NS for begin in begins], np.int64)
    closes = np.full(len(began), int((24 * day + close) * HOUR_NS))
    ends = ends_of(began, np.full(len(began), day), closes, HOUR_NS)
    return list(begins), [end / HOUR_NS - 24 * day for end in ends]


def test_a_session_from_half_past_begins_with_half_an_hour_where_hours_are_full() -> None:
    begins, ends = hours_of(14.5, 15, 16, 17, 18, 19, 20)
    assert ends == [*begins[1:], 21.0]


def test_a_short_first_bar_ends_at_the_full_hour_though_the_next_bar_is_missing() -> None:
    assert hours_of(14.5, 16, 17)[1] == [15.0, 17.0, 18.0]


def test_hours_counted_from_the_open_are_whole_but_for_the_last() -> None:
    assert hours_of(14.5, 15.5, 16.5, 17.5, 18.5, 19.5, 20.5)[1] == [15.5, 16.5, 17.5, 18.5, 19.5, 20.5, 21.0]


def test_an_early_close_ends_the_bar_under_way() -> None:
    assert hours_of(14.5, 15.5, 16.5, 17.5, close=18.0)[1] == [15.5, 16.5, 17.5, 18.0]
    assert hours_of(23, 24, 25, 26, 27, close=27.25)[1][-1] == 27.25


def test_a_bar_behind_the_close_keeps_its_length() -> None:
    assert hours_of(19, 20, 21, close=21.0)[1] == [20.0, 21.0, 22.0]


def test_bars_on_no_grid_in_common_end_where_the_next_begins() -> None:
    assert hours_of(14.5, 15, 16, 16.5, 17.5)[1] == [15.0, 16.0, 16.5, 17.5, 18.5]
    assert hours_of(14.5)[1] == [15.5]


def test_hourly_bars_of_one_symbol_are_rows_in_order() -> None:
    day = to_day(date(2020, 1, 2))
    for begins, exchange in (((14.5, 15, 16), "NYSE"), ((14.5, 15.5, 16.5), "NYSE"), ((14.5, 15, 16), "MOON")):
        bars = empty_bars(6, Interval.HOUR_1)
        bars["day"] = np.repeat([day, day + 1], 3)
        hours = bars["day"] * 24 + np.tile(begins, 2)
        bars["time_ns"] = (hours * HOUR_NS).astype(np.int64)
        for column in ("open", "high", "low", "close"):
            bars[column] = 1.0
        history = History([SymbolHistory(series_of(f"A.{exchange}", bars, Interval.HOUR_1))])
        assert market_of(history, HandCalendar()).panel.in_order


def test_actions_and_delistings_go_along() -> None:
    split = CorporateAction(ActionType.SPLIT, date(2020, 1, 3), Decimal(2), "test")
    series = series_of("A.NYSE", bars_of([1, 2], [1, 2]))
    market = market_of(History([SymbolHistory(series, [split], date(2020, 1, 3))]), HandCalendar())
    assert market.actions == {"A.NYSE": [split]}
    assert market.listing("A.NYSE").delisting == Delisting(date(2020, 1, 3))
