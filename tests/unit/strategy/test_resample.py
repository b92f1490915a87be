from __future__ import annotations

import numpy as np
import pytest

from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.engine.panel import Panel, Series
from scizor.engine.resample import resample
from tests.unit.strategy.build import NAN, first_rows, panel_of, random_panel

MINUTE_NS = 60_000_000_000
HOUR_NS = 60 * MINUTE_NS


def test_a_coarse_bar_is_the_first_open_the_extremes_the_last_close_and_all_volume() -> None:
    panel = random_panel(25, 2, 1, bar_ns=15 * MINUTE_NS, bars_a_day=10)
    hours = resample(panel, Interval.HOUR_1)
    first = hours.series["S1"]
    assert first.open[0] == panel.open[0, 1]
    assert first.high[0] == panel.high[:4, 1].max()
    assert first.low[0] == panel.low[:4, 1].min()
    assert first.close[0] == panel.close[3, 1]
    assert first.volume is not None
    assert first.volume[0] == 4e6
    np.testing.assert_array_equal(hours.known_rows["S1"], [3, 7, 10, 13, 17, 20, 23])


def test_a_bar_is_complete_at_its_end_or_when_the_clock_has_passed_it() -> None:
    closes = [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [NAN, 4.0], [5.0, NAN], [NAN, 6.0]]
    panel = panel_of(closes, bar_ns=15 * MINUTE_NS)
    panel = Panel(
        panel.symbols,
        np.zeros(6, "datetime64[D]"),
        np.arange(6) * 15 * MINUTE_NS,
        np.arange(1, 7) * 15 * MINUTE_NS,
        *(panel.open, panel.high, panel.low, panel.close, panel.volume),
    )
    hours = resample(panel, Interval.HOUR_1)
    # S0 has no bar in the slot that ends the hour: that it will have none is known with the next row.
    assert (hours.known_rows["S0"].tolist(), hours.known_rows["S1"].tolist()) == ([4], [3])
    np.testing.assert_array_equal(hours.align(hours.panel.close)[:, 0], [NAN, NAN, NAN, NAN, 3.0, 3.0])
    np.testing.assert_array_equal(hours.align(hours.panel.close)[:, 1], [NAN, NAN, NAN, 4.0, 4.0, 4.0])


def test_a_day_is_complete_with_the_symbols_first_bar_of_a_later_one() -> None:
    panel = random_panel(9, 1, 2, bar_ns=HOUR_NS, bars_a_day=3)
    days = resample(panel, Interval.DAY_1)
    assert days.known_rows["S0"].tolist() == [3, 6]
    assert days.panel.n_rows == 2  # the third day is not over


@pytest.mark.parametrize("interval", [Interval.HOUR_1, Interval.DAY_1])
def test_nothing_shown_for_a_row_depends_on_later_rows(interval: Interval) -> None:
    panel = random_panel(40, 3, 3, gaps=0.3, bar_ns=20 * MINUTE_NS, bars_a_day=10)
    whole = resample(panel, interval)
    shown = whole.align(whole.panel.close)
    for n_rows in range(1, 40):
        part = resample(first_rows(panel, n_rows), interval)
        np.testing.assert_array_equal(part.align(part.panel.close), shown[:n_rows])


def test_unknown_volume_stays_unknown() -> None:
    prices = np.array([1.0, 2.0, 3.0])
    one = Series(
        np.zeros(3, "datetime64[D]") + np.array([0, 0, 1]),
        open=prices,
        high=prices,
        low=prices,
        close=prices,
        open_ns=np.array([0, HOUR_NS, 24 * HOUR_NS]),
        close_ns=np.array([HOUR_NS, 2 * HOUR_NS, 25 * HOUR_NS]),
    )
    volume = resample(Panel.align({"A": one}), Interval.DAY_1).series["A"].volume
    assert volume is not None
    assert np.isnan(volume).all()


@pytest.mark.parametrize("interval", [Interval.DAY_1, Interval.HOUR_1])
def test_days_make_no_shorter_bars(interval: Interval) -> None:
    with pytest.raises(InvalidInput, match=f"interval: must be longer than the bars, {interval.word} is not"):
        resample(panel_of([[1.0], [2.0]]), interval)


def test_hours_whose_first_of_a_session_is_short_make_no_hours() -> None:
    begins = np.array([14.5, 15, 16, 17]) * HOUR_NS
    opens = begins.astype(np.int64)
    column = np.ones(4)
    series = Series(np.zeros(4, "datetime64[D]"), column, column, column, column, None, opens, np.append(opens[1:], 0))
    assert series.close_ns is not None
    series.close_ns[-1] = opens[-1] + HOUR_NS
    panel = Panel.align({"A": series})
    with pytest.raises(InvalidInput, match="interval: must be longer than the bars"):
        resample(panel, Interval.HOUR_1)
    resample(panel, Interval.DAY_1)


def test_the_coarse_rows_are_laid_out_once() -> None:
    hours = resample(random_panel(25, 2, 1, bar_ns=15 * MINUTE_NS, bars_a_day=10), Interval.HOUR_1)
    assert hours.panel is hours.panel


def test_a_matrix_of_another_shape_is_refused() -> None:
    hours = resample(random_panel(25, 2, 1, bar_ns=15 * MINUTE_NS, bars_a_day=10), Interval.HOUR_1)
    with pytest.raises(InvalidInput, match="matrix: must have shape"):
        hours.align(np.zeros((3, 2)))
