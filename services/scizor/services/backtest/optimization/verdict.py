"""What all trials of an optimisation prove together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.optimizations import CURVE_METRICS, FoldOutcome, Method, OptimizationSpec, Verdict
from scizor.engine.arrays import DateArray, IndexArray
from scizor.engine.sweep.parts import figures_of_parts
from scizor.engine.validation import BlockSums, TrialSharpes, cscv, deflate, parts
from scizor.ports.optimizations import TrialBatch
from scizor.services.backtest.optimization.divisions import Divisions
from scizor.services.backtest.optimization.plateau import plateau_of

_PERIODS: Final = 252.0
_MOST_FOR_CSCV: Final = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What a verdict is made of. `sessions`: their dates.

    `returns`: by session, of the trials that `reruns` names, by number.
    """

    spec: OptimizationSpec
    trials: TrialBatch
    sessions: DateArray
    divisions: Divisions
    returns: Mapping[int, FloatArray] = field(default_factory=dict)


def best_row(evidence: Evidence) -> int | None:
    """The row of the best trial that keeps all constraints; of equal ones the first."""
    columns, objective = evidence.trials.trials, evidence.spec.objectives[0]
    values = columns.figures[objective.metric] * (1.0 if objective.maximize else -1.0)
    values = np.where(columns.feasible, values, np.nan)
    return None if np.all(np.isnan(values)) else int(np.nanargmax(values))


def reruns(evidence: Evidence) -> IndexArray:
    """Rows of the trials whose returns are wanted: the best one, and the one chosen in each division."""
    best = best_row(evidence)
    chosen = [row for row in _chosen(evidence) if row is not None]
    return np.unique(np.array([*chosen, *([] if best is None else [best])], np.int64))


def judge(evidence: Evidence) -> Verdict:
    """The verdict on these trials by themselves; see `held_against`."""
    folds = _folds(evidence)
    outside, paths = _out_of_sample(evidence)
    return Verdict(
        trials_overall=int(np.count_nonzero(~evidence.trials.trials.failed)),
        overfitting=_overfitting(evidence),
        plateau=plateau_of(evidence.spec, evidence.trials.trials),
        folds=folds,
        out_of_sample=outside,
        paths=paths,
        efficiency=_efficiency(folds),
        warnings=tuple(_warnings(evidence)),
    )


def held_against(verdict: Verdict, evidence: Evidence, n_overall: int, variance: float) -> Verdict:
    """The verdict where so many trials of the same family were made, with that variance of their Sharpe ratios."""
    deflated, expected = _deflated(evidence, n_overall, variance)
    return replace(verdict, trials_overall=n_overall, deflated_sharpe=deflated, expected_best_sharpe=expected)


def _chosen(evidence: Evidence) -> list[int | None]:
    """For each division the row of the trial that is best on its training part."""
    sign = 1.0 if evidence.spec.objectives[0].maximize else -1.0
    train = sign * evidence.trials.scores[:, :, 0]
    return [
        None if np.all(np.isnan(train[:, at])) else int(np.nanargmax(train[:, at]))
        for at in range(len(evidence.divisions.splits))
    ]


def _folds(evidence: Evidence) -> tuple[FoldOutcome, ...]:
    columns, scores, sessions = evidence.trials.trials, evidence.trials.scores, evidence.sessions
    found = []
    for at, (split, row) in enumerate(zip(evidence.divisions.splits, _chosen(evidence), strict=True)):
        if row is None:
            continue
        found.append(
            FoldOutcome(
                (str(sessions[split.train[0].start]), str(sessions[split.train[-1].stop - 1])),
                (str(sessions[split.test[0].start]), str(sessions[split.test[-1].stop - 1])),
                int(columns.numbers[row]),
                evidence.spec.space.parameters(columns.codes[row]),
                _or_none(scores[row, at, 0]),
                _or_none(scores[row, at, 1]),
            )
        )
    return tuple(found)


def _out_of_sample(evidence: Evidence) -> tuple[dict[str, float], tuple[float, ...]]:
    """Figures over the tested sessions, as medians over the paths; the first objective of each path, where several."""
    chosen, divisions = _chosen(evidence), evidence.divisions
    if not chosen or None in chosen:
        return {}, ()
    of_split = [evidence.returns[int(evidence.trials.trials.numbers[row])] for row in chosen if row is not None]
    if divisions.paths is None:
        tested = [returns[split.test_sessions] for returns, split in zip(of_split, divisions.splits, strict=True)]
        walked = np.concatenate(tested)[np.newaxis, :]
    else:
        spans = [np.arange(group.start, group.stop) for group in divisions.groups]
        walked = np.array(
            [
                np.concatenate([of_split[split][span] for split, span in zip(path, spans, strict=True)])
                for path in divisions.paths
            ]
        )
    figures = figures_of_parts(walked, [np.arange(walked.shape[1])])[:, 0]
    medians = {metric: float(np.median(figures[metric])) for metric in CURVE_METRICS}
    paths = figures[evidence.spec.objectives[0].metric] if divisions.paths is not None else np.empty(0)
    return (
        {metric: value for metric, value in medians.items() if math.isfinite(value)},
        tuple(paths[np.isfinite(paths)].tolist()),
    )


def _deflated(evidence: Evidence, n_trials: int, variance: float) -> tuple[float | None, float | None]:
    """The deflated Sharpe ratio of the best trial, and what luck gives the best of so many, per year."""
    best = best_row(evidence)
    if best is None or n_trials < 1:
        return None, None
    returns = evidence.returns[int(evidence.trials.trials.numbers[best])]
    deviation = float(np.std(returns, ddof=1)) if len(returns) > 1 else 0.0
    if deviation == 0.0:
        return None, None
    away = (returns - returns.mean()) / np.std(returns)
    m2 = 0.0 if math.isnan(variance) else variance / _PERIODS * (n_trials - 1)
    sharpe, skewness, kurtosis = float(returns.mean()) / deviation, float(np.mean(away**3)), float(np.mean(away**4))
    found = deflate(sharpe, len(returns), skewness, kurtosis, TrialSharpes(n_trials, 0.0, m2))
    return found.probability, found.expected_maximum * math.sqrt(_PERIODS)


def _overfitting(evidence: Evidence) -> float | None:
    sums = evidence.trials.sums[~evidence.trials.trials.failed]
    if len(sums) < 2 or not sums.shape[1]:
        return None
    if len(sums) > _MOST_FOR_CSCV:
        sums = sums[np.linspace(0, len(sums) - 1, _MOST_FOR_CSCV).astype(np.int64)]
    counts = np.array([len(part) for part in parts(len(evidence.sessions), sums.shape[1])], np.int64)
    blocks = BlockSums(counts, np.ascontiguousarray(sums[:, :, 0].T), np.ascontiguousarray(sums[:, :, 1].T))
    return cscv(blocks).probability


def _efficiency(folds: tuple[FoldOutcome, ...]) -> float | None:
    train = [one.train_score for one in folds if one.train_score is not None]
    test = [one.test_score for one in folds if one.test_score is not None]
    if not train or len(test) < len(train) or np.mean(train) <= 0:
        return None
    return float(np.mean(test) / np.mean(train))


def _warnings(evidence: Evidence) -> list[str]:
    spec, columns = evidence.spec, evidence.trials.trials
    told = []
    if columns.failed.any():
        told.append(f"{int(columns.failed.sum()):,} of {len(columns):,} trials failed; nothing is said of them.")
    if best_row(evidence) is None:
        told.append("No trial keeps all constraints.")
    if spec.validation.scheme and spec.method is not Method.GRID and spec.method.adaptive:
        told.append(f"{spec.method.name} chose its trials by all sessions, so the tested ones are not wholly unseen.")
    if spec.validation.scheme and spec.constraints:
        told.append("Constraints are held against all sessions: within a division the choice is free of them.")
    if int(np.count_nonzero(~columns.failed)) > _MOST_FOR_CSCV:
        told.append(f"The probability of overfitting is that of {_MOST_FOR_CSCV:,} trials, evenly spread.")
    return told


def _or_none(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
