"""A line chart in text: braille dots for the curve, small marks for the one it is held against, no terminal needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.text import Text

Values = npt.NDArray[np.float64]

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # by column of the cell, then row from the top
_BLANK = 0x2800
_OTHER_MARK = "·"
_LABEL_WIDTH = 12


@dataclass(frozen=True, slots=True)
class Curve:
    """A named line; `values` shape (n,), finite, the same n for every curve of a chart."""

    name: str
    values: Values


def chart(curve: Curve, other: Curve | None, first: str, last: str, *, width: int = 100, height: int = 12) -> Text:
    """The curves over one scale, `width` characters wide; `first` and `last` name the ends of the axis below."""
    curves = [curve] if other is None else [curve, other]
    low = min(float(one.values.min()) for one in curves)
    high = max(float(one.values.max()) for one in curves)
    columns = max(width - _LABEL_WIDTH - 2, 10)
    cells = _braille(_scaled(curve.values, low, high, height * 4), columns, height)
    marks = set() if other is None else _marks(_scaled(other.values, low, high, height), columns)
    text = Text()
    for row in range(height):
        text.append(f"{_label(row, height, low, high):>{_LABEL_WIDTH}} ", style="dim")
        text.append("┤" if row in (0, height // 2, height - 1) else "│", style="dim")
        for column in range(columns):
            dots = int(cells[row, column])
            if dots:
                text.append(chr(_BLANK + dots), style="bold green")
            else:
                marked = (row, column) in marks
                text.append(_OTHER_MARK if marked else " ", style="yellow" if marked else "")
        text.append("\n")
    gap = max(columns - len(first) - len(last), 1)
    text.append(f"{'':{_LABEL_WIDTH + 2}}{first}{'':{gap}}{last}\n", style="dim")
    return text.append_text(_legend(curves))


def _scaled(values: Values, low: float, high: float, steps: int) -> npt.NDArray[np.int64]:
    """Each value's step from the top, 0 to steps - 1; a flat line lies in the middle. Shape (n,)."""
    if high <= low:
        return np.full(len(values), steps // 2, dtype=np.int64)
    from_top = (high - values) / (high - low) * (steps - 1)
    return np.rint(from_top).astype(np.int64)


def _braille(steps: npt.NDArray[np.int64], columns: int, height: int) -> npt.NDArray[np.int64]:
    """The line's dots in each cell, shape (height, columns). Each dot column spans its values and joins the next."""
    cells = np.zeros((height, columns), dtype=np.int64)
    ends = np.linspace(0, len(steps), columns * 2 + 1).astype(np.int64)
    before = int(steps[0])
    for x in range(columns * 2):
        part = steps[ends[x] : ends[x + 1]] if ends[x + 1] > ends[x] else steps[[min(int(ends[x]), len(steps) - 1)]]
        top, bottom = min(int(part.min()), before), max(int(part.max()), before)
        before = int(part[-1])
        for y in range(top, bottom + 1):
            cells[y // 4, x // 2] |= _DOTS[x % 2][y % 4]
    return cells


def _marks(rows: npt.NDArray[np.int64], columns: int) -> set[tuple[int, int]]:
    """One cell a column: where the other curve is in the middle of it."""
    places = np.linspace(0, len(rows) - 1, columns).astype(np.int64)
    return {(int(rows[place]), column) for column, place in enumerate(places)}


def _label(row: int, height: int, low: float, high: float) -> str:
    if row not in (0, height // 2, height - 1):
        return ""
    return f"{high - (high - low) * row / (height - 1):,.0f}"


def _legend(curves: Sequence[Curve]) -> Text:
    text = Text(f"{'':{_LABEL_WIDTH + 2}}")
    for curve, (mark, style) in zip(curves, (("⣀", "bold green"), (_OTHER_MARK, "yellow")), strict=False):
        text.append(f"{mark} ", style=style).append(f"{curve.name}   ")
    return text
