"""From a weight to whole lots."""

from __future__ import annotations

import math

from scizor.engine._jit import njit
from scizor.engine.fills import unit_cost_nb
from scizor.engine.settings import Rules

# 1/49 of 49,000 is one share of 1,000, and in floats a hair less. A quantity this close below a whole lot is that lot.
_WHOLE = 1.0 + 1e-12


@njit
def whole_quantity_nb(budget: float, unit_cost: float, lot_size: int) -> float:
    """The most shares, in whole lots, that `budget` pays for; 0 for a budget that is not positive."""
    lots = math.floor(budget / (unit_cost * lot_size) * _WHOLE)
    return max(lots, 0.0) * lot_size


@njit
def target_quantity_nb(weight: float, equity: float, price: float, rules: Rules) -> float:
    """The signed position whose value, costs included, fits in |weight| x equity at `price`."""
    side = 1 if weight >= 0.0 else -1
    unit_cost = unit_cost_nb(price, side, rules.slippage_rate, rules.commission_rate)
    return side * whole_quantity_nb(abs(weight) * equity, unit_cost, rules.lot_size)
