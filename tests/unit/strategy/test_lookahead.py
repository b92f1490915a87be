from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from scizor.domain.bars import ActionType, CorporateAction
from scizor.engine.arrays import BoolArray
from scizor.engine.market import Delisting, Listing, Market
from scizor.engine.settings import Settings
from scizor.strategy import Bars, Context, EventStrategy, FloatArray, Interval, Strategy, VectorStrategy, get
from scizor.strategy import indicators as ta
from scizor.strategy.bars import Column
from scizor.strategy.lookahead import Finding, check_lookahead
from tests.unit.strategy.build import NAN, random_panel

HOUR_NS = 3_600_000_000_000
MARKET = Market(random_panel(120, 2, 7))


def vector(decide: Callable[[Bars], FloatArray]) -> VectorStrategy:
    class Deciding(VectorStrategy):
        def targets(self, bars: Bars) -> FloatArray:
            return decide(bars)

    return Deciding()


def held_where(good: BoolArray) -> FloatArray:
    return np.where(good, 0.4, 0.0)


def shifted(bars: Bars) -> FloatArray:
    tomorrow = np.vstack([bars.close[1:], bars.close[-1:]])
    return held_where(tomorrow > bars.close)


def centred(bars: Bars) -> FloatArray:
    kernel = np.ones(5) / 5
    means = np.stack([np.convolve(column, kernel, mode="same") for column in bars.close.T], axis=1)
    return held_where(bars.close > means)


def normalised(bars: Bars) -> FloatArray:
    return held_where(bars.close > bars.close.mean(axis=0))


def best_of_all(bars: Bars) -> FloatArray:
    weights = np.full(bars.close.shape, NAN)
    weights[0, np.argmax(bars.close[-1] / bars.close[0])] = 1.0
    return weights


def filled_backwards(bars: Bars) -> FloatArray:
    mean = np.full(bars.close.shape, NAN)
    for row in range(9, bars.n_rows):
        mean[row] = bars.close[row - 9 : row + 1].mean(axis=0)
    mean[:9] = mean[9] if bars.n_rows > 9 else NAN
    return held_where(bars.close > mean)


def day_before_it_is_over(bars: Bars) -> FloatArray:
    last_of_day = np.append(bars.sessions[1:] != bars.sessions[:-1], True)
    closes = bars.close[last_of_day]
    return held_where(bars.close < closes[np.cumsum(np.append(0, last_of_day[:-1]))])


def sold_at_the_end(bars: Bars) -> FloatArray:
    weights = np.full(bars.close.shape, 0.4)
    weights[-3:] = 0.0
    return weights


def tomorrows_high(bars: Bars) -> FloatArray:
    return held_where(np.vstack([bars.high[1:], bars.high[-1:]]) > bars.close * 1.03)


def tomorrows_volume(bars: Bars) -> FloatArray:
    return held_where(np.vstack([bars.volume[1:], bars.volume[-1:]]) > 1e6)


@pytest.mark.parametrize(
    ("cheat", "columns"),
    [
        (shifted, ("close",)),
        (centred, ("close",)),
        (normalised, ("close",)),
        (best_of_all, ("close",)),
        (filled_backwards, ("close",)),
        (sold_at_the_end, ()),
        (tomorrows_high, ("high",)),
        (tomorrows_volume, ("volume",)),
    ],
)
def test_a_vector_strategy_that_sees_the_future_is_found(
    cheat: Callable[[Bars], FloatArray], columns: tuple[Column, ...]
) -> None:
    finding = check_lookahead(vector(cheat), MARKET, Settings())
    assert finding is not None
    assert finding.columns == columns
    assert finding.row < finding.cut_row
    assert finding.symbol in MARKET.panel.symbols
    assert f"at {finding.time} (row {finding.row})" in finding.message


def test_the_first_offending_row_is_named() -> None:
    def from_row_50(bars: Bars) -> FloatArray:
        weights = np.full(bars.close.shape, NAN)
        weights[50:] = shifted(bars)[50:]
        return weights

    finding = check_lookahead(vector(from_row_50), MARKET, Settings())
    assert finding is not None
    assert (finding.row, finding.time) == (50, "1970-02-20")
    assert finding.message == "decides for S0 at 1970-02-20 (row 50) by the close of later rows"


def test_a_day_used_before_it_is_over_is_found() -> None:
    market = Market(random_panel(84, 1, 5, bar_ns=HOUR_NS, bars_a_day=7))
    finding = check_lookahead(vector(day_before_it_is_over), market, Settings())
    assert finding is not None
    assert (finding.columns, finding.time) == (("close",), "1970-01-01T01:00:00Z")


def test_an_event_strategy_that_digs_for_later_bars_is_found() -> None:
    class Digging(EventStrategy):
        def on_bar(self, ctx: Context) -> None:
            feed = ctx._feed  # type: ignore[attr-defined]  # the cheat is meant
            row = min(feed.clock.row + 1, feed.panel.n_rows - 1)
            if feed.panel.close[row, 0] > 1.02 * ctx.close("S0") and not ctx.position("S0") and not ctx.orders():
                ctx.buy("S0", 10)

    finding = check_lookahead(Digging(), MARKET, Settings())
    assert finding is not None
    assert finding.columns == ("close",)


def test_chance_is_told_from_foresight() -> None:
    random = np.random.default_rng(1)

    finding = check_lookahead(vector(lambda bars: random.uniform(0, 0.4, bars.close.shape)), MARKET, Settings())
    assert finding is not None
    assert not finding.repeatable
    assert finding.message == "decides for S0 at 1970-01-01 otherwise when it is run again on the same bars"


class TwoTimeframes(VectorStrategy):
    """Hours above the mean of complete days."""

    mean = ta.sma(window=2, interval=Interval.DAY_1)

    def targets(self, bars: Bars) -> FloatArray:
        days = bars.resample(Interval.DAY_1)
        return held_where((bars.close > self.mean.matrix) & (days.align(days.high) > bars.close))


class Ordering(EventStrategy):
    """Orders of several kinds, answered."""

    channel = ta.donchian(window=5, present=False)

    def on_start(self, ctx: Context) -> None:
        self.filled = 0

    def on_bar(self, ctx: Context) -> None:
        for symbol in ctx.symbols:
            high, low = self.channel.upper[symbol], self.channel.lower[symbol]
            if ctx.position(symbol):
                if not ctx.orders(symbol):
                    ctx.sell(symbol, ctx.position(symbol), stop=low)
            elif high == high:
                ctx.cancel_all(symbol)
                ctx.buy(symbol, 10 + self.filled, stop=high)

    def on_fill(self, ctx: Context, fill: object) -> None:
        self.filled += 1


@pytest.mark.parametrize("strategy", [TwoTimeframes(), Ordering()])
def test_honest_ones_are_cleared(strategy: VectorStrategy | EventStrategy) -> None:
    market = Market(random_panel(140, 2, 8, gaps=0.02, bar_ns=HOUR_NS, bars_a_day=7))
    assert check_lookahead(strategy, market, Settings(), n_cuts=12) is None


@pytest.mark.parametrize("strategy", [get("sma_cross")(fast=2, slow=5), Ordering()])
def test_splits_delistings_and_rates_to_come_are_no_foresight(strategy: Strategy) -> None:
    panel = random_panel(120, 2, 9)
    split = CorporateAction(ActionType.SPLIT, date(1970, 3, 1), Decimal(3), "test")
    market = Market(
        panel,
        listings={"S0": Listing("EUR"), "S1": Listing(delisting=Delisting(date(1970, 4, 1), 5.0))},
        actions={"S0": [split]},
        rates={"EUR": np.linspace(1.0, 1.2, 120)},
    )
    assert check_lookahead(strategy, market, Settings(), n_cuts=12) is None


def test_one_that_needs_more_rows_than_a_past_has_is_checked_on_the_others() -> None:
    def after_60_rows(bars: Bars) -> FloatArray:
        if bars.n_rows < 60:
            raise ValueError("too few rows")
        return shifted(bars)

    assert isinstance(check_lookahead(vector(after_60_rows), MARKET, Settings()), Finding)
