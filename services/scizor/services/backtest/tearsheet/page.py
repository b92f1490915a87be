"""The tearsheet as one HTML file: no script, no font, no picture from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Final

from scizor.services.backtest.tearsheet import charts, figures, tables
from scizor.services.backtest.tearsheet.charts import Chart
from scizor.services.backtest.tearsheet.drawing import svg_of
from scizor.services.backtest.tearsheet.header import header, warnings
from scizor.services.backtest.tearsheet.markup import Markup, el, joined
from scizor.services.backtest.tearsheet.material import Material
from scizor.services.backtest.tearsheet.palette import DARK, LIGHT, variables
from scizor.services.backtest.tearsheet.shapes import MAX_MARKS
from scizor.services.backtest.tearsheet.view import View

_STYLE: Final = (Path(__file__).parent / "style.css").read_text()


def html_page(material: Material) -> bytes:
    """The whole file, UTF-8."""
    view = View(material)
    spec = material.job.spec
    name = spec.title or spec.strategy_id
    style = _style()
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy(style)),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", f"{name} - backtest"),
        el("style", style),
    )
    main = el("main", warnings(material), figures.key_figures(material), *_sections(view))
    return joined(Markup("<!DOCTYPE html>\n"), el("html", head, el("body", header(material), main), lang="en")).encode()


def policy(style: str) -> str:
    """What a browser may do with the page: show it in its own style, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; style-src-attr 'unsafe-inline'; form-action 'none'"


def _style() -> Markup:
    light, dark = variables(LIGHT), variables(DARK)
    return Markup(f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{_STYLE}")


def _sections(view: View) -> list[Markup]:
    material = view.material
    shown = f" {MAX_MARKS:,} of them are shown." if len(material.trades) > MAX_MARKS else ""
    return [
        _section("Equity", _equity(view)),
        _section("Drawdowns", _figure(charts.DRAWDOWN, view), tables.drawdowns(view)),
        _section("Returns by month", tables.months(view)),
        _section("Distribution of returns", _figure(charts.RETURNS, view)),
        _section("Through time", _figure(charts.SHARPE, view), _figure(charts.VOLATILITY, view)),
        _section(
            "Trades",
            _figure(charts.HELD_FOR, view, shown),
            _figure(charts.EXCURSIONS, view, shown),
            tables.trades(material),
        ),
        _section("Costs", _figure(charts.COSTS, view), tables.costs(view)),
        _section("All figures", figures.all_figures(material)),
    ]


def _section(title: str, *content: Markup) -> Markup:
    return el("section", el("h2", title), *content)


def _equity(view: View) -> Markup:
    """Both scales, one of which is shown on a screen, and both on paper; choosing needs no script."""
    if charts.EQUITY_LOG.lacks(view):
        return _figure(charts.EQUITY, view)
    choices = [
        joined(
            el("input", type="radio", name="scale", id=f"scale-{chart.name}", checked=place == 0),
            el("label", word, for_=f"scale-{chart.name}"),
        )
        for place, (chart, word) in enumerate(((charts.EQUITY, "linear"), (charts.EQUITY_LOG, "logarithmic")))
    ]
    both = _figure(charts.EQUITY, view), _figure(charts.EQUITY_LOG, view)
    return el(
        "div", el("span", "Scale", class_="scale"), *choices, *both, class_="either", role="group", aria_label="Scale"
    )


def _figure(chart: Chart, view: View, more: str = "") -> Markup:
    if why := chart.lacks(view):
        return el("figure", el("figcaption", el("b", chart.title), f": {why}"), class_="empty")
    drawn = svg_of(chart.name, chart.height_in, lambda axes, ink: chart.draw(axes, view, ink))
    told = chart.told(view) + more
    names = joined(el("title", chart.title, id=f"{chart.name}-title"), el("desc", told, id=f"{chart.name}-desc"))
    opening = f'<svg role="img" aria-labelledby="{chart.name}-title {chart.name}-desc"'
    before, _, after = drawn.removeprefix("<svg").partition(">")
    svg = Markup(f"{opening}{before}>{names}{after}")
    caption = el("figcaption", el("b", chart.title), ". ", told)
    return el("figure", caption, el("div", svg, class_="wide", tabindex="0"), class_=chart.name)
