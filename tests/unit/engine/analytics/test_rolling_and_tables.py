"""Rolling figures against a slow loop; months that compound to the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.analytics.curve import session_curve
from scizor.engine.analytics.rolling import rolling_beta, rolling_drawdown, rolling_sharpe, rolling_volatility
from scizor.engine.analytics.tables import distribution, month_returns, monthly_table
from tests.unit.engine.analytics.build import minute_panel, panel_of, result_of, weekdays

RETURNS = np.random.default_rng(9).normal(0.0005, 0.01, 60)
MARKET = np.random.default_rng(10).normal(0.0005, 0.01, 60)


def test_a_rolling_figure_is_that_of_each_window() -> None:
    volatility, sharpe = rolling_volatility(RETURNS, 20), rolling_sharpe(RETURNS, 20, risk_free=0.0252)
    beta, drawdown = rolling_beta(RETURNS, MARKET, 20), rolling_drawdown(RETURNS, 20)
    for end in range(20, 61):
        window, market = RETURNS[end - 20 : end], MARKET[end - 20 : end]
        assert volatility[end - 1] == pytest.approx(window.std(ddof=1) * np.sqrt(252))
        assert sharpe[end - 1] == pytest.approx((window.mean() - 0.0001) / window.std(ddof=1) * np.sqrt(252))
        assert beta[end - 1] == pytest.approx(np.cov(window, market)[0, 1] / np.var(market, ddof=1))
        curve = np.cumprod(np.concatenate([[1.0], 1 + window]))
        assert drawdown[end - 1] == pytest.approx((curve / np.maximum.accumulate(curve) - 1).min())
    for rolled in (volatility, sharpe, beta, drawdown):
        assert np.isnan(rolled[:19]).all()


def test_a_window_longer_than_the_run_has_no_figure_and_one_of_a_session_is_refused() -> None:
    for rolled in (rolling_volatility(RETURNS, 61), rolling_beta(RETURNS, MARKET, 61), rolling_drawdown(RETURNS, 61)):
        assert np.isnan(rolled).all()
    with pytest.raises(InvalidInput, match="window_sessions"):
        rolling_sharpe(RETURNS, 1)
    with pytest.raises(InvalidInput, match="benchmark"):
        rolling_beta(RETURNS, MARKET[1:], 20)


def test_windows_without_movement_have_no_ratio() -> None:
    still = np.full(30, 0.001)
    assert (rolling_volatility(still, 10)[9:] == 0).all()
    assert np.isnan(rolling_sharpe(still, 10)).all()
    assert np.isnan(rolling_beta(RETURNS[:30], still, 10)).all()


def test_months_are_by_the_date_of_the_session_from_what_the_account_began_with() -> None:
    sessions = np.array(["2019-12-30", "2019-12-31", "2020-01-02", "2020-03-31"], "datetime64[D]")
    table = monthly_table(session_curve(result_of([100, 110, 99, 198]), panel_of(np.ones(4), sessions)))
    assert table.years.tolist() == [2019, 2020]
    assert table.returns[0, 11] == pytest.approx(0.1)
    assert table.returns[1, 0] == pytest.approx(-0.1)
    assert table.returns[1, 2] == pytest.approx(1.0)
    assert np.isnan(table.returns[1, 1])
    assert table.totals.tolist() == [pytest.approx(0.1), pytest.approx(0.8)]


def test_the_first_session_of_minute_bars_counts_in_its_month() -> None:
    panel = minute_panel(["2020-01-31", "2020-02-03"], 2, np.ones(4))
    returns = month_returns(session_curve(result_of([100, 120, 120, 60]), panel))
    assert returns.tolist() == [pytest.approx(0.2), pytest.approx(-0.5)]


@settings(deadline=None)
@given(st.lists(st.floats(1, 1_000), min_size=2, max_size=400), st.integers(0, 2_000))
def test_months_compound_to_their_year_and_years_to_the_run(equity: list[float], start: int) -> None:
    sessions = weekdays(len(equity), str(np.datetime64("2015-01-01") + start))
    table = monthly_table(session_curve(result_of(equity), panel_of(np.ones(len(equity)), sessions)))
    by_year = np.prod(1 + np.nan_to_num(table.returns), axis=1) - 1
    np.testing.assert_allclose(by_year, np.nan_to_num(table.totals), rtol=1e-9, atol=1e-9)
    assert np.prod(1 + np.nan_to_num(table.totals)) == pytest.approx(equity[-1] / equity[0])


@pytest.mark.parametrize("returns", [RETURNS, np.zeros(3), np.empty(0)])
def test_every_return_is_in_one_bin(returns: FloatArray) -> None:
    found = distribution(returns, 12)
    assert found.counts.sum() == len(returns)
    assert (len(found.edges), len(found.counts)) == (13, 12)
    with pytest.raises(InvalidInput, match="n_bins"):
        distribution(returns, 0)
