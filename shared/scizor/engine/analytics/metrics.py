"""The figures of a finished run, each with its convention, the number of samples behind it and, if asked, its interval.

In this order, always all of them:

- growth: final_equity, peak_equity, total_return, buy_and_hold_return
- returns: cagr, annual_return, volatility, downside_deviation, sharpe, sortino, calmar, omega, var_95_historical,
  es_95_historical, var_95_gaussian, es_95_gaussian, skewness, kurtosis, tail_ratio, best_session, worst_session,
  best_month, worst_month, stability, probabilistic_sharpe, deflated_sharpe, min_track_record_length
- drawdowns: max_drawdown, max_drawdown_duration, max_drawdown_recovery, average_drawdown, longest_drawdown,
  longest_drawdown_days, ulcer_index, max_drawdown_by_bar
- trades: n_trades, win_rate, profit_factor, expectancy, payoff_ratio, mean_trade_return, sqn, kelly, best_trade,
  worst_trade
- account: time_in_market, mean_gross_exposure, mean_net_exposure, turnover, capacity
- costs: commissions, slippage, fx_costs, borrow_fees, debit_interest, credit_interest, dividends, total_costs, then the
  same with `_per_year`, as fractions of what the account began with
- benchmark: alpha, beta, correlation, tracking_error, information_ratio, treynor, up_capture, down_capture
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.domain.metrics import Metric
from scizor.engine.analytics import account, drawdowns, significance
from scizor.engine.analytics.benchmark import BENCHMARK_FORMULAS, Benchmark, PairSample
from scizor.engine.analytics.conventions import Convention, Terms, label
from scizor.engine.analytics.curve import SessionCurve, calendar_returns, session_curve
from scizor.engine.analytics.figures import Origin, measure, metric, undefined
from scizor.engine.analytics.intervals import Intervals, mean_block
from scizor.engine.analytics.moments import ReturnSample
from scizor.engine.analytics.ratios import DEPTH_FORMULA, RETURN_FORMULAS
from scizor.engine.analytics.tables import month_returns
from scizor.engine.analytics.trade_figures import TRADE_FORMULAS, TradeSample
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.result import Result

_NS_PER_DAY = 86_400_000_000_000
_WIPED_OUT = "the account was wiped out"
_NO_RETURN = "no return"


def evaluate(
    result: Result,
    market: Market | Panel,
    convention: Convention = Convention.TRADING_DAY_252,
    periods_per_year: float = 252.0,
    *,
    risk_free: float = 0.0,
    benchmark: Benchmark | None = None,
    intervals: Intervals | bool = False,
    n_trials: int | None = None,
    trial_sharpe_variance: float | None = None,
    start_ns: int | None = None,
    calendar_skip: tuple[int, int] = (1, 1),
) -> tuple[Metric, ...]:
    """Every metric of `result`, in the order of this module; an undefined one says why.

    `periods_per_year`: sessions a year. `risk_free`: annual rate, a fraction. `intervals`: True for the usual ones.
    `n_trials`: how many strategies this one was picked from, and the variance of their Sharpe ratios of one session;
    without it that of strategies without skill, 1 / (n - 1).
    Of LEAN_CALENDAR_252 alone: `start_ns`: when the run began, midnight UTC of the first session when not said;
    `calendar_skip`: how many days at the beginning and at the end give no sample.
    Raises InvalidInput for periods_per_year not above 0, risk_free not above -1, n_trials below 1, a negative skip.
    """
    _check(periods_per_year, risk_free, n_trials, calendar_skip)
    terms, calendar = Terms(convention, periods_per_year, risk_free), _Calendar(start_ns, calendar_skip)
    how = Intervals() if intervals is True else intervals or None
    with np.errstate(all="ignore"):
        run = _run(result, Market(market) if isinstance(market, Panel) else market, terms, how, calendar)
        return (
            *_growth(run),
            *_returns(run, n_trials, trial_sharpe_variance),
            *_drawdowns(run),
            *_trades(run),
            *_account(run),
            *_costs(run),
            *_benchmark(run, benchmark),
        )


class _Calendar(NamedTuple):
    start_ns: int | None
    skip: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """What the groups of figures share. `sample`: the returns under the convention, None without any.

    `measured`: the figures of the returns, that of the deepest drawdown last, so that they share their resamples.
    """

    result: Result
    market: Market
    curve: SessionCurve
    exposure: account.Exposure
    sample: ReturnSample | None
    origin: Origin
    measured: tuple[Metric, ...]
    calendar: _Calendar

    def counted(self, n: int, things: str = "sample", block: float = 1.0) -> Origin:
        """The origin of figures over `n` other things."""
        return replace(self.origin, n=n, things=things, block=block)


def _run(result: Result, market: Market, terms: Terms, how: Intervals | None, calendar: _Calendar) -> _Run:
    curve = session_curve(result, market.panel)
    returns, terms = _sampled(curve, market.panel, terms, calendar)
    name = label(terms.convention, terms.periods_per_year)
    origin = Origin(terms, name, len(returns), "return", mean_block(len(returns)), how)
    sample = ReturnSample(returns, terms.target) if len(returns) else None
    measured = tuple(measure((*RETURN_FORMULAS, DEPTH_FORMULA), sample, origin))
    return _Run(result, market, curve, account.exposure(result, curve), sample, origin, measured, calendar)


def _sampled(curve: SessionCurve, panel: Panel, terms: Terms, calendar: _Calendar) -> tuple[FloatArray, Terms]:
    if terms.convention is not Convention.LEAN_CALENDAR_252:
        return curve.returns, replace(terms, days=curve.n_days)
    returns, outside = calendar_returns(curve, calendar.skip)
    start_ns = calendar.start_ns
    if start_ns is None:
        start_ns = int(curve.sessions[0].astype(np.int64)) * _NS_PER_DAY
    years = (int(panel.close_ns[-1]) - start_ns) / _NS_PER_DAY / 365.0
    return returns, replace(terms, years=years, growth_outside=outside)


def _growth(run: _Run) -> Iterator[Metric]:
    values, origin = run.curve.values, run.counted(len(run.curve.values))
    yield metric("final_equity", "currency", origin, float(values[-1]), "")
    yield metric("peak_equity", "currency", origin, run.exposure.peak, "")
    yield metric("total_return", "fraction", origin, float(values[-1] / values[0] - 1.0), "")
    held = account.buy_and_hold_return(run.market, run.result.first_row)
    yield metric("buy_and_hold_return", "fraction", origin, held, "no bar")


def _returns(run: _Run, n_trials: int | None, trial_variance: float | None) -> Iterator[Metric]:
    yield from run.measured[:-1]
    returns, months = run.curve.returns, month_returns(run.curve)
    by_session, by_month = run.counted(len(returns), "return"), run.counted(len(months), "month")
    for name, pick in (("best", np.max), ("worst", np.min)):
        found = float(pick(returns)) if len(returns) else None
        yield metric(f"{name}_session", "fraction", by_session, found, _NO_RETURN)
    for name, pick in (("best", np.max), ("worst", np.min)):
        yield metric(f"{name}_month", "fraction", by_month, float(pick(months)), _WIPED_OUT)
    stable = stability(run.curve.values)
    yield metric("stability", "ratio", run.counted(len(run.curve.values)), stable, "no movement, or wiped out")
    yield from significance.figures(run.sample, run.origin, n_trials, trial_variance)


def _drawdowns(run: _Run) -> Iterator[Metric]:
    values = run.curve.values
    origin, deepest = run.counted(len(values)), drawdowns.max_drawdown(values)
    yield replace(run.measured[-1], value=deepest.depth, n=len(values), undefined_reason=None)
    starts, ends = drawdowns.drawdown_spans(values)
    days = (run.curve.days[ends] - run.curve.days[starts]).astype(np.int64)
    recovery = deepest.recovery_samples
    yield metric("max_drawdown_duration", "samples", origin, deepest.duration_samples, "")
    yield metric("max_drawdown_recovery", "samples", origin, recovery, "not recovered by the end")
    yield metric("average_drawdown", "fraction", origin, drawdowns.average_drawdown(values), "")
    yield metric("longest_drawdown", "samples", origin, int(np.max(ends - starts, initial=0)), "")
    yield metric("longest_drawdown_days", "days", origin, int(np.max(days, initial=0)), "")
    yield metric("ulcer_index", "fraction", origin, drawdowns.ulcer_index(values), "")
    n_rows = len(run.result.equity) - run.result.first_row
    yield metric("max_drawdown_by_bar", "fraction", run.counted(n_rows), run.exposure.deepest, "")


def _trades(run: _Run) -> Iterator[Metric]:
    trades = run.result.trades
    origin = run.counted(len(trades), "closed trade")
    yield metric("n_trades", "count", origin, len(trades), "")
    yield from measure(TRADE_FORMULAS, TradeSample(trades) if len(trades) else None, origin)
    for name, pick in (("best", np.max), ("worst", np.min)):
        found = float(pick(trades["return_fraction"])) if len(trades) else None
        yield metric(f"{name}_trade", "fraction", origin, found, "no closed trade")


def _account(run: _Run) -> Iterator[Metric]:
    result, exposure = run.result, run.exposure
    rows, fills = run.counted(len(result.equity) - result.first_row), run.counted(len(result.fills), "fill")
    yield metric("time_in_market", "fraction", rows, exposure.in_market, "")
    yield metric("mean_gross_exposure", "fraction", rows, exposure.gross, "")
    yield metric("mean_net_exposure", "fraction", rows, exposure.net, "")
    turnover = account.turnover(result, run.curve, run.origin.terms.periods_per_year)
    yield metric("turnover", "per_year", fills, turnover, _WIPED_OUT)
    yield metric(
        "capacity", "currency", fills, account.capacity(result, run.market.panel), "no fill in a bar with volume"
    )


def _costs(run: _Run) -> Iterator[Metric]:
    origin = run.counted(len(run.result.fills), "fill")
    years = run.curve.n_sessions / run.origin.terms.periods_per_year
    lines = account.cost_attribution(run.result, years)
    for line in lines:
        yield metric(line.name, "currency", origin, line.amount, "")
    for line in lines:
        yield metric(f"{line.name}_per_year", "fraction", origin, line.per_year, "")


def _benchmark(run: _Run, benchmark: Benchmark | None) -> Iterator[Metric]:
    if benchmark is None:
        origin = run.counted(0, "pair of returns")
        for formula in BENCHMARK_FORMULAS:
            yield undefined(formula.name, formula.unit, origin, "no benchmark was given")
        return
    ours, theirs = _pairs(run, benchmark)
    origin = run.counted(len(ours), "pair of returns", mean_block(len(ours)))
    sample = PairSample(ours, theirs, origin.terms.convention) if len(ours) else None
    yield from measure(BENCHMARK_FORMULAS, sample, origin)


def _pairs(run: _Run, benchmark: Benchmark) -> tuple[FloatArray, FloatArray]:
    days = run.curve.days
    ours = run.sample.returns if run.sample else np.empty(0)
    if run.origin.terms.convention is Convention.LEAN_CALENDAR_252:
        # The day before each sample, and that of the last.
        begin = run.curve.sessions[0] + np.timedelta64(run.calendar.skip[0] - 1, "D")
        days = begin + np.arange(len(ours) + 1)
    theirs = benchmark.returns_between(days)[: len(ours)]
    known = ~np.isnan(theirs)
    return ours[known], theirs[known]


def stability(values: FloatArray) -> float | None:
    """Share of the variance of log equity that a straight line over the sessions explains (R squared), 0 to 1."""
    if len(values) < 3 or not bool(np.all(values > 0)):
        return None
    logs, time = np.log(values), np.arange(len(values), dtype=np.float64)
    logs, time = logs - logs.mean(), time - time.mean()
    squares = float(np.sum(logs**2))
    if squares <= 1e-24 * len(values):
        return None
    return float(np.sum(logs * time)) ** 2 / (squares * float(np.sum(time**2)))


def _check(periods_per_year: float, risk_free: float, n_trials: int | None, skip: tuple[int, int]) -> None:
    if not periods_per_year > 0:
        raise InvalidInput.of_field("periods_per_year", "must be above 0")
    if not (math.isfinite(risk_free) and risk_free > -1):
        raise InvalidInput.of_field("risk_free", "must be above -1 and finite")
    if n_trials is not None and n_trials < 1:
        raise InvalidInput.of_field("n_trials", "must be at least 1")
    if min(skip) < 0:
        raise InvalidInput.of_field("calendar_skip", "must not be negative")
