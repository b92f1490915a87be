"""All figures of a run: always there, never NaN, and each says what it is."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from scizor.domain.errors import InvalidInput
from scizor.engine.analytics import metrics as module
from scizor.engine.analytics.conventions import Convention
from scizor.engine.analytics.metrics import evaluate
from tests.unit.engine.analytics.build import by_name, fills_of, minute_panel, panel_of, result_of, trades_of, values


def test_figures_come_in_the_documented_order_whatever_the_run() -> None:
    listed = (module.__doc__ or "").split("\n- ")[1:]
    documented = [name for line in listed for name in re.findall(r"\w+", line.split(":", 1)[1].split("then the")[0])]
    costs = documented[documented.index("commissions") : documented.index("total_costs") + 1]
    at = documented.index("total_costs") + 1
    documented[at:at] = [f"{name}_per_year" for name in costs]
    for equity in ([100.0], [100, 110, 90], [100, -5]):
        found = [metric.name for metric in evaluate(result_of(equity), panel_of(np.ones(len(equity))))]
        assert found == documented


def test_a_small_run_has_the_figures_worked_out_by_hand() -> None:
    # 100 at 10, sold at 20: 2000. 200 at 10, sold at 10: 2000.
    fills = fills_of(4, row=[1, 2, 3, 4], quantity=[100, 100, 200, 200], price=[10, 20, 10, 10])
    trades = trades_of([1_000, 0], return_fraction=[1.0, 0.0])
    held = np.array([False, True, True, True, True])
    result = result_of([1_000, 2_000, 2_000, 2_000, 2_000], fills=fills, trades=trades, in_market=held)
    found = values(evaluate(result, panel_of([10, 20, 20, 10, 5])))
    assert found["total_return"] == pytest.approx(1.0)
    assert found["buy_and_hold_return"] == pytest.approx(-0.5)
    assert found["n_trades"] == 2
    assert found["win_rate"] == 0.5
    assert found["expectancy"] == 500
    assert (found["best_trade"], found["worst_trade"]) == (1.0, 0.0)
    assert found["profit_factor"] is None
    assert found["time_in_market"] == pytest.approx(4 / 5)
    assert found["turnover"] == pytest.approx((1_000 + 2_000 + 2_000 + 2_000) / 2 / (1_000 + 4 * 2_000) * 252)
    assert found["max_drawdown"] == 0
    assert found["best_session"] == pytest.approx(1.0)
    assert found["worst_session"] == 0


@pytest.mark.parametrize("convention", Convention)
@pytest.mark.parametrize("intervals", [False, True])
@pytest.mark.parametrize(
    "equity",
    [[10], [10, 10], [10, 10, 10, 10], [10, 12], [10, 10, 25, 10], [10, 1e-9, 1e9, 1e-9], [10, 8, -3, -3], [10, 0]],
)
def test_no_figure_is_ever_nan_or_infinite_and_an_undefined_one_says_why(
    convention: Convention, intervals: bool, equity: list[float]
) -> None:
    result = result_of(equity, trades=trades_of([1.0, -2.0][: len(equity) - 1]))
    for metric in evaluate(result, panel_of(np.full(len(equity), 5.0)), convention, intervals=intervals, n_trials=3):
        assert (metric.value is None) == bool(metric.undefined_reason), metric
        for number in (metric.value, metric.ci_low, metric.ci_high):
            assert number is None or math.isfinite(number), metric


def test_one_session_without_trades_has_no_risk_figures() -> None:
    found = by_name(evaluate(result_of([10]), panel_of([10])))
    for name in ("cagr", "volatility", "sharpe", "sortino", "calmar", "omega", "skewness", "best_session"):
        assert (found[name].value, found[name].undefined_reason) == (None, "no return"), name
    assert found["max_drawdown"].value == 0


def test_reasons_are_those_of_the_run() -> None:
    two = by_name(evaluate(result_of([10, 11]), panel_of([10, 10])))
    assert two["sharpe"].undefined_reason == "less than two returns"
    still = by_name(evaluate(result_of([10, 10, 10]), panel_of([10, 10, 10])))
    assert still["sharpe"].undefined_reason == "no movement"
    assert still["calmar"].undefined_reason == "no drawdown"
    assert still["capacity"].undefined_reason == "no fill in a bar with volume"
    fallen = by_name(evaluate(result_of([10, 9, 9.5]), panel_of([10, 10, 10])))
    assert fallen["max_drawdown_recovery"].undefined_reason == "not recovered by the end"


def test_a_metric_says_its_convention_its_samples_and_its_unit() -> None:
    result, panel = result_of([10, 11, 12]), panel_of([10, 11, 12])
    sharpe = by_name(evaluate(result, panel, periods_per_year=12))["sharpe"]
    assert (sharpe.convention, sharpe.n, sharpe.unit) == ("TRADING_DAY_252@12", 2, "ratio")
    assert {metric.convention for metric in evaluate(result, panel, Convention.EMPYRICAL)} == {"EMPYRICAL"}


def test_bars_of_a_minute_are_judged_by_session() -> None:
    panel = minute_panel(["2020-01-02", "2020-01-03", "2020-01-06"], 4, np.ones(12))
    equity = np.repeat([100.0, 110, 99], 4)
    equity[0] = 100
    by_minute = by_name(evaluate(result_of(equity), panel))
    by_day = by_name(evaluate(result_of([100, 100, 110, 99]), panel_of(np.ones(4))))
    for name in ("sharpe", "volatility", "cagr", "max_drawdown", "var_95_historical"):
        assert by_minute[name].value == pytest.approx(by_day[name].value), name
        assert by_minute[name].n == by_day[name].n, name


def test_leans_years_run_from_the_start_to_the_last_close() -> None:
    panel = minute_panel(["2020-01-06", "2020-01-07", "2020-01-08"], 2, np.ones(6))
    result = result_of([100, 100, 101, 102, 103, 104])
    start = int(panel.open_ns[0]) - 9 * 3_600 * 10**9
    found = values(evaluate(result, panel, Convention.LEAN_CALENDAR_252, start_ns=start))
    days = (int(panel.close_ns[-1]) - start) / 86_400e9
    assert found["cagr"] == pytest.approx(1.04 ** (365 / days) - 1)


def test_a_straight_line_of_log_equity_is_wholly_stable() -> None:
    found = values(evaluate(result_of(100 * np.power(1.01, np.arange(50.0))), panel_of(np.ones(50))))
    assert found["stability"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("periods_per_year", 0),
        ("risk_free", -1),
        ("risk_free", math.nan),
        ("n_trials", 0),
        ("calendar_skip", (-1, 0)),
    ],
)
def test_terms_without_meaning_are_refused(argument: str, value: object) -> None:
    with pytest.raises(InvalidInput, match=argument):
        evaluate(result_of([10]), panel_of([10]), **{argument: value})  # type: ignore[arg-type]  # one of several
