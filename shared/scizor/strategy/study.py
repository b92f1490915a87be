"""What a worker does: a set of trials over a study's market, measured as the study asks.

A study is sent to a worker once; a task is some sets of codes. This module has the one function that tasks call.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from scizor.domain.arrays import FloatArray
from scizor.domain.search_spaces import Axis, Space
from scizor.engine.arrays import BoolArray, Records
from scizor.engine.market import Market
from scizor.engine.settings import Settings
from scizor.engine.sweep.parts import block_sums, figures_of_parts
from scizor.engine.validation.splits import Split
from scizor.strategy import registry
from scizor.strategy.base import Strategy
from scizor.strategy.parameters import ParameterValue
from scizor.strategy.trials import TrialRunner, allowed

N_BLOCKS = 12
"""Of a run's sessions, for the probability of overfitting."""
_COLUMNS = ("figures", "scores", "sums")


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Study:
    """All that trials share. `fixed`: parameters that are not searched. `score`: the metric of the splits' parts.

    `loaded`: the strategy where it is none of those that came with the system; such a study stays where it was made.
    """

    market: Market
    settings: Settings
    strategy_id: str
    space: Space
    fixed: Mapping[str, ParameterValue]
    score: str
    splits: tuple[Split, ...] = ()
    loaded: type[Strategy] | None = None

    @property
    def strategy(self) -> type[Strategy]:
        """The strategy whose parameters are searched. Raises NotFound."""
        return self.loaded or registry.get(self.strategy_id)

    def columns(self, codes: FloatArray) -> dict[str, NDArray[Any]]:
        """Parameter values of sets (n, n_axes) as columns, those that are not searched among them."""
        searched = {axis.name: _values(axis, codes[:, at]) for at, axis in enumerate(self.space.axes)}
        return {name: np.full(len(codes), value) for name, value in self.fixed.items()} | searched

    def allowed(self, codes: FloatArray) -> BoolArray:
        """Which sets keep the strategy's rules, shape (n,)."""
        return allowed(self.strategy, self.columns(codes))


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What came of n sets. `figures` (n,): see `engine.sweep.figures`. `scores` (n, n_splits, 2): train, test.

    `sums` (n, N_BLOCKS, 2): see `block_sums`; without blocks where there are too few sessions. `errors`: what went
    wrong, by place.
    """

    figures: Records
    scores: FloatArray
    sums: FloatArray
    errors: Mapping[int, str] = field(default_factory=dict)


def try_sets(study: Study, codes: FloatArray) -> Found:
    """Run sets (n, n_axes) one after the other. Raises what is wrong with all of them."""
    runner, n = _runner(study), len(codes)
    n_sessions = len(runner.stage.sessions)
    n_blocks = N_BLOCKS if n_sessions >= 2 * N_BLOCKS else 0
    scores, sums = np.empty((n, len(study.splits), 2)), np.empty((n, n_blocks, 2))
    parts = [part for split in study.splits for part in (split.train_sessions, split.test_sessions)]

    def measure(some: slice, returns: FloatArray) -> None:
        if parts:
            scores[some] = figures_of_parts(returns, parts)[study.score].reshape(scores[some].shape)
        if n_blocks:
            sums[some] = block_sums(returns, n_blocks)

    figures, errors = runner.walk(study.columns(codes), measure)
    failed = list(errors)
    scores[failed], sums[failed] = np.nan, np.nan
    return Found(figures, scores, sums, errors)


def together(found: Sequence[Found]) -> Found:
    """Of sets that were run in several calls, in the order of the calls."""
    errors: dict[int, str] = {}
    first = 0
    for one in found:
        errors |= {first + place: message for place, message in one.errors.items()}
        first += len(one.figures)
    figures, scores, sums = (np.concatenate([getattr(one, name) for one in found]) for name in _COLUMNS)
    return Found(figures, scores, sums, errors)


def returns_of(study: Study, codes: FloatArray) -> FloatArray:
    """The returns of sets by session, shape (n, n_sessions); 0 where a set fails."""
    return _runner(study).run(study.columns(codes)).returns


class _Local(threading.local):
    """A runner for each study, in each thread: its memory is used again from task to task."""

    def __init__(self) -> None:
        self.runners: WeakKeyDictionary[Study, TrialRunner] = WeakKeyDictionary()


_local = _Local()


def _runner(study: Study) -> TrialRunner:
    runner = _local.runners.get(study)
    if runner is None:
        runner = TrialRunner(study.market, study.strategy, study.settings)
        _local.runners[study] = runner
    return runner


def _values(axis: Axis, codes: FloatArray) -> NDArray[Any]:
    return codes if axis.numeric else np.array(axis.values)[codes.astype(np.int64)]
