"""A strategy over all its runs: how its main figures are spread, and which runs stand out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from scizor.domain.backtests import BacktestState
from scizor.domain.errors import InvalidInput
from scizor.ports.backtests import RunFigures

MAIN: Final = (
    *("total_return", "cagr", "sharpe", "sortino", "calmar", "max_drawdown", "volatility"),
    *("n_trades", "win_rate", "profit_factor", "time_in_market", "turnover", "total_costs"),
)
"""Figures that are told of a run."""

MOST_RUNS: Final = 10_000
_LESS_IS_BETTER: Final = {"volatility", "turnover", "total_costs"}


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over `n` runs that have it. Quartiles are interpolated between neighbours."""

    name: str
    unit: str
    n: int
    minimum: float
    lower_quartile: float
    median: float
    mean: float
    upper_quartile: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Performance:
    """`states`: of all runs; the rest of those that succeeded, MOST_RUNS of them at most.

    `best`, `worst`: by the figure `ranked_by`; of equal ones the newer. None where no run has that figure.
    """

    strategy_id: str
    states: Mapping[BacktestState, int]
    runs: int
    spreads: tuple[Spread, ...]
    ranked_by: str
    best: RunFigures | None
    worst: RunFigures | None
    latest: RunFigures | None


def performance(
    strategy_id: str, states: Mapping[BacktestState, int], runs: Sequence[RunFigures], rank_by: str
) -> Performance:
    """`runs`: newest first. Raises InvalidInput for a `rank_by` that is none of MAIN."""
    if rank_by not in MAIN:
        raise InvalidInput.of_field("rank_by", f"must be one of {', '.join(MAIN)}")
    sign = -1.0 if rank_by in _LESS_IS_BETTER else 1.0
    worth = {run.backtest_id: value * sign for run in runs if (value := _value(run, rank_by)) is not None}
    ranked = [run for run in runs if run.backtest_id in worth]
    return Performance(
        strategy_id,
        states,
        len(runs),
        tuple(_spreads(runs)),
        rank_by,
        max(ranked, key=lambda run: worth[run.backtest_id], default=None),
        min(ranked, key=lambda run: worth[run.backtest_id], default=None),
        runs[0] if runs else None,
    )


def _spreads(runs: Sequence[RunFigures]) -> Iterable[Spread]:
    for name in MAIN:
        values = np.array([value for run in runs if (value := _value(run, name)) is not None], dtype=np.float64)
        if len(values):
            unit = next(run.metrics[name].unit for run in runs if name in run.metrics)
            least, lower, middle, upper, most = np.quantile(values, [0.0, 0.25, 0.5, 0.75, 1.0]).tolist()
            yield Spread(name, unit, len(values), least, lower, middle, float(values.mean()), upper, most)


def _value(run: RunFigures, name: str) -> float | None:
    return run.metrics[name].value if name in run.metrics else None
