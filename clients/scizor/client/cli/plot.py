"""A run in text: the account's value beside what it is held against, its trades, and below it its drawdowns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.text import Text

from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.client.cli.chart import Curve, chart
from scizor.client.cli.following import Outcome
from scizor.client.cli.tables import PLAIN_WIDTH, console
from scizor.domain.arrays import FloatArray

Dates = npt.NDArray[Any]

_LEFT = 14  # as wide as a chart's scale
_LEAST_COLUMNS = 10
_DRAWDOWN_ROWS = 4
_ENTRY, _EXIT, _BOTH = "▲", "▼", "◆"
_HANGING = " ▀█"  # by half rows


def plot(outcome: Outcome, trades: Sequence[bt.BacktestTrade], held: Curve | None) -> Text:
    """The picture; `held`: what it is held against, one value for each of the account's. Empty for an empty run."""
    equity = outcome.equity
    if not len(equity):
        return Text()
    dates = equity.dates.astype(str)
    width = min(console().width, PLAIN_WIDTH)
    columns = max(width - _LEFT, _LEAST_COLUMNS)
    name = f"{outcome.backtest.strategy_id} ({equity.currency})"
    text = chart(Curve(name, equity.equity), held, dates[0], dates[-1], width=width)
    text.append("\n").append_text(_trades_strip(dates, trades, columns))
    return text.append("\n").append_text(_drawdowns(equity.drawdown, columns))


def _trades_strip(dates: Dates, trades: Sequence[bt.BacktestTrade], columns: int) -> Text:
    entries = _columns_of(dates, [one.entry_session for one in trades], columns)
    exits = _columns_of(dates, [one.exit_session for one in trades], columns)
    text = Text(f"{'trades':>{_LEFT - 1}} ", style="dim")
    for column in range(columns):
        entered, left = column in entries, column in exits
        mark = _BOTH if entered and left else _ENTRY if entered else _EXIT if left else " "
        text.append(mark, style="cyan" if entered and left else "green" if entered else "red")
    return text.append(f"\n{'':{_LEFT}}{_ENTRY} entry   {_EXIT} exit   {_BOTH} both\n", style="dim")


def _columns_of(dates: Dates, sessions: Sequence[str], columns: int) -> set[int]:
    rows = np.searchsorted(dates, np.array(sessions, dtype=dates.dtype))
    return set((rows * columns // len(dates)).tolist()) if len(rows) else set()


def _drawdowns(drawdown: FloatArray, columns: int) -> Text:
    """The deepest drawdown in each column, hanging from the highest value so far."""
    deepest = float(drawdown.min())
    ends = np.linspace(0, len(drawdown), columns + 1).astype(np.int64)
    depths = [float(drawdown[a : max(b, a + 1)].min(initial=0.0)) for a, b in pairwise(ends.tolist())]
    text = Text()
    for row in range(_DRAWDOWN_ROWS):
        label = {0: "0.0%", _DRAWDOWN_ROWS - 1: f"{deepest:.1%}"}.get(row, "")
        text.append(f"{label:>{_LEFT - 2}} ┤", style="dim")
        for depth in depths:
            halves = 0 if deepest == 0 else round(depth / deepest * _DRAWDOWN_ROWS * 2) - row * 2
            text.append(_HANGING[min(max(halves, 0), 2)], style="red")
        text.append("\n")
    return text.append(f"{'':{_LEFT}}drawdown", style="dim")
