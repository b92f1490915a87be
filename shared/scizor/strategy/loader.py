"""From the text of a user's file to the strategy in it. Nothing is read here: the caller brings the text.

Running a file runs its code. What may be run, and with which rights, is the caller's to decide before.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from types import ModuleType

from scizor.strategy.base import EventStrategy, Strategy, VectorStrategy
from scizor.strategy.errors import StrategyError, place_of


def load(source: str, filename: str) -> type[Strategy]:
    """The strategy of a file: the class that `strategy = ...` names, or else the only one it defines.

    Its `version` is the text's SHA-256. Raises StrategyError with the line where the text is no Python, raises, or
    defines no strategy or several.
    """
    digest = sha256(source.encode()).hexdigest()
    module = ModuleType(f"scizor_strategy_{digest[:16]}")
    module.__file__ = filename
    try:
        code = compile(source, filename, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = (error.lineno or 0) if isinstance(error, SyntaxError) else 0
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        raise StrategyError.at(f"{type(error).__name__}: {said}", place=(filename, line)) from error
    # Dataclasses and pickles look a class's module up by its name. The name follows from the text: no two collide.
    sys.modules[module.__name__] = module
    try:
        exec(code, vars(module))  # noqa: S102 - to run the user's file is what this is for
    except StrategyError:  # it names its line itself
        raise
    except Exception as error:
        place = place_of(error.__traceback__, frozenset({filename}))
        raise StrategyError.at(error, place=place if place[1] else (filename, 0)) from error
    found = _strategy_in(module, filename)
    found.version = f"sha256:{digest}"
    return found


def _strategy_in(module: ModuleType, filename: str) -> type[Strategy]:
    named = vars(module).get("strategy")
    if named is not None:
        if not (isinstance(named, type) and issubclass(named, Strategy)):
            raise StrategyError.at("`strategy` must name a strategy class", place=(filename, 0))
        return _whole(named, filename)
    defined = {
        one.__name__: one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Strategy) and one.__module__ == module.__name__
    }
    # A class that another one of the file builds on is not what is meant.
    tops = [one for one in defined.values() if not any(one in other.__mro__[1:] for other in defined.values())]
    if len(tops) == 1:
        return _whole(tops[0], filename)
    if not tops:
        raise StrategyError.at("defines no strategy: a class from VectorStrategy or EventStrategy", place=(filename, 0))
    names = ", ".join(one.__name__ for one in tops)
    raise StrategyError.at(f"defines {names}: say which by `strategy = {tops[0].__name__}`", place=(filename, 0))


def _whole(found: type[Strategy], filename: str) -> type[Strategy]:
    """The class, if it has the method that makes it a strategy."""
    if issubclass(found, VectorStrategy):
        lacks = "targets(self, bars)" if found.targets is VectorStrategy.targets else ""
    elif issubclass(found, EventStrategy):
        lacks = "on_bar(self, ctx)" if found.on_bar is EventStrategy.on_bar else ""
    else:
        lacks = "targets nor on_bar: make it a VectorStrategy or an EventStrategy"
    if lacks:
        raise StrategyError.at(f"{found.__name__} has no {lacks}", place=(filename, 0))
    return found
