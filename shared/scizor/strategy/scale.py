"""Splits, as strategies are spared them: every price they see is on one scale.

Where a market holds splits, its bars are as traded, and a window over a split would show a crash that was none. Prices
are carried *forward*: multiplied by the ratios of the splits so far, which is the scale of the first row. Nothing in
row t then depends on a later split, which cannot be said of the usual adjustment to the scale of the last row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from scizor.domain.arrays import FloatArray
from scizor.engine.panel import Panel
from scizor.engine.splits import split_factors

__all__ = ["on_one_scale", "split_factors"]


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
