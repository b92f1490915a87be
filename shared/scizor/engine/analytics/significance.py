"""How much a Sharpe ratio proves. All ratios are of one period, not annualised; kurtosis is given raw, 3 for a normal.

The standard deviation of an estimated Sharpe ratio S over n returns with skewness g3 and raw kurtosis g4 is
sqrt((1 - g3 S + (g4 - 1) / 4 S^2) / (n - 1)): Mertens 2002, Bailey & Lopez de Prado 2012. Some libraries put excess
kurtosis in its place; `Kurtosis.EXCESS` is for comparing with them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import StrEnum
from statistics import NormalDist

import numpy as np

from scizor.domain.errors import InvalidInput
from scizor.domain.metrics import Metric
from scizor.engine.analytics import ratios
from scizor.engine.analytics.conventions import Convention
from scizor.engine.analytics.figures import Origin, metric, too_few, undefined
from scizor.engine.analytics.moments import Moments, ReturnSample

_NORMAL = NormalDist()
_NORMAL_KURTOSIS = 3.0


class Kurtosis(StrEnum):
    """What stands for g4 in the formula of this module; the first is right."""

    RAW = "RAW"
    EXCESS = "EXCESS"


def probabilistic_sharpe(
    sharpe: float,
    n: int,
    skewness: float,
    kurtosis: float,
    hurdle: float = 0.0,
    kurtosis_as: Kurtosis = Kurtosis.RAW,
) -> float | None:
    """The probability that the true Sharpe ratio is above `hurdle`. Bailey & Lopez de Prado 2012."""
    variance = _variance(sharpe, skewness, kurtosis, kurtosis_as)
    if n < 2 or variance is None:
        return None
    return _NORMAL.cdf((sharpe - hurdle) * math.sqrt(n - 1) / math.sqrt(variance))


def deflated_sharpe(
    sharpe: float,
    n: int,
    skewness: float,
    kurtosis: float,
    *,
    n_trials: int,
    trial_variance: float,
    kurtosis_as: Kurtosis = Kurtosis.RAW,
) -> float | None:
    """The probability that the best of `n_trials` strategies has a Sharpe ratio above what luck alone would give.

    `trial_variance`: variance of the trials' Sharpe ratios. Bailey & Lopez de Prado 2014.
    """
    hurdle = expected_maximum_sharpe(n_trials, trial_variance)
    return probabilistic_sharpe(sharpe, n, skewness, kurtosis, hurdle, kurtosis_as)


def expected_maximum_sharpe(n_trials: int, trial_variance: float) -> float:
    """The highest Sharpe ratio to expect of `n_trials` without skill. Bailey & Lopez de Prado 2014, equation 1.

    Raises InvalidInput for n_trials below 1 or a negative variance.
    """
    if n_trials < 1:
        raise InvalidInput.of_field("n_trials", "must be at least 1")
    if not (math.isfinite(trial_variance) and trial_variance >= 0):
        raise InvalidInput.of_field("trial_variance", "must be at least 0 and finite")
    if n_trials == 1:
        return 0.0
    nearest, next_to_it = (_NORMAL.inv_cdf(1.0 - 1.0 / (n_trials * scale)) for scale in (1.0, math.e))
    return math.sqrt(trial_variance) * ((1.0 - np.euler_gamma) * nearest + np.euler_gamma * next_to_it)


def min_track_record_length(
    sharpe: float,
    skewness: float,
    kurtosis: float,
    hurdle: float = 0.0,
    confidence: float = 0.95,
    kurtosis_as: Kurtosis = Kurtosis.RAW,
) -> float | None:
    """How many returns prove, at `confidence`, that the true Sharpe ratio is above `hurdle`; None when it is not.

    Bailey & Lopez de Prado 2012.
    """
    variance = _variance(sharpe, skewness, kurtosis, kurtosis_as)
    if variance is None or not sharpe > hurdle:
        return None
    return 1.0 + variance * (_NORMAL.inv_cdf(confidence) / (sharpe - hurdle)) ** 2


def figures(
    sample: ReturnSample | None, origin: Origin, n_trials: int | None, trial_variance: float | None
) -> Iterator[Metric]:
    """probabilistic_sharpe, deflated_sharpe (of `n_trials`) and min_track_record_length of one run's returns."""
    names = (("probabilistic_sharpe", "ratio"), ("deflated_sharpe", "ratio"), ("min_track_record_length", "samples"))
    if sample is None or origin.n < 2:
        yield from (undefined(name, unit, origin, too_few(origin, 2)) for name, unit in names)
        return
    moments, n = sample.moments(), origin.n
    lean = origin.terms.convention is Convention.LEAN_CALENDAR_252
    rate = 0.0 if lean else origin.terms.period_rate
    sharpe = float(ratios.ratio(moments.mean - rate, moments.deviation)[0])
    shape = unbiased_shape(moments) if lean else _shape(moments, origin)
    hurdle = 1.0 / math.sqrt(origin.terms.periods_per_year) if lean else 0.0
    found = probabilistic_sharpe(sharpe, n, *shape, hurdle)
    yield metric(*names[0], origin, found, "no movement")
    if n_trials is None:
        yield undefined(*names[1], origin, "the number of trials was not said")
    else:
        variance = 1.0 / (n - 1) if trial_variance is None else trial_variance
        found = deflated_sharpe(sharpe, n, *shape, n_trials=n_trials, trial_variance=variance)
        yield metric(*names[1], origin, found, "no movement")
    yield metric(*names[2], origin, min_track_record_length(sharpe, *shape, hurdle), "no better than its hurdle")


def unbiased_shape(moments: Moments) -> tuple[float, float]:
    """Skewness and *excess* kurtosis, unbiased for a normal distribution (G1, G2). Joanes & Gill 1998."""
    n, m2 = moments.n, float(moments.m2[0]) / moments.n
    if n < 4 or m2 <= 0:
        return math.nan, math.nan
    g1, g2 = float(moments.m3[0]) / n / m2**1.5, float(moments.m4[0]) / n / m2**2 - _NORMAL_KURTOSIS
    return g1 * math.sqrt(n * (n - 1)) / (n - 2), (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g2 + 6.0)


def _shape(moments: Moments, origin: Origin) -> tuple[float, float]:
    skewness, kurtosis = ratios.skewness(moments, origin.terms), ratios.kurtosis(moments, origin.terms)
    return float(skewness[0]), float(kurtosis[0])


def _variance(sharpe: float, skewness: float, kurtosis: float, kurtosis_as: Kurtosis) -> float | None:
    fourth = kurtosis if kurtosis_as is Kurtosis.RAW else kurtosis - _NORMAL_KURTOSIS
    variance = 1.0 - skewness * sharpe + (fourth - 1.0) / 4.0 * sharpe**2
    return variance if math.isfinite(variance) and variance > 0.0 else None
