"""From stored series to figures, without storage."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from scizor.adapters.calendar import ExchangeSessions
from scizor.domain.backtests import BacktestSpec, CommissionTerms
from scizor.domain.bars import ActionType, Adjustment, BarArray, BarSeries, CorporateAction
from scizor.domain.orders import FillCause
from scizor.domain.outcomes import Direction
from scizor.domain.sessions import SessionRange
from scizor.services.backtest.computation import Computation
from scizor.services.backtest.outcome import Outcome
from scizor.services.history.load import History, SymbolHistory
from scizor.strategy.registry import get
from tests.unit.backtest.build import FIRST_SESSION, HandClock, bars_of, spec_of, waves

CALENDAR = ExchangeSessions(HandClock())


def series_of(symbol: str, bars: BarArray) -> BarSeries:
    return BarSeries(symbol, "USD", bars, ("test",))


def history_of(*series: BarSeries, actions: tuple[CorporateAction, ...] = ()) -> History:
    return History([SymbolHistory(one, actions) for one in series])


def outcome_of(spec: BacktestSpec, *series: BarSeries, history: History | None = None) -> Outcome:
    strategy = get(spec.strategy_id)(**spec.parameters)
    return Computation(spec, strategy, history or history_of(*series), CALENDAR).run()


def test_buy_and_hold_buys_at_the_second_open_and_sells_at_the_last_close() -> None:
    spec = spec_of(["A.X"], "buy_and_hold", initial_capital=Decimal(1_000))
    outcome = outcome_of(spec, series_of("A.X", bars_of([10, 10, 12], [10, 11, 13])))
    (trade,) = outcome.trades
    assert (trade.number, trade.symbol, trade.direction, trade.quantity) == (1, "A.X", Direction.LONG, 100)
    assert (trade.entry_session, trade.exit_session) == (date(2020, 1, 3), date(2020, 1, 4))
    assert (trade.entry_price, trade.exit_price, trade.net_pnl) == (10, 13, 300)
    assert (trade.entry_reason, trade.exit_reason) == (FillCause.WEIGHT, FillCause.END_OF_RUN)
    assert trade.closed_at_end
    assert trade.mae == 0.0
    assert trade.mfe == pytest.approx(0.3)
    assert trade.entry_time == datetime(2020, 1, 3, tzinfo=UTC)
    assert trade.exit_time == datetime(2020, 1, 5, tzinfo=UTC)
    assert outcome.curve.equity.tolist() == [1000, 1100, 1300]
    assert outcome.curve.cash.tolist() == [1000, 0, 1300]
    assert outcome.curve.exposure.tolist() == [0, 1, 0]
    assert outcome.results.final_equity == 1300
    assert (outcome.results.first_session, outcome.results.last_session) == ("2020-01-02", "2020-01-04")
    assert (outcome.results.sessions, outcome.results.bars, outcome.results.trades) == (3, 3, 1)
    assert (outcome.results.counts.orders, outcome.results.counts.fills) == (1, 2)


def test_a_position_kept_open_is_said_and_is_no_trade() -> None:
    spec = spec_of(["A.X"], "buy_and_hold", initial_capital=Decimal(1_000), keep_open_at_end=True)
    outcome = outcome_of(spec, series_of("A.X", bars_of([10, 10, 12], [10, 11, 13])))
    assert outcome.trades == ()
    assert outcome.curve.equity[-1] == 1300
    assert any("1 position still open" in warning for warning in outcome.results.warnings)


def test_bars_done_are_told_and_may_be_the_end() -> None:
    spec = spec_of(["A.X"], "sma_cross_event")
    computation = Computation(spec, get(spec.strategy_id)(), history_of(series_of("A.X", waves(400))), CALENDAR)
    told: list[int] = []

    def stop_half_way(done: int) -> None:
        told.append(done)
        if done >= 200:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        computation.run(stop_half_way)
    assert told == sorted(told)
    assert 200 <= told[-1] < 400


def test_the_same_input_has_the_same_fingerprint_and_another_has_not() -> None:
    series = series_of("A.X", waves(100))
    prints = [
        outcome_of(spec, bars).results.fingerprint
        for spec, bars in [
            (spec_of(["A.X"]), series),
            (spec_of(["A.X"], title="its name changes nothing"), series),
            (spec_of(["A.X"], commission_bps=1.0), series),
            (spec_of(["A.X"], no_financing=True), series),
            (spec_of(["A.X"], parameters={"fast": 4, "slow": 8}), series),
            (spec_of(["A.X"]), series_of("A.X", waves(100, phase=0.01))),
        ]
    ]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 5


def test_costs_are_summed_over_all_fills() -> None:
    spec = spec_of(["A.X"], "buy_and_hold", initial_capital=Decimal(1_100), commission_bps=100.0, slippage_bps=100.0)
    results = outcome_of(spec, series_of("A.X", bars_of([10, 10, 10], [10, 10, 10]))).results
    bought, sold = 107 * 10.1, 107 * 9.9
    assert results.commission_paid == pytest.approx(0.01 * (bought + sold))
    assert results.slippage_paid == pytest.approx(107 * 0.1 * 2)
    assert results.costs.commission == pytest.approx(-results.commission_paid)
    assert results.costs.slippage == pytest.approx(-results.slippage_paid)
    assert results.final_equity == pytest.approx(1_100 + sold - bought - results.commission_paid)


def test_a_minimum_commission_is_paid_once_an_order() -> None:
    terms = CommissionTerms(per_share=0.01, minimum=5.0)
    spec = spec_of(["A.X"], "buy_and_hold", initial_capital=Decimal(1_100), commission=terms)
    assert outcome_of(spec, series_of("A.X", bars_of([10] * 3, [10] * 3))).results.commission_paid == 10.0


def test_a_split_and_a_dividend_happen_to_the_account_where_prices_are_as_traded() -> None:
    actions = (
        CorporateAction(ActionType.SPLIT, date(2020, 1, 4), Decimal(2), "test"),
        CorporateAction(ActionType.DIVIDEND, date(2020, 1, 5), Decimal("0.5"), "test"),
    )
    spec = spec_of(["A.X"], "buy_and_hold", initial_capital=Decimal(1_000), adjustment=Adjustment.RAW)
    series = series_of("A.X", bars_of([10, 10, 5, 5, 5], [10, 10, 5, 5, 5]))
    outcome = outcome_of(spec, history=history_of(series, actions=actions))
    assert outcome.results.final_equity == pytest.approx(1_100)
    assert outcome.results.costs.dividends == pytest.approx(100)
    (trade,) = outcome.trades
    assert trade.dividends == pytest.approx(100)
    assert any("happen to the account on their dates" in warning for warning in outcome.results.warnings)


def test_a_benchmark_is_held_against_and_not_traded() -> None:
    spec = spec_of(["A.X"], benchmark="B.X")
    history = History([SymbolHistory(series_of("A.X", waves(300)))], series_of("B.X", waves(300, phase=0.1)))
    found = {metric.name: metric for metric in outcome_of(spec, history=history).results.metrics}
    assert found["beta"].value is not None
    alone = {
        metric.name: metric for metric in outcome_of(spec_of(["A.X"]), series_of("A.X", waves(300))).results.metrics
    }
    assert alone["beta"].value is None
    assert alone["beta"].undefined_reason


def test_figures_have_intervals() -> None:
    found = {
        metric.name: metric for metric in outcome_of(spec_of(["A.X"]), series_of("A.X", waves(300))).results.metrics
    }
    sharpe = found["sharpe"]
    assert sharpe.ci_low is not None
    assert sharpe.ci_high is not None
    assert sharpe.value is not None
    assert sharpe.ci_low < sharpe.value < sharpe.ci_high


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
    assert "SPLIT" in said


def test_synthetic_bars_are_said_first() -> None:
    made_up = BarSeries("A.X", "USD", waves(300), ("ibsim:synthetic",))
    assert outcome_of(spec_of(["A.X"]), made_up).results.warnings[0].startswith("Some bars of A.X are synthetic")


def test_an_empty_array_is_no_surprise() -> None:
    outcome = outcome_of(spec_of(["A.X"]), series_of("A.X", bars_of([10] * 3, [10] * 3)))
    assert outcome.trades == ()
    np.testing.assert_array_equal(outcome.curve.equity, [10_000] * 3)
