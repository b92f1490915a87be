"""TPE: what the good sets have in common, against all others. Bergstra et al. 2011, as Optuna has it.

A generation is drawn by a sampler of its own, seeded by the spec's seed and the generation's number, from the history
as it then stands. So the history alone, which is what storage keeps, is all that an interrupted search needs.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import TPESampler
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from scizor.domain.arrays import FloatArray
from scizor.domain.optimizations import OptimizationSpec
from scizor.domain.search_spaces import Axis
from scizor.ports.search import Allowed, Told

_STARTUP: Final = 10
_GENERATIONS: Final = 16
_LARGEST_GENERATION: Final = 64
_TRIES: Final = 20


class TpeSearch:
    """`ports.search.Search` for any space, with constraints and several objectives."""

    adaptive = True

    def __init__(self, spec: OptimizationSpec, allowed: Allowed) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._axes, self._allowed, self._seed = spec.space.axes, allowed, spec.seed
        self._distributions = {axis.name: _distribution(axis) for axis in self._axes}
        self._directions = [
            StudyDirection.MAXIMIZE if one.maximize else StudyDirection.MINIMIZE for one in spec.objectives
        ]
        self._history: list[optuna.trial.FrozenTrial] = []
        self._tried: set[tuple[float, ...]] = set()
        self._size = min(max(spec.max_trials // _GENERATIONS, 1), _LARGEST_GENERATION)
        self._generation, self._given = 0, 0
        self.total, self.left_out = spec.max_trials, 0

    @property
    def next_size(self) -> int:
        """The first generation is by chance, those behind it are a part of all trials each."""
        return min(self._size if self._generation else max(self._size, _STARTUP), self.total - self._given)

    def ask(self) -> FloatArray:
        """A generation."""
        size = self.next_size
        sampler = TPESampler(
            seed=int(np.random.SeedSequence([self._seed, self._generation]).generate_state(1)[0]),
            n_startup_trials=_STARTUP,
            multivariate=len(self._axes) > 1,
        )
        study = optuna.create_study(sampler=sampler, directions=self._directions)
        study.add_trials(self._history)
        rows = [self._drawn(study) for _ in range(size)]
        self._generation, self._given = self._generation + 1, self._given + size
        return np.array(rows).reshape(size, len(self._axes))

    def tell(self, generation: Told) -> None:
        """Take it into the history; a set that failed says nothing."""
        self._tried.update(map(tuple, generation.codes.tolist()))
        for codes, values, violation in zip(
            generation.codes, generation.values, generation.violations.tolist(), strict=True
        ):
            if bool(np.all(np.isfinite(values))):
                self._history.append(
                    create_trial(
                        state=TrialState.COMPLETE,
                        values=values.tolist(),
                        params={axis.name: _word(axis, code) for axis, code in zip(self._axes, codes, strict=True)},
                        distributions=self._distributions,
                        constraints={"violation": violation},
                    )
                )

    def recall(self, generation: Told) -> None:
        """Only the history counts."""
        self._generation, self._given = self._generation + 1, self._given + len(generation.codes)
        self.tell(generation)

    def _drawn(self, study: optuna.Study) -> list[float]:
        """A set that keeps the rules and was not tried yet, where one is found in a few tries."""
        for _ in range(_TRIES):
            trial = study.ask(self._distributions)
            codes = [_code(axis, trial.params[axis.name]) for axis in self._axes]
            allowed = bool(self._allowed(np.array([codes]))[0])
            if allowed and tuple(codes) not in self._tried:
                break
            self.left_out += not allowed
            study.tell(trial, state=TrialState.FAIL)
        self._tried.add(tuple(codes))
        return codes


def _distribution(axis: Axis) -> BaseDistribution:
    span, listed = axis.span, axis.listed()
    if not axis.numeric:
        return CategoricalDistribution(range(len(axis.values)))
    if span is not None and (listed is None or span.log):
        if axis.whole:
            return IntDistribution(int(span.low), int(span.high), log=span.log)
        return FloatDistribution(span.low, span.high, log=span.log)
    # By place: values that are listed keep their order, however far apart they are.
    return IntDistribution(0, len(listed if listed is not None else ()) - 1)


def _by_place(axis: Axis) -> bool:
    return axis.numeric and not (axis.span is not None and (axis.listed() is None or axis.span.log))


def _code(axis: Axis, word: Any) -> float:
    listed = axis.listed() if _by_place(axis) else None
    return float(word) if listed is None else float(listed[word])


def _word(axis: Axis, code: float) -> int | float:
    """A code as the distribution has it."""
    listed = axis.listed() if _by_place(axis) else None
    if listed is not None:
        return int(np.argmin(np.abs(listed - code)))
    return int(code) if axis.whole or not axis.numeric else float(code)
