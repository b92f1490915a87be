"""An optimisation as a durable job: a backtest as template, what may be tried, and what is to be made best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Final

from scizor.domain.backtests import BacktestSpec, JobError
from scizor.domain.errors import InvalidInput
from scizor.domain.search_spaces import Space, Value

METRICS: Final = (
    "final_equity",
    "total_return",
    "cagr",
    "volatility",
    "sharpe",
    "sortino",
    "calmar",
    "max_drawdown",
    "n_trades",
    "win_rate",
    "time_in_market",
    "commissions",
)
"""The figures of a trial. Of `max_drawdown`, 0 or less, the higher is the better."""
CURVE_METRICS: Final = METRICS[1:8]
"""Those that follow from the account's value alone, so that a part of the sessions has them too."""
_LESS_IS_BETTER: Final = frozenset({"volatility", "commissions"})
MOST_TRIALS: Final = 1_000_000


class OptimizationState(IntEnum):
    """Numbers equal the contract's."""

    QUEUED = 1
    RUNNING = 2
    PAUSED = 3
    SUCCEEDED = 4
    FAILED = 5
    CANCELLED = 6

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self >= OptimizationState.SUCCEEDED


class OptimizationStage(IntEnum):
    """What a running optimisation is at; numbers equal the contract's."""

    NONE = 0
    LOADING = 1
    SEARCHING = 2
    JUDGING = 3


class Method(IntEnum):
    """How the next trials are found; numbers equal the contract's."""

    GRID = 1
    RANDOM = 2
    TPE = 3
    CMA_ES = 4

    @property
    def adaptive(self) -> bool:
        """Whether trials follow from those before."""
        return self in {Method.TPE, Method.CMA_ES}


class Scheme(IntEnum):
    """How the sessions are divided into those a choice is made on and those it is held against."""

    NONE = 0
    ANCHORED = 1
    ROLLING = 2
    PURGED_K_FOLD = 3
    COMBINATORIAL_PURGED = 4

    @property
    def walks_forward(self) -> bool:
        """Whether what is tested always comes after what was trained on."""
        return self in {Scheme.ANCHORED, Scheme.ROLLING}


@dataclass(frozen=True, slots=True)
class Objective:
    """A figure to be made as high, or as low, as can be."""

    metric: str
    maximize: bool = True

    def __post_init__(self) -> None:
        _demand_metric("metric", self.metric)

    @classmethod
    def of(cls, metric: str) -> Objective:
        """The direction that is good for the figure."""
        return cls(metric, metric not in _LESS_IS_BETTER)


@dataclass(frozen=True, slots=True)
class Constraint:
    """Bounds that a figure must keep for a trial to count as the best; None for no such bound."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        _demand_metric("metric", self.metric)
        if self.at_least is None and self.at_most is None:
            raise InvalidInput.of_field("at_least", "a constraint needs at_least or at_most")


@dataclass(frozen=True, slots=True)
class Validation:
    """How what was found is held against sessions it was not found on. Sizes are in sessions.

    `folds`: how many windows, or groups of sessions. `train_sessions`: of a rolling window, or of the first anchored
    one; 0 for what the folds leave. `test_sessions`: of a window; 0 for equal parts. `test_folds`: groups tested at a
    time by COMBINATORIAL_PURGED. `purge_sessions`: left out of what is trained on before what is tested,
    `embargo_sessions`: after it, where folds are purged.
    """

    scheme: Scheme = Scheme.NONE
    folds: int = 0
    train_sessions: int = 0
    test_sessions: int = 0
    test_folds: int = 2
    purge_sessions: int = 0
    embargo_sessions: int = 0


@dataclass(frozen=True, slots=True)
class OptimizationSpec:
    """What was asked. `backtest`: the template; its parameters that `space` leaves out stay as they are.

    `max_trials`: at most so many; 0 for the whole grid. The first objective is what surfaces and folds go by.
    """

    backtest: BacktestSpec
    space: Space
    method: Method
    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...] = ()
    max_trials: int = 0
    seed: int = 0
    validation: Validation = field(default_factory=Validation)


@dataclass(frozen=True, slots=True)
class OptimizationProgress:
    """How far it is. `sequence` counts every change in the job's life.

    `done`: trials stored, `failed` among them; `left_out`: sets that broke the strategy's rules. `total`: trials to be
    run at most, those left out taken off; 0 until known. `remaining_s`: None until known.
    """

    sequence: int
    state: OptimizationState
    stage: OptimizationStage = OptimizationStage.NONE
    done: int = 0
    failed: int = 0
    left_out: int = 0
    total: int = 0
    trials_per_second: float = 0.0
    remaining_s: float | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One set of parameters and what came of it. Figures that are undefined are NaN; a trial that failed has only NaN.

    `feasible`: whether it keeps all constraints.
    """

    number: int
    parameters: Mapping[str, Value]
    figures: Mapping[str, float]
    feasible: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class FoldOutcome:
    """One division of the sessions: the trial that was best on the training part, and how it did on both.

    Sessions are the first and the last of a part, which need not be of one piece. Scores are of the first objective,
    None where undefined.
    """

    train_sessions: tuple[str, str]
    test_sessions: tuple[str, str]
    trial: int
    parameters: Mapping[str, Value]
    train_score: float | None
    test_score: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the trials prove, all together.

    `trials_overall`: different trials of the same strategy over the same symbols, in all optimisations so far.
    `deflated_sharpe`: the probability that the best trial's Sharpe ratio is above what the luck of so many trials
    gives. `overfitting`: the probability that what is best on half of the sessions is below the median on the other
    half. `plateau`: how much of what the best trial has above a floor its neighbours have. `out_of_sample`: figures
    over all tested sessions, each traded as chosen on its training part; where several ways lead through them (`paths`:
    the first objective of each), their medians. `efficiency`: mean test score over mean training score. None where not
    defined.
    """

    trials_overall: int
    deflated_sharpe: float | None = None
    expected_best_sharpe: float | None = None
    overfitting: float | None = None
    plateau: float | None = None
    folds: tuple[FoldOutcome, ...] = ()
    out_of_sample: Mapping[str, float] = field(default_factory=dict)
    paths: tuple[float, ...] = ()
    efficiency: float | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Optimization:
    """An optimisation as it stands."""

    id: str
    spec: OptimizationSpec
    progress: OptimizationProgress
    create_time: datetime
    start_time: datetime | None = None
    end_time: datetime | None = None
    error: JobError | None = None
    attempts: int = 0
    verdict: Verdict | None = None


def _demand_metric(field_name: str, metric: str) -> None:
    if metric not in METRICS:
        raise InvalidInput.of_field(field_name, f"there is no {metric!r}; there are {', '.join(METRICS)}")
