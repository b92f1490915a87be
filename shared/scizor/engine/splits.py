"""How many shares splits have made of one, row by row."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.bars import ActionType
from scizor.engine.market import Market


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
