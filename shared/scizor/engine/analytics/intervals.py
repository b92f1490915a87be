"""Bootstrap intervals: bias-corrected and accelerated (BCa), Efron 1987, at 95 %.

Returns are resampled in stretches of n^(1/3) sessions on average (stationary bootstrap, Politis & Romano 1994; the rate
is that of Hall, Horowitz & Jing 1995), so that calm and stormy times stay together; trades one by one. The acceleration
is the skewness of the jackknife's influences, summed over blocks of the same length (Goetze & Kuensch 1996).

They say how far chance alone may have moved a figure, were the future drawn from the same past. They know nothing of
how many strategies were tried before this one: see the deflated Sharpe ratio. Of the deepest drawdown, which is no
smooth function of the returns, they are rough.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput

Interval = tuple[float, float]

_NORMAL = NormalDist()
_LEVEL = 0.95
# An interval whose resamples often leave the figure undefined would be one of the others alone.
_MOST_UNDEFINED = 0.05


@dataclass(frozen=True, slots=True)
class Intervals:
    """How intervals are made: the same seed gives the same numbers on any machine.

    Raises InvalidInput for fewer than 1,000 or more than 100,000 resamples, or a seed that is no 64-bit word.
    """

    n_resamples: int = 1_000
    seed: int = 20_260_101

    def __post_init__(self) -> None:
        if not 1_000 <= self.n_resamples <= 100_000:
            raise InvalidInput.of_field("intervals.n_resamples", "must be at least 1000 and at most 100000")
        if not 0 <= self.seed < 2**64:
            raise InvalidInput.of_field("intervals.seed", "must be at least 0 and below 2^64")

    @property
    def word(self) -> np.uint64:
        """The seed as kernels take it."""
        return np.uint64(self.seed)


def mean_block(n: int) -> float:
    """How long the stretches of a resampled series of n returns are on average: n^(1/3)."""
    return float(max(round(n ** (1.0 / 3.0)), 1))


def bca(value: float, replicates: FloatArray, left_out: FloatArray, block: float = 1.0) -> Interval | None:
    """The interval of `value`; None where resamples too often leave it undefined or unbounded, or are too skewed.

    `replicates`: the figure of each resample; `left_out`: that of the sample without each observation in turn, in their
    order; `block`: how many neighbours move together.
    """
    defined = np.sort(replicates[~np.isnan(replicates)])
    if len(defined) < max(2.0, (1.0 - _MOST_UNDEFINED) * len(replicates)):
        return None
    below = np.searchsorted(defined, value, side="left") + np.searchsorted(defined, value, side="right")
    share = min(max(below / (2.0 * len(defined)), 0.5 / len(defined)), 1.0 - 0.5 / len(defined))
    bias, speed = _NORMAL.inv_cdf(share), acceleration(left_out, block)
    low, high = (_quantile(defined, _corrected(bias, speed, tail)) for tail in ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2))
    if low == high and defined[0] != defined[-1]:  # so skewed that both ends are the same resample
        return None
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


def acceleration(left_out: FloatArray, block: float = 1.0) -> float:
    """The skewness of the influences over six; 0 where they do not differ or are not all defined."""
    length = min(max(int(block), 1), len(left_out))
    influences = np.mean(left_out) - left_out
    if length > 1:
        running = np.concatenate([[0.0], np.cumsum(influences), np.cumsum(influences[: length - 1]) + influences.sum()])
        influences = running[length:] - running[:-length]
    squared = influences * influences
    squares = float(np.sum(squared))
    if not (math.isfinite(squares) and squares > 0.0):
        return 0.0
    speed = math.sqrt(length) * float(np.sum(squared * influences)) / (6.0 * squares**1.5)
    return speed if math.isfinite(speed) else 0.0


def _corrected(bias: float, speed: float, tail: float) -> float:
    shifted = bias + _NORMAL.inv_cdf(tail)
    rest = 1.0 - speed * shifted
    return _NORMAL.cdf(bias + shifted / rest) if rest > 0.0 else float(shifted > 0.0)


def _quantile(ordered: FloatArray, level: float) -> float:
    """Efron's (B + 1) x level-th of B, interpolated, and no further out than the outermost."""
    at = min(max(level * (len(ordered) + 1) - 1.0, 0.0), len(ordered) - 1.0)
    below = int(at)
    low, high = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)])
    return low if low == high else low + (at - below) * (high - low)
