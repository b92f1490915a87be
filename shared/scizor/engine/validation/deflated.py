"""What the best of many trials is worth once all of them are counted: the deflated Sharpe ratio over a whole search.

Bailey & Lopez de Prado 2014, "The deflated Sharpe ratio". Sharpe ratios are of one session, not annualised. What must
be known of the trials is how many there were and how their Sharpe ratios vary: `TrialSharpes`, which can be kept and
added to for as long as the same data are searched. Trials that trade alike are not so many: `effective_trials`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.analytics.moments import squares_about_mean
from scizor.engine.analytics.significance import expected_maximum_sharpe, probabilistic_sharpe
from scizor.engine.validation.checks import finite_matrix

_CHUNK_TRIALS = 256
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class TrialSharpes:
    """How many trials there were, the mean of their Sharpe ratios and `m2`, the squares of the distances from it.

    Raises InvalidInput for n or m2 below 0 and for values that are not finite.
    """

    n: int = 0
    mean: float = 0.0
    m2: float = 0.0

    def __post_init__(self) -> None:
        if self.n < 0:
            raise InvalidInput.of_field("n", "must not be negative")
        if not math.isfinite(self.mean):
            raise InvalidInput.of_field("mean", "must be finite")
        if not (math.isfinite(self.m2) and self.m2 >= 0):
            raise InvalidInput.of_field("m2", "must be at least 0 and finite")

    @classmethod
    def of(cls, sharpes: FloatArray) -> TrialSharpes:
        """Of one ratio a trial, shape (n_trials,); those that are not finite are no trials."""
        found = sharpes[np.isfinite(sharpes)]
        if not len(found):
            return cls()
        mean = float(np.mean(found))
        return cls(len(found), mean, float(np.sum((found - mean) ** 2)))

    def merged(self, other: TrialSharpes) -> TrialSharpes:
        """Of these trials and the others together. Chan, Golub & LeVeque 1983."""
        n = self.n + other.n
        if not n:
            return self
        apart = other.mean - self.mean
        return TrialSharpes(
            n, self.mean + apart * other.n / n, self.m2 + other.m2 + apart * apart * self.n * other.n / n
        )

    @property
    def variance(self) -> float:
        """Of the Sharpe ratios, ddof 1; 0 for less than two trials."""
        return self.m2 / (self.n - 1) if self.n > 1 else 0.0


@dataclass(frozen=True, slots=True)
class DeflatedSharpe:
    """`probability`: that the best trial's true Sharpe ratio is above `expected_maximum`; None where undefined.

    `expected_maximum`: the highest Sharpe ratio, of one session, to expect of `n_trials` independent trials without any
    skill.
    """

    probability: float | None
    expected_maximum: float
    n_trials: int


def deflate(
    sharpe: float, n: int, skewness: float, kurtosis: float, trials: TrialSharpes, n_independent: float | None = None
) -> DeflatedSharpe:
    """Hold the best trial's Sharpe ratio, over `n` returns of that skewness and raw kurtosis, against all trials' luck.

    `n_independent`: how many of them count, as `effective_trials` says; rounded up; all unless given.

    Raises InvalidInput for no trial, and for n_independent below 1 or above the number of trials.
    """
    if trials.n < 1:
        raise InvalidInput.of_field("trials", "must be at least one: the best one is one of them")
    if n_independent is not None and not 1 <= n_independent <= trials.n * (1 + _ROUNDING):
        raise InvalidInput.of_field("n_independent", f"must be at least 1 and at most the {trials.n} trials")
    counted = trials.n if n_independent is None else math.ceil(n_independent * (1 - _ROUNDING))
    luck = expected_maximum_sharpe(counted, trials.variance)
    return DeflatedSharpe(probabilistic_sharpe(sharpe, n, skewness, kurtosis, luck), luck, counted)


def effective_trials(returns: FloatArray) -> float:
    """How many independent trials are as many as these: r + (1 - r) N, r the mean correlation of all pairs.

    Bailey & Lopez de Prado 2014, appendix 3. `returns`: shape (n_samples, n_trials), of sessions or of blocks of them.
    Trials that never move are not among the N; within 1..N. No matrix of correlations is made: with every series scaled
    to length one, the square of their sum is N + N (N - 1) r.

    Raises InvalidInput for values that are not finite.
    """
    n, total = 0, np.zeros(len(finite_matrix("returns", returns)))
    for unit in _unit_series(returns):
        n += unit.shape[1]
        total += unit.sum(axis=1)
    if n < 2:
        return 1.0
    correlation = (float(total @ total) - n) / (n * (n - 1.0))
    return min(max(correlation + (1.0 - correlation) * n, 1.0), float(n))


def effective_trials_by_eigenvalues(returns: FloatArray) -> float:
    """How many independent trials are as many as these: (sum of sqrt(e))^2 / sum of e, e the correlations' eigenvalues.

    Galwey 2009. Sees groups of trials that the mean correlation takes for one. `returns`: shape (n_samples, n_trials);
    never above n_samples - 1, so that many more samples than independent trials are needed. Trials that never move do
    not count. Time grows with the cube of the lesser of both sizes.

    Raises InvalidInput for values that are not finite.
    """
    units = np.concatenate(list(_unit_series(finite_matrix("returns", returns))), axis=1)
    products = units.T @ units if units.shape[1] < len(units) else units @ units.T  # their eigenvalues differ by zeros
    eigenvalues = np.linalg.eigvalsh(products)
    total = float(eigenvalues.sum())
    if total <= 0:
        return 1.0
    above_rounding = eigenvalues[eigenvalues > _ROUNDING * total]
    return max(float(np.sqrt(above_rounding).sum()) ** 2 / total, 1.0)


def _unit_series(returns: FloatArray) -> Iterator[FloatArray]:
    """Some trials at a time, those that move: their distances from their means, scaled to a length of one."""
    for first in range(0, returns.shape[1], _CHUNK_TRIALS):
        part = returns[:, first : first + _CHUNK_TRIALS]
        means = part.mean(axis=0)
        moves = squares_about_mean((part * part).sum(axis=0), len(part) * means**2) > 0
        kept = (part - means)[:, moves]
        yield kept / np.sqrt((kept * kept).sum(axis=0))
