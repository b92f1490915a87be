"""The depth and length of losses from a peak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scizor.domain.arrays import FloatArray
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


def max_drawdown(curve: FloatArray) -> Drawdown:
    """The deepest drawdown of `curve` (shape (n,), n >= 1, first value positive); of equal ones the first."""
    starts, ends = drawdown_spans(curve)
    depths = curve / np.maximum.accumulate(curve) - 1.0
    trough = int(np.argmin(depths))
    if not len(starts):
        return Drawdown(0.0, trough, trough, None, len(curve))
    span = int(np.searchsorted(starts, trough)) - 1
    peak, end = int(starts[span]), int(ends[span])
    recovery = end if curve[end] >= curve[peak] else None
    return Drawdown(float(depths[trough]), peak, trough, recovery, len(curve))


def drawdown_spans(curve: FloatArray) -> tuple[IndexArray, IndexArray]:
    """Every stay below a peak: the sample of the peak, and that of the recovery or of the curve's end."""
    at_peak = np.flatnonzero(curve >= np.maximum.accumulate(curve))
    starts, ends = at_peak, np.append(at_peak[1:], len(curve) - 1)
    fell = curve[np.minimum(starts + 1, len(curve) - 1)] < curve[starts]
    return starts[fell], ends[fell]
