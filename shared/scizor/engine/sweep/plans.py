"""How a sweep gets from parameters to decisions: wholly compiled over shared indicators, or by calling the strategy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine._jit import njit
from scizor.engine.arrays import BoolArray, IndexArray, kernel_array
from scizor.engine.indicators.symbols import share_out, transposed
from scizor.engine.indicators.table import TABLE
from scizor.engine.panel import Panel
from scizor.engine.sweep.grid import Grid, Value

MAX_SHARED_BYTES = 1 << 30

# (series, picks, numbers, rows, weights, counts, first_row) of a symbol and n combinations: series (n_series, n_rows),
# picks (n, n_shared) which of the series are each one's, numbers (n, n_numbers). To be written: counts (n,), how many
# decisions each takes, and as many of rows and weights (n, n_rows), in the order of the rows, from `first_row` on: what
# stands there from before is decided there.
DecisionsKernel = Callable[[FloatArray, IndexArray, FloatArray, IndexArray, FloatArray, IndexArray, int], None]


@dataclass(frozen=True, slots=True)
class Shared:
    """An indicator that combinations share: one series for each of its parameters' values in the grid.

    `inputs`: columns of the panel. `parameters`: by the indicator's name of it, a number, or the name of the grid's
    parameter whose value it is.
    """

    indicator: str
    inputs: tuple[str, ...]
    parameters: Mapping[str, str | float]
    output: int = 0


@dataclass(frozen=True, slots=True)
class Number:
    """A parameter as a kernel takes it: the number of each of its values; without `codes` the value itself."""

    parameter: str
    codes: Mapping[Value, float] | None = None


@dataclass(frozen=True, slots=True)
class Compiled:
    """A strategy that decides for each symbol from that symbol's series alone, in a compiled kernel.

    `kernel`: an njit function, see `DecisionsKernel`; what it decides at a row may follow from no later row.
    `numbers`: constants and parameters that it is given as they are. `allowed`: which combinations, given as columns of
    values, keep the strategy's rules.
    """

    kernel: DecisionsKernel
    shared: tuple[Shared, ...]
    numbers: tuple[float | Number, ...] = ()
    allowed: Callable[[Mapping[str, NDArray[Any]]], BoolArray] | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """Any strategy. `targets`: weights (n_rows, n_symbols) of one combination; `allowed`: whether it keeps the rules.

    `targets` is called from several threads, each time for another combination.
    """

    targets: Callable[[Mapping[str, Value]], FloatArray]
    allowed: Callable[[Mapping[str, Value]], bool]


class Decisions(NamedTuple):
    """Of n combinations by symbol: `counts` (n_symbols, n), and as many `rows` and `weights` (n_symbols, n, n_rows)."""

    rows: IndexArray
    weights: FloatArray
    counts: IndexArray

    @classmethod
    def room(cls, n_symbols: int, n: int, n_rows: int) -> Decisions:
        """Room for any."""
        shape = (n_symbols, n, n_rows)
        return cls(np.empty(shape, np.int64), np.empty(shape), np.empty(shape[:2], np.int64))

    def of(self, symbol: int) -> tuple[IndexArray, FloatArray, IndexArray]:
        """Those of one symbol."""
        return self.rows[symbol], self.weights[symbol], self.counts[symbol]


class Decider(Protocol):
    """What a plan becomes for one panel and grid."""

    def allowed(self, values: Mapping[str, NDArray[Any]]) -> BoolArray:
        """Which of these combinations keep the strategy's rules."""

    def decide(self, places: Mapping[str, IndexArray], decisions: Decisions) -> None:
        """Take the decisions of n combinations, by the places of their values on the axes."""


def decider(plan: Compiled | Called, panel: Panel, grid: Grid, first_row: int, threads: int) -> Decider:
    """`panel`: the bars that the strategy sees. Shared indicators are computed here, once.

    Raises InvalidInput when they take more than MAX_SHARED_BYTES.
    """
    if isinstance(plan, Compiled):
        return _CompiledDecider(plan, panel, grid, first_row, threads)
    return _CalledDecider(plan, grid, first_row)


class _CompiledDecider:
    def __init__(self, plan: Compiled, panel: Panel, grid: Grid, first_row: int, threads: int) -> None:
        self._plan, self._grid, self._first_row = plan, grid, first_row
        self._series, self._axes, self._begins = _series(plan.shared, panel, grid, threads)
        self._numbers = [(one, _codes(one, grid)) for one in plan.numbers]

    def allowed(self, values: Mapping[str, NDArray[Any]]) -> BoolArray:
        if self._plan.allowed is None:
            return np.ones(len(next(iter(values.values()))), np.bool_)
        return self._plan.allowed(values)

    def decide(self, places: Mapping[str, IndexArray], decisions: Decisions) -> None:
        n = decisions.counts.shape[1]
        picks, numbers = np.empty((n, len(self._axes)), np.int64), np.empty((n, len(self._numbers)))
        for column, (names, begin) in enumerate(zip(self._axes, self._begins, strict=True)):
            shape = tuple(len(self._grid.axes[name]) for name in names)
            picks[:, column] = begin + (np.ravel_multi_index([places[name] for name in names], shape) if names else 0)
        for column, (one, codes) in enumerate(self._numbers):
            numbers[:, column] = codes[places[one.parameter]] if isinstance(one, Number) else one
        for symbol, series in enumerate(self._series):
            self._plan.kernel(series, picks, numbers, *decisions.of(symbol), self._first_row)


class _CalledDecider:
    def __init__(self, plan: Called, grid: Grid, first_row: int) -> None:
        self._plan, self._grid, self._first_row = plan, grid, first_row

    def allowed(self, values: Mapping[str, NDArray[Any]]) -> BoolArray:
        return np.array([self._plan.allowed(one) for one in _each(values)], np.bool_)

    def decide(self, places: Mapping[str, IndexArray], decisions: Decisions) -> None:
        for at, one in enumerate(_each(self._grid.values(places))):
            targets = kernel_array(self._plan.targets(one))
            _check_shape(targets, decisions)
            of_one = (decisions.rows[:, at], decisions.weights[:, at], decisions.counts[:, at])
            _gather_nb(targets, self._first_row, *of_one)


def _check_shape(targets: FloatArray, decisions: Decisions) -> None:
    n_symbols, _, n_rows = decisions.rows.shape
    if targets.shape != (n_rows, n_symbols):
        raise InvalidInput.of_field("targets", f"must have shape {(n_rows, n_symbols)}")


@njit
def _gather_nb(targets: FloatArray, first_row: int, rows: IndexArray, weights: FloatArray, counts: IndexArray) -> None:
    n_rows, n_symbols = targets.shape
    counts[:] = 0
    for row in range(first_row, n_rows):
        for symbol in range(n_symbols):
            weight, n = targets[row, symbol], counts[symbol]
            if not math.isnan(weight):
                rows[symbol, n], weights[symbol, n] = row, weight
                counts[symbol] += 1


def _each(values: Mapping[str, NDArray[Any]]) -> list[dict[str, Value]]:
    rows = zip(*(column.tolist() for column in values.values()), strict=True)
    return [dict(zip(values, row, strict=True)) for row in rows]


def _codes(number: float | Number, grid: Grid) -> FloatArray:
    if not isinstance(number, Number):
        return np.empty(0)
    return np.array([float(number.codes[one] if number.codes else one) for one in grid.axes[number.parameter]])


def _series(
    shared: tuple[Shared, ...], panel: Panel, grid: Grid, threads: int
) -> tuple[FloatArray, list[tuple[str, ...]], list[int]]:
    """Every series of every symbol (n_symbols, n_series, n_rows); each indicator's axes, and where its series begin."""
    axes = [tuple(dict.fromkeys(one for one in each.parameters.values() if isinstance(one, str))) for each in shared]
    counts = [math.prod(len(grid.axes[name]) for name in names) for names in axes]
    begins = np.concatenate([[0], np.cumsum(counts)]).astype(int).tolist()
    shape = (panel.n_symbols, begins[-1], panel.n_rows)
    if math.prod(shape) * 8 > MAX_SHARED_BYTES:
        rule = f"the indicators of the grid would take {math.prod(shape) * 8 >> 20} MiB: split the grid"
        raise InvalidInput.of_field("grid", rule)
    series = np.empty(shape)
    for each, names, begin in zip(shared, axes, begins, strict=False):
        _fill(series, each, names, begin, panel, grid, threads)
    return series, axes, begins[:-1]


def _fill(
    series: FloatArray, each: Shared, names: tuple[str, ...], begin: int, panel: Panel, grid: Grid, threads: int
) -> None:
    indicator, by_symbol = TABLE[each.indicator], [transposed(getattr(panel, name)) for name in each.inputs]
    chosen: list[dict[str, Any]] = []
    for values in product(*(grid.axes[name] for name in names)):
        of_axis = dict(zip(names, values, strict=True))
        chosen.append({key: of_axis[one] if isinstance(one, str) else one for key, one in each.parameters.items()})

    def work(first: int, last: int) -> None:
        for symbol in range(first, last):
            columns = [rows[symbol] for rows in by_symbol]
            for place, parameters in enumerate(chosen, begin):
                series[symbol, place] = indicator.column(*columns, **parameters)[each.output]

    share_out(work, len(series), len(chosen) * panel.close.size, threads)
