"""Many runs of one strategy with different parameters, each kept as its figures and its return by session.

One runner belongs to one thread. Strategies whose decisions a kernel makes run without Python for each set; the others
one set after the other, and a set that fails leaves the others alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.analytics.conventions import Terms
from scizor.engine.arrays import BoolArray, IndexArray, Records
from scizor.engine.market import Market
from scizor.engine.settings import Settings
from scizor.engine.sweep import Called, Compiled, Grid
from scizor.engine.sweep.curves import Stage
from scizor.engine.sweep.plans import decider
from scizor.strategy.base import EventStrategy, Strategy, VectorStrategy
from scizor.strategy.drive import Driver
from scizor.strategy.errors import StrategyError, place_of
from scizor.strategy.parameters import ParameterValue
from scizor.strategy.scale import on_one_scale, split_factors
from scizor.strategy.sweep import Sweepable
from scizor.strategy.weights import weights_of

_BLOCK_CELLS = 65_536  # combinations decided at once stay in the cache

Columns = Mapping[str, NDArray[Any]]
Values = Mapping[str, ParameterValue]
Look = Callable[[slice, FloatArray], None]


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """What came of n sets: `figures` (n,), the fields of `engine.sweep.figures.FIGURES`, and `returns` (n, n_sessions).

    `errors`: what went wrong, by the number of the set; its figures are NaN and its returns 0.
    """

    figures: Records
    returns: FloatArray
    errors: Mapping[int, str] = field(default_factory=dict)


def compiled(strategy: type[Strategy]) -> bool:
    """Whether sets of this strategy run without Python for each."""
    return issubclass(strategy, VectorStrategy) and isinstance(strategy, Sweepable)


def allowed(strategy: type[Strategy], columns: Columns) -> BoolArray:
    """Which of n sets, given as a column of values for each parameter, keep the strategy's rules."""
    if issubclass(strategy, VectorStrategy) and isinstance(strategy, Sweepable):
        plan = strategy.compiled(1)
        if plan.allowed is not None:
            return plan.allowed(columns)
    return np.array([_keeps_rules(strategy, values) for values in _rows(columns)], np.bool_)


class TrialRunner:
    """Runs sets of parameters of `strategy` over a market; of a compiled one only sets that keep its rules."""

    def __init__(
        self, market: Market, strategy: type[Strategy], settings: Settings, terms: Terms | None = None
    ) -> None:
        self._strategy, self._market, self._settings = strategy, market, settings
        self.stage = Stage(market, settings, terms)
        self._seen = on_one_scale(market.panel, split_factors(market))
        self._block = max(1, _BLOCK_CELLS // market.panel.close.size)
        self._room = self.stage.new_returns(self._block)

    def run(self, columns: Columns) -> Trials:
        """Run n sets, given as a column (n,) for each parameter that is not its default, in their order."""
        returns = self.stage.new_returns(_n_sets(columns))

        def keep(part: slice, found: FloatArray) -> None:
            returns[part] = found

        figures, errors = self.walk(columns, keep)
        return Trials(figures, returns, errors)

    def walk(self, columns: Columns, look: Look) -> tuple[Records, dict[int, str]]:
        """The figures and errors of the same; `look` is shown the returns, which are not kept.

        It is called with some sets at a time: their places, and their returns in memory that the next ones have too.
        """
        raw = self.stage.new_raw(_n_sets(columns))
        errors: dict[int, str] = {}
        run = self._compiled(columns, raw) if compiled(self._strategy) else self._one_by_one(columns, raw, errors)
        for first in range(0, len(raw), self._block):
            part = slice(first, min(first + self._block, len(raw)))
            returns = self._room[: part.stop - first]
            run(part, returns)
            look(part, returns)
        return self.stage.figures(raw), errors

    def _compiled(self, columns: Columns, raw: FloatArray) -> Look:
        grid, places = _as_grid(self._strategy, columns, len(raw))
        decide = decider(self._plan(), self._seen, grid, 0, 1).decide

        def run(part: slice, returns: FloatArray) -> None:
            decisions = self.stage.bench.room(part.stop - part.start)
            decide({name: place[part] for name, place in places.items()}, decisions)
            self.stage.run(decisions, raw[part], returns)

        return run

    def _one_by_one(self, columns: Columns, raw: FloatArray, errors: dict[int, str]) -> Look:
        rows = _rows(columns)

        def run(part: slice, returns: FloatArray) -> None:
            for place in range(part.start, part.stop):
                own = returns[place - part.start, np.newaxis]
                try:
                    self._run_one(self._made(rows[place]), raw[place : place + 1], own)
                except (StrategyError, InvalidInput) as error:
                    errors[place], raw[place], own[:] = error.message, np.nan, 0.0

        return run

    def _made(self, values: Values) -> Strategy:
        """Raises InvalidInput for values that break its rules, StrategyError where its own look at them fails."""
        try:
            return self._strategy(**values)
        except InvalidInput:
            raise
        except Exception as error:
            place = place_of(error.__traceback__, self._strategy.files())
            raise StrategyError.at(error, strategy=self._strategy.id, place=place) from error

    def _plan(self) -> Compiled:
        if not isinstance(self._strategy, Sweepable):
            raise TypeError(f"{self._strategy.id} is not compiled")
        return self._strategy.compiled(self._market.panel.n_symbols)

    def _run_one(self, strategy: Strategy, raw: FloatArray, returns: FloatArray) -> None:
        if isinstance(strategy, EventStrategy):
            driver = Driver(strategy, self._market, self._settings)
            driver.run(lambda _rows: None)
            self.stage.keep(driver.simulation.result(), raw, returns)
        elif isinstance(strategy, VectorStrategy):
            weights = weights_of(strategy, self._market, self._settings)
            strategy.unbind()
            one = Grid({"set": (0,)})
            plan = Called(lambda _values: weights, lambda _values: True)
            decisions = self.stage.bench.room(1)
            decider(plan, self._seen, one, 0, 1).decide({"set": np.zeros(1, np.int64)}, decisions)
            self.stage.run(decisions, raw, returns)


def _as_grid(strategy: type[Strategy], columns: Columns, n: int) -> tuple[Grid, dict[str, IndexArray]]:
    """The values that occur as axes, and where on them each set is."""
    axes: dict[str, tuple[ParameterValue, ...]] = {}
    places: dict[str, IndexArray] = {}
    for parameter in strategy.parameters():
        name = parameter.name
        if name in columns:
            distinct, place = np.unique(columns[name], return_inverse=True)
            axes[name], places[name] = tuple(map(parameter.parse, distinct.tolist())), place.astype(np.int64)
        else:
            axes[name], places[name] = (parameter.default,), np.zeros(n, np.int64)
    return Grid(axes), places


def _n_sets(columns: Columns) -> int:
    return len(next(iter(columns.values())))


def _keeps_rules(strategy: type[Strategy], values: Values) -> bool:
    try:
        strategy(**values)
    except InvalidInput:
        return False
    return True


def _rows(columns: Columns) -> list[dict[str, ParameterValue]]:
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]
