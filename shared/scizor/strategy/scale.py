"""Splits, as strategies are spared them: every price they see is on one scale.

Where a market holds splits, its bars are as traded, and a window over a split would show a crash that was none. Prices
are carried *forward*: multiplied by the ratios of the splits so far, which is the scale of the first row. Nothing in
row t then depends on a later split, which cannot be said of the usual adjustment to the scale of the last row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.bars import ActionType
from scizor.engine.market import Market
from scizor.engine.panel import Panel


def split_factors(market: Market) -> Mapping[str, FloatArray]:
    """Shares that one share of the first row is at each row, shape (n_rows,), for symbols that split after it."""
    panel = market.panel
    factors: dict[str, FloatArray] = {}
    for symbol, actions in market.actions.items():
        rows = np.flatnonzero(~np.isnan(panel.close[:, panel.symbols.index(symbol)]))
        steps = np.ones(panel.n_rows)
        for action in actions:
            place = int(np.searchsorted(panel.sessions[rows], np.datetime64(action.ex_date, "D")))
            if action.type is ActionType.SPLIT and 0 < place < len(rows):
                steps[rows[place]] *= float(action.value)
        if bool(np.any(steps != 1.0)):
            factors[symbol] = np.cumprod(steps, dtype=np.float64)
    return factors


def on_one_scale(panel: Panel, factors: Mapping[str, FloatArray]) -> Panel:
    """The panel with prices multiplied, and volumes divided, by each symbol's factors."""
    if not factors:
        return panel
    prices = {name: getattr(panel, name).copy() for name in ("open", "high", "low", "close")}
    volume = panel.volume.copy()
    for symbol, factor in factors.items():
        index = panel.symbols.index(symbol)
        for matrix in prices.values():
            matrix[:, index] *= factor
        volume[:, index] /= factor
    return replace(panel, **prices, volume=volume)
