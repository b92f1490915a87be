"""A figure and the convention it was computed under: one is worth nothing without the other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure. `value` is finite, or None where it is undefined. `n`: how many samples, trades or sessions it has.

    `unit`: "fraction" (0.01 is one per cent), "ratio", "currency", "samples", "days", "count" or "per_year".
    """

    name: str
    value: float | None
    convention: str
    n: int
    unit: str
