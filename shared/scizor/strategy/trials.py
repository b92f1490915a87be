"""Many runs of one strategy with different parameters, each kept as its figures and its return by session.

One runner belongs to one thread. Strategies whose decisions a kernel makes run without Python for each set; the others
one set after the other, and a set that fails leaves the others alone.
"""

from __future__ import annotations

from collections.abc import Mapping
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

    def run(self, columns: Columns) -> Trials:
        """Run n sets, given as a column (n,) for each parameter that is not its default, in their order."""
        n = len(next(iter(columns.values())))
        raw, returns = self.stage.new_raw(n), self.stage.new_returns(n)
        errors: dict[int, str] = {}
        if compiled(self._strategy):
            self._run_compiled(columns, raw, returns)
        else:
            for place, values in enumerate(_rows(columns)):
                part = slice(place, place + 1)
                try:
                    self._run_one(self._made(values), raw[part], returns[part])
                except (StrategyError, InvalidInput) as error:
                    errors[place] = error.message
        return Trials(self.stage.figures(raw), returns, errors)

    def _run_compiled(self, columns: Columns, raw: FloatArray, returns: FloatArray) -> None:
        grid, places = _as_grid(self._strategy, columns, len(raw))
        decide = decider(self._plan(), self._seen, grid, 0, 1).decide
        for first in range(0, len(raw), self._block):
            part = slice(first, min(first + self._block, len(raw)))
            decisions = self.stage.bench.room(part.stop - part.start)
            decide({name: place[part] for name, place in places.items()}, decisions)
            self.stage.run(decisions, raw[part], returns[part])

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


def _keeps_rules(strategy: type[Strategy], values: Values) -> bool:
    try:
        strategy(**values)
    except InvalidInput:
        return False
    return True


def _rows(columns: Columns) -> list[dict[str, ParameterValue]]:
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]
