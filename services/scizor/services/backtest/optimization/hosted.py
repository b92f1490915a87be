"""Trials of a strategy that somebody stored: each piece of work is one locked process of the service's own sandbox.

So it is whatever cluster runs the trials of other strategies: machines that unpickle what a scheduler sends them, and
whose locks nobody has looked at, are no place for the code of strangers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from scizor.codec.plain import to_plain
from scizor.domain.arrays import FloatArray
from scizor.domain.errors import LimitExceeded, Reason, Unavailable
from scizor.domain.optimizations import METRICS, OptimizationSpec
from scizor.engine.sweep.figures import FIGURES
from scizor.ports.sandbox import Answer
from scizor.services.backtest.strategies.answers import history_parts
from scizor.services.backtest.strategies.hosting import Hosting, Text
from scizor.services.history.load import History
from scizor.strategy.errors import StrategyError
from scizor.strategy.study import N_BLOCKS, Found

_PROGRAMS: Final = "scizor.services.backtest.optimization.confined"
WARM: Final = f"{_PROGRAMS}:ready"
"""What a sandbox does ahead of all trials."""
_MOST_CHARS: Final = 1_000


class HostedWorkshop:
    """A `Workshop` in the sandbox. `slots`: processes at a time; `shape`: how many splits and sessions there are."""

    quick = False

    def __init__(
        self,
        hosting: Hosting,
        text: Text,
        spec: OptimizationSpec,
        history: History,
        *,
        slots: int,
        shape: tuple[int, int],
    ) -> None:
        self._hosting, self.slots, (self._n_splits, self._n_sessions) = hosting, slots, shape
        described, self._arrays = history_parts(history, hosting.calendar)
        self._question = text.document | {"spec": to_plain(spec)} | described

    async def try_sets(self, codes: FloatArray) -> Found:
        """Run sets; one that takes its process with it fails alone."""
        try:
            return self._found(await self._ask("try_sets", codes), len(codes))
        except StrategyError as error:
            if len(codes) == 1:
                return self._failed(error.message)
        return _joined([await self.try_sets(one[np.newaxis, :]) for one in codes])

    async def returns_of(self, codes: FloatArray) -> FloatArray:
        """Their returns by session."""
        answer = await self._ask("returns_of", codes)
        return _demanded(answer.arrays, "returns", (len(codes), self._n_sessions))

    def close(self) -> None:
        """Nothing is kept between two processes."""

    async def _ask(self, program: str, codes: FloatArray) -> Answer:
        arrays = {**self._arrays, "codes": codes}
        try:
            return await self._hosting.sandbox.run(
                f"{_PROGRAMS}:{program}", self._question, arrays, self._hosting.running
            )
        except LimitExceeded as error:  # too many wait for a process: nothing that the code did
            raise Unavailable(error.message, Reason.SANDBOX_UNAVAILABLE, metadata=error.metadata) from error

    def _found(self, answer: Answer, n: int) -> Found:
        figures = np.zeros(n, np.dtype(FIGURES))
        for metric in METRICS:
            column = _demanded(answer.arrays, metric, (n,))
            # A count that is no number is one of a trial that failed.
            figures[metric] = np.nan_to_num(column) if figures.dtype[metric].kind == "i" else column
        scores = _demanded(answer.arrays, "scores", (n, self._n_splits, 2))
        sums = _demanded(answer.arrays, "sums", (n, self._n_blocks, 2))
        return Found(figures, scores, sums, _errors(answer.document, n))

    def _failed(self, message: str) -> Found:
        figures = np.zeros(1, np.dtype(FIGURES))
        for metric in METRICS:
            if figures.dtype[metric].kind == "f":
                figures[metric] = np.nan
        scores, sums = (np.full((1, n, 2), np.nan) for n in (self._n_splits, self._n_blocks))
        return Found(figures, scores, sums, {0: message[:_MOST_CHARS]})

    @property
    def _n_blocks(self) -> int:
        return N_BLOCKS if self._n_sessions >= 2 * N_BLOCKS else 0


def _demanded(arrays: Mapping[str, npt.NDArray[Any]], name: str, shape: tuple[int, ...]) -> FloatArray:
    """What an answer holds under that name. Raises StrategyError where that is something else."""
    found = arrays.get(name)
    if found is None or found.dtype != np.float64 or found.shape != shape:
        raise StrategyError.at(f"what its process answered is no answer: {name} is not what it must be")
    return np.where(np.isfinite(found), found, np.nan)


def _errors(document: Mapping[str, Any], n: int) -> dict[int, str]:
    told = document.get("errors")
    if not isinstance(told, dict) or not all(
        isinstance(message, str) and place.isdecimal() and int(place) < n for place, message in told.items()
    ):
        raise StrategyError.at("what its process answered is no answer: errors are not what they must be")
    return {int(place): message[:_MOST_CHARS].replace("\0", "") for place, message in told.items()}


def _joined(parts: list[Found]) -> Found:
    errors = {place: message for place, part in enumerate(parts) for message in part.errors.values()}
    return Found(
        np.concatenate([part.figures for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.sums for part in parts]),
        errors,
    )
