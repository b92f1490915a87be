from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scizor.domain.bars import empty_bars
from scizor.services.backtest.tearsheet.material import Material
from scizor.services.backtest.tearsheet.view import MAX_POINTS, Line, View
from tests.unit.backtest.build import spec_of
from tests.unit.tearsheet.build import material_of, usual, walk


def runs() -> list[Material]:
    late = walk(400)
    return [
        usual(),
        material_of(walk(300), spec_of(strategy_id="buy_and_hold")),
        material_of(late, spec_of(parameters={"fast": 20, "slow": 120})),
    ]


@pytest.mark.parametrize("place", range(3))
def test_what_is_drawn_agrees_with_the_stored_figures(place: int) -> None:
    material = runs()[place]
    view = View(material)
    value = {metric.name: metric.value for metric in material.results.metrics}
    returns = view.returns
    assert np.mean(returns) / np.std(returns, ddof=1) * np.sqrt(252) == pytest.approx(value["sharpe"])
    assert np.prod(1 + returns) - 1 == pytest.approx(value["total_return"])
    assert view.underwater.values.min() == pytest.approx(value["max_drawdown"])
    assert view.drawdowns[0].depth == pytest.approx(value["max_drawdown"])
    months = view.months
    assert np.prod(1 + months.totals) - 1 == pytest.approx(value["total_return"])
    assert np.nanmin(months.returns) == pytest.approx(value["worst_month"])


def test_the_benchmark_is_the_same_money_from_the_same_day() -> None:
    view = View(usual())
    assert view.held is not None
    assert view.material.benchmark is not None
    assert view.held.values[0] == view.curve.values[0]
    closes = view.material.benchmark.closes
    assert view.held.values[-1] / view.held.values[0] == pytest.approx(
        closes[-1] / closes[len(closes) - len(view.held.values)]
    )


def test_a_benchmark_that_begins_later_begins_at_what_the_account_was_worth() -> None:
    material = usual()
    assert material.benchmark is not None
    later = replace(
        material.benchmark, sessions=material.benchmark.sessions[400:], closes=material.benchmark.closes[400:]
    )
    view = View(replace(material, benchmark=later))
    assert view.held is not None
    assert view.held.days[0] == later.sessions[0]
    assert view.held.values[0] == view.curve.values[np.flatnonzero(view.curve.days == later.sessions[0])[0]]


def test_a_benchmark_without_a_bar_of_the_time_is_none() -> None:
    material = usual()
    assert material.benchmark is not None
    after = replace(material.benchmark, sessions=material.benchmark.sessions + np.timedelta64(9_000, "D"))
    assert View(replace(material, benchmark=after)).held is None


def test_every_return_is_in_a_bin_and_zero_is_an_edge() -> None:
    view = View(usual())
    assert view.spread is not None
    assert view.spread.counts.sum() == len(view.returns)
    assert np.any(np.isclose(view.spread.edges, 0.0, atol=1e-15))


@pytest.mark.parametrize("value", [0.0, 0.01, -0.01])
def test_returns_that_are_all_alike_have_bins_too(value: float) -> None:
    view = View(usual())
    view.returns = np.full(30, value)
    assert view.spread is not None
    assert view.spread.counts.sum() == 30


def test_a_thinned_line_keeps_its_ends_and_extremes() -> None:
    days = np.arange("1990-01-01", "2020-01-01", dtype="datetime64[D]")
    values = np.sin(np.arange(len(days)) / 50)
    values[[3_333, 7_777]] = 9.0, -9.0
    thin = Line(days, values).thinned
    assert len(thin.values) <= MAX_POINTS
    assert (thin.values[0], thin.values[-1], thin.values.max(), thin.values.min()) == (values[0], values[-1], 9.0, -9.0)


def test_bars_within_a_session_count_as_one_session() -> None:
    daily = walk(60)
    bars = empty_bars(len(daily))
    bars[:] = daily
    material = usual()
    twice = np.repeat(material.curve.days, 2)
    curve = replace(
        material.curve,
        days=twice,
        equity=np.repeat(material.curve.equity, 2) * np.tile([0.5, 1.0], len(material.curve.days)),
    )
    assert View(replace(material, curve=curve)).curve.values.tolist() == View(material).curve.values.tolist()
