"""Strategies: what they declare, the built-in ones, and how a caller's parameters become theirs."""

from __future__ import annotations

from scizor.strategy.base import ChoiceParameter, FloatParameter, IntParameter, Parameter, Params, Strategy
from scizor.strategy.registry import all_strategies, get, resolve

__all__ = [
    "ChoiceParameter",
    "FloatParameter",
    "IntParameter",
    "Parameter",
    "Params",
    "Strategy",
    "all_strategies",
    "get",
    "resolve",
]
