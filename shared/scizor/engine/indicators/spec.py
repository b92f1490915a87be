"""What an indicator is: a kernel over columns, its parameters, and from which bar on it has a value.

One kernel serves all three forms. It continues from a state array, so a whole column, the columns of a matrix and one
bar at a time are the same operations in the same order: batch and incremental values are equal to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.arrays import kernel_array
from scizor.engine.indicators.symbols import share_out, transposed

# (columns, parameters, state, out): columns (n_inputs, n), out (n_outputs, n) and NaN before. A kernel writes the
# values that exist and leaves the rest; `state` is zeros before the first bar.
Kernel = Callable[[FloatArray, FloatArray, FloatArray, FloatArray], None]
# (matrix, parameters, out): matrix and out (n_rows, n_symbols); it writes every value, NaN where there is none.
RowsKernel = Callable[[FloatArray, FloatArray, FloatArray], None]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number within [minimum, maximum]; a whole one unless `whole` is False. Windows are counted in bars."""

    name: str
    default: float
    minimum: float
    maximum: float
    whole: bool = True

    def parse(self, raw: float, owner: str) -> float:
        """The value of `raw`. Raises InvalidInput naming the indicator, the parameter and the rule."""
        if not self.minimum <= raw <= self.maximum:
            rule = f"must be between {self.minimum:g} and {self.maximum:g}"
            raise InvalidInput.of_field(f"{owner}.{self.name}", rule)
        if self.whole and not float(raw).is_integer():
            raise InvalidInput.of_field(f"{owner}.{self.name}", "must be a whole number")
        return float(raw)


def window(default: int, name: str = "window", minimum: int = 1) -> Parameter:
    """A window, bars."""
    return Parameter(name, default, minimum, 100_000)


@dataclass(frozen=True, slots=True, eq=False)
class Indicator:
    """One indicator. A bar with NaN in any input is missing: it is skipped, and its value is NaN.

    `inputs`: what the columns are, in order; `open`, `high`, `low`, `close`, `volume` are that column, other names are
    for the caller to choose. `outputs`: what the rows of the result are. `first_valid(*parameters)`: for each output
    the index, among the bars that exist, of its first value. `state_size(*parameters)`: floats of the state. `check`
    raises InvalidInput when parameters that are valid one by one are not together. `batch`: a kernel that has the same
    values sooner when it is given a whole column; it needs no state and leaves none. `rows`: one that has the same
    values sooner when it is given many symbols of which no bar is missing.
    """

    name: str
    kernel: Kernel
    inputs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    first_valid: Callable[..., tuple[int, ...]]
    state_size: Callable[..., int]
    outputs: tuple[str, ...] = ("value",)
    check: Callable[..., None] | None = None
    batch: Kernel | None = None
    rows: RowsKernel | None = None

    @property
    def description(self) -> str:
        """Formula, source and edge cases."""
        return self.kernel.__doc__ or ""

    def resolve(self, parameters: Mapping[str, float]) -> tuple[float, ...]:
        """Every parameter in its order, defaults filled in. Raises InvalidInput for one that is unknown or invalid."""
        unknown = set(parameters) - {parameter.name for parameter in self.parameters}
        if unknown:
            raise InvalidInput.of_field(f"{self.name}.{min(unknown)}", f"{self.name} has no such parameter")
        values = tuple(one.parse(parameters.get(one.name, one.default), self.name) for one in self.parameters)
        if self.check is not None:
            try:
                self.check(*values)
            except InvalidInput as error:
                raise error.within(self.name) from None
        return values

    def warm_up_bars(self, **parameters: float) -> int:
        """Bars of a symbol before the first at which every output has a value."""
        return max(self.first_valid(*map(int, self.resolve(parameters))))

    def check_inputs(self, n_inputs: int) -> None:
        """Raises InvalidInput unless it takes so many."""
        if n_inputs != len(self.inputs):
            raise InvalidInput.of_field(self.name, f"takes {len(self.inputs)} inputs: {', '.join(self.inputs)}")

    def column(self, *columns: FloatArray, **parameters: float) -> FloatArray:
        """Over one symbol: columns (n,) in the order of `inputs`. Returns (n_outputs, n)."""
        self._check_columns(columns, 1)
        out = np.full((len(self.outputs), len(columns[0])), np.nan)
        self._fill(columns, self.resolve(parameters), out)
        return out

    def matrix(self, *matrices: FloatArray, threads: int = 1, **parameters: float) -> FloatArray:
        """Over many: matrices (n_rows, n_symbols). Returns (n_outputs, n_rows, n_symbols), the same for any `threads`.

        A matrix of one column stands beside each symbol's own (a benchmark). A small matrix uses one thread.
        """
        self._check_columns(matrices, 2)
        values = self.resolve(parameters)
        n_rows, n_symbols = max((matrix.shape for matrix in matrices), key=lambda shape: shape[1])
        if any(matrix.shape[1] not in {1, n_symbols} for matrix in matrices):
            raise InvalidInput.of_field(self.name, "matrices must have the same number of columns, or one")
        if self.rows is not None and n_symbols > 1 and not np.isnan(matrices[0]).any():
            whole = np.empty((1, n_rows, n_symbols))
            self.rows(kernel_array(matrices[0]), np.array(values), whole[0])
            return whole
        by_symbol = [transposed(matrix) for matrix in matrices]
        out = np.full((n_symbols, len(self.outputs), n_rows), np.nan)

        def fill(first: int, last: int) -> None:
            for symbol in range(first, last):
                columns = tuple(rows[symbol if len(rows) > 1 else 0] for rows in by_symbol)
                self._fill(columns, values, out[symbol])

        share_out(fill, n_symbols, out.size, threads)
        return transposed(out.reshape(n_symbols, -1)).reshape(len(self.outputs), n_rows, n_symbols)

    def incremental(self, **parameters: float) -> Incremental:
        """One bar at a time, from nothing."""
        values = self.resolve(parameters)
        return Incremental(self, values, np.zeros(self.state_size(*map(int, values))))

    def _fill(self, columns: tuple[FloatArray, ...], values: tuple[float, ...], out: FloatArray) -> None:
        one = len(columns) == 1
        stacked = kernel_array(columns[0]).reshape(1, -1) if one else np.stack(columns)
        state = np.zeros(0 if self.batch else self.state_size(*map(int, values)))
        (self.batch or self.kernel)(stacked, np.array(values), state, out)

    def _check_columns(self, columns: tuple[FloatArray, ...], n_dimensions: int) -> None:
        self.check_inputs(len(columns))
        if any(column.ndim != n_dimensions or len(column) != len(columns[0]) for column in columns):
            raise InvalidInput.of_field(self.name, f"inputs must have {n_dimensions} dimensions and the same length")


class Incremental:
    """An indicator fed bar by bar; equal to the last bit to the value of the whole column at that bar."""

    def __init__(self, indicator: Indicator, parameters: tuple[float, ...], state: FloatArray) -> None:
        self._indicator = indicator
        self._parameters = parameters
        self._state = state
        self._columns = np.empty((len(indicator.inputs), 1))
        self._out = np.full((len(indicator.outputs), 1), np.nan)
        self._step = partial(indicator.kernel, self._columns, np.array(parameters), state, self._out)

    @property
    def values(self) -> tuple[float, ...]:
        """The outputs at the last bar; NaN while there are none, and at a missing bar."""
        return tuple(self._out[:, 0].tolist())

    @property
    def ready(self) -> bool:
        """Whether every output had a value at the last bar."""
        return not np.isnan(self._out).any()

    def update(self, *bar: float) -> float:
        """Take the next bar, a number for each input; NaN for a missing one. Returns the first output at it."""
        if len(bar) != len(self._columns):
            self._indicator.check_inputs(len(bar))
        self._columns[:, 0] = bar
        self._out.fill(np.nan)
        self._step()
        return float(self._out[0, 0])

    def copy(self) -> Incremental:
        """One that goes on from here apart from this one."""
        other = Incremental(self._indicator, self._parameters, self._state.copy())
        other._out[:] = self._out
        return other
