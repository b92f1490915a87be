"""The strategies that come with the platform. Each gives every symbol of the run the same weight, 1/N."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine.arrays import kernel_array
from scizor.engine.indicators import sma_cross_nb
from scizor.engine.prices import Prices
from scizor.strategy.base import ChoiceParameter, IntParameter, Parameter, Params, broken_rule

LONG_ONLY = "long_only"
LONG_SHORT = "long_short"
_LONGEST_WINDOW_BARS = 10_000


@dataclass(frozen=True, slots=True)
class SmaCross:
    """Follows the side of the slow mean on which the fast one is, from their first cross on."""

    id: str = "sma_cross"
    version: str = "1"
    description: str = "Holds a symbol while its fast moving average is above its slow one, from their first cross on"
    parameters: tuple[Parameter, ...] = (
        IntParameter("fast", 10, 1, _LONGEST_WINDOW_BARS, "Window of the fast moving average, bars; below slow"),
        IntParameter("slow", 30, 2, _LONGEST_WINDOW_BARS, "Window of the slow moving average, bars"),
        ChoiceParameter(
            "direction", LONG_ONLY, (LONG_ONLY, LONG_SHORT), "While the fast average is below: in cash, or short"
        ),
    )

    def check(self, params: Params) -> None:
        """`fast` must be below `slow`."""
        if not int(params["fast"]) < int(params["slow"]):
            raise broken_rule("fast", f"must be below slow ({params['slow']})")

    def targets(self, prices: Prices, params: Params) -> FloatArray:
        """+1/N above, -1/N or 0 below, NaN until the first cross and at missing bars."""
        share = 1.0 / prices.n_symbols
        below = 0.0 if params["direction"] == LONG_ONLY else -share
        return sma_cross_nb(kernel_array(prices.close), int(params["fast"]), int(params["slow"]), share, below)


@dataclass(frozen=True, slots=True)
class BuyAndHold:
    """Decides for 1/N of the equity in each symbol at its first bar, and never again."""

    id: str = "buy_and_hold"
    version: str = "1"
    description: str = "Buys every symbol after its first bar and holds it"
    parameters: tuple[Parameter, ...] = ()

    def check(self, params: Params) -> None:
        """Nothing to check."""

    def targets(self, prices: Prices, params: Params) -> FloatArray:
        """1/N wherever there is a bar."""
        return np.where(np.isnan(prices.close), np.nan, 1.0 / prices.n_symbols)
