"""The figures of a finished run, each with its convention and the number of samples behind it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scizor.domain.errors import InvalidInput
from scizor.domain.metrics import Metric
from scizor.engine.conventions import Convention, label
from scizor.engine.drawdowns import drawdown_spans, max_drawdown
from scizor.engine.prices import Prices
from scizor.engine.returns import ReturnStats, finite, ratio, simple_returns
from scizor.engine.simulate import Result
from scizor.engine.trade_stats import TradeStats

Figure = tuple[str, float | None, int, str]


def evaluate(
    result: Result,
    prices: Prices,
    convention: Convention = Convention.TRADING_DAY_252,
    periods_per_year: float = 252.0,
) -> tuple[Metric, ...]:
    """Every metric of `result`. An undefined one (no trades, one session, no volatility…) has the value None.

    `periods_per_year`: sessions a year. Raises InvalidInput for periods_per_year not above 0.
    """
    if not periods_per_year > 0:
        raise InvalidInput.of_field("periods_per_year", "must be above 0")
    days = int((prices.sessions[-1] - prices.sessions[0]).astype(int))
    stats = ReturnStats(simple_returns(result.equity), convention, periods_per_year, days)
    name = label(convention, periods_per_year)
    with np.errstate(all="ignore"):
        figures = [
            *_growth_figures(result, prices),
            *_return_figures(stats),
            *_drawdown_figures(result, prices),
            *_trade_figures(result, convention),
            *_activity_figures(result, periods_per_year),
        ]
    return tuple(Metric(figure, value, name, n, unit) for figure, value, n, unit in figures)


def _growth_figures(result: Result, prices: Prices) -> Iterator[Figure]:
    equity, n = result.equity, len(result.equity)
    yield "final_equity", finite(equity[-1]), n, "currency"
    yield "peak_equity", finite(np.max(equity)), n, "currency"
    yield "total_return", finite(equity[-1] / equity[0] - 1.0), n, "fraction"
    yield "buy_and_hold_return", buy_and_hold_return(prices), n, "fraction"


def _return_figures(stats: ReturnStats) -> Iterator[Figure]:
    n = len(stats.returns)
    yield "cagr", stats.cagr(), n, "fraction"
    yield "annual_return", stats.annual_return(), n, "fraction"
    yield "volatility", stats.volatility(), n, "fraction"
    yield "downside_deviation", stats.downside_deviation(), n, "fraction"
    yield "sharpe", stats.sharpe(), n, "ratio"
    yield "sortino", stats.sortino(), n, "ratio"
    yield "calmar", calmar(stats), n, "ratio"
    yield "omega", stats.omega(), n, "ratio"
    yield "var_95_historical", stats.var_95_historical(), n, "fraction"
    yield "es_95_historical", stats.es_95_historical(), n, "fraction"
    yield "var_95_gaussian", stats.var_95_gaussian(), n, "fraction"
    yield "es_95_gaussian", stats.es_95_gaussian(), n, "fraction"


def _drawdown_figures(result: Result, prices: Prices) -> Iterator[Figure]:
    deepest, n = max_drawdown(result.equity), len(result.equity)
    starts, ends = drawdown_spans(result.equity)
    days = (prices.sessions[ends] - prices.sessions[starts]).astype(int)
    yield "max_drawdown", finite(deepest.depth), n, "fraction"
    yield "max_drawdown_duration", float(deepest.duration_samples), n, "samples"
    recovery = deepest.recovery_samples
    yield "max_drawdown_recovery", None if recovery is None else float(recovery), n, "samples"
    yield "longest_drawdown", float(np.max(ends - starts, initial=0)), n, "samples"
    yield "longest_drawdown_days", float(np.max(days, initial=0)), n, "days"


def _trade_figures(result: Result, convention: Convention) -> Iterator[Figure]:
    trades = TradeStats(result.trades)
    n = trades.n
    by_return = convention is Convention.GEOMETRIC_252
    yield "n_trades", float(n), n, "count"
    yield "win_rate", trades.win_rate(), n, "fraction"
    yield "profit_factor", trades.profit_factor(by_return=by_return), n, "ratio"
    yield "expectancy", trades.expectancy(), n, "currency"
    yield "mean_trade_return", trades.mean_return(), n, "fraction"
    yield "best_trade", trades.best(), n, "fraction"
    yield "worst_trade", trades.worst(), n, "fraction"
    yield "sqn", trades.sqn(), n, "ratio"
    yield "kelly", trades.kelly(), n, "fraction"


def _activity_figures(result: Result, periods_per_year: float) -> Iterator[Figure]:
    fills, n = result.fills, len(result.equity)
    traded = float(np.sum(fills["quantity"] * fills["price"]))
    turnover = ratio(traded / 2 * periods_per_year, float(np.mean(result.equity)) * n)
    yield "time_in_market", finite(float(np.mean(result.in_market))), n, "fraction"
    yield "turnover", turnover, len(fills), "per_year"
    yield "commissions", finite(np.sum(fills["commission"])), len(fills), "currency"
    yield "slippage", finite(np.sum(fills["slippage"])), len(fills), "currency"


def calmar(stats: ReturnStats) -> float | None:
    """Compound growth over the deepest drawdown of the same returns; None without one."""
    curve = np.cumprod(np.concatenate([[1.0], 1.0 + stats.returns]))
    return ratio(stats.compound_return(), -max_drawdown(curve).depth)


def buy_and_hold_return(prices: Prices) -> float | None:
    """Mean over the symbols of last close / first close - 1, costs ignored; None without any."""
    growths = []
    for symbol in range(prices.n_symbols):
        closes = prices.close[:, symbol]
        closes = closes[~np.isnan(closes)]
        if len(closes):
            growths.append(closes[-1] / closes[0] - 1.0)
    return finite(float(np.mean(growths))) if growths else None
