"""What users write strategies with, and what runs them.

    from scizor.strategy import Bars, Context, EventStrategy, Float, Int, VectorStrategy, indicators as ta

`VectorStrategy`: all weights of a run from all its bars. `EventStrategy`: one row at a time, with orders of every kind.
`run.run` runs either on a market, `lookahead.check_lookahead` proves that it does not see the future, `loader.load`
finds it in a user's file, `live.LiveWeights` feeds a vector strategy as bars come.
"""

from __future__ import annotations

from scizor.domain.arrays import FloatArray
from scizor.domain.intervals import Interval
from scizor.domain.orders import OrderEnd, OrderState, OrderType, Side, TimeInForce
from scizor.strategy import indicators
from scizor.strategy.bars import Bars, CoarseBars
from scizor.strategy.base import EventStrategy, Strategy, VectorStrategy
from scizor.strategy.context import Context
from scizor.strategy.declare import Values
from scizor.strategy.errors import StrategyError
from scizor.strategy.parameters import Bool, Choice, Float, Int, Parameter, ParameterValue, broken_rule
from scizor.strategy.registry import all_strategies, get, resolve
from scizor.strategy.views import Bar, Bracket, Fill, Order

__all__ = [
    "Bar",
    "Bars",
    "Bool",
    "Bracket",
    "Choice",
    "CoarseBars",
    "Context",
    "EventStrategy",
    "Fill",
    "Float",
    "FloatArray",
    "Int",
    "Interval",
    "Order",
    "OrderEnd",
    "OrderState",
    "OrderType",
    "Parameter",
    "ParameterValue",
    "Side",
    "Strategy",
    "StrategyError",
    "TimeInForce",
    "Values",
    "VectorStrategy",
    "all_strategies",
    "broken_rule",
    "get",
    "indicators",
    "resolve",
]
