"""From formulas to metrics: the value, why there is none, and its interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.metrics import Metric
from scizor.engine.analytics.conventions import Terms
from scizor.engine.analytics.intervals import Intervals, bca
from scizor.engine.analytics.resampling import restart_of

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)
M_co = TypeVar("M_co", covariant=True)


class Sample(Protocol[M_co]):
    """Observations of which figures are made."""

    def moments(self) -> M_co:
        """Of the sample, arrays of shape (1,)."""
        ...

    def resampled(self, n_resamples: int, seed: np.uint64, restart: np.uint64) -> M_co:
        """Of each resample, arrays of shape (n_resamples,)."""
        ...

    def left_out(self) -> M_co:
        """Of the sample without each observation in turn, arrays of shape (n,)."""
        ...


@dataclass(frozen=True, slots=True)
class Formula(Generic[M_contra]):
    """A figure of moments, NaN where undefined.

    `at_least`: how many observations it needs; `otherwise`: why it is undefined although there are as many.
    """

    name: str
    unit: str
    compute: Callable[[M_contra, Terms], FloatArray]
    at_least: int
    otherwise: str


@dataclass(frozen=True, slots=True)
class Origin:
    """What the metrics of one sample share. `things`: what the observations are called."""

    terms: Terms
    label: str
    n: int
    things: str
    block: float = 1.0
    intervals: Intervals | None = None


def measure(formulas: Sequence[Formula[M]], sample: Sample[M] | None, origin: Origin) -> Iterator[Metric]:
    """The metric of each formula; all undefined without a sample."""
    if sample is None:
        for formula in formulas:
            yield undefined(formula.name, formula.unit, origin, too_few(origin, max(formula.at_least, 1)))
        return
    moments, resamples = sample.moments(), _resamples(sample, origin)
    for formula in formulas:
        value = float(formula.compute(moments, origin.terms)[0])
        if origin.n < formula.at_least:
            yield undefined(formula.name, formula.unit, origin, too_few(origin, formula.at_least))
        elif not math.isfinite(value):
            yield undefined(formula.name, formula.unit, origin, formula.otherwise)
        else:
            replicates = [formula.compute(one, origin.terms) for one in resamples]
            interval = bca(value, replicates[0], replicates[1], origin.block) if replicates else None
            low, high = interval or (None, None)
            yield Metric(formula.name, value, origin.label, origin.n, formula.unit, low, high)


def _resamples(sample: Sample[M], origin: Origin) -> tuple[M, ...]:
    """The resamples and the sample without each observation; nothing when no intervals are asked for or to be had."""
    how = origin.intervals
    if how is None or origin.n < 2:
        return ()
    return sample.resampled(how.n_resamples, how.word, restart_of(origin.block)), sample.left_out()


def metric(name: str, unit: str, origin: Origin, value: float | None, otherwise: str) -> Metric:
    """A metric without an interval; `otherwise`: why it is undefined where `value` is None, NaN or infinite."""
    if value is None or not math.isfinite(value):
        return undefined(name, unit, origin, otherwise)
    return Metric(name, float(value), origin.label, origin.n, unit)


def undefined(name: str, unit: str, origin: Origin, reason: str) -> Metric:
    """A metric that has no value."""
    return Metric(name, None, origin.label, origin.n, unit, undefined_reason=reason)


def too_few(origin: Origin, at_least: int) -> str:
    """Why a figure of `at_least` observations is undefined."""
    if origin.n == 0:
        return f"no {origin.things}"
    return f"less than {_NUMBERS.get(at_least, str(at_least))} {origin.things}s"


_NUMBERS = {2: "two", 3: "three", 4: "four"}
