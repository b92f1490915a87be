"""Known figures of known series, and None wherever a figure has no meaning."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scizor.domain.backtests import Sizing
from scizor.domain.errors import InvalidInput
from scizor.domain.metrics import Metric
from scizor.engine import Convention, Settings, evaluate
from scizor.engine.metrics import calmar
from scizor.engine.returns import ReturnStats, simple_returns
from tests.unit.engine.build import NAN, prices_of, run

# Bacon, "Practical Portfolio Performance Measurement and Attribution", monthly.
BACON_PER_MILLE = (3, 26, 11, -10, 15, 25, 16, 67, -14, 40, -5, 81, 40, -37, -61, 17, -49, -22, 70, 58, -65, 24, -5, -9)
BACON = np.array(BACON_PER_MILLE) / 1_000
# empyrical's own test series: daily, the first sample missing.
DAILY = np.array([NAN, 1, 10, -4, 2, 3, 2, 1, -10]) / 100


def close_to(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("convention", [Convention.TRADING_DAY_252, Convention.EMPYRICAL])
def test_bacons_monthly_returns_have_their_known_figures(convention: Convention) -> None:
    stats = ReturnStats(BACON, convention, 12)
    assert stats.volatility() == close_to(0.13700015867969229)
    assert stats.cagr() == close_to(0.10367828972980941)
    assert stats.sharpe() == close_to(0.7883202548144859)
    assert stats.sortino() == close_to(1.3592165786838633)
    assert calmar(stats) == close_to(0.7166390511623746)
    assert stats.var_95_gaussian() == close_to(-0.05605155822002584)
    assert stats.es_95_gaussian() == close_to(-0.0725772784216993)
    assert stats.omega() == close_to(1.7797833935018055)


def test_under_rs_convention_sharpe_is_geometric_and_sortino_is_per_period() -> None:
    stats = ReturnStats(BACON, Convention.R_PERFORMANCEANALYTICS, 12)
    assert stats.sharpe() == close_to(0.10367828972980941 / 0.13700015867969229)
    assert stats.sortino() == close_to(1.3592165786838633 / math.sqrt(12))


def test_empyricals_daily_returns_have_their_known_figures() -> None:
    stats = ReturnStats(DAILY, Convention.EMPYRICAL)
    assert stats.sharpe() == close_to(1.7238613961706866)
    assert stats.sortino() == close_to(2.605531251673693)
    assert stats.annual_return() == close_to(1.9135925373194231)
    assert stats.volatility() == close_to(0.9136465399704637)
    assert stats.downside_deviation() == close_to(0.60448325038829653)
    assert calmar(stats) == close_to(19.135925373194233)


def test_historical_tails_are_the_lowest_returns_themselves() -> None:
    stats = ReturnStats(np.arange(-10, 91) / 100)
    assert stats.var_95_historical() == close_to(-0.05)
    assert stats.es_95_historical() == close_to(-0.075)


def test_geometric_figures_follow_from_compounded_moments() -> None:
    returns = np.array([0.02, -0.01, 0.03])
    stats = ReturnStats(returns, Convention.GEOMETRIC_252, 252, days=365)
    growth, g = 1.02 * 0.99 * 1.03, (1.02 * 0.99 * 1.03) ** (1 / 3)
    assert stats.annual_return() == close_to(g**252 - 1)
    assert stats.cagr() == close_to(growth ** (365.25 / 365) - 1)
    compounded = math.sqrt((np.var(returns, ddof=1) + g * g) ** 252 - g**504)
    assert stats.volatility() == pytest.approx(compounded, rel=1e-6)
    assert stats.sortino() == pytest.approx((g**252 - 1) / (0.01 / math.sqrt(3) * math.sqrt(252)), rel=1e-9)


def test_returns_stop_at_the_session_that_wiped_the_account_out() -> None:
    assert simple_returns(np.array([100.0, 50.0, -10.0, -10.0])).tolist() == [-0.5, -1.2]


def figures(metrics: tuple[Metric, ...]) -> dict[str, float | None]:
    return {metric.name: metric.value for metric in metrics}


def test_a_small_run_has_the_figures_worked_out_by_hand() -> None:
    prices = prices_of([10, 10, 20, 10, 10], [10, 20, 20, 10, 5])
    result = run(prices, [1, 0, 1, 0, NAN], Settings(initial_cash=1_000, sizing=Sizing.AT_FILL))
    # 100 at 10, sold at 20: 2000. 200 at 10, sold at 10: 2000.
    found = figures(evaluate(result, prices))
    assert found["total_return"] == close_to(1.0)
    assert found["buy_and_hold_return"] == close_to(-0.5)
    assert found["n_trades"] == 2
    assert found["win_rate"] == close_to(0.5)
    assert found["expectancy"] == close_to(500)
    assert found["mean_trade_return"] == close_to(0.5)
    assert (found["best_trade"], found["worst_trade"]) == (1.0, 0.0)
    assert found["profit_factor"] is None
    assert found["sqn"] == close_to(math.sqrt(2) * 500 / float(np.std([1_000, 0], ddof=1)))
    assert found["time_in_market"] == close_to(4 / 5)
    assert found["turnover"] == close_to((1_000 + 2_000 + 2_000 + 2_000) / 2 / (1_000 + 4 * 2_000) * 252)
    assert found["max_drawdown"] == 0


def test_kelly_and_profit_factor_weigh_wins_against_losses() -> None:
    prices = prices_of([10, 10, 20, 20, 15], [10, 20, 20, 15, 15])
    result = run(prices, [1, 0, 1, 0, NAN], Settings(initial_cash=1_000, sizing=Sizing.AT_FILL))
    # Won 1000 (100 %), lost 500 (25 %).
    found = figures(evaluate(result, prices))
    assert found["profit_factor"] == close_to(2)
    assert found["kelly"] == close_to(0.5 - 0.5 / 2)
    assert figures(evaluate(result, prices, Convention.GEOMETRIC_252))["profit_factor"] == close_to(4)


@pytest.mark.parametrize("convention", Convention)
@pytest.mark.parametrize("weights", [[1], [0, 0, 0], [NAN, 1, 0], [-1, NAN, NAN, NAN]])
@pytest.mark.parametrize("closes", [[10, 10, 10, 10], [10, 10, 25, 10], [10, 1e-9, 1e9, 1e-9]])
def test_no_figure_is_ever_nan_or_infinite(convention: Convention, weights: list[float], closes: list[float]) -> None:
    shown = closes[: len(weights)]
    prices = prices_of(shown, shown)
    for metric in evaluate(run(prices, weights), prices, convention):
        assert metric.value is None or math.isfinite(metric.value), metric


def test_one_session_without_trades_has_no_risk_figures() -> None:
    prices = prices_of([10], [10])
    found = figures(evaluate(run(prices, [NAN]), prices))
    undefined = {"cagr", "volatility", "sharpe", "sortino", "calmar", "omega", "win_rate", "sqn", "kelly", "best_trade"}
    assert {name for name in undefined if found[name] is not None} == set()
    assert found["n_trades"] == 0


def test_equal_returns_have_no_sharpe_ratio_although_their_floats_deviate() -> None:
    stats = ReturnStats(np.full(10, 0.1))
    assert stats.volatility() == 0
    assert stats.sharpe() is None


def test_a_metric_says_its_convention_and_its_samples() -> None:
    prices = prices_of([10, 10, 12], [10, 11, 12])
    result = run(prices, [1, NAN, NAN])
    by_name = {metric.name: metric for metric in evaluate(result, prices, periods_per_year=12)}
    assert by_name["sharpe"].convention == "TRADING_DAY_252@12"
    assert (by_name["sharpe"].n, by_name["sharpe"].unit) == (2, "ratio")
    assert {metric.convention for metric in evaluate(result, prices, Convention.EMPYRICAL)} == {"EMPYRICAL"}


def test_periods_per_year_must_be_above_zero() -> None:
    prices = prices_of([10], [10])
    with pytest.raises(InvalidInput, match="periods_per_year"):
        evaluate(run(prices, [NAN]), prices, periods_per_year=0)
