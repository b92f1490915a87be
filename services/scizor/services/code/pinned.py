"""Which code is meant, and with which parameters: what a run pins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scizor.domain.backtests import ParameterValue
from scizor.domain.errors import InvalidInput, NotFound, Reason
from scizor.domain.strategies import StoredStrategy
from scizor.ports.storage import UnitOfWork
from scizor.services.code import builtin
from scizor.services.code.declared import resolved, resolved_by


@dataclass(frozen=True, slots=True)
class Pinned:
    """Every parameter said. `version` is 0 and `code_hash` empty for a strategy that came with the system."""

    parameters: Mapping[str, ParameterValue]
    version: int
    code_hash: str


async def pinned(
    work: UnitOfWork, strategy_id: str, version: int, parameters: Mapping[str, ParameterValue], parent: str
) -> Pinned:
    """The newest version for 0. Raises NotFound(STRATEGY_NOT_FOUND), InvalidInput naming `<parent>.<field>`."""
    if came := builtin.find(strategy_id):
        if version:
            rule = f"{strategy_id} came with the system: it has no versions of its own"
            raise InvalidInput.of_field(f"{parent}.strategy_version", rule)
        return Pinned(resolved_by(came, parameters, parent), 0, "")
    strategy = await living(work, strategy_id)
    found = await work.strategies.version(strategy.id, version) if version else strategy.newest
    return Pinned(resolved(found.declared, parameters, parent), found.number, found.code_hash)


async def living(work: UnitOfWork, strategy_id: str, *, locked: bool = False) -> StoredStrategy:
    """A stored strategy that was not deleted. Raises NotFound(STRATEGY_NOT_FOUND)."""
    strategy = await known(work, strategy_id, locked=locked)
    if strategy.delete_time is not None:
        raise NotFound(
            f"strategy {strategy_id} was deleted on {strategy.delete_time:%Y-%m-%d}",
            Reason.STRATEGY_NOT_FOUND,
            metadata={"strategy": strategy_id},
        )
    return strategy


async def known(work: UnitOfWork, strategy_id: str, *, locked: bool = False) -> StoredStrategy:
    """A stored strategy, a deleted one too. Raises NotFound(STRATEGY_NOT_FOUND)."""
    try:
        return await work.strategies.get(strategy_id, locked=locked)
    except NotFound:
        came = builtin.known()
        message = f"no strategy {strategy_id!r} is stored, and none came with the system; with it came {came}"
        metadata = {"strategy": strategy_id, "known": came}
        raise NotFound(message, Reason.STRATEGY_NOT_FOUND, metadata=metadata) from None
