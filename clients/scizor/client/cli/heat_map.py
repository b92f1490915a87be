"""A figure over two parameters in text: a coloured cell for each pair, a shade where there are no colours."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from rich.text import Text

from scizor.domain.arrays import FloatArray

_SHADES = " ░▒▓█"
# From low to high, evenly bright steps: readable in print and without telling red from green (viridis).
_COLOURS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
_LABELS = 4


def heat_map(
    values: FloatArray, x: tuple[str, Sequence[str]], y: tuple[str, Sequence[str]], metric: str, *, coloured: bool
) -> Text:
    """`values` (n_y, n_x), NaN where there is nothing; `x`, `y`: the parameters' names and the labels of their values.

    The first of y is at the bottom, as in a chart.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return Text()
    low, high = float(finite.min()), float(finite.max())
    n_y, n_x = values.shape
    wide = 2 if n_x <= 50 else 1
    margin = max(len(y[0]), *(len(label) for label in y[1]))
    text = Text(f"{y[0]:>{margin}}\n", style="dim")
    for row in reversed(range(n_y)):
        text.append(f"{y[1][row] if row % _every(n_y) == 0 else '':>{margin}} ", style="dim")
        for value in values[row].tolist():
            text.append_text(_cell(value, low, high, wide, coloured=coloured))
        text.append("\n")
    text.append(f"{'':{margin + 1}}{_axis(x[1], wide)}  {x[0]}\n", style="dim")
    return text.append_text(_legend(metric, low, high, margin, coloured=coloured))


def _cell(value: float, low: float, high: float, wide: int, *, coloured: bool) -> Text:
    if math.isnan(value):
        return Text("·" * wide, style="dim")
    part = 0.5 if high <= low else (value - low) / (high - low)
    if not coloured:
        return Text(_SHADES[round(part * (len(_SHADES) - 1))] * wide)
    return Text(" " * wide, style=f"on {_colour(part)}")


def _colour(part: float) -> str:
    place = part * (len(_COLOURS) - 1)
    below = min(int(place), len(_COLOURS) - 2)
    mixed = [round(a + (b - a) * (place - below)) for a, b in zip(_COLOURS[below], _COLOURS[below + 1], strict=True)]
    return f"#{mixed[0]:02x}{mixed[1]:02x}{mixed[2]:02x}"


def _every(n: int) -> int:
    return max(1, n // 10)


def _axis(labels: Sequence[str], wide: int) -> str:
    """A few labels, each beginning below its column."""
    line = ""
    for at in range(0, len(labels), max(1, math.ceil(len(labels) / _LABELS))):
        if len(line) <= at * wide:
            line = f"{line:{at * wide}}{labels[at]} "
    return f"{line:{len(labels) * wide}}"


def _legend(metric: str, low: float, high: float, margin: int, *, coloured: bool) -> Text:
    text = Text(f"{'':{margin + 1}}{metric} {low:,.3f} ", style="dim")
    for step in range(10):
        text.append_text(_cell(step / 9, 0.0, 1.0, 1, coloured=coloured))
    return text.append(f" {high:,.3f}", style="dim")
