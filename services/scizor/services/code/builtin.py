"""The strategies that came with the system, told as the stored ones are."""

from __future__ import annotations

import inspect
from functools import cache

from scizor.domain.strategies import StoredStrategy, StrategyKind, StrategyOrigin, StrategyVersion, code_hash
from scizor.ports.strategies import StrategyFilter
from scizor.services.code.declared import declared_of
from scizor.strategy.base import Strategy
from scizor.strategy.registry import all_strategies


def find(strategy_id: str) -> type[Strategy] | None:
    """The class of that id, if there is one."""
    return next((one for one in all_strategies() if one.id == strategy_id), None)


def source_of(strategy: type[Strategy]) -> str:
    """A text that is this strategy: the file that it is in, which may hold others, and which of them is meant."""
    return f"{inspect.getsource(inspect.getmodule(strategy) or strategy)}\n\nstrategy = {strategy.__name__}\n"


def told(strategy: type[Strategy]) -> StoredStrategy:
    """It as a stored strategy would be told; its one version is the number its class says."""
    declared = declared_of(strategy)
    version = StrategyVersion(strategy.id, int(strategy.version), code_hash(source_of(strategy)), declared)
    return StoredStrategy(strategy.id, version, "", declared.description, origin=StrategyOrigin.BUILTIN)


def page(which: StrategyFilter, after: str) -> list[StoredStrategy]:
    """Those that match and come behind the id `after`, in the order of their ids."""
    return [one for one in _all() if one.id > after and _matches(one, which)]


def known() -> str:
    """Their ids, with commas between."""
    return ", ".join(one.id for one in all_strategies())


@cache
def _all() -> tuple[StoredStrategy, ...]:
    return tuple(sorted(map(told, all_strategies()), key=lambda one: one.id))


def _matches(strategy: StoredStrategy, which: StrategyFilter) -> bool:
    kind: StrategyKind = strategy.newest.declared.kind
    texts = (strategy.id, strategy.description)
    return (
        not which.tags
        and which.kind in (None, kind)
        and any(which.text.casefold() in text.casefold() for text in texts)
    )
