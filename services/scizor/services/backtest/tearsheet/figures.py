"""The run's figures: the first to be looked at, and all of them, each with what it means and how sure it is."""

from __future__ import annotations

from typing import Final

from scizor.domain.metrics import Metric
from scizor.services.backtest.tearsheet.markup import Markup, el, joined
from scizor.services.backtest.tearsheet.material import Material
from scizor.services.backtest.tearsheet.tables import table
from scizor.services.backtest.tearsheet.words import UNDEFINED, interval_of, title_of, value_of

KEY: Final = (
    *("total_return", "cagr", "sharpe", "sortino", "max_drawdown", "calmar"),
    *("volatility", "n_trades", "win_rate", "profit_factor", "time_in_market", "total_costs"),
)


def key_figures(material: Material) -> Markup:
    """The first figures to look at."""
    found = [metric for name in KEY if (metric := material.metric(name)) is not None]
    return el("section", el("h2", "Key figures"), el("dl", *map(_tile, found), class_="tiles"))


def all_figures(material: Material) -> Markup:
    """Every figure in the order of the run's results."""
    rows = [
        (
            el("th", title_of(metric.name), scope="row"),
            el("td", _value(metric)),
            el("td", interval_of(metric)),
            el("td", f"{metric.n:,}"),
            el("td", metric.convention, class_="word"),
        )
        for metric in material.results.metrics
    ]
    heads = ("Figure", "Value", "95 % interval", "n", "Convention")
    told = (
        "Intervals are bootstrap intervals of 95 %; n is how many samples, trades, sessions or fills a figure rests on."
    )
    return table(told, heads, rows, words=(0, 4))


def _tile(metric: Metric) -> Markup:
    interval = interval_of(metric)
    sure = el("dd", f"95 %: {interval}", class_="sure") if interval else Markup()
    basis = el("dd", f"{metric.convention}, n = {metric.n:,}", class_="basis")
    colour = "loss" if metric.unit == "fraction" and (metric.value or 0) < 0 else ""
    return el("div", el("dt", title_of(metric.name)), el("dd", _value(metric), class_=f"value {colour}"), sure, basis)


def _value(metric: Metric) -> Markup:
    if metric.value is not None:
        return joined(value_of(metric))
    return joined(UNDEFINED, " ", el("small", metric.undefined_reason or "undefined"))
