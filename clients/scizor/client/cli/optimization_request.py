"""The command line's words about a search as what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scizor.client.cli.backtest_options import Asked
from scizor.client.cli.backtest_request import arguments_of
from scizor.client.cli.parse import settings, strategy_and_version
from scizor.client.cli.usage import EXIT_USAGE, CommandFailed
from scizor.client.optimizations import Searched
from scizor.domain.errors import InvalidInput
from scizor.domain.optimizations import Constraint, Method, Objective, Scheme, Validation
from scizor.domain.search_spaces import NumberRange, Value

_CONSTRAINT = re.compile(r"([a-z_]+)\s*(>=|<=)\s*(\S+)")


@dataclass(frozen=True, slots=True)
class Search:
    """A search as the command line asks for it; words are still words. `sizes`: of the validation, by field."""

    searched: Sequence[str]
    method: str
    objectives: Sequence[str]
    constraints: Sequence[str]
    max_trials: int
    seed: int
    scheme: str
    sizes: Mapping[str, int]


def search_arguments(asked: Asked, search: Search) -> dict[str, Any]:
    """What `create_optimization` takes. Raises CommandFailed for words that mean nothing."""
    strategy, version = strategy_and_version(asked.strategy)
    scheme = Scheme[search.scheme]
    try:
        return {
            "strategy_id": strategy,
            "symbols": asked.symbols,
            "space": space_of(search.searched),
            "method": Method[search.method],
            "objectives": [objective_of(word) for word in search.objectives],
            "constraints": [constraint_of(word) for word in search.constraints],
            "max_trials": search.max_trials,
            "seed": search.seed,
            "validation": Validation(scheme, **search.sizes) if scheme else None,
            "strategy_version": version,
            **arguments_of(asked),
        }
    except InvalidInput as error:
        raise CommandFailed(error.message, EXIT_USAGE) from None


def space_of(words: Sequence[str]) -> Searched:
    """`name=low:high`, `name=low:high:step`, `name=low:high:log` or `name=value,value` words."""
    space: dict[str, NumberRange | list[Value]] = {}
    for word in words:
        name, separator, text = word.partition("=")
        if not separator or not name.isidentifier() or not text:
            raise _wrong(word)
        if name in space:
            raise CommandFailed(f"--param names {name} twice", EXIT_USAGE)
        space[name] = _range(word, text) if ":" in text else _values(name, text)
    return space


def objective_of(word: str) -> Objective:
    """A metric, with a - before it as low as can be."""
    return Objective(word[1:], maximize=False) if word.startswith("-") else Objective.of(word)


def constraint_of(word: str) -> Constraint:
    """`metric>=bound` or `metric<=bound`."""
    found = _CONSTRAINT.fullmatch(word.strip())
    try:
        bound = float(found[3]) if found else None
    except ValueError:
        bound = None
    if found is None or bound is None:
        raise CommandFailed(f"--constraint is such as n_trades>=30 or max_drawdown>=-0.2, not {word!r}", EXIT_USAGE)
    return Constraint(found[1], at_least=bound) if found[2] == ">=" else Constraint(found[1], at_most=bound)


def _range(word: str, text: str) -> NumberRange:
    low, _, rest = text.partition(":")
    high, _, last = rest.partition(":")
    try:
        step = 0.0 if last in ("", "log") else float(last)
        return NumberRange(float(low), float(high), step, log=last == "log")
    except ValueError:
        raise _wrong(word) from None


def _values(name: str, text: str) -> list[Value]:
    return [settings([f"{name}={one}"])[name] for one in text.split(",")]


def _wrong(word: str) -> CommandFailed:
    return CommandFailed(f"--param is such as fast=2:27, stop=0.01:0.1:log or mode=a,b, not {word!r}", EXIT_USAGE)
