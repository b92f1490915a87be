"""Whether a strategy's methods take what they will be called with: told when its class is made, not in mid-run."""

from __future__ import annotations

import inspect
from types import FunctionType

from scizor.strategy.errors import StrategyError

_CALLED_WITH = {
    "check": "self",
    "targets": "self, bars",
    "on_start": "self, ctx",
    "on_bar": "self, ctx",
    "on_order": "self, ctx, order",
    "on_fill": "self, ctx, fill",
    "on_stop": "self, ctx",
}


def demand_signatures(strategy: type, strategy_id: str) -> None:
    """Raises StrategyError with the file and the line of the first method that could not be called."""
    for name, arguments in _CALLED_WITH.items():
        method = inspect.getattr_static(strategy, name, None)
        if not hasattr(super(strategy, strategy), name) or not isinstance(method, FunctionType):
            continue  # not what every strategy of its kind has, or made in a way that only calling it can tell
        signature = inspect.signature(method)
        try:
            signature.bind(*arguments.split(", "))
        except TypeError:
            code = inspect.unwrap(method).__code__
            rule = f"{name} is called as {name}({arguments}), and takes {signature}"
            place = (code.co_filename, code.co_firstlineno)
            raise StrategyError.at(rule, strategy=strategy_id, place=place) from None
