"""The figures of a sweep are those of the analytics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.domain.arrays import FloatArray
from scizor.engine.analytics.conventions import Convention, Terms
from scizor.engine.analytics.drawdowns import max_drawdown
from scizor.engine.analytics.moments import ReturnSample
from scizor.engine.analytics.ratios import RETURN_FORMULAS, simple_returns
from scizor.engine.sweep.figures import FIGURES, N_RAW, fill_figures, sums_of_curve_nb

NAN = float("nan")
FORMULAS = {formula.name: formula for formula in RETURN_FORMULAS}


def figures_of(curve: FloatArray, terms: Terms, begun: float = NAN) -> dict[str, float]:
    raw = np.zeros((1, N_RAW))
    sums_of_curve_nb(curve, np.arange(len(curve)), begun, terms.target, np.empty((2, len(curve) + 1)), raw[0])
    out = np.zeros(1, np.dtype(FIGURES))
    fill_figures(raw, len(curve), terms, out)
    return {name: float(out[name][0]) for name, _ in FIGURES}


@pytest.mark.parametrize("convention", [one for one in Convention if one is not Convention.LEAN_CALENDAR_252])
@given(
    st.lists(st.integers(-300, 400).map(lambda one: one / 1_000), min_size=1, max_size=50),
    st.floats(-0.02, 0.2),
    st.sampled_from([0, 1]),
)
@settings(max_examples=100, deadline=None)
def test_ratios_are_those_of_the_analytics(
    convention: Convention, returns: list[float], risk_free: float, first: int
) -> None:
    curve = np.array(1_000.0 * np.cumprod([1.0, *(1.0 + one for one in returns)]), np.float64)
    terms = Terms(convention, 252.0, risk_free, days=70)
    found = figures_of(curve[first:], terms, curve[0] if first else NAN)
    simple = simple_returns(curve)
    moments = ReturnSample(simple, terms.target).moments()
    for name in ("cagr", "volatility", "sharpe", "sortino", "calmar"):
        formula = FORMULAS[name]
        expected = float(formula.compute(moments, terms)[0]) if len(simple) >= formula.at_least else NAN
        np.testing.assert_allclose(found[name], expected if np.isfinite(expected) else NAN, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found["max_drawdown"], max_drawdown(curve).depth, rtol=1e-12)
    assert found["total_return"] == curve[-1] / curve[0] - 1.0
    assert found["n_returns"] == len(simple)


def test_a_long_run_agrees_within_1e_12() -> None:
    curve = np.array(1e5 * np.cumprod(1.0 + np.random.default_rng(1).normal(3e-4, 0.01, 2_520)), np.float64)
    terms = Terms()
    found, moments = figures_of(curve, terms), ReturnSample(simple_returns(curve)).moments()
    for name in ("cagr", "volatility", "sharpe", "sortino", "calmar"):
        np.testing.assert_allclose(found[name], FORMULAS[name].compute(moments, terms)[0], rtol=1e-12)


def test_a_curve_that_never_moves_has_no_ratios() -> None:
    found = figures_of(np.full(10, 1_000.0), Terms())
    assert found["total_return"] == found["volatility"] == found["max_drawdown"] == 0.0
    assert np.isnan([found["sharpe"], found["sortino"], found["calmar"], found["win_rate"]]).all()


def test_returns_end_with_the_session_that_leaves_nothing() -> None:
    found = figures_of(np.array([100.0, 110.0, -5.0, -5.0]), Terms())
    assert found["n_returns"] == 2
    assert found["max_drawdown"] == -5.0 / 110.0 - 1.0
    assert np.isnan(found["cagr"])


def test_a_single_session_has_no_returns() -> None:
    found = figures_of(np.array([100.0]), Terms())
    assert found["n_returns"] == 0
    assert found["final_equity"] == 100.0
    assert np.isnan(found["sharpe"])
