"""Known figures of known series under each convention."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.domain.arrays import FloatArray
from scizor.engine.analytics.conventions import Convention, Terms
from scizor.engine.analytics.figures import Origin, measure
from scizor.engine.analytics.moments import ReturnSample
from scizor.engine.analytics.ratios import DEPTH_FORMULA, RETURN_FORMULAS, simple_returns

# Bacon, "Practical Portfolio Performance Measurement and Attribution", monthly.
BACON_PER_MILLE = (3, 26, 11, -10, 15, 25, 16, 67, -14, 40, -5, 81, 40, -37, -61, 17, -49, -22, 70, 58, -65, 24, -5, -9)
BACON = np.array(BACON_PER_MILLE) / 1_000
# empyrical's own test series: daily, the first sample missing.
DAILY = np.array([1, 10, -4, 2, 3, 2, 1, -10]) / 100
RETURNS = st.lists(st.floats(-0.2, 0.2).map(lambda one: round(one, 6)), min_size=3, max_size=40).map(np.array)


def close_to(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-12)


def figures(returns: FloatArray, terms: Terms | None = None) -> dict[str, float | None]:
    terms = terms or Terms()
    with np.errstate(all="ignore"):
        sample = ReturnSample(returns, terms.target)
        origin = Origin(terms, "", len(returns), "return")
        return {one.name: one.value for one in measure((*RETURN_FORMULAS, DEPTH_FORMULA), sample, origin)}


@pytest.mark.parametrize("convention", [Convention.TRADING_DAY_252, Convention.EMPYRICAL])
def test_bacons_monthly_returns_have_their_known_figures(convention: Convention) -> None:
    found = figures(BACON, Terms(convention, 12))
    assert found["volatility"] == close_to(0.13700015867969229)
    assert found["cagr"] == close_to(0.10367828972980941)
    assert found["sharpe"] == close_to(0.7883202548144859)
    assert found["sortino"] == close_to(1.3592165786838633)
    assert found["max_drawdown"] == close_to(-0.144672955739218)
    assert found["calmar"] == close_to(0.7166390511623746)
    assert found["var_95_gaussian"] == close_to(-0.05605155822002584)
    assert found["es_95_gaussian"] == close_to(-0.0725772784216993)
    assert found["omega"] == close_to(1.7797833935018055)


def test_under_rs_convention_sharpe_is_geometric_and_sortino_is_per_period() -> None:
    found = figures(BACON, Terms(Convention.R_PERFORMANCEANALYTICS, 12))
    assert found["sharpe"] == close_to(0.10367828972980941 / 0.13700015867969229)
    assert found["sortino"] == close_to(1.3592165786838633 / math.sqrt(12))


def test_empyricals_daily_returns_have_their_known_figures() -> None:
    found = figures(DAILY, Terms(Convention.EMPYRICAL, n_missing=1))
    assert found["sharpe"] == close_to(1.7238613961706866)
    assert found["sortino"] == close_to(2.605531251673693)
    assert found["annual_return"] == close_to(1.9135925373194231)
    assert found["volatility"] == close_to(0.9136465399704637)
    assert found["downside_deviation"] == close_to(0.60448325038829653)
    assert found["max_drawdown"] == close_to(-0.1)
    assert found["calmar"] == close_to(19.135925373194233)


def test_historical_tails_are_the_lowest_returns_themselves() -> None:
    found = figures(np.arange(-10, 91) / 100)
    assert found["var_95_historical"] == close_to(-0.05)
    assert found["es_95_historical"] == close_to(-0.075)
    assert found["tail_ratio"] == close_to(0.85 / 0.05)


def test_geometric_figures_follow_from_compounded_moments() -> None:
    returns = np.array([0.02, -0.01, 0.03])
    found = figures(returns, Terms(Convention.GEOMETRIC_252, days=365))
    growth, g = 1.02 * 0.99 * 1.03, (1.02 * 0.99 * 1.03) ** (1 / 3)
    assert found["annual_return"] == close_to(g**252 - 1)
    assert found["cagr"] == close_to(growth ** (365.25 / 365) - 1)
    compounded = math.sqrt((np.var(returns, ddof=1) + g * g) ** 252 - g**504)
    assert found["volatility"] == pytest.approx(compounded, rel=1e-6)
    assert found["sortino"] == pytest.approx((g**252 - 1) / (0.01 / math.sqrt(3) * math.sqrt(252)), rel=1e-9)


def test_under_leans_convention_the_mean_is_compounded_and_downside_is_the_deviation_of_losses_alone() -> None:
    returns = np.array([0.01, -0.02, 0.0, 0.015, -0.005, 0.0, 0.02])
    terms = Terms(Convention.LEAN_CALENDAR_252, risk_free=0.02, years=0.5, growth_outside=1.1)
    found = figures(returns, terms)
    annual = (1 + float(np.mean(returns))) ** 252 - 1
    assert found["annual_return"] == close_to(annual)
    assert found["sharpe"] == close_to((annual - 0.02) / (float(np.std(returns, ddof=1)) * math.sqrt(252)))
    assert found["sortino"] == close_to((annual - 0.02) / (float(np.std([-0.02, -0.005], ddof=1)) * math.sqrt(252)))
    assert found["cagr"] == close_to((float(np.prod(1 + returns)) * 1.1) ** 2 - 1)
    assert figures(returns[:5][returns[:5] >= -0.01], terms)["sortino"] is None


def test_the_risk_free_rate_is_taken_from_the_mean_and_is_what_returns_fall_short_of() -> None:
    terms = Terms(periods_per_year=12, risk_free=0.06)
    found, excess = figures(BACON, terms), BACON - 0.005
    assert found["sharpe"] == close_to(float(np.mean(excess) / np.std(excess, ddof=1)) * math.sqrt(12))
    downside = math.sqrt(float(np.mean(np.minimum(excess, 0) ** 2)))
    assert found["sortino"] == close_to(float(np.mean(excess)) / downside * math.sqrt(12))
    assert found["omega"] == close_to(float(np.sum(excess[excess > 0]) / -np.sum(excess[excess < 0])))
    assert Terms(Convention.EMPYRICAL, 12, 0.06).period_rate == close_to(1.06 ** (1 / 12) - 1)


def test_skewness_and_raw_kurtosis_are_over_n() -> None:
    found, spread = figures(BACON), BACON - BACON.mean()
    assert found["skewness"] == close_to(float(np.mean(spread**3) / np.mean(spread**2) ** 1.5))
    assert found["kurtosis"] == close_to(float(np.mean(spread**4) / np.mean(spread**2) ** 2))
    assert figures(np.tile([-0.01, 0.01], 50))["kurtosis"] == close_to(1)


def test_equal_returns_have_no_sharpe_ratio_although_their_floats_deviate() -> None:
    found = figures(np.full(10, 0.1))
    assert found["volatility"] == 0
    assert found["sharpe"] is None


def test_returns_stop_at_the_session_that_wiped_the_account_out() -> None:
    assert simple_returns(np.array([100.0, 50.0, -10.0, -10.0])).tolist() == [-0.5, -1.2]


@settings(deadline=None)
@given(RETURNS, st.floats(0.1, 10))
def test_figures_for_risk_do_not_hang_on_scale(returns: FloatArray, scale: float) -> None:
    one, other = figures(returns), figures(returns * scale)
    for name in ("sharpe", "sortino", "omega", "skewness", "kurtosis", "tail_ratio"):
        if one[name] is not None and other[name] is not None and abs(one[name] or 0) > 1e-6:
            assert other[name] == pytest.approx(one[name], rel=1e-5), name


@settings(deadline=None)
@given(RETURNS)
def test_the_tails_are_numpys_quantiles(returns: FloatArray) -> None:
    found = figures(returns)
    assert found["var_95_historical"] == pytest.approx(np.quantile(returns, 0.05), rel=1e-9, abs=1e-12)
    cutoff = found["var_95_historical"] or 0.0
    assert found["es_95_historical"] == pytest.approx(returns[returns <= cutoff].mean(), rel=1e-9, abs=1e-12)
