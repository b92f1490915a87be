"""Charts of what has no time: returns by size, trades, costs; and the months as a picture has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from scizor.domain.arrays import FloatArray
from scizor.domain.outcomes import Trade
from scizor.engine.analytics.tables import Distribution
from scizor.engine.arrays import IndexArray
from scizor.services.backtest.downsample import kept_rows
from scizor.services.backtest.tearsheet.drawing import AMOUNT, PERCENT, drawable, legend
from scizor.services.backtest.tearsheet.palette import Ink
from scizor.services.backtest.tearsheet.view import View

MAX_MARKS: Final = 1_000
_TALL: Final = 3
_YEAR_COLUMN: Final = 12.4
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_COSTS: Final = {
    "commission": "Commissions",
    "slippage": "Slippage",
    "fx": "Conversions",
    "borrow": "Borrow fees",
    "debit_interest": "Interest paid",
    "credit_interest": "Interest earned",
    "dividends": "Dividends",
}
_TAILS: Final = (("var_95_historical", "VaR 95 %", (0, (5, 2))), ("es_95_historical", "ES 95 %", (0, (1.5, 1.5))))


def returns(axes: Axes, view: View, ink: Ink) -> None:
    """How many sessions had which return, with value at risk and expected shortfall."""
    if view.spread is None:
        return
    edges, counts = view.spread.edges, view.spread.counts
    middles = (edges[:-1] + edges[1:]) / 2
    colours = [ink.loss if middle < 0 else ink.gain for middle in middles]
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=colours, alpha=0.55, linewidth=0)
    for name, label, dashes in _TAILS:
        value = view.material.value(name)
        if value is not None:
            axes.axvline(value, color=ink.text, linewidth=1.1, linestyle=dashes, label=f"{label} {value:.2%}")
    axes.set_xlabel("return of a session")
    axes.set_ylabel("sessions")
    axes.xaxis.set_major_formatter(PERCENT)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    _cut_tallest(axes, view.spread, ink)
    legend(axes, ink, "upper right", columns=1)


def _cut_tallest(axes: Axes, spread: Distribution, ink: Ink) -> None:
    """Sessions spent out of the market can outnumber all others: their bar is cut, and told how tall it is."""
    if len(spread.counts) < 2:
        return
    *_, second, tallest = np.sort(spread.counts).tolist()
    if tallest <= _TALL * second:
        return
    place = int(np.argmax(spread.counts))
    axes.set_ylim(top=1.25 * second * _TALL / 2)
    axes.annotate(
        f"{tallest:,}",
        (float(spread.edges[place : place + 2].mean()), 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(0, -2),
        textcoords="offset points",
        ha="center",
        va="top",
        color=ink.text,
        fontsize=8.5,
    )


def held_for(axes: Axes, view: View, ink: Ink) -> None:
    """Each trade by how long it was held and what it earned."""
    shown = some_of(view.material.trades)
    _marks(axes, [trade.sessions_held for trade in shown], shown, ink)
    axes.set_xlabel("sessions held")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def excursions(axes: Axes, view: View, ink: Ink) -> None:
    """Each trade by how far it was behind at its worst moment and what it earned in the end."""
    shown = some_of([trade for trade in view.material.trades if trade.mae is not None])
    _marks(axes, [trade.mae or 0.0 for trade in shown], shown, ink)
    axes.set_xlabel("worst moment (maximum adverse excursion)")
    axes.xaxis.set_major_formatter(PERCENT)


def no_excursions(view: View) -> str:
    """Why there is nothing to see of them."""
    known = any(trade.mae is not None for trade in view.material.trades)
    return "" if known else "Of no trade the worst moment is known."


def costs(axes: Axes, view: View, ink: Ink) -> None:
    """Where value went, or came from, that prices did not move."""
    lines = [(name, value) for name, value in cost_lines(view) if value]
    names, values = [name for name, _ in lines], [value for _, value in lines]
    axes.barh(names, values, color=[ink.loss if value < 0 else ink.gain for value in values], alpha=0.75, height=0.6)
    axes.axvline(0.0, color=ink.faint, linewidth=0.8)
    for place, value in enumerate(values):
        axes.annotate(
            f"{value:+,.2f}",
            (value, place),
            xytext=(-4 if value < 0 else 4, 0),
            textcoords="offset points",
            ha="right" if value < 0 else "left",
            va="center",
            color=ink.text,
            fontsize=8.5,
        )
    axes.margins(x=0.35)
    axes.invert_yaxis()
    axes.set_xlabel(drawable(view.material.results.currency))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(AMOUNT)
    axes.grid(visible=False, axis="y")


def cost_lines(view: View) -> list[tuple[str, float]]:
    """Every line by its name, as an amount that raises the account's value."""
    return [(title, float(getattr(view.material.results.costs, name))) for name, title in _COSTS.items()]


def months(axes: Axes, view: View, ink: Ink) -> None:
    """Returns by year and month, and of each year."""
    table = view.months
    for values, first_column in ((table.returns, 0), (table.totals[:, np.newaxis], _YEAR_COLUMN)):
        scale = heat_scale(values)
        for (row, column), value in np.ndenumerate(values):
            if not np.isnan(value):
                at, colour = column + first_column, ink.loss if value < 0 else ink.gain
                axes.add_patch(_cell(at, row, colour, heat(value, scale)))
                axes.text(at, row, f"{value * 100:+.1f}", ha="center", va="center", fontsize=7.5, color=ink.text)
    axes.set_xlim(-0.55, _YEAR_COLUMN + 0.55)
    # The first year above.
    axes.set_ylim(len(table.years) - 0.4, -0.6)
    axes.set_xticks([*range(12), _YEAR_COLUMN], [*MONTHS, "Year"])
    axes.set_yticks(range(len(table.years)), [str(year) for year in table.years])
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def heat_scale(values: FloatArray) -> float:
    """The return that has the strongest colour: that of all but the wildest months."""
    known = np.abs(values[~np.isnan(values)])
    return float(np.quantile(known, 0.95)) if len(known) else 0.0


def heat(value: float, scale: float) -> float:
    """How strong a return's colour is, from 0 to 1."""
    return min(abs(value) / scale, 1.0) if scale > 0 else 0.0


def ends(values: FloatArray) -> tuple[float, float]:
    """The lowest and the highest, those that are not defined left out."""
    known = values[np.isfinite(values)]
    return (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)


def some_of(trades: Sequence[Trade]) -> Sequence[Trade]:
    """At most MAX_MARKS of them, the best and the worst of each stretch."""
    if len(trades) <= MAX_MARKS:
        return trades
    rows: IndexArray = kept_rows(np.array([trade.return_fraction for trade in trades]), MAX_MARKS)
    return [trades[row] for row in rows]


def _marks(axes: Axes, places: Sequence[float], trades: Sequence[Trade], ink: Ink) -> None:
    gains = np.array([trade.return_fraction for trade in trades])
    for won, colour, mark, label in ((True, ink.gain, "o", "won"), (False, ink.loss, "v", "lost")):
        which = np.flatnonzero((gains > 0) == won)
        axes.plot(
            np.asarray(places, dtype=np.float64)[which],
            gains[which],
            linestyle="none",
            marker=mark,
            markersize=4,
            markeredgewidth=0,
            color=colour,
            alpha=0.65,
            label=label,
        )
    axes.axhline(0.0, color=ink.faint, linewidth=0.8)
    axes.set_ylabel("return")
    axes.yaxis.set_major_formatter(PERCENT)
    legend(axes, ink, "upper right", columns=1)


def _cell(column: float, row: int, colour: str, strength: float) -> Rectangle:
    return Rectangle((column - 0.48, row - 0.45), 0.96, 0.9, color=colour, alpha=0.06 + 0.5 * strength, linewidth=0)
