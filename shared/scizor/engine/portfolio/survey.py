"""What a run is made of, looked through once: its rows, and the decisions in a matrix of weights."""

from __future__ import annotations

import math
from typing import Final

from scizor.domain.arrays import FloatArray
from scizor.engine._jit import njit
from scizor.engine.arrays import IndexArray, Records

WEIGHT_ROUNDING: Final = 1e-9
"""How far beyond their bound absolute weights may sum: 49 x 1/49 may be above 1."""


@njit
def new_dates_nb(sessions: IndexArray, opens: IndexArray, first: int, last: int) -> list[int]:
    """The places among the opens, from `first` to before `last`, at which the session is later than at all before it.

    `opens`: rows in the order of their opens; empty when that is the order of the rows.
    """
    places, latest, by_row = [first], sessions[opens[first] if len(opens) > 0 else first], len(opens) == 0
    for place in range(first + 1, last):
        session = sessions[place if by_row else opens[place]]
        if session > latest:
            places.append(place)
            latest = session
    return places


@njit
def survey_nb(
    weights: FloatArray,
    close: FloatArray,
    known: FloatArray,
    standing: FloatArray,
    decided: FloatArray,
    first: int,
    out: Records,
    bounds: FloatArray,
) -> tuple[int, int, int, int]:
    """Look through `weights` from row `first` for decisions, as long as `out` has room for those of one more row.

    `known` (above 0 once the symbol has closed), `standing` and `decided` (weights) go from call to call; `bounds`: the
    least and the most a weight may be, and the most their absolute values may sum to. Returns the row it came to, the
    decisions found, the first row with a weight out of bounds, and the first whose sum is (each -1 for none).
    """
    n_rows, n_symbols = weights.shape
    n_found, row = 0, first
    while row < n_rows and n_found + n_symbols <= len(out):
        if n_symbols == 1:
            row = _quiet_until_nb(weights, row, standing, decided)
        changed = False
        for symbol in range(n_symbols if row < n_rows else 0):
            weight = weights[row, symbol]
            if known[symbol] == 0.0 and close[row, symbol] > 0.0:
                known[symbol] = 1.0
            if math.isnan(weight) or (weight == standing[symbol] and weight == decided[symbol]):
                continue
            if weight != standing[symbol]:
                standing[symbol] = weight
                changed = True
                if not bounds[0] <= weight <= bounds[1]:
                    return row, n_found, row, -1
            if weight != decided[symbol] and known[symbol] > 0.0:
                decided[symbol] = weight
                found = out[n_found]
                found.row, found.symbol, found.weight = row, symbol, weight
                n_found += 1
        if changed and _gross_nb(standing) > bounds[2] + WEIGHT_ROUNDING:
            return row, n_found, -1, row
        row = min(row + 1, n_rows)
    return row, n_found, -1, -1


@njit
def _gross_nb(weights: FloatArray) -> float:
    gross = 0.0
    for weight in weights:
        gross += abs(weight)
    return gross


@njit
def _quiet_until_nb(weights: FloatArray, row: int, standing: FloatArray, decided: FloatArray) -> int:
    """The first row from `row` on that says something new of the only symbol there is."""
    said = standing[0]
    if said == decided[0]:
        while row < len(weights) and weights[row, 0] == said:
            row += 1
    return row
