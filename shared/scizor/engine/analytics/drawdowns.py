"""The depth and length of losses from a peak."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.analytics.curve import SessionCurve
from scizor.engine.arrays import IndexArray


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall of a curve. Positions are sample indices.

    `depth`: fraction of the peak, <= 0. `recovery`: the first sample back at the peak, None while it is not.
    """

    depth: float
    peak: int
    trough: int
    recovery: int | None
    n_samples: int

    @property
    def recovery_samples(self) -> int | None:
        """Samples from the peak until the curve is back there; None when it never is, 0 when it never fell."""
        if self.depth == 0:
            return 0
        return None if self.recovery is None else self.recovery - self.peak

    @property
    def duration_samples(self) -> int:
        """Samples from the peak until the curve is back there, or until its end."""
        if self.depth == 0:
            return 0
        return (self.n_samples - 1 if self.recovery is None else self.recovery) - self.peak


@dataclass(frozen=True, slots=True)
class DrawdownSpan:
    """A stay below a peak, by date. `recovery` is None for one that lasts to the end.

    `depth`: fraction of the peak, <= 0. `sessions_down`: from the peak to the trough; `sessions_up`: from the trough to
    the recovery, None without one; `sessions_long`: from the peak to the recovery, or to the end.
    """

    depth: float
    peak: date
    trough: date
    recovery: date | None
    sessions_down: int
    sessions_up: int | None
    sessions_long: int


def depths(curve: FloatArray) -> FloatArray:
    """How far below its highest value so far each sample is: fractions <= 0, shape (n,). First value positive."""
    return curve / np.maximum.accumulate(curve) - 1.0


def max_drawdown(curve: FloatArray) -> Drawdown:
    """The deepest drawdown of `curve` (shape (n,), n >= 1, first value positive); of equal ones the first."""
    starts, ends = drawdown_spans(curve)
    below = depths(curve)
    trough = int(np.argmin(below))
    if not len(starts):
        return Drawdown(0.0, trough, trough, None, len(curve))
    span = int(np.searchsorted(starts, trough)) - 1
    peak, end = int(starts[span]), int(ends[span])
    recovery = end if curve[end] >= curve[peak] else None
    return Drawdown(float(below[trough]), peak, trough, recovery, len(curve))


def drawdown_spans(curve: FloatArray) -> tuple[IndexArray, IndexArray]:
    """Every stay below a peak: the sample of the peak, and that of the recovery or of the curve's end."""
    at_peak = np.flatnonzero(curve >= np.maximum.accumulate(curve))
    starts, ends = at_peak, np.append(at_peak[1:], len(curve) - 1)
    fell = curve[np.minimum(starts + 1, len(curve) - 1)] < curve[starts]
    return starts[fell], ends[fell]


def average_drawdown(curve: FloatArray) -> float:
    """Mean depth of all stays below a peak; 0 for a curve that never falls."""
    starts, _ = drawdown_spans(curve)
    return float(np.mean(np.minimum.reduceat(depths(curve), starts))) if len(starts) else 0.0


def ulcer_index(curve: FloatArray) -> float:
    """Root mean square of the drawdown over all samples, a fraction. Martin 1987."""
    return float(np.sqrt(np.mean(depths(curve) ** 2)))


def drawdown_table(curve: SessionCurve, n_deepest: int = 5) -> tuple[DrawdownSpan, ...]:
    """The deepest stays below a peak, deepest first, of equal ones the earlier first.

    Raises InvalidInput for n_deepest below 1.
    """
    if n_deepest < 1:
        raise InvalidInput.of_field("n_deepest", "must be at least 1")
    starts, ends = drawdown_spans(curve.values)
    if not len(starts):
        return ()
    below = depths(curve.values)
    deepest = np.argsort(np.minimum.reduceat(below, starts), kind="stable")[:n_deepest]
    return tuple(_span(curve, below, int(starts[place]), int(ends[place])) for place in deepest)


def _span(curve: SessionCurve, below: FloatArray, peak: int, end: int) -> DrawdownSpan:
    trough = peak + int(np.argmin(below[peak : end + 1]))
    recovered = bool(curve.values[end] >= curve.values[peak])
    return DrawdownSpan(
        float(below[trough]),
        curve.days[peak].item(),
        curve.days[trough].item(),
        curve.days[end].item() if recovered else None,
        trough - peak,
        end - trough if recovered else None,
        end - peak,
    )
