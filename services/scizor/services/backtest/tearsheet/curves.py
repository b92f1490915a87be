"""Charts over time."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from scizor.domain.arrays import FloatArray
from scizor.services.backtest.tearsheet.drawing import AMOUNT, PERCENT, dated, drawable, legend
from scizor.services.backtest.tearsheet.palette import Ink
from scizor.services.backtest.tearsheet.view import Line, View


def equity(axes: Axes, view: View, ink: Ink) -> None:
    """Account value, and what the same money would be worth in the benchmark."""
    if view.held is not None:
        held = view.held.thinned
        name = drawable(view.material.job.spec.benchmark)
        axes.plot(held.days, held.values, color=ink.benchmark, linewidth=1.1, label=name)
    line = view.equity.thinned
    axes.plot(line.days, line.values, color=ink.account, label="account")
    axes.set_ylabel(drawable(view.material.results.currency))
    axes.yaxis.set_major_formatter(AMOUNT)
    dated(axes, ink)
    legend(axes, ink)


def equity_in_logs(axes: Axes, view: View, ink: Ink) -> None:
    """The same where equal growth is equal height."""
    equity(axes, view, ink)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0, 7.0)))
    axes.yaxis.set_major_formatter(AMOUNT)
    axes.yaxis.set_minor_formatter(NullFormatter())


def underwater(axes: Axes, view: View, ink: Ink) -> None:
    """How far the account is below its highest value so far; the five deepest falls are marked."""
    line = view.underwater.thinned
    axes.fill_between(line.days, line.values, 0.0, color=ink.loss, alpha=0.25, linewidth=0)
    axes.plot(line.days, line.values, color=ink.loss, linewidth=0.9)
    for place, span in enumerate(view.drawdowns, start=1):
        axes.annotate(
            str(place),
            (np.datetime64(span.trough), span.depth),
            xytext=(0, -2),
            textcoords="offset points",
            ha="center",
            va="top",
            color=ink.faint,
            fontsize=8,
        )
    axes.set_ylim(min(float(line.values.min()) * 1.15, -1e-6), 0.0)
    axes.yaxis.set_major_formatter(PERCENT)
    dated(axes, ink)


def rolling_sharpe(axes: Axes, view: View, ink: Ink) -> None:
    """The Sharpe ratio of the window that ends there, beside that of the whole run."""
    _rolling(axes, view.rolling_sharpe, view.material.value("sharpe"), ink)


def rolling_volatility(axes: Axes, view: View, ink: Ink) -> None:
    """The volatility of the window that ends there, beside that of the whole run."""
    _rolling(axes, view.rolling_volatility, view.material.value("volatility"), ink)
    axes.yaxis.set_major_formatter(PERCENT)
    axes.set_ylim(bottom=0.0)


def _rolling(axes: Axes, whole: Line, of_the_run: float | None, ink: Ink) -> None:
    line = whole.thinned
    axes.plot(line.days, line.values, color=ink.account, linewidth=1.1, label="rolling")
    if of_the_run is not None:
        _level(axes, of_the_run, ink)
    elif not _any(line.values):
        axes.set_xlim(line.days[0], line.days[-1])
    dated(axes, ink)
    legend(axes, ink)


def _level(axes: Axes, value: float, ink: Ink) -> None:
    axes.axhline(value, color=ink.faint, linewidth=1.0, linestyle=(0, (4, 3)), label="whole run")


def _any(values: FloatArray) -> bool:
    return bool(np.any(np.isfinite(values)))
