from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scizor.domain.metrics import Metric
from scizor.services.backtest.review.comparison import compared, correlation, difference
from scizor.services.backtest.tearsheet.material import Material
from tests.unit.backtest.build import spec_of
from tests.unit.tearsheet.build import material_of, walk


@pytest.fixture(scope="module")
def held() -> Material:
    return material_of(walk(300), spec_of(strategy_id="buy_and_hold"))


@pytest.fixture(scope="module")
def crossed() -> Material:
    return material_of(walk(300), spec_of(parameters={"fast": 5, "slow": 20}, commission_bps=7))


def test_figures_stand_side_by_side_in_the_order_asked_for(held: Material, crossed: Material) -> None:
    found = compared([crossed, held])
    assert [one.job.spec.strategy_id for one in found.backtests] == ["sma_cross", "buy_and_hold"]
    first, second = found.metrics["total_return"]
    assert (first, second) == (crossed.metric("total_return"), held.metric("total_return"))
    assert difference(second, first) == held.value("total_return") - crossed.value("total_return")  # type: ignore[operator]  # both are there
    assert difference(first, first) == 0.0


def test_only_what_was_asked_differently_is_told(held: Material, crossed: Material) -> None:
    found = compared([crossed, held]).settings
    assert found["strategy"] == ("sma_cross", "buy_and_hold")
    assert found["parameters.slow"] == ("20", "")
    assert found["commission"] == ("7 bps", "0 bps")
    assert not {"symbols", "capital", "slippage", "account"} & set(found)
    assert compared([held, held]).settings == {}


def test_returns_are_correlated_over_the_sessions_that_all_have(held: Material) -> None:
    late = material_of(walk(300)[100:], spec_of(strategy_id="buy_and_hold"))
    found = compared([held, late])
    assert len(found.common) == 200
    assert str(found.common[0]) == late.results.first_session
    (pair,) = found.correlations
    assert (pair.first, pair.second, pair.n) == (0, 1, 199)
    assert pair.value == pytest.approx(1.0, abs=1e-3)


def test_three_backtests_have_three_pairs(held: Material, crossed: Material) -> None:
    pairs = compared([held, crossed, held]).correlations
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 1), (0, 2), (1, 2)]
    assert pairs[1].value == pytest.approx(1.0)
    assert pairs[0].value == pytest.approx(pairs[2].value)


def test_backtests_of_other_times_have_no_correlation_and_say_why(held: Material) -> None:
    curve = replace(held.curve, days=held.curve.days + 5_000)
    (pair,) = compared([held, replace(held, curve=curve)]).correlations
    assert (pair.value, pair.n) == (None, 0)
    assert pair.undefined_reason == "less than three returns in common"


def test_an_account_that_stands_still_has_no_correlation(held: Material) -> None:
    still = replace(held.curve, equity=np.full(len(held.curve.equity), 10_000.0))
    (pair,) = compared([held, replace(held, curve=still)]).correlations
    assert pair.value is None
    assert pair.undefined_reason == "the returns of one do not move"


def test_a_figure_that_one_lacks_or_counts_otherwise_has_no_difference(held: Material) -> None:
    metric = Metric("x", 1.0, "TRADING_DAY_252", 1, "ratio")
    assert difference(None, metric) is None
    assert difference(replace(metric, value=None), metric) is None
    assert difference(replace(metric, unit="days"), metric) is None
    bare = replace(held, results=replace(held.results, metrics=()))
    assert compared([held, bare]).metrics["sharpe"] == (held.metric("sharpe"), None)


def test_correlation_is_pearsons() -> None:
    x, y = np.random.default_rng(1).normal(size=(2, 50))
    assert correlation(x, y + x) == pytest.approx(np.corrcoef(x, y + x)[0, 1])
    assert correlation(x, -x) == -1.0
    assert correlation(x[:2], y[:2]) is None
