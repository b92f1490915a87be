"""matplotlib as it is used here: figures without its global state, and SVG that takes its colours from the page.

matplotlib keeps its settings for the whole process, so only one thread may draw at a time.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.ticker import FuncFormatter

from scizor.services.backtest.tearsheet.markup import visible
from scizor.services.backtest.tearsheet.palette import STAND_INS, Ink, references

Place = Literal["upper left", "upper right"]

_Locator: Any = AutoDateLocator  # neither is typed
_Formatter: Any = ConciseDateFormatter
_FONT: Final = "DejaVu Sans"  # comes with matplotlib, so a picture is the same on every machine
_STYLE: Final[dict[str, Any]] = {
    "font.family": _FONT,
    "font.size": 9.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "scizor",
    "text.parse_math": False,
    "path.simplify": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "axes.unicode_minus": False,
    "axes.grid": True,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.3,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "timezone": "UTC",
}
_NOTHING: Final = {"Date": None, "Creator": None, "Format": None, "Type": None}
_WIDTH_IN: Final = 9.6
# Of matplotlib's SVG: groups' names, turns by nothing, fonts, and digits that no screen shows.
_CLEANED: Final = (
    (r' id="[a-zA-Z0-9.]+_[0-9]+"', ""),
    (r' transform="rotate\(-?0 [^)]*\)"', ""),
    (r"; font-family: '[^']+'", ""),
    (r"(\.[0-9]{2})[0-9]+", r"\1"),
    (r"xlink:href", "href"),
)


@contextmanager
def styled() -> Iterator[None]:
    """The block draws in this style, whatever the machine's own settings are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        settings: Any = matplotlib.rcParams
        settings.update(_STYLE)
        yield


def svg_of(name: str, height_in: float, draw: Callable[[Axes, Ink], None]) -> str:
    """A chart as an SVG element that is as wide as its place. `name` keeps its ids apart from those of others."""
    with styled():
        figure = Figure(figsize=(_WIDTH_IN, height_in), layout="constrained", facecolor="none")
        FigureCanvasSVG(figure)
        draw(prepared(figure.add_subplot(), STAND_INS), STAND_INS)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata=_NOTHING, facecolor="none")
    return _adopted(buffer.getvalue(), name)


def png_of(figure: Figure, dpi: int) -> bytes:
    """A figure as a PNG. To be called, as the figure is to be made, within `styled`."""
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None}, pil_kwargs={"optimize": True})
    return buffer.getvalue()


def prepared(axes: Axes, ink: Ink) -> Axes:
    """Axes in the ink's colours."""
    axes.set_facecolor("none")
    axes.grid(visible=True, color=ink.grid)
    axes.tick_params(which="both", color=ink.grid, labelcolor=ink.faint, length=3)
    axes.xaxis.label.set_color(ink.faint)
    axes.yaxis.label.set_color(ink.faint)
    for spine in axes.spines.values():
        spine.set_color(ink.grid)
    return axes


def dated(axes: Axes, ink: Ink) -> None:
    """Dates below."""
    locator = _Locator(minticks=4, maxticks=10)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(_Formatter(locator, show_offset=False))
    axes.margins(x=0.01)
    axes.tick_params(axis="x", labelcolor=ink.faint)


def in_percent(value: float, _place: object = None) -> str:
    """A fraction as a tick's label."""
    return f"{value * 100:g} %"


def in_thousands(value: float, _place: object = None) -> str:
    """An amount as a tick's label."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:g}"


PERCENT: Final = FuncFormatter(in_percent)
AMOUNT: Final = FuncFormatter(in_thousands)


def legend(axes: Axes, ink: Ink, place: Place = "upper left", columns: int = 3) -> None:
    """What the lines are."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        axes.legend(handles, labels, loc=place, labelcolor=ink.text, ncols=columns, borderaxespad=0.2)


def drawable(text: str) -> str:
    """The text in characters that the font has."""
    return "".join(one if ord(one) in _glyphs() else "□" for one in visible(text))


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(_FONT)).get_charmap())


def _adopted(svg: str, name: str) -> str:
    """The drawing without its prologue, size and style sheet, in the page's colours and font, with ids of its own."""
    view_box = re.search(r'viewBox="([^"]+)"', svg)
    body = svg[svg.index("</style>") + len("</style>\n </defs>") :]
    for pattern, instead in _CLEANED:
        body = re.sub(pattern, instead, body)
    body = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{name}-", body)
    body = re.sub("|".join(references()), lambda colour: references()[colour[0]], body)
    return f'<svg viewBox="{view_box[1] if view_box else ""}">{body.strip()}'
