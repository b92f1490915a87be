"""What a caller asked for, held against what the strategy declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from scizor.domain.backtests import BacktestSpec, ParameterValue
from scizor.domain.errors import InvalidInput, Reason
from scizor.domain.optimizations import CURVE_METRICS, OptimizationSpec, Scheme
from scizor.domain.search_spaces import Axis, NumberRange, Space
from scizor.domain.strategies import Declared, ParameterSpec, ParameterType
from scizor.services.code.declared import resolved

_PARENT: Final = "optimization"


def resolved_spec(asked: OptimizationSpec, template: BacktestSpec, declared: Declared) -> OptimizationSpec:
    """The spec with every parameter in one place: searched, or fixed in the template.

    `template`: what `asked.backtest` is with every default said. Raises InvalidInput naming the field as a caller who
    creates an optimisation spells it.
    """
    searched = set(asked.space.names)
    fixed = dict(asked.backtest.parameters)
    for name in sorted(searched & fixed.keys()):
        raise _broken(name, "is searched, so the backtest must not set it")
    parameters = resolved(declared, fixed, f"{_PARENT}.backtest")
    space = Space(tuple(_axis(axis, declared) for axis in asked.space.axes))
    _demand_judgeable(asked)
    left: Mapping[str, ParameterValue] = {name: value for name, value in parameters.items() if name not in searched}
    return replace(asked, backtest=replace(template, parameters=left), space=space)


def _axis(asked: Axis, declared: Declared) -> Axis:
    known = {one.name: one for one in declared.parameters}
    if asked.name not in known:
        raise _broken(asked.name, f"unknown to {declared.id}; it has {', '.join(known) or 'none'}")
    parameter = known[asked.name]
    whole = parameter.type is ParameterType.INT
    if asked.span is not None:
        _demand_within(asked.name, asked.span, parameter)
        return Axis(asked.name, span=asked.span, whole=whole)
    try:
        values = tuple(resolved(declared, {asked.name: value}, "")[asked.name] for value in asked.values)
    except InvalidInput as error:
        rule = "; ".join(violation.description for violation in error.violations)
        raise _broken(asked.name, rule) from None
    return Axis(asked.name, values, whole=whole)


def _demand_within(name: str, span: NumberRange, parameter: ParameterSpec) -> None:
    if parameter.minimum is None or parameter.maximum is None:
        raise _broken(name, "is no number: list its values")
    if not (parameter.minimum <= span.low and span.high <= parameter.maximum):
        raise _broken(name, f"must be between {parameter.minimum:g} and {parameter.maximum:g}")
    whole = parameter.type is ParameterType.INT
    if whole and not (span.low.is_integer() and span.high.is_integer() and span.step.is_integer()):
        raise _broken(name, "takes whole numbers: so must min, max and step be")


def _demand_judgeable(asked: OptimizationSpec) -> None:
    metric = asked.objectives[0].metric
    if asked.validation.scheme is not Scheme.NONE and metric not in CURVE_METRICS:
        rule = f"the first must be one that parts of the sessions have too: {', '.join(CURVE_METRICS)}"
        raise InvalidInput.of_field(f"{_PARENT}.objectives", rule)
    metrics = [objective.metric for objective in asked.objectives]
    if len(set(metrics)) < len(metrics):
        raise InvalidInput.of_field(f"{_PARENT}.objectives", "must name each figure once")


def _broken(name: str, rule: str) -> InvalidInput:
    return InvalidInput.of_field(f"{_PARENT}.space.{name}", rule, Reason.STRATEGY_PARAMETER_INVALID)
