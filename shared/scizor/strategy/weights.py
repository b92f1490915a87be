"""A vector strategy's weights, computed and looked over before anything is traded on them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine.arrays import kernel_array
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.portfolio.setup import weight_bounds
from scizor.engine.settings import Settings
from scizor.strategy.bars import Bars, read_only
from scizor.strategy.base import VectorStrategy
from scizor.strategy.bounds import survey_nb
from scizor.strategy.declare import Declaration, Values
from scizor.strategy.errors import StrategyError, place_of
from scizor.strategy.feed import told_time
from scizor.strategy.scale import on_one_scale, split_factors


class Whole(Values):
    """Values as whole columns, computed when first read."""

    def __init__(self, compute: Callable[[], FloatArray], output: int) -> None:
        self._compute, self._output = compute, output

    @property
    def matrix(self) -> FloatArray:
        """Shape (n_rows, n_symbols), read-only."""
        matrix: FloatArray = self._compute()[self._output]
        return matrix


def weights_of(strategy: VectorStrategy, market: Market, settings: Settings) -> FloatArray:
    """What it decides at each close, float64 (n_rows, n_symbols), NaN keeping the decision before.

    `strategy`: one that no other run has used. Raises StrategyError for one that raises, or returns anything else, an
    infinite weight, or one that no account of `settings` may hold.
    """
    bars = Bars(on_one_scale(market.panel, split_factors(market)))

    def values_of(one: Declaration) -> object:
        compute = cache(lambda: read_only(one.compute(bars, strategy.params)))
        return one.values(partial(Whole, compute))

    strategy.bind(values_of)
    try:
        weights = strategy.targets(bars)
    except Exception as error:
        place = place_of(error.__traceback__, strategy.files())
        raise StrategyError.at(error, strategy=strategy.id, place=place) from error
    finally:
        strategy.unbind()
    _check_form(strategy, weights, market.panel.close.shape)
    _check_bounds(strategy, weights, market.panel, settings)
    return weights


def _check_form(strategy: VectorStrategy, weights: object, shape: tuple[int, ...]) -> None:
    if not isinstance(weights, np.ndarray):
        raise _refused(strategy, f"targets() must return an array, returned {type(weights).__name__}")
    if weights.dtype != np.float64:
        raise _refused(strategy, f"targets() must return float64, returned {weights.dtype}")
    if weights.shape != shape:
        raise _refused(strategy, f"targets() must return shape {shape}, returned {weights.shape}")


def _check_bounds(strategy: VectorStrategy, weights: FloatArray, panel: Panel, settings: Settings) -> None:
    most, least = weight_bounds(settings)
    row, column, found = survey_nb(kernel_array(weights), least, most)
    if row < 0:
        return
    symbol = panel.symbols[column] if column >= 0 else ""
    problem = f"a weight must be between {least:g} and {most:g}, is {found:g}"
    if not symbol:
        problem = f"absolute weights must not sum to over {most:g}, sum to {found:g}"
    raise _refused(strategy, problem, time=told_time(panel, row), symbol=symbol)


def _refused(strategy: VectorStrategy, problem: str, *, time: str = "", symbol: str = "") -> StrategyError:
    code = type(strategy).targets.__code__
    place = (code.co_filename, code.co_firstlineno)
    return StrategyError.at(problem, strategy=strategy.id, time=time, symbol=symbol, place=place)
