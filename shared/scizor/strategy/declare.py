"""Declared indicators: what a strategy names once in its class and reads in its methods.

A declaration is a class attribute. Before a run each instance is given *values* under the same name: whole matrices in
the vector way, the value of now in the event way. Both come from one computation, so both ways see the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, NamedTuple, Self, TypeVar, overload

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.engine.indicators import TABLE
from scizor.strategy.bars import COLUMNS, Bars, CoarseBars, Column, bare_matrix
from scizor.strategy.errors import about
from scizor.strategy.parameters import Float, Int, ParameterValue

Number = int | float | Int | Float
"""A number, or a declared parameter whose value it is."""
Degree = int
"""By what power of the price scale a value grows: 1 as prices do, -1 as volumes do, 0 not at all."""
Outputs = TypeVar("Outputs")


class Of(NamedTuple):
    """One symbol's column as a source, the same for every symbol."""

    symbol: str
    column: Column


class Values:
    """What an indicator comes to. Which of its forms there is depends on the way the strategy is written."""

    @property
    def matrix(self) -> FloatArray:
        """The vector way: shape (n_rows, n_symbols), read-only, NaN while there is no value and at missing bars."""
        raise InvalidInput.of_field("matrix", "whole columns are for vector strategies: read self.name[symbol]")

    def __getitem__(self, symbol: str) -> float:
        """The event way: the value now; NaN while there is none, and where the symbol has no bar in this row."""
        raise InvalidInput.of_field("indicator", "the value of now is for event strategies: read self.name.matrix")

    def history(self, symbol: str, n: int) -> FloatArray:
        """The event way: the values at the symbol's last `n` bars, now the last of them; fewer while there are."""
        raise InvalidInput.of_field("indicator", "history is for event strategies: read self.name.matrix")


class Declaration:
    """An indicator of the engine's table with its sources and parameters, not yet computed."""

    def __init__(
        self,
        kind: str,
        inputs: tuple[Source, ...],
        interval: Interval | None,
        degrees: tuple[Degree, ...],
        **parameters: Number,
    ) -> None:
        self.name = ""
        self.interval = interval
        self.degrees = degrees
        self._kind, self._inputs, self._parameters = TABLE[kind], inputs, parameters
        for source in inputs:
            column = source.column if isinstance(source, Of) else source
            if isinstance(column, Declaration):
                if column.interval is not interval:
                    raise InvalidInput.of_field(kind, "has another interval than the indicator it is made of")
            elif column not in COLUMNS:
                raise InvalidInput.of_field(kind, f"{column!r} is no column: it is one of {', '.join(COLUMNS)}")
        numbers = {name: one.default if isinstance(one, Int | Float) else one for name, one in parameters.items()}
        self._kind.resolve(numbers)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def warmup_bars(self, params: Mapping[str, ParameterValue]) -> int:
        """Bars of a symbol before the first with a value."""
        below = (one.warmup_bars(params) for one in self._inputs if isinstance(one, Indicator))
        return self._kind.warm_up_bars(**self._numbers(params)) + max(below, default=0)

    def compute(self, bars: Bars, params: Mapping[str, ParameterValue]) -> FloatArray:
        """Shape (n_outputs, n_rows, n_symbols)."""
        if self.interval is None:
            found = self._over(bars, params)
        else:
            coarse = self._coarse(bars, self.interval)
            shape = (len(self.degrees), coarse.n_rows, coarse.n_symbols)
            found = np.stack([coarse.align(one) for one in np.broadcast_to(self._over(coarse, params), shape)])
        return np.broadcast_to(found, (len(self.degrees), bars.n_rows, bars.n_symbols))

    def values(self, make: Callable[[int], Values]) -> object:
        """What the attribute is in an instance, given how the values of each output are made."""
        raise NotImplementedError

    def _coarse(self, bars: Bars, interval: Interval) -> CoarseBars:
        try:
            return bars.resample(interval)
        except InvalidInput as error:
            rule = "; ".join(one.description for one in error.violations)
            raise InvalidInput.of_field(f"{self.name or self._kind.name}.interval", rule) from None

    def _over(self, bars: Bars, params: Mapping[str, ParameterValue]) -> FloatArray:
        matrices = [_matrix(one, bars, params) for one in self._inputs]
        return self._kind.matrix(*matrices, threads=1, **self._numbers(params))

    def _numbers(self, params: Mapping[str, ParameterValue]) -> dict[str, float]:
        values = {
            name: params[one.name] if isinstance(one, Int | Float) else one for name, one in self._parameters.items()
        }
        return {name: float(value) for name, value in values.items()}

    def _unbound(self, instance: object) -> InvalidInput:
        rule = f"{type(instance).__name__} has its values only while it runs"
        return InvalidInput.of_field(self.name or self._kind.name, rule)


class Indicator(Declaration):
    """An indicator with one output: in an instance, its `Values`."""

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Values: ...
    def __get__(self, instance: object | None, owner: type) -> Self | Values:
        if instance is None:
            return self
        raise self._unbound(instance)

    def values(self, make: Callable[[int], Values]) -> Values:
        """Its values."""
        return make(0)


class Indicators(Declaration, Generic[Outputs]):
    """An indicator with several outputs: in an instance, `Values` by name."""

    def __init__(
        self,
        outputs: Callable[..., Outputs],
        kind: str,
        inputs: tuple[Source, ...],
        interval: Interval | None,
        degrees: tuple[Degree, ...],
        **parameters: Number,
    ) -> None:
        super().__init__(kind, inputs, interval, degrees, **parameters)
        self._outputs = outputs

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Outputs: ...
    def __get__(self, instance: object | None, owner: type) -> Self | Outputs:
        if instance is None:
            return self
        raise self._unbound(instance)

    def values(self, make: Callable[[int], Values]) -> Outputs:
        """Their values."""
        return self._outputs(*(make(index) for index in range(len(self.degrees))))


Source = Column | Of | Indicator
"""A column of the bars, one symbol's column, or another declared indicator."""


def _matrix(source: Source, bars: Bars, params: Mapping[str, ParameterValue]) -> FloatArray:
    if isinstance(source, Indicator):
        matrix: FloatArray = source._over(bars, params)[0]
        return matrix
    if isinstance(source, Of):
        if source.symbol not in bars.symbols:
            raise about(source.symbol, "symbol", f"{source.symbol} is none of this run, and an indicator is made of it")
        index = bars.symbols.index(source.symbol)
        return bare_matrix(bars, source.column)[:, index : index + 1]
    return bare_matrix(bars, source)


def degree_of(source: Source) -> Degree:
    """How a source grows with the price scale."""
    if isinstance(source, Indicator):
        return source.degrees[0]
    return -1 if (source.column if isinstance(source, Of) else source) == "volume" else 1
