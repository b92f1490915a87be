"""Figures against a benchmark: identities, and each convention's own formula."""

from __future__ import annotations

import numpy as np
import pytest

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.domain.metrics import Metric
from scizor.engine.analytics.benchmark import Benchmark
from scizor.engine.analytics.conventions import Convention
from scizor.engine.analytics.metrics import evaluate
from tests.unit.engine.analytics.build import by_name, panel_of, result_of, weekdays

NAMES = (
    "alpha",
    "beta",
    "correlation",
    "tracking_error",
    "information_ratio",
    "treynor",
    "up_capture",
    "down_capture",
)
N = 300
MARKET = np.random.default_rng(5).normal(0.0004, 0.01, N)
NOISE = np.random.default_rng(6).normal(0, 0.003, N)
OURS = 0.0002 + 0.7 * MARKET + NOISE


def run(returns: FloatArray, benchmark: Benchmark, convention: Convention, rate: float = 0.0) -> dict[str, Metric]:
    equity = 1_000 * np.cumprod(np.concatenate([[1.0], 1 + returns]))
    panel = panel_of(np.ones(len(equity)))
    return by_name(evaluate(result_of(equity), panel, convention, benchmark=benchmark, risk_free=rate))


def benchmark_of(returns: FloatArray) -> Benchmark:
    return Benchmark(weekdays(len(returns) + 1), 50 * np.cumprod(np.concatenate([[1.0], 1 + returns])))


def test_the_market_against_itself_has_a_beta_of_one_and_nothing_beyond() -> None:
    for convention in Convention:
        found = run(MARKET, benchmark_of(MARKET), convention)
        assert found["alpha"].value == pytest.approx(0, abs=1e-10)
        for name in ("beta", "correlation", "up_capture", "down_capture"):
            assert found[name].value == pytest.approx(1), name
        assert found["tracking_error"].value == 0
        assert found["information_ratio"].undefined_reason == "no difference from the benchmark"


def test_figures_by_trading_day_are_annualised_as_the_returns_are() -> None:
    found = run(OURS, benchmark_of(MARKET), Convention.TRADING_DAY_252, rate=0.0252)
    slope = np.cov(OURS, MARKET)[0, 1] / np.var(MARKET, ddof=1)
    assert found["beta"].value == pytest.approx(slope)
    assert found["correlation"].value == pytest.approx(np.corrcoef(OURS, MARKET)[0, 1])
    excess = np.mean(OURS) - 0.0001 - slope * (np.mean(MARKET) - 0.0001)
    assert found["alpha"].value == pytest.approx(excess * 252)
    active = OURS - MARKET
    assert found["tracking_error"].value == pytest.approx(active.std(ddof=1) * np.sqrt(252))
    assert found["information_ratio"].value == pytest.approx(active.mean() / active.std(ddof=1) * np.sqrt(252))
    assert found["treynor"].value == pytest.approx((OURS.mean() * 252 - 0.0252) / slope)
    assert found["up_capture"].value == pytest.approx(OURS[MARKET > 0].sum() / MARKET[MARKET > 0].sum())


def test_geometric_figures_compound() -> None:
    found = run(OURS, benchmark_of(MARKET), Convention.R_PERFORMANCEANALYTICS)
    annual = [float(np.prod(1 + one)) ** (252 / N) - 1 for one in (OURS, MARKET)]
    assert found["information_ratio"].value == pytest.approx(
        (annual[0] - annual[1]) / ((OURS - MARKET).std(ddof=1) * np.sqrt(252))
    )
    down = MARKET < 0
    ours, theirs = (float(np.prod(1 + one[down])) ** (252 / down.sum()) - 1 for one in (OURS, MARKET))
    assert found["down_capture"].value == pytest.approx(ours / theirs)


def test_leans_alpha_is_of_compounded_means_over_calendar_days() -> None:
    found = run(OURS, benchmark_of(MARKET), Convention.LEAN_CALENDAR_252, rate=0.02)
    assert found["beta"].n == found["sharpe"].n > N
    ours, slope = found["annual_return"].value or 0.0, found["beta"].value or 0.0
    assert found["treynor"].value == pytest.approx((ours - 0.02) / slope)


def test_calendar_days_of_account_and_benchmark_are_paired_whatever_is_left_out() -> None:
    result = result_of(1_000 * np.cumprod(np.concatenate([[1.0], 1 + MARKET])))
    panel, convention = panel_of(np.ones(N + 1)), Convention.LEAN_CALENDAR_252
    for skip in ((0, 0), (1, 1), (2, 0), (0, 3)):
        found = evaluate(result, panel, convention, benchmark=benchmark_of(MARKET), calendar_skip=skip)
        assert by_name(found)["correlation"].value == pytest.approx(1), skip


def test_returns_and_closes_of_a_benchmark_say_the_same() -> None:
    sessions = weekdays(N + 1)[1:]
    by_return = run(OURS, Benchmark.of_returns(sessions, MARKET), Convention.TRADING_DAY_252)
    by_close = run(OURS, benchmark_of(MARKET), Convention.TRADING_DAY_252)
    for name in NAMES:
        assert by_return[name].value == pytest.approx(by_close[name].value), name


def test_sessions_before_the_benchmark_begins_are_left_out_and_its_holidays_are_without_return() -> None:
    whole = benchmark_of(MARKET)
    late = Benchmark(whole.sessions[100:], whole.closes[100:])
    assert run(OURS, late, Convention.TRADING_DAY_252)["beta"].n == N - 100
    gone = np.delete(np.arange(N + 1), 50)
    known = Benchmark(whole.sessions[gone], whole.closes[gone])
    between = known.returns_between(whole.sessions)
    assert between[49] == 0
    assert between[50] == pytest.approx((1 + MARKET[49]) * (1 + MARKET[50]) - 1)


def test_without_a_benchmark_or_a_move_of_it_the_figures_say_so() -> None:
    metrics = by_name(evaluate(result_of([1, 2, 3]), panel_of([1, 1, 1])))
    assert {metrics[name].undefined_reason for name in NAMES} == {"no benchmark was given"}
    still = run(OURS, benchmark_of(np.zeros(N)), Convention.TRADING_DAY_252)
    assert still["beta"].undefined_reason == "the benchmark did not move"
    assert still["up_capture"].undefined_reason == "the benchmark never rose"
    later = Benchmark(np.array(["2090-01-01"], "datetime64[D]"), np.ones(1))
    assert run(OURS, later, Convention.TRADING_DAY_252)["beta"].undefined_reason == "no pair of returns"


@pytest.mark.parametrize(
    ("sessions", "closes", "rule"),
    [
        ([], [], "one or more"),
        (["2020-01-02", "2020-01-02"], [1, 1], "must rise"),
        (["2020-01-02"], [0], "positive"),
        (["2020-01-02"], [1, 2], "one close for each"),
    ],
)
def test_a_benchmark_out_of_order_or_without_prices_is_refused(
    sessions: list[str], closes: list[float], rule: str
) -> None:
    with pytest.raises(InvalidInput, match=rule):
        Benchmark(np.array(sessions, "datetime64[D]"), np.array(closes, np.float64))
