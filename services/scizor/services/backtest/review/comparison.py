"""Backtests side by side: what was asked differently, every figure, and how their returns go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from typing import Any, Final

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.backtests import BacktestSpec
from scizor.domain.metrics import Metric
from scizor.engine.analytics.curve import SessionCurve
from scizor.engine.analytics.ratios import simple_returns
from scizor.engine.arrays import DateArray
from scizor.services.backtest.tearsheet.material import Material
from scizor.services.backtest.tearsheet.view import View
from scizor.services.backtest.tearsheet.words import plain, settings

_LEAST_PAIRS: Final = 3
_NO_MOVEMENT: Final = 1e-24


@dataclass(frozen=True, slots=True)
class Correlation:
    """Of the returns of two backtests, by their places. `value`: None where undefined, `undefined_reason` says why."""

    first: int
    second: int
    value: float | None
    n: int
    undefined_reason: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Backtests in the order asked for; `settings` and `metrics` have a value for each of them.

    `settings`: only those that differ. `common`: sessions that all have, shape (n,).
    """

    backtests: tuple[Material, ...]
    settings: Mapping[str, tuple[str, ...]]
    metrics: Mapping[str, tuple[Metric | None, ...]]
    correlations: tuple[Correlation, ...]
    common: DateArray


def compared(backtests: Sequence[Material]) -> Comparison:
    """Two backtests or more. Their trades are not looked at."""
    curves = [View(one).curve for one in backtests]
    common: DateArray = reduce(np.intersect1d, [curve.sessions for curve in curves])
    names = dict.fromkeys(metric.name for one in backtests for metric in one.results.metrics)
    return Comparison(
        tuple(backtests),
        _differing([_asked(one.job.spec) for one in backtests]),
        {name: tuple(one.metric(name) for one in backtests) for name in names},
        _correlations([_values_on(curve, common) for curve in curves]),
        common,
    )


def difference(of: Metric | None, first: Metric | None) -> float | None:
    """How much more a figure is than the first; None where either is undefined, or they count different things."""
    if of is None or first is None or of.value is None or first.value is None or of.unit != first.unit:
        return None
    return of.value - first.value


def correlation(x: FloatArray, y: FloatArray) -> float | None:
    """Pearson's, of two samples of one length; None for less than three of them, or where one does not move."""
    if len(x) < _LEAST_PAIRS:
        return None
    x, y = x - x.mean(), y - y.mean()
    squares = float(np.sum(x**2)), float(np.sum(y**2))
    if min(squares) <= _NO_MOVEMENT * len(x):
        return None
    return float(np.clip(np.sum(x * y) / np.sqrt(squares[0] * squares[1]), -1.0, 1.0))


def _correlations(values: Sequence[FloatArray]) -> tuple[Correlation, ...]:
    """Between sessions that all have, each return is that since the common session before."""
    returns = [simple_returns(one) for one in values]
    found = []
    for first, second in combinations(range(len(returns)), 2):
        n = min(len(returns[first]), len(returns[second]))
        value = correlation(returns[first][:n], returns[second][:n])
        why = "" if value is not None else _why_none(n)
        found.append(Correlation(first, second, value, n, why))
    return tuple(found)


def _why_none(n: int) -> str:
    return "less than three returns in common" if n < _LEAST_PAIRS else "the returns of one do not move"


def _values_on(curve: SessionCurve, days: DateArray) -> FloatArray:
    values = curve.values[len(curve.values) - curve.n_sessions :]
    return values[np.isin(curve.sessions, days)]


def _asked(spec: BacktestSpec) -> dict[str, str]:
    said: dict[str, Any] = {
        "strategy": spec.strategy_id,
        "version": str(spec.strategy_version or ""),
        **{f"parameters.{name}": plain(value) for name, value in spec.parameters.items()},
        "symbols": ", ".join(spec.symbols),
        "start": str(spec.sessions.start or ""),
        "end": str(spec.sessions.end or ""),
        "capital": f"{spec.initial_capital:f} {spec.currency}",
        "benchmark": spec.benchmark,
    }
    return said | {name.lower().replace(" ", "_"): value for name, value in settings(spec)}


def _differing(asked: Sequence[Mapping[str, str]]) -> dict[str, tuple[str, ...]]:
    names = dict.fromkeys(name for one in asked for name in one)
    found = {name: tuple(one.get(name, "") for one in asked) for name in names}
    return {name: values for name, values in found.items() if len(set(values)) > 1}
