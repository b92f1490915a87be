"""What a strategy is: declared parameters and indicators, and one of two ways to act on them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from inspect import cleandoc
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput, Reason
from scizor.strategy.bars import Bars
from scizor.strategy.declare import Declaration
from scizor.strategy.parameters import Bool, Choice, Float, Int, Parameter, ParameterValue
from scizor.strategy.signatures import demand_signatures

if TYPE_CHECKING:
    from scizor.strategy.context import Context
    from scizor.strategy.views import Fill, Order


_TAKEN: set[str] = set()  # what every strategy has; filled below


class Strategy:
    """Write a `VectorStrategy` or an `EventStrategy`.

    `id`: the class's name in snake case, `description`: its docstring, unless said. `version` belongs to a result's
    fingerprint: raise it whenever decisions may change; that of a strategy loaded from a file is the file's SHA-256.
    An instance is made with parameter values, those not given being the defaults: `SmaCross(fast=10)`. Each run works
    on a new instance, so what a strategy remembers is set up in `on_start`, not in `__init__`.
    """

    id: ClassVar[str] = ""
    version: ClassVar[str] = "1"
    description: ClassVar[str] = ""
    _parameters: ClassVar[Mapping[str, Parameter]] = MappingProxyType({})
    _indicators: ClassVar[Mapping[str, Declaration]] = MappingProxyType({})

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = vars(cls)
        if "__init__" in own:
            raise TypeError(f"{cls.__name__}: set things up in on_start; __init__ takes the parameters")
        declared = {name: one for base in reversed(cls.__mro__) for name, one in vars(base).items()}
        cls._parameters = {n: one for n, one in declared.items() if isinstance(one, Int | Float | Choice | Bool)}
        cls._indicators = {n: one for n, one in declared.items() if isinstance(one, Declaration)}
        taken = sorted((cls._parameters.keys() | cls._indicators.keys()) & _TAKEN)
        if taken:
            raise TypeError(f"{cls.__name__}: {taken[0]} means something else to every strategy: choose another name")
        if "id" not in own:
            cls.id = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls.__name__).lower()
        if "description" not in own:
            cls.description = cleandoc(cls.__doc__ or "")
        demand_signatures(cls, cls.id)

    def __init__(self, **values: object) -> None:
        self._params = MappingProxyType(_parsed(type(self), values))
        vars(self).update(self._params)
        self.check()

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """What may be set, in the order it was declared."""
        return tuple(cls._parameters.values())

    @property
    def params(self) -> Mapping[str, ParameterValue]:
        """Every parameter's value, by name."""
        return self._params

    @property
    def warmup_bars(self) -> int:
        """Bars of a symbol before the first at which all declared indicators on the run's own interval have values."""
        declared = [one for one in self._indicators.values() if one.interval is None]
        return max((one.warmup_bars(self._params) for one in declared), default=0)

    def check(self) -> None:
        """Override to raise `broken_rule(name, rule)` for parameters valid one by one but not together."""

    def bind(self, values_of: Callable[[Declaration], object]) -> None:
        """Give each declared indicator its values; what runs a strategy calls this once."""
        vars(self).update({name: values_of(one) for name, one in self._indicators.items()})

    def unbind(self) -> None:
        """Take the values away again, and with them the memory they hold."""
        for name in self._indicators:
            vars(self).pop(name, None)

    def fresh(self) -> Self:
        """A new instance with the same parameters."""
        return type(self)(**self._params)

    @classmethod
    def files(cls) -> frozenset[str]:
        """Where its code is, as tracebacks name it; what it inherits from here left out."""
        classes = [one for one in cls.__mro__ if issubclass(one, Strategy) and one.__module__ != __name__]
        codes = [getattr(value, "__code__", None) for one in classes for value in vars(one).values()]
        return frozenset(code.co_filename for code in codes if code is not None)


class VectorStrategy(Strategy):
    """All decisions of a run from all its bars, by array operations. Live, the last row on the latest window."""

    def targets(self, bars: Bars) -> FloatArray:
        """Weights decided at each row's close, float64 (n_rows, n_symbols): fractions of equity, short below 0.

        NaN keeps the decision before. Row t may follow from rows 0..t only.
        """
        raise NotImplementedError(f"{type(self).__name__} has no targets()")


class EventStrategy(Strategy):
    """Decisions one row at a time. Each row: what happened to orders and fills is told first, then `on_bar`."""

    def on_start(self, ctx: Context) -> None:
        """Before the first row: set up what is remembered between rows. No orders yet."""

    def on_bar(self, ctx: Context) -> None:
        """At the close of each row."""
        raise NotImplementedError(f"{type(self).__name__} has no on_bar()")

    def on_order(self, ctx: Context, order: Order) -> None:
        """An order was triggered, came alive (an exit whose entry has filled), or ended: see its `state` and `end`."""

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        """Shares were bought or sold."""

    def on_stop(self, ctx: Context) -> None:
        """After the last row. No orders any more."""


_TAKEN.update(name for one in (Strategy, VectorStrategy, EventStrategy) for name in vars(one))


def _parsed(cls: type[Strategy], raw: Mapping[str, object]) -> dict[str, ParameterValue]:
    declared = cls._parameters
    values: dict[str, ParameterValue] = {}
    broken: list[InvalidInput] = []
    for name in raw.keys() - declared.keys():
        rule = f"unknown to {cls.id}; it has {', '.join(declared) or 'none'}"
        broken.append(InvalidInput.of_field(f"parameters.{name}", rule, Reason.STRATEGY_PARAMETER_INVALID))
    for name, parameter in declared.items():
        try:
            values[name] = parameter.parse(raw[name]) if name in raw else parameter.default
        except InvalidInput as error:
            broken.append(error)
    if broken:
        raise _together(broken)
    return values


def _together(broken: list[InvalidInput]) -> InvalidInput:
    ordered = sorted(broken, key=lambda error: error.message)
    if len(ordered) == 1:
        return ordered[0]
    return InvalidInput(
        "; ".join(error.message for error in ordered),
        Reason.STRATEGY_PARAMETER_INVALID,
        violations=[violation for error in ordered for violation in error.violations],
    )
