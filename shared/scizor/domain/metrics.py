"""A figure and the convention it was computed under: one is worth nothing without the other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure. `value` is finite, or None where it is undefined; `undefined_reason` then says why, in a few words.

    `n`: how many samples, trades or sessions it has. `unit`: "fraction" (0.01 is one per cent), "ratio", "currency",
    "samples", "days", "count" or "per_year". `ci_low`, `ci_high`: the interval that covers the true value 95 times in
    100; None where none was asked for, or none can be had.
    """

    name: str
    value: float | None
    convention: str
    n: int
    unit: str
    ci_low: float | None = None
    ci_high: float | None = None
    undefined_reason: str | None = None
