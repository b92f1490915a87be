"""What prices could do to what is held: supposed shocks, the worst days of history, and the tail they make.

Amounts in base currency. These are estimates, so history is reckoned in floats; what shocks do is exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from scizor.domain.arrays import FloatArray
from scizor.domain.trading.money import ZERO

SESSIONS_MIN = 100
"""Fewer days of history say nothing of a tail of one in twenty."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Prices move by these fractions: `shock` all, `by_instrument` single ones instead."""

    name: str
    shock: Decimal = ZERO
    by_instrument: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StressLine:
    """One instrument under a scenario."""

    instrument: str
    shock: Decimal
    pnl: Decimal


@dataclass(frozen=True, slots=True)
class StressResult:
    """What a scenario adds to equity; `lines`: the largest loss first."""

    name: str
    pnl: Decimal
    lines: tuple[StressLine, ...]


def stressed(values: Mapping[str, Decimal], scenario: Scenario) -> StressResult:
    """What a scenario does to positions of these market values."""
    shocks = {name: scenario.by_instrument.get(name, scenario.shock) for name in values}
    lines = sorted(
        (StressLine(name, shocks[name], value * shocks[name]) for name, value in values.items()),
        key=lambda line: (line.pnl, line.instrument),
    )
    return StressResult(scenario.name, sum((line.pnl for line in lines), ZERO), tuple(lines))


@dataclass(frozen=True, slots=True)
class History:
    """Daily returns as fractions, shape (sessions, instruments); NaN where an instrument did not trade: no move."""

    sessions: tuple[date, ...]
    instruments: tuple[str, ...]
    returns: FloatArray

    def pnl(self, values: Mapping[str, Decimal]) -> FloatArray:
        """What each day would have added to positions of these values, shape (sessions,)."""
        held = np.array([float(values.get(name, ZERO)) for name in self.instruments])
        pnl: FloatArray = np.nan_to_num(self.returns, nan=0.0) @ held
        return pnl

    def worst(self, values: Mapping[str, Decimal], count: int) -> tuple[StressResult, ...]:
        """The days that would have cost most, the worst first, each by what every instrument did."""
        order = np.argsort(self.pnl(values), kind="stable")[:count]
        return tuple(stressed(values, self._scenario(int(place))) for place in order)

    def _scenario(self, place: int) -> Scenario:
        moves = zip(self.instruments, self.returns[place].tolist(), strict=True)
        shocks = {name: Decimal(str(move)) for name, move in moves if move == move}  # NaN alone differs from itself
        return Scenario(self.sessions[place].isoformat(), by_instrument=shocks)


def tail(pnl: npt.NDArray[np.float64], confidence: float = 0.95) -> tuple[float, float] | None:
    """Value at risk and expected shortfall of one day, as positive losses; None for less than `SESSIONS_MIN` days.

    The historical method: of n days the k = ceil(n (1 - confidence)) worst; value at risk is the least of their losses,
    expected shortfall their mean.
    """
    if len(pnl) < SESSIONS_MIN:
        return None
    worst = np.sort(pnl)[: int(np.ceil(len(pnl) * (1 - confidence) - 1e-9))]
    return max(0.0, -float(worst[-1])), max(0.0, -float(worst.mean()))
