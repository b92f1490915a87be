"""The charts by name, in the order of the page: what each shows, in words too, and when there is nothing to show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes

from scizor.services.backtest.tearsheet import curves, shapes
from scizor.services.backtest.tearsheet.palette import Ink
from scizor.services.backtest.tearsheet.view import View
from scizor.services.backtest.tearsheet.words import amount, day, signed, value_of


@dataclass(frozen=True, slots=True)
class Chart:
    """`told`: the chart in a sentence, for whom it is not to be seen; `lacks`: why there is none, else empty."""

    name: str
    title: str
    height_in: float
    draw: Callable[[Axes, View, Ink], None]
    told: Callable[[View], str]
    lacks: Callable[[View], str] = lambda _: ""


def _equity_told(view: View) -> str:
    first, last, currency = view.curve.values[0], view.curve.values[-1], view.material.results.currency
    told = f"From {day(view.curve.days[0].item())} to {day(view.curve.days[-1].item())} the account went from "
    told += f"{first:,.0f} to {last:,.0f} {currency}"
    if view.held is not None:
        told += f"; the same money in {view.material.job.spec.benchmark} would have come to {view.held.values[-1]:,.0f}"
    return told + "."


def _drawdown_told(view: View) -> str:
    if not view.drawdowns:
        return "The account never fell below its highest value."
    deepest = view.drawdowns[0]
    back = f"regained on {deepest.recovery}" if deepest.recovery else "not regained by the end"
    return f"The deepest fall was {deepest.depth:.2%}, from {deepest.peak} to {deepest.trough}, {back}."


def _returns_told(view: View) -> str:
    found = {name: value_of(view.material.metric(name)) for name in ("var_95_historical", "es_95_historical")}
    return (
        f"Returns of {len(view.returns):,} sessions; one in twenty was {found['var_95_historical']} or worse, "
        f"and these were {found['es_95_historical']} on average."
    )


def _rolling_told(view: View) -> str:
    low, high = shapes.ends(view.rolling_sharpe.values)
    return f"Over windows of {view.window} sessions the Sharpe ratio was between {low:.2f} and {high:.2f}."


def _volatility_told(view: View) -> str:
    low, high = shapes.ends(view.rolling_volatility.values)
    return f"Over windows of {view.window} sessions the yearly volatility was between {low:.1%} and {high:.1%}."


def _trades_told(view: View) -> str:
    returns = [trade.return_fraction for trade in view.material.trades]
    return f"{len(returns):,} round trips, from {signed(min(returns))} to {signed(max(returns))}."


def _costs_told(view: View) -> str:
    lines = [f"{name} {amount(value, 'currency')}" for name, value in shapes.cost_lines(view) if value]
    return "; ".join(lines) + f" {view.material.results.currency}."


def _no_returns(view: View) -> str:
    return "" if len(view.returns) else "Less than two sessions: there is no return."


def _too_short(view: View) -> str:
    return "" if view.window else "Too few sessions for a figure over a window of them."


def _no_trades(view: View) -> str:
    return "" if view.material.trades else "No trade was closed."


def _no_costs(view: View) -> str:
    return "" if any(value for _, value in shapes.cost_lines(view)) else "Nothing was paid or earned beside prices."


def _no_logs(view: View) -> str:
    return "" if view.curve.values.min() > 0 else "A value that is not above zero has no logarithm."


EQUITY: Final = Chart("equity", "Account value", 3.4, curves.equity, _equity_told)
EQUITY_LOG: Final = Chart(
    "equity-log", "Account value, logarithmic", 3.4, curves.equity_in_logs, _equity_told, _no_logs
)
DRAWDOWN: Final = Chart("drawdown", "Drawdown", 1.9, curves.underwater, _drawdown_told)
RETURNS: Final = Chart("returns", "Returns by session", 2.8, shapes.returns, _returns_told, _no_returns)
SHARPE: Final = Chart("sharpe", "Rolling Sharpe ratio", 2.1, curves.rolling_sharpe, _rolling_told, _too_short)
VOLATILITY: Final = Chart(
    "volatility", "Rolling volatility", 2.1, curves.rolling_volatility, _volatility_told, _too_short
)
HELD_FOR: Final = Chart("trades", "Trades: return by time held", 3.0, shapes.held_for, _trades_told, _no_trades)
EXCURSIONS: Final = Chart(
    "excursions", "Trades: return by worst moment", 3.0, shapes.excursions, _trades_told, shapes.no_excursions
)
COSTS: Final = Chart("costs", "Costs and income", 2.2, shapes.costs, _costs_told, _no_costs)
