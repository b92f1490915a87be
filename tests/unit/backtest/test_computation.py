"""From stored series to figures, without storage."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from scizor.domain.backtests import BacktestSpec, Direction
from scizor.domain.bars import Adjustment, BarArray, BarSeries
from scizor.domain.sessions import SessionRange
from scizor.services.backtest.computation import Computation, Outcome
from scizor.services.backtest.matrix import to_prices
from tests.unit.backtest.build import FIRST_SESSION, bars_of, spec_of, waves


def series_of(symbol: str, bars: BarArray) -> BarSeries:
    return BarSeries(symbol, "USD", bars, ("test",))


def outcome_of(spec: BacktestSpec, *series: BarSeries, chunk_bars: int = 1_000) -> Outcome:
    computation = Computation(spec, series)
    while not computation.advance(chunk_bars):
        pass
    return computation.outcome()


def test_symbols_share_the_union_of_their_sessions() -> None:
    late = FIRST_SESSION + timedelta(days=1)
    prices = to_prices([series_of("A.X", bars_of([1, 2], [1, 2])), series_of("B.X", bars_of([5, 6], [5, 6], late))])
    assert prices.symbols == ("A.X", "B.X")
    assert [str(session) for session in prices.sessions] == ["2020-01-02", "2020-01-03", "2020-01-04"]
    np.testing.assert_array_equal(prices.open, [[1, np.nan], [2, 5], [np.nan, 6]])


def test_buy_and_hold_buys_at_the_second_open_and_sells_at_the_last_close() -> None:
    spec = spec_of(["A.X"], "buy_and_hold", initial_capital=Decimal(1_000))
    outcome = outcome_of(spec, series_of("A.X", bars_of([10, 10, 12], [10, 11, 13])))
    (trade,) = outcome.trades
    assert (trade.number, trade.symbol, trade.direction, trade.quantity) == (1, "A.X", Direction.LONG, 100)
    assert (trade.entry_session, trade.exit_session) == (date(2020, 1, 3), date(2020, 1, 4))
    assert (trade.entry_price, trade.exit_price, trade.net_pnl) == (10, 13, 300)
    assert trade.closed_at_end
    assert outcome.curve.equity.tolist() == [1000, 1100, 1300]
    assert outcome.curve.cash.tolist() == [1000, 0, 1300]
    assert outcome.curve.exposure.tolist() == [0, 1, 0]
    assert outcome.results.final_equity == 1300
    assert (outcome.results.first_session, outcome.results.last_session) == ("2020-01-02", "2020-01-04")
    assert (outcome.results.sessions, outcome.results.bars, outcome.results.trades) == (3, 3, 1)


def test_a_position_kept_open_is_said_and_is_no_trade() -> None:
    spec = spec_of(["A.X"], "buy_and_hold", initial_capital=Decimal(1_000), keep_open_at_end=True)
    outcome = outcome_of(spec, series_of("A.X", bars_of([10, 10, 12], [10, 11, 13])))
    assert outcome.trades == ()
    assert outcome.curve.equity[-1] == 1300
    assert any("1 positions are still open" in warning for warning in outcome.results.warnings)


def test_the_size_of_a_chunk_changes_nothing() -> None:
    spec = spec_of(["A.X", "B.X"], commission_bps=5.0, slippage_bps=2.0)
    series = [series_of("A.X", waves(400)), series_of("B.X", waves(300, phase=1.0))]
    one, other = (outcome_of(spec, *series, chunk_bars=size) for size in (1, 10_000))
    assert one.trades == other.trades
    assert one.results.metrics == other.results.metrics
    np.testing.assert_array_equal(one.curve.equity, other.curve.equity)
    assert len(one.trades) > 10


def test_the_same_input_has_the_same_fingerprint_and_another_has_not() -> None:
    series = series_of("A.X", waves(100))
    prints = [
        outcome_of(spec, bars).results.fingerprint
        for spec, bars in [
            (spec_of(["A.X"]), series),
            (spec_of(["A.X"], title="its name changes nothing"), series),
            (spec_of(["A.X"], commission_bps=1.0), series),
            (spec_of(["A.X"], parameters={"fast": 4, "slow": 8}), series),
            (spec_of(["A.X"]), series_of("A.X", waves(100, phase=0.01))),
        ]
    ]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 4


def test_costs_are_summed_over_all_fills() -> None:
    spec = spec_of(["A.X"], "buy_and_hold", initial_capital=Decimal(1_100), commission_bps=100.0, slippage_bps=100.0)
    results = outcome_of(spec, series_of("A.X", bars_of([10, 10, 10], [10, 10, 10]))).results
    bought, sold = 107 * 10.1, 107 * 9.9
    assert results.commission_paid == pytest.approx(0.01 * (bought + sold))
    assert results.slippage_paid == pytest.approx(107 * 0.1 * 2)
    assert results.final_equity == pytest.approx(1_100 + sold - bought - results.commission_paid)


def warnings_of(spec: BacktestSpec, *series: BarSeries) -> str:
    return "\n".join(outcome_of(spec, *series).results.warnings)


def test_warnings_say_what_applies() -> None:
    asked = SessionRange(start=date(2019, 1, 2))
    spec = spec_of(["A.X", "B.X"], sessions=asked)
    late = series_of("B.X", waves(20, FIRST_SESSION + timedelta(days=10)))
    said = warnings_of(spec, series_of("A.X", waves(100)), late)
    assert "neither commission nor slippage" in said
    assert "Only 100 sessions" in said
    assert "Bars begin on 2020-01-02, not on 2019-01-02" in said
    assert "begin later than the others': B.X (2020-01-12)" in said
    assert "end earlier than the others': B.X (2020-01-31)" in said
    assert "survivorship" in said
    assert "SPLIT" in said


def test_warnings_do_not_say_what_does_not_apply() -> None:
    spec = spec_of(["A.X"], commission_bps=5.0, adjustment=Adjustment.TOTAL_RETURN)
    assert len(outcome_of(spec, series_of("A.X", waves(400))).results.warnings) == 1
    assert "TOTAL_RETURN" in warnings_of(spec, series_of("A.X", waves(400)))


def test_a_buy_that_the_gap_made_too_dear_is_told() -> None:
    spec = spec_of(["A.X"], "buy_and_hold", initial_capital=Decimal(1_000))
    assert "1 buys were cut" in warnings_of(spec, series_of("A.X", bars_of([10, 12, 12], [10, 12, 12])))
