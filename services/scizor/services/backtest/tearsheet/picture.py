"""The tearsheet as one picture, by the charts of the page."""

from __future__ import annotations

from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scizor.services.backtest.tearsheet import charts, shapes
from scizor.services.backtest.tearsheet.charts import Chart
from scizor.services.backtest.tearsheet.drawing import drawable, png_of, prepared, styled
from scizor.services.backtest.tearsheet.material import Material
from scizor.services.backtest.tearsheet.palette import LIGHT
from scizor.services.backtest.tearsheet.view import View
from scizor.services.backtest.tearsheet.words import interval_of, period, plain, title_of, value_of

_WIDTH_IN: Final = 11.0
_DPI: Final = 100
_HEAD_IN: Final = 2.5
_YEAR_IN: Final = 0.19
_MOST_YEARS_IN: Final = 6.0
_TITLE_CHARS: Final = 70
_LINE_CHARS: Final = 130
_KEY: Final = ("total_return", "cagr", "sharpe", "max_drawdown", "volatility", "win_rate", "n_trades", "total_costs")
_COLUMNS: Final = 4


def png_page(material: Material) -> bytes:
    """A PNG of one page, for where HTML cannot be shown."""
    view = View(material)
    rows: list[tuple[float, tuple[Chart, ...]]] = [
        (2.9, (charts.EQUITY,)),
        (1.5, (charts.DRAWDOWN,)),
        (min(0.8 + _YEAR_IN * len(view.months.years), _MOST_YEARS_IN), (MONTHS,)),
        (2.3, (charts.RETURNS, charts.HELD_FOR)),
        (2.0, (charts.SHARPE, charts.COSTS)),
    ]
    heights = [_HEAD_IN, *(height for height, _ in rows)]
    with styled():
        figure = Figure(figsize=(_WIDTH_IN, sum(heights)), facecolor=LIGHT.paper)
        figure.set_layout_engine("constrained", w_pad=0.15, h_pad=0.1, hspace=0.02)
        grid = figure.add_gridspec(len(heights), 2, height_ratios=heights)
        _head(figure.add_subplot(grid[0, :]), material)
        for place, (_, drawn) in enumerate(rows, start=1):
            for column, chart in enumerate(drawn):
                _draw(figure.add_subplot(grid[place, :] if len(drawn) == 1 else grid[place, column]), chart, view)
        return png_of(figure, _DPI)


MONTHS: Final = Chart("months", "Returns by month, per cent", 0.0, shapes.months, lambda _: "")


def _draw(axes: Axes, chart: Chart, view: View) -> None:
    axes.set_title(chart.title, color=LIGHT.text)
    if why := chart.lacks(view):
        axes.axis("off")
        axes.text(0.0, 0.9, why, color=LIGHT.faint, va="top", transform=axes.transAxes)
    else:
        chart.draw(prepared(axes, LIGHT), view, LIGHT)


def _head(axes: Axes, material: Material) -> None:
    spec, results = material.job.spec, material.results
    axes.axis("off")
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(_HEAD_IN, 0.0)
    set_to = ", ".join(f"{name} = {plain(value)}" for name, value in sorted(spec.parameters.items()))
    symbols = ", ".join(spec.symbols)
    lines = (
        (0.2, 17.0, LIGHT.text, _cut(spec.title or spec.strategy_id, _TITLE_CHARS)),
        (0.5, 9.5, LIGHT.faint, _cut(f"{spec.strategy_id}   {set_to}", _LINE_CHARS)),
        (
            0.7,
            9.5,
            LIGHT.faint,
            _cut(f"{period(results.first_session, results.last_session)}   {symbols}", _LINE_CHARS),
        ),
    )
    for height, size, colour, text in lines:
        axes.text(0.0, height, drawable(text), fontsize=size, color=colour, va="center")
    for place, name in enumerate(_KEY):
        _tile(axes, material, name, place % _COLUMNS / _COLUMNS, 1.0 + place // _COLUMNS * 0.72)
    axes.text(0.0, 2.42, f"fingerprint {results.fingerprint}", fontsize=7, color=LIGHT.faint, va="center")


def _tile(axes: Axes, material: Material, name: str, left: float, top: float) -> None:
    metric = material.metric(name)
    interval = interval_of(metric)
    axes.text(left, top, title_of(name), fontsize=8.5, color=LIGHT.faint, va="center")
    axes.text(left, top + 0.22, value_of(metric), fontsize=15, color=LIGHT.text, va="center")
    axes.text(left, top + 0.43, f"95 %: {interval}" if interval else "", fontsize=7.5, color=LIGHT.faint, va="center")


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[: chars - 1] + "…"
