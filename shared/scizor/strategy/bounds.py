"""Weights that no account may hold, found in a matrix of them."""

from __future__ import annotations

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine._jit import njit
from scizor.engine.portfolio.survey import WEIGHT_ROUNDING


@njit
def survey_nb(weights: FloatArray, least: float, most: float) -> tuple[int, int, float]:
    """The first row in which a weight is not from `least` to `most`, or the standing ones sum to beyond `most`.

    `weights`: matrix, NaN keeps. Returns (row, symbol, the weight), (row, -1, the sum), or (-1, -1, 0).
    """
    n_rows, n_symbols = weights.shape
    standing, row = np.zeros(n_symbols), -1
    while row + 1 < n_rows:
        row += 1
        if n_symbols == 1:
            row = _new_nb(weights, row, standing[0])
        changed = False
        for symbol in range(n_symbols):
            weight = weights[row, symbol]
            if weight == standing[symbol]:
                continue
            if weight > most or weight < least:
                return row, symbol, weight
            if weight == weight:  # NaN keeps
                standing[symbol] = weight
                changed = True
        if changed:
            total = 0.0
            for symbol in range(n_symbols):
                total += abs(standing[symbol])
            if total > most + WEIGHT_ROUNDING:
                return row, -1, total
    return -1, -1, 0.0


@njit
def _new_nb(weights: FloatArray, row: int, standing: float) -> int:
    """The first row from `row` on that says something new of the only symbol there is; the last one without any."""
    while row + 1 < len(weights) and weights[row, 0] == standing:
        row += 1
    return row
