from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from scizor.domain.errors import InvalidInput
from scizor.engine.settings import Settings
from scizor.strategy import Bar, Bars, FloatArray, VectorStrategy
from scizor.strategy import indicators as ta
from scizor.strategy.live import LiveWeights

DAY_NS = 86_400_000_000_000


class AboveMean(VectorStrategy):
    """Half of all while above the mean of three."""

    mean = ta.sma(window=3)

    def targets(self, bars: Bars) -> FloatArray:
        return np.where(np.isnan(self.mean.matrix), np.nan, np.where(bars.close > self.mean.matrix, 0.5, 0.0))


def feed(live: LiveWeights, day: int, **closes: float) -> dict[str, float]:
    bars = {symbol: Bar(close, close + 1, close - 0.5, close, 1e6) for symbol, close in closes.items()}
    return live.feed(date(2020, 1, 1 + day), day * DAY_NS, (day + 1) * DAY_NS, bars)


def test_only_what_is_decided_anew_is_told() -> None:
    live = LiveWeights(AboveMean(), ["A", "B"], Settings(), window_rows=4)
    told = [feed(live, day, A=close, B=5.0) for day, close in enumerate([10.0, 11, 12, 13, 9, 9, 12])]
    assert told == [{}, {}, {"A": 0.5, "B": 0.0}, {}, {"A": 0.0}, {}, {"A": 0.5}]


def test_a_window_slides_for_as_long_as_bars_come() -> None:
    live = LiveWeights(AboveMean(), ["A"], Settings(), window_rows=3 + 1)
    for day in range(25):
        told = feed(live, day, A=10.0 + day % 2)
        # Of three that go up and down by one the mean is a third off the last.
        assert told == ({} if day < 2 else {"A": 0.5 if day % 2 else 0.0})


def test_a_symbol_without_a_bar_decides_nothing_in_that_row() -> None:
    live = LiveWeights(AboveMean(), ["A", "B"], Settings(), window_rows=4)
    for day in range(3):
        feed(live, day, A=10.0, B=10.0)
    assert feed(live, 3, B=12.0) == {"B": 0.5}


def test_a_split_puts_the_bars_so_far_on_the_new_scale() -> None:
    live = LiveWeights(AboveMean(), ["A"], Settings(), window_rows=4)
    for day, close in enumerate([100.0, 102.0, 104.0]):
        feed(live, day, A=close)
    live.split("A", 2.0)
    assert feed(live, 3, A=54.0) == {}  # still above its mean: no crash


def test_a_row_out_of_order_is_refused_and_was_not_fed() -> None:
    live = LiveWeights(AboveMean(), ["A"], Settings(), window_rows=4)
    feed(live, 1, A=10.0)
    with pytest.raises(InvalidInput, match="rows must be sorted"):
        feed(live, 0, A=11.0)
    with pytest.raises(InvalidInput, match=r"bars: C is none of A"):
        feed(live, 2, C=11.0)
    feed(live, 2, A=11.0)
    assert feed(live, 3, A=12.0) == {"A": 0.5}


def test_a_window_too_short_for_a_value_is_refused() -> None:
    with pytest.raises(InvalidInput, match="window_rows: must be above 2"):
        LiveWeights(AboveMean(), ["A"], Settings(), window_rows=2)
