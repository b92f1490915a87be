"""Tables of the page: what a chart can only hint at, in numbers that can be read and copied."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

import numpy as np

from scizor.domain.outcomes import Trade
from scizor.services.backtest.tearsheet.markup import Markup, el, foreign, joined
from scizor.services.backtest.tearsheet.material import Material
from scizor.services.backtest.tearsheet.shapes import MONTHS, cost_lines, heat, heat_scale
from scizor.services.backtest.tearsheet.view import View
from scizor.services.backtest.tearsheet.words import UNDEFINED, day, signed

_EXTREME_TRADES: Final = 5


def table(
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[Markup]],
    words: Collection[int] = (0,),
    class_: str = "",
) -> Markup:
    """A table; columns are numbers but for those of `words`."""
    head = el(
        "tr",
        *(el("th", text, scope="col", class_="word" if place in words else "") for place, text in enumerate(heads)),
    )
    body = el("tbody", *(el("tr", *row) for row in rows))
    return el(
        "div", el("table", el("caption", caption), el("thead", head), body, class_=class_), class_="wide", tabindex="0"
    )


def drawdowns(view: View) -> Markup:
    """The deepest stays below a peak."""
    rows = [
        (
            el("th", str(place), scope="row"),
            el("td", f"{span.depth:.2%}", class_="loss"),
            el("td", day(span.peak)),
            el("td", day(span.trough)),
            el("td", day(span.recovery) if span.recovery else "not yet"),
            el("td", f"{span.sessions_down:,}"),
            el("td", UNDEFINED if span.sessions_up is None else f"{span.sessions_up:,}"),
            el("td", f"{span.sessions_long:,}"),
        )
        for place, span in enumerate(view.drawdowns, start=1)
    ]
    if not rows:
        return Markup()
    heads = ("#", "Depth", "Peak", "Lowest", "Recovered", "Down", "Up", "Long")
    return table("The five deepest, lengths in sessions.", heads, rows)


def months(view: View) -> Markup:
    """The heat map: returns by year and month, and of each year."""
    found = view.months
    scale, yearly = heat_scale(found.returns), heat_scale(found.totals)
    rows = [
        (
            el("th", str(year), scope="row"),
            *(_heated(value, scale) for value in found.returns[place]),
            _heated(found.totals[place], yearly, "year"),
        )
        for place, year in enumerate(found.years)
    ]
    caption = "Per cent. The months of a year compound to its total, the totals to that of the run."
    return table(caption, ("Year", *MONTHS, "Total"), rows, class_="heat")


def trades(material: Material) -> Markup:
    """The best and the worst round trips."""
    in_order = sorted(material.trades, key=lambda trade: (-trade.return_fraction, trade.number))
    if len(in_order) <= 2 * _EXTREME_TRADES:
        shown, caption = in_order, "All round trips, the best first."
    else:
        shown = [*in_order[:_EXTREME_TRADES], *in_order[-_EXTREME_TRADES:]]
        caption = f"The {_EXTREME_TRADES} best and the {_EXTREME_TRADES} worst of {len(in_order):,} round trips."
    if not shown:
        return Markup()
    heads = ("#", "Symbol", "Side", "Quantity", "Entry", "at", "Exit", "at", "Held", "Net", "Return", "Worst", "Best")
    return table(caption, heads, map(_trade, shown), words=(1, 2))


def costs(view: View) -> Markup:
    """Each line, all of them, and what they are of the capital."""
    lines = cost_lines(view)
    total, capital = sum(value for _, value in lines), view.material.results.initial_capital
    rows = [
        (
            el("th", name, scope="row"),
            el("td", f"{value:+,.2f}" if value else "0.00", class_="loss" if value < 0 else ""),
            el("td", f"{value / capital:+.3%}" if value and capital > 0 else UNDEFINED),
        )
        for name, value in [*lines, ("All", total)]
    ]
    caption = "What prices did not move: what was paid is negative."
    return table(caption, ("Line", view.material.results.currency, "of the capital"), rows)


def _trade(trade: Trade) -> Sequence[Markup]:
    side = "loss" if trade.net_pnl < 0 else ""
    return (
        el("th", str(trade.number), scope="row"),
        el("td", foreign(trade.symbol), class_="word"),
        el("td", trade.direction.name.lower(), class_="word"),
        el("td", f"{trade.quantity:,.6g}" if trade.quantity < 1e6 else f"{trade.quantity:,.0f}"),
        el("td", day(trade.entry_session)),
        el("td", f"{trade.entry_price:,.2f}"),
        el("td", day(trade.exit_session)),
        el("td", f"{trade.exit_price:,.2f}"),
        el("td", f"{trade.sessions_held:,}"),
        el("td", f"{trade.net_pnl:+,.2f}", class_=side),
        el("td", signed(trade.return_fraction), class_=side),
        el("td", UNDEFINED if trade.mae is None else f"{trade.mae:.2%}"),
        el("td", UNDEFINED if trade.mfe is None else f"{trade.mfe:.2%}"),
    )


def _heated(value: float, scale: float, class_: str = "") -> Markup:
    if np.isnan(value):
        return el("td", el("span", "no session", class_="unseen"), class_=class_)
    side = "down" if value < 0 else "up"
    return el(
        "td", joined(f"{value * 100:+.1f}"), class_=f"{side} {class_}".strip(), style=f"--heat:{heat(value, scale):.2f}"
    )
